"""What KHS's side asks of activities: the workshop's queue, and a technician's day."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import cast

from django.db.models import Prefetch, Q, QuerySet
from django.utils import timezone

from organisation.models import User
from organisation.queues import State
from sesam.tables import sv

from .life import with_turns
from .models import Activity, ActivityQuerySet, ActivityStatus
from .shown import LINES, AidLine, aid_of


def queue(activities: QuerySet[Activity]) -> QuerySet[Activity]:
    """``activities`` with all that a row of the queue shows."""
    return with_turns(cast(ActivityQuerySet, activities))


STATES: dict[str, State] = {
    "sen": ("Förbi sin tid", lambda found: found.late()),
    "akut": ("Akut", lambda found: found.still_open().filter(priority__is_urgent=True)),
    "ledig": (
        "Ingen tekniker",
        lambda found: found.still_open().in_workshop().filter(technician=None),
    ),
    "order": ("En beställning väntar", lambda found: found.still_open().exclude(order=None)),
}
"""What hurries, and what nobody has taken."""


def in_state(state: str) -> QuerySet[Activity]:
    """The activities in one of ``STATES``."""
    return STATES[state][1](Activity.objects.all())


@dataclass(frozen=True)
class DayStop:
    """A place to go to: the activity, its aids, and where it is, unless nobody may know."""

    activity: Activity
    aids: list[AidLine]

    @property
    def place(self) -> str:
        activity = self.activity
        if activity.address_masked or not activity.has_address:
            return str(activity.stands_in) if not activity.has_address else ""
        return ", ".join(activity.address_lines())

    @property
    def is_late(self) -> bool:
        day = self.activity.planned_for
        return day is not None and day < timezone.localdate()


def day_of(user: User, day: dt.date) -> list[DayStop]:
    """What the technician has planned for the day, in order of place; with today's what was left
    from before."""
    wanted = Q(planned_for=day)
    if day == timezone.localdate():
        wanted |= Q(planned_for__lt=day)
    found = (
        _mine(user)
        .filter(wanted)
        .order_by(sv("locality"), "postcode", sv("street"), "planned_time")
    )
    return [
        DayStop(activity, [aid_of(line, activity) for line in activity.lines.all()])
        for activity in found.prefetch_related(Prefetch("lines", LINES))
    ]


def without_a_day(user: User) -> QuerySet[Activity]:
    """What the technician has taken and not planned."""
    return _mine(user).filter(planned_for=None).order_by("due_on", "created_at")


def _mine(user: User) -> QuerySet[Activity]:
    mine = Activity.objects.still_open().filter(technician=user)
    return mine.select_related(
        "recipient",
        "type",
        "priority",
        "unit",
        "warehouse",
        "instruction",
        "maintenance__individual__warehouse",
    ).exclude(status=ActivityStatus.REGISTERED)
