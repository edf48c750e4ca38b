"""What stands in a store and is overdue can't be handed out, where its plan says so: from the night, or
from when it comes to stand there, until nothing of the piece is overdue."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from individuals.arrivals import Hold
from individuals.holding import HeldPieces
from individuals.models import Block, BlockReason, Individual
from orders.services import Promised, tell_who_picks
from recipients.cases import EventKind, lock_cases, tell

from ..models import Activity, MaintenanceSchedule
from . import dates

OVERDUE = BlockReason.Code.OVERDUE

_BLOCKS = Block.objects.filter(reason__code=OVERDUE, until=None)
_BLOCKED = Exists(_BLOCKS.filter(individual=OuterRef("pk")))


def _overdue(today: dt.date) -> QuerySet[MaintenanceSchedule]:
    """Schedules for whose sake their piece isn't handed out."""
    return MaintenanceSchedule.objects.filter(due_on__lt=today, plan__blocks=True)


def _asked_for(today: dt.date) -> Exists:
    return Exists(_overdue(today).filter(individual=OuterRef("pk")))


def to_hold(today: dt.date) -> QuerySet[Individual]:
    """What is overdue on a shelf, and isn't held back for it yet."""
    late = _overdue(today).values("individual")
    found = Individual.objects.filter(~_BLOCKED, pk__in=late, status__in=Individual.ON_SHELF)
    return found.order_by("pk")


def to_let_go(today: dt.date) -> QuerySet[Individual]:
    """What is held back and isn't overdue, or whose plan doesn't ask for it."""
    held = Individual.objects.filter(pk__in=_BLOCKS.values("individual"))
    return held.exclude(_asked_for(today)).order_by("pk")


def _open_of(piece: int) -> list[Activity]:
    """The open activities of what is overdue on it, what is late longest first."""
    late = _overdue(timezone.localdate()).filter(individual=piece)
    found = Activity.objects.still_open().filter(maintenance__in=late)
    return list(found.order_by("maintenance__due_on", "pk"))


@transaction.atomic
def hold(pk: int) -> bool:
    """Block the piece, whatever it is promised to: who picks such ones is told, and the order that was
    sent last waits for another."""
    activities = _open_of(pk)
    promised = Promised([pk])
    promised.lock(one.recipient_id for one in activities if one.recipient_id)
    if activities:
        activities = list(lock_cases(activities).values())
    held = HeldPieces([pk], user=None)
    piece = held.pieces[pk]
    if not to_hold(timezone.localdate()).filter(pk=pk).exists():
        return False
    newly = [] if piece.blocked else [piece]
    why = f"underhållet av individ {piece.number} har gått ut"
    order = promised.yield_to(piece, held.ledger, user=None, why=why)
    number = activities[0].case_number if activities else None
    held.block(OVERDUE, case_number=number)
    told = "Dess underhåll har gått ut" + (f", aktivitet {number}" if number else "")
    tell_who_picks(newly, user=None, why=told, but=[order.pk] if order else [])
    held.save()
    for activity in activities:
        tell(
            activity,
            None,
            EventKind.BLOCKED,
            f"Individ {piece.number} spärrades: underhåll har gått ut",
        )
    return True


@transaction.atomic
def let_go(pk: int) -> bool:
    """The piece isn't overdue any more: its schedule has been changed."""
    named = Activity.objects.still_open().filter(
        case_number__in=_BLOCKS.filter(individual=pk, case__isnull=False).values("case")
    )
    activities = list(named)
    if activities:
        activities = list(lock_cases(activities).values())
    held = HeldPieces([pk], user=None)
    if not release(held):
        return False
    held.save()
    for activity in activities:
        tell(activity, None, EventKind.UNBLOCKED, "Spärren hävdes: schemat har ändrats")
    return True


def release(held: HeldPieces) -> list[int]:
    """Let go of those that nothing asks for to be held back any more, and name of the others the
    activity that is to be done still; which were let go. The caller saves."""
    if not held.pieces:
        return []
    mine = to_let_go(timezone.localdate()).filter(pk__in=held.pieces)
    free = list(mine.values_list("pk", flat=True))
    held.release_all(OVERDUE, free)
    for pk in held.pieces.keys() - set(free):
        name(pk)
    return free


def name(piece: int) -> None:
    """What holds the piece back is the activity that is open, if the night has made it. Needs the piece
    locked."""
    blocks = _BLOCKS.filter(individual=piece)
    if blocks.exists():
        numbers = [one.case_number for one in _open_of(piece)]
        blocks.exclude(case__in=numbers).update(case=numbers[0] if numbers else None)


def at_arrival(pieces: Collection[int]) -> Iterable[Hold]:
    """What of the pieces that have just come to stand in a warehouse is overdue, as they stand now. The
    activity is the one that is open, or the night makes it."""
    dates.reschedule(pieces)
    found = to_hold(timezone.localdate()).filter(pk__in=pieces)
    return [
        Hold(pk, OVERDUE, next((one.case_number for one in _open_of(pk)), None))
        for pk in found.values_list("pk", flat=True)
    ]
