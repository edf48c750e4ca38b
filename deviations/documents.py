"""The papers of a deviation: the whole report, and one without personal data for the supplier, whose
template gets nothing of anybody's record to begin with."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from organisation.permissions import KHS, has_role
from recipients import masking, personal_data
from sesam import documents
from sesam.templatetags.sesam import datum

from .facts import account_of, complaint_of, contact_of, findings_of, items_of
from .models import Deviation, DeviationItem

TITLE = "Avvikelserapport"
FOR_SUPPLIER = "Avvikelserapport till leverantören"


def file_name(deviation: Deviation, suffix: str = "") -> str:
    return f"avvikelse-{deviation.case_number}{suffix}.pdf"


def report(request: HttpRequest, deviation: Deviation) -> bytes:
    """All that the case's page says."""
    person = deviation.recipient
    return documents.pdf(
        "deviations/documents/report.html",
        {
            "deviation": deviation,
            "recipient": masking.shown(person) if person else None,
            "lines": [_line(item, item.title) for item in items_of(deviation)],
            "account": account_of(deviation),
            "complaint": complaint_of(deviation),
            "contact": contact_of(deviation),
            "findings": findings_of(deviation, drafts=has_role(request.user, KHS)),
            "show_unit": not deviation.is_protected,
        },
        title=f"{TITLE} {deviation.case_number}",
        request_user=request.user,
        case_url=_deviation_address(request, deviation),
        personal=person is not None and person.is_person,
        show_unit=not deviation.is_protected,
    )


def for_supplier(request: HttpRequest, deviation: Deviation) -> bytes:
    """What happened with which product. The place and the people stay with us; of the text all that
    tells of anybody is blacked out."""
    masked = deviation.masked
    told = ["", "", ""] if masked else [
        deviation.what_happened, deviation.done_at_once, deviation.late_reason,
    ]  # fmt: skip
    told = personal_data.blacked_out(told, recipient=deviation.recipient)
    return documents.pdf(
        "deviations/documents/supplier.html",
        {
            "case_number": deviation.case_number,
            "created_at": deviation.created_at,
            "event_type": deviation.get_event_type_display(),
            "category": deviation.category.name,
            "happened_on": datum(deviation.happened_on),
            "consequence": deviation.get_consequence_display(),
            "is_kept": deviation.is_kept,
            "what_happened": told[0],
            "done_at_once": told[1],
            # The catalogue's name: a loan's own may be what somebody typed about a person.
            "lines": [_line(item, item.article.name) for item in items_of(deviation)],
            "complaint": [
                fact for fact in complaint_of(deviation) if fact["label"] != "Kommer sent"
            ],
            "late_reason": told[2],
        },
        title=f"{FOR_SUPPLIER} {deviation.case_number}",
        request_user=request.user,
        case_url=_deviation_address(request, deviation),
        personal=False,
        show_unit=not deviation.is_protected,
    )


def _deviation_address(request: HttpRequest, deviation: Deviation) -> str:
    return request.build_absolute_uri(reverse("deviations:detail", args=[deviation.case_number]))


def _line(item: DeviationItem, name: str) -> dict[str, Any]:
    return {
        "number": item.article.number,
        "name": name,
        "individual": item.individual.number if item.individual else "",
        "serial": item.individual.serial_number if item.individual else "",
        "quantity": item.quantity,
    }
