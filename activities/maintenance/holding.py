"""What stands in a store and is overdue can't be handed out, where its plan says so."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from individuals.holding import HeldPieces
from individuals.models import Block, BlockReason, Individual
from orders.services import Promised, tell_who_picks
from recipients.cases import EventKind, lock_case, tell

from ..models import Activity

OVERDUE = BlockReason.Code.OVERDUE

_BLOCKED = Block.objects.filter(case=OuterRef("case_number"), reason__code=OVERDUE, until=None)


def to_hold(today: dt.date) -> QuerySet[Activity]:
    """Open activities whose piece is overdue on a shelf, and isn't held back by them yet."""
    found = Activity.objects.still_open().filter(
        ~Exists(_BLOCKED),
        maintenance__due_on__lt=today,
        maintenance__plan__blocks=True,
        maintenance__individual__status__in=Individual.ON_SHELF,
    )
    return found.order_by("due_on", "pk")


def to_let_go(today: dt.date) -> QuerySet[Activity]:
    """Open activities that hold back a piece which isn't overdue, or whose plan doesn't ask for it."""
    fine = Q(maintenance__due_on=None) | Q(maintenance__due_on__gte=today)
    unasked = Q(maintenance__plan=None) | Q(maintenance__plan__blocks=False)
    found = Activity.objects.still_open().filter(Exists(_BLOCKED), fine | unasked)
    return found.order_by("pk")


@transaction.atomic
def hold(activity: Activity) -> bool:
    """Block the activity's piece, whatever it is promised to: who picks such ones is told, and the
    order that was sent last waits for another."""
    schedule = activity.maintenance
    if schedule is None:
        return False
    promised = Promised([schedule.individual_id])
    promised.lock([activity.recipient_id] if activity.recipient_id else [])
    activity = lock_case(activity)
    held = HeldPieces([schedule.individual_id], user=None)
    piece = held.pieces[schedule.individual_id]
    if not to_hold(timezone.localdate()).filter(pk=activity.pk).exists():
        return False
    number = activity.case_number
    newly = [] if piece.blocked else [piece]
    why = f"underhållet av individ {piece.number} har gått ut"
    order = promised.yield_to(piece, held.ledger, user=None, why=why)
    held.block(OVERDUE, case_number=number)
    told = f"Dess underhåll har gått ut, aktivitet {number}"
    tell_who_picks(newly, user=None, why=told, but=[order.pk] if order else [])
    held.save()
    tell(
        activity,
        None,
        EventKind.BLOCKED,
        f"Individ {piece.number} spärrades: underhåll har gått ut",
    )
    return True


@transaction.atomic
def let_go(activity: Activity) -> bool:
    """The piece isn't overdue any more: its schedule has been changed."""
    activity = lock_case(activity)
    schedule = activity.maintenance
    if schedule is None or not to_let_go(timezone.localdate()).filter(pk=activity.pk).exists():
        return False
    held = HeldPieces([schedule.individual_id], user=None)
    held.release(OVERDUE, case_number=activity.case_number)
    held.save()
    tell(activity, None, EventKind.UNBLOCKED, "Spärren hävdes: schemat har ändrats")
    return True
