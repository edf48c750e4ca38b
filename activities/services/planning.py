"""KHS's workshop: who does it and when."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from organisation.models import User
from organisation.permissions import KHS
from recipients.cases import EventKind, lock_case, set_status, tell
from sesam.errors import DomainError
from sesam.seen import Seen

from ..models import Activity, ActivityStatus
from .common import NotOurs, told_gone

#: What a plan says, and somebody else may have said since a form was drawn.
PLAN = ("planned_for", "planned_time", "technician_id", "bring")


def technicians() -> QuerySet[User]:
    """KHS's users who are marked «tekniker»."""
    found = User.objects.filter(is_technician=True, is_active=True, groups__name=KHS)
    return found.distinct().order_by("last_name", "first_name")


@transaction.atomic
def take(activity: Activity, *, user: User) -> Activity:
    """A technician takes it. Taking one's own again changes nothing."""
    activity = lock_case(activity)
    if activity.technician_id == user.pk and not activity.has_ended:
        return activity
    _check_going_on(activity)
    if not technicians().filter(pk=user.pk).exists():
        raise DomainError("Bara en tekniker på KHS kan ta en aktivitet.")
    _check_workshops(activity)
    if activity.technician is not None:
        raise DomainError(f"Aktiviteten är redan tagen av {activity.technician}.")
    activity.technician = user
    if activity.status == ActivityStatus.REGISTERED:
        set_status(activity, ActivityStatus.UNDERWAY)
    activity.save(update_fields=["technician", "status"])
    tell(activity, user, EventKind.TAKEN, f"Tagen av {user}")
    return activity


@transaction.atomic
def plan(
    activity: Activity,
    *,
    user: User,
    day: dt.date,
    time: str = "",
    technician: User | None = None,
    bring: str = "",
    seen: Seen | None = None,
) -> Activity:
    """Set the day, who does it (the one named, else the one who has it), and what to bring. Twice is
    once. ``seen`` is what the form was filled in with: ``Overtaken`` where somebody has planned,
    taken or handed back since."""
    activity = lock_case(activity)
    technician = technician or activity.technician
    time, bring = time.strip()[:20], bring.strip()[:200]
    wish = (ActivityStatus.PLANNED, day, time, technician, bring)
    is_now = (
        activity.status,
        activity.planned_for,
        activity.planned_time,
        activity.technician,
        activity.bring,
    )
    if wish == is_now:
        return activity
    _check_going_on(activity)
    if seen is not None:
        seen.check(activity)
    if day < timezone.localdate():
        raise DomainError("Välj en dag som inte har varit.", field="day")
    if technician and not technicians().filter(pk=technician.pk).exists():
        raise DomainError("Välj en tekniker på KHS.", field="technician")
    if technician:
        _check_workshops(activity)
    if told := told_gone(activity):
        raise DomainError(f"{' '.join(told)} Aktiviteten kan inte planeras: avsluta den.")
    set_status(activity, ActivityStatus.PLANNED)
    activity.planned_for, activity.planned_time = day, time
    activity.technician, activity.bring = technician, bring
    activity.save(update_fields=["status", "planned_for", "planned_time", "technician", "bring"])
    who = f", tekniker {technician}" if technician else ""
    tell(activity, user, EventKind.PLANNED, f"Planerad till {activity.planned_words}{who}")
    return activity


@transaction.atomic
def hand_back(
    activity: Activity, *, user: User, why: str = "", seen: Seen | None = None
) -> Activity:
    """Back to the queue, for anybody; what was reported stays. Twice is once. ``seen`` as of
    ``plan``: what somebody else has taken since is theirs."""
    activity = lock_case(activity)
    if activity.status == ActivityStatus.REGISTERED and activity.technician is None:
        return activity
    _check_going_on(activity)
    if seen is not None:
        seen.check(activity)
    set_status(activity, ActivityStatus.REGISTERED)
    activity.technician = activity.planned_for = None
    activity.planned_time = ""
    activity.save(update_fields=["status", "technician", "planned_for", "planned_time"])
    tell(activity, user, EventKind.HANDED_BACK, "Lämnad tillbaka till kön", note=why.strip()[:300])
    return activity


def _check_going_on(activity: Activity) -> None:
    if activity.has_ended:
        raise DomainError(f"Aktiviteten är redan {activity.status_words}.")


def _check_workshops(activity: Activity) -> None:
    """Raises ``NotOurs`` for what a supplier, a store or the unit itself does."""
    if not activity.is_workshops:
        raise NotOurs(f"Aktiviteten utförs av {activity.performer}, inte av KHS tekniker.")
