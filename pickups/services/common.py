"""What every service of a pickup order needs: the event, and what its end forgets."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import QuerySet

from organisation import access_log
from organisation.models import User

from ..models import CONTACT, ENDED, WHEREABOUTS, PickupEvent, PickupLine, PickupOrder


def tell(
    pickup: PickupOrder,
    user: User,
    text: str,
    *,
    action: access_log.Action = access_log.Action.CHANGE,
) -> None:
    """What happened, in the case's history and in the access log."""
    PickupEvent.objects.create(pickup=pickup, user=user, text=text)
    access_log.record(
        user, action, pickup.recipient.key, detail=text, case_number=pickup.case_number
    )


def on_pickups(loan_ids: Iterable[int]) -> dict[int, str]:
    """The case number of the open pickup order that an aid stands on. One query."""
    return dict(
        PickupLine.objects.filter(loan__in=list(loan_ids), is_open=True).values_list(
            "loan_id", "pickup__case_number"
        )
    )


def forget_at_end(pickup: PickupOrder) -> None:
    """What was typed for a protected person's case goes when the case ends."""
    if pickup.has_ended and pickup.recipient.is_protected:
        forget_typed(PickupOrder.objects.filter(pk=pickup.pk))


def forget_typed(pickups: QuerySet[PickupOrder]) -> int:
    """Empty, of those among ``pickups`` that have ended and are a protected person's, what tells
    where the person is or was; returns how many they were."""
    ended = pickups.filter(status__in=ENDED, recipient__is_protected=True)
    empty = dict.fromkeys([*WHEREABOUTS, *CONTACT], "")
    return ended.exclude(**empty).update(**empty)
