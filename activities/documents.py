"""The activity's paper. What goes to a supplier gets nothing of the recipient's to begin with: what a
template never sees can't slip onto it."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from recipients import masking
from sesam import documents

from . import shown
from .models import Activity

NAME = "Aktivitet"


def file_name(activity: Activity) -> str:
    return f"aktivitet-{activity.case_number}.pdf"


def activity_paper(request: HttpRequest, activity: Activity) -> bytes:
    """The paper, as the activity's type has it."""
    kept = activity.bears_personal_data
    template = "activity" if kept else "supplier"
    url = reverse("activities:detail", args=[activity.case_number])
    return documents.pdf(
        f"activities/documents/{template}.html",
        _whole(activity) if kept else _supplier(activity),
        title=f"{NAME} {activity.case_number}",
        request_user=request.user,
        case_url=request.build_absolute_uri(url),
        personal=kept and activity.recipient is not None,
        show_unit=not activity.is_protected,
    )


def _whole(activity: Activity) -> dict[str, Any]:
    return {
        "activity": activity,
        "recipient": masking.shown(activity.recipient) if activity.recipient else None,
        "rows": shown.aid_rows(activity),
        "work": shown.work_of(activity),
        "show_unit": not activity.is_protected,
        "masked": activity.address_masked,
    }


def _supplier(activity: Activity) -> dict[str, Any]:
    """Case, aids, whom to call at the unit, and the text that was checked. Nobody's record."""
    supplier = activity.supplier
    masked = activity.address_masked
    return {
        "case_number": activity.case_number,
        "kind": str(activity.type),
        "created_at": activity.created_at,
        "due_on": activity.due_on,
        "is_urgent": activity.priority.is_urgent,
        "supplier": supplier.name if supplier else "",
        "supplier_email": supplier.email if supplier else "",
        "supplier_phone": supplier.phone if supplier else "",
        "unit": activity.unit.name if activity.unit and not activity.is_protected else "",
        "ordered_by": activity.orderer,
        "contact_name": activity.contact_name,
        "contact_phone": activity.contact_phone,
        "contact_mobile": activity.contact_mobile,
        "contact_email": activity.contact_email,
        "wanted": "" if masked else activity.request,
        "comment": "" if masked else activity.comment,
        # The catalogue's name: a loan's own may be what somebody typed about a person.
        "lines": [
            {
                "number": row.article.number,
                "name": row.article.name,
                "individual": row.individual.number if row.individual else "",
                "serial": row.individual.serial_number if row.individual else "",
            }
            for row in shown.aid_rows(activity)
        ],
    }
