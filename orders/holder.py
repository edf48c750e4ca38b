"""Who has a marked piece, as its page («Aktuell status») may tell it.

At once with a reason to look at the person; else after «Visa mottagare», which asks «Varför?» once
a person and day (``recipients.why``); of a protected person never. Every look is logged.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import F
from django.http import HttpRequest
from django.urls import reverse

from individuals.models import Individual
from organisation import access_log
from organisation.permissions import signed_in
from recipients import masking, why
from recipients.models import Loan, Recipient

from .models import Order, OrderLine


@dataclass(frozen=True)
class Holding:
    """What a piece is out on: a loan, or an order that it is reserved for."""

    recipient: Recipient
    case_number: str
    reserved: bool


def of(piece: Individual) -> Holding | None:
    """Who has the piece, or is to get it."""
    loan = Loan.objects.filter(individual=piece, ended_at=None).select_related("recipient").first()
    if loan is not None:
        return Holding(loan.recipient, loan.case_number, reserved=False)
    line = (
        OrderLine.objects.filter(individual=piece, order__recipient__isnull=False)
        .filter(quantity__gt=F("delivered") + F("cancelled"))
        .select_related("order__recipient")
        .first()
    )
    if line is None or line.order.recipient is None:
        return None
    return Holding(line.order.recipient, line.order.case_number, reserved=True)


def refuse(request: HttpRequest, piece: Individual, holding: Holding) -> None:
    """Somebody asked for a protected person."""
    access_log.record(
        signed_in(request),
        access_log.Action.REFUSED,
        holding.recipient.key,
        detail=f"Visa mottagare på individ {piece.number}: skyddad identitet",
        case_number=holding.case_number,
    )


def may_see(request: HttpRequest, holding: Holding) -> bool:
    """Whether the recipient may be shown to this request's user now."""
    if holding.recipient.is_protected:
        return False
    return not why.is_wanted(request, holding.recipient.key)


def section(request: HttpRequest, piece: Individual) -> dict[str, Any] | None:
    """The part of «Aktuell status»; None when nobody has the piece."""
    holding = of(piece)
    if holding is None:
        return None
    case: dict[str, Any] = {"label": "Kundorder", "value": holding.case_number}
    # Another unit's case shows its number, without a link.
    if Order.objects.for_user(request.user).filter(case_number=holding.case_number).exists():
        case["url"] = reverse("orders:detail", args=[holding.case_number])
    facts = [case]
    open_to_user = may_see(request, holding)
    if open_to_user:
        access_log.look(
            request,
            holding.recipient.key,
            f"Mottagare på individ {piece.number}",
            case_number=holding.case_number,
        )
        person = masking.shown(holding.recipient)
        page = reverse("recipients:detail", args=[person.key])
        facts += [
            {"label": "Mottagare", "value": person.name, "url": page},
            {"label": "Adress", "value": ", ".join(person.address_lines)},
        ]
    return {
        "title": "Reserverad för" if holding.reserved else "Innehavare",
        "facts": facts,
        "is_protected": holding.recipient.is_protected,
        "show_url": ""
        if open_to_user or holding.recipient.is_protected
        else reverse("orders:holder", args=[piece.number]),
    }
