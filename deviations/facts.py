"""What a deviation says, as its page and its papers show it: label and value."""

from __future__ import annotations

from typing import Any

from sesam.phones import written as phone
from sesam.templatetags.sesam import datum

from .models import Deviation, DeviationItem

HIDDEN = "Visas inte: skyddad identitet"


def items_of(deviation: Deviation) -> list[DeviationItem]:
    """What it is about, with all that a list of it shows."""
    return list(deviation.items.select_related("article", "individual", "loan__article"))


def account_of(deviation: Deviation) -> list[dict[str, Any]]:
    """What was told of the event."""
    when = deviation.happened
    at = f" {deviation.happened_at:%H:%M}" if deviation.happened_at else ""
    facts = [{"label": "När", "value": f"{datum(when)}{at}"}]
    if deviation.masked:
        return [*facts, {"label": "Vad hände", "value": HIDDEN}]
    kept = {True: "Ja", False: "Nej", None: ""}[deviation.is_kept]
    told = [
        ("Var", deviation.place),
        ("Vad hände", deviation.what_happened),
        ("Vad gjordes direkt", deviation.done_at_once),
        ("Sparad för utredning", kept),
        ("Finns nu", deviation.kept_where),
    ]
    return facts + [{"label": label, "value": value} for label, value in told if value]


def contact_of(deviation: Deviation) -> list[dict[str, Any]]:
    if deviation.masked:
        return [{"label": "Uppgifter", "value": HIDDEN}]
    told = [
        ("Namn", deviation.contact_name),
        ("Telefon", phone(deviation.contact_phone)),
        ("Mobiltelefon", phone(deviation.contact_mobile)),
        ("E-post", deviation.contact_email),
    ]
    return [{"label": label, "value": value} for label, value in told if value]


def complaint_of(deviation: Deviation) -> list[dict[str, Any]]:
    """What a complainant wants, and the numbers that a supplier asks for; also of what KHS found to be
    an event."""
    told = [
        ("Önskat resultat", deviation.get_outcome_display()),
        ("Produkten", deviation.get_handling_display()),
        ("Batch, lot eller tillverkningsdatum", deviation.batch),
        ("Följesedel", deviation.delivery_note),
        ("Fraktsedel", deviation.freight_note),
        (
            "Kommer sent",
            HIDDEN if deviation.masked and deviation.late_reason else deviation.late_reason,
        ),
    ]
    return [{"label": label, "value": value} for label, value in told if value]


def findings_of(deviation: Deviation, *, drafts: bool) -> list[dict[str, Any]]:
    """What KHS found, and why it changed something; the answer once it is given, or with ``drafts``."""
    told = [
        ("Orsak", deviation.cause),
        ("Åtgärd", deviation.measure),
        ("Svar till anmälaren", deviation.answer if drafts or deviation.has_ended else ""),
    ]
    told += [(report.get_to_display(), report.says) for report in deviation.reports.all()]
    told += [
        (f"{event.text.partition(':')[0]} {datum(event.at)}", event.note)
        for event in deviation.events.exclude(note="")
    ]
    if deviation.findings_masked and any(value for _, value in told):
        return [{"label": "Utredning", "value": HIDDEN}]
    return [{"label": label, "value": value} for label, value in told if value]
