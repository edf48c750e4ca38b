"""The papers: «Hämtorder» for KHS or for a supplier, and the receipt «Kvittens på återlämnade
hjälpmedel». The supplier's paper gets nothing of the recipient's to begin with: what a template
never sees can't slip onto it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from recipients import masking
from recipients.models import Recipient
from recipients.ticked import HeldAidRow
from sesam import documents

from . import differences
from .models import PickupLine, PickupOrder

RECEIPT = "Kvittens på återlämnade hjälpmedel"


def pickup_file(pickup: PickupOrder) -> str:
    return f"hamtorder-{pickup.case_number}.pdf"


def pickup_order(request: HttpRequest, pickup: PickupOrder) -> bytes:
    """The pickup order's paper, as its reason has it."""
    kept = pickup.reason.personal_data
    template = "khs" if kept else "supplier"
    return documents.pdf(
        f"pickups/documents/{template}.html",
        _khs(pickup) if kept else _supplier(pickup),
        title=f"{pickup.reason.document_name} {pickup.case_number}",
        request_user=request.user,
        case_url=request.build_absolute_uri(reverse("pickups:detail", args=[pickup.case_number])),
        personal=kept,
        show_unit=not pickup.recipient.is_protected,
    )


def _khs(pickup: PickupOrder) -> dict[str, Any]:
    return {
        "pickup": pickup,
        "recipient": masking.shown(pickup.recipient),
        "lines": _lines(pickup),
        "show_unit": not pickup.recipient.is_protected,
        "masked": pickup.address_masked,
    }


def _supplier(pickup: PickupOrder) -> dict[str, Any]:
    """Case, aids, whom to call at the unit, and the text that was checked. Nobody's record."""
    return {
        "case_number": pickup.case_number,
        "created_at": pickup.created_at,
        "is_urgent": pickup.is_urgent,
        "supplier": pickup.reason.supplier,
        "supplier_email": pickup.reason.supplier_email,
        "supplier_phone": pickup.reason.supplier_phone,
        "unit": "" if pickup.recipient.is_protected else pickup.unit.name,
        "prescriber": str(pickup.prescriber),
        "contact_name": pickup.contact_name,
        "contact_phone": pickup.contact_phone,
        "contact_mobile": pickup.contact_mobile,
        "contact_email": pickup.contact_email,
        "comment": "" if pickup.address_masked else pickup.comment,
        # The catalogue's name: a loan's own may be what somebody typed about a person.
        "lines": [
            {
                "number": line.article.number,
                "name": line.article.name,
                "individual": line.individual.number if line.individual else "",
                "serial": line.individual.serial_number if line.individual else "",
                "quantity": line.quantity,
                "is_part": line.came_with_id is not None,
            }
            for line in _lines(pickup)
        ],
    }


def _lines(pickup: PickupOrder) -> list[PickupLine]:
    return [row.line for row in differences.course_of(pickup) if not row.line.is_extra]


def receipt(
    request: HttpRequest, recipient: Recipient, rows: Sequence[HeldAidRow], *, comment: str
) -> bytes:
    """«Kvittens på återlämnade hjälpmedel», to be signed and handed to the recipient."""
    shown = masking.shown(recipient)
    return documents.pdf(
        "pickups/documents/receipt.html",
        {"recipient": shown, "rows": rows, "comment": comment},
        title=RECEIPT,
        request_user=request.user,
        personal=shown.is_person,
        show_unit=not shown.is_protected,
    )
