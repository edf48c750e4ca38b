"""Some aids that came back to a store, and pickup orders on their way, by the services."""

import datetime as dt
import random
import uuid
from collections.abc import Iterable
from typing import Any

from django.utils import timezone

from organisation.models import Unit, User
from pickups import presets, services
from pickups.models import PickupOrder, PickupReason
from pickups.services import Back, Extra, Got, Wish
from recipients.held import returnable
from recipients.models import Loan, Recipient

from . import people
from .organisation import Places

RETURNS = 6


def load(chance: random.Random, places: Places, recipients: dict[str, Recipient]) -> int:
    """How many pickup orders there are."""
    user = places.users["forskrivare"]
    loans = list(
        returnable()
        .filter(unit=user.default_unit, recipient__is_protected=False)
        .exclude(recipient__number__in=[people.KNOWN, people.MANY_AIDS])
        .select_related("recipient", "article", "individual")
        .order_by("case_number", "pk")
    )
    chance.shuffle(loans)
    waiting = iter(loans)
    for _ in range(RETURNS):
        _give_back(next(waiting), user, places)
    many = recipients[people.MANY_AIDS]
    _order(list(returnable().filter(recipient=many)[:2]), user, "Ring innan ni kommer.")
    planned = _order([next(waiting)], user)
    services.plan(planned, user=places.users["khs"], day=timezone.localdate() + dt.timedelta(2))
    if hoist := _of_kind(waiting, "1236"):
        _order([hoist], user, "Skenan sitter kvar och tas ned samtidigt.", is_urgent=True)
    _receive(_order([next(waiting)], user), places, "cleaning")
    _receive(_order([next(waiting)], user), places, "stock", extra=_marked(waiting))
    _receive_first(_order(_two_of_one_person(waiting), user), places)
    services.cancel_pickup(_order([next(waiting)], user, "Behövs ändå."), user=user)
    return PickupOrder.objects.count()


def _two_of_one_person(loans: Iterable[Loan]) -> list[Loan]:
    held: dict[int, Loan] = {}
    for loan in loans:
        if loan.recipient_id in held:
            return [held[loan.recipient_id], loan]
        held[loan.recipient_id] = loan
    raise LookupError("nobody holds two aids")


def _receive_first(pickup: PickupOrder, places: Places) -> None:
    """One of the aids has come, the rest is still to come."""
    line = pickup.lines.all()[0]
    services.receive(pickup, [Got(line.pk, line.quantity, "stock")], user=places.users["khs"])


def _of_kind(loans: Iterable[Loan], iso_code: str) -> Loan | None:
    return next((loan for loan in loans if loan.article.iso_code.startswith(iso_code)), None)


def _marked(loans: Iterable[Loan]) -> Loan | None:
    return next((loan for loan in loans if loan.individual), None)


def _unit(user: User) -> Unit:
    if user.default_unit is None:
        raise LookupError("the demo's prescribers have a unit")
    return user.default_unit


def _give_back(loan: Loan, user: User, places: Places) -> None:
    services.give_back(
        loan.recipient,
        [Back(loan.pk, loan.held)],
        user=user,
        unit=_unit(user),
        warehouse=places.stores["0880"],
        key=uuid.uuid4(),
        confirmed=True,
    )


def _order(loans: list[Loan], user: User, comment: str = "", **facts: Any) -> PickupOrder:
    recipient = loans[0].recipient
    reasons = PickupReason.objects.all()
    reason = presets.reason_for(loans, reasons) or reasons[0]
    unit = _unit(user)
    details = presets.details(recipient, reason=reason, unit=unit, user=user)
    return services.order_pickup(
        recipient,
        [Wish(loan.pk, loan.held) for loan in loans],
        user=user,
        unit=unit,
        prescriber=user,
        reason=reason,
        details={**details, "comment": comment, **facts},
        token=uuid.uuid4(),
        text_confirmed=True,
    )


def _receive(pickup: PickupOrder, places: Places, state: str, extra: Loan | None = None) -> None:
    piece = extra.individual if extra else None
    services.receive(
        pickup,
        [Got(line.pk, line.quantity, state) for line in pickup.lines.all()],
        user=places.users["khs"],
        extras=[Extra(1, state, number=piece.number)] if piece else [],
    )
