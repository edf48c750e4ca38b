"""Who has a marked piece, as its page («Aktuell status») may tell it.

At once with a care relation; else after «Visa mottagare» with a reason, for a quarter of an
hour; of a protected person never. Every look is logged.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db.models import F
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from individuals.models import Individual
from organisation import access_log
from organisation.permissions import signed_in
from recipients import masking
from recipients.models import Loan, Recipient
from recipients.services import has_care_relation
from sesam.dialogs import Dialog
from sesam.models import DialogState

from .models import Order, OrderLine

KIND = "shown-holder"
_SHOWN_FOR = dt.timedelta(minutes=15)


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


def show(request: HttpRequest, piece: Individual, holding: Holding, *, reason: str) -> None:
    """«Visa mottagare»: log the look with its reason, and let it stand for a while."""
    access_log.look(
        request,
        holding.recipient.key,
        f"Visa mottagare på individ {piece.number}. Orsak: {reason}",
        case_number=holding.case_number,
    )
    Dialog.start(request, KIND, about=holding.recipient.key, piece=piece.number)


def refuse(request: HttpRequest, piece: Individual, holding: Holding) -> None:
    """Somebody asked for a protected person."""
    access_log.look(
        request,
        holding.recipient.key,
        f"Visa mottagare på individ {piece.number}: skyddad identitet",
        action=access_log.Action.REFUSED,
        case_number=holding.case_number,
    )


def may_see(request: HttpRequest, piece: Individual, holding: Holding) -> bool:
    """Whether the recipient may be shown to this request's user now."""
    if holding.recipient.is_protected:
        return False
    shown = DialogState.objects.filter(
        user=request.user.pk,
        kind=KIND,
        about=holding.recipient.key,
        facts__piece=piece.number,
        made_at__gt=timezone.now() - _SHOWN_FOR,
    )
    return has_care_relation(signed_in(request), holding.recipient) or shown.exists()


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
    open_to_user = may_see(request, piece, holding)
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
