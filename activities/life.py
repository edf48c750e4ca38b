"""An activity's life line: Registrerad, Planerad, Pågående, Avslutad; and whose turn it is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django.db.models import OuterRef, QuerySet
from django.utils import timezone

from organisation.models import User
from recipients.cases import CaseEvent, EventKind
from recipients.courses import Course, done
from recipients.turns import since_last
from sesam.days import day_in_words
from sesam.life_line import LifeLine, NextStep, Stop, StopState

from .models import Activity, ActivityEvent, ActivityQuerySet, ActivityStatus

#: What gives the turn to somebody.
TURNS = (EventKind.CREATED, EventKind.PLANNED, EventKind.TAKEN, EventKind.HANDED_BACK)


def with_turns(activities: ActivityQuerySet) -> QuerySet[Activity]:
    """``activities`` with what ``step_of`` needs of each."""
    since = since_last(ActivityEvent, TURNS, activity=OuterRef("pk"))
    return activities.select_related(*Activity.LOADED).annotate(turn_since=since)  # type: ignore[no-redef]  # declared by the model


def step_of(activity: Activity) -> NextStep | None:
    """The next step of a row that ``with_turns`` gave."""
    return next_step(activity, since=activity.turn_since)


def life_of(user: User, number: str) -> LifeLine | None:
    """How far it has come, for a user who may see it."""
    found = Activity.objects.for_user(user).filter(case_number=number)
    activity = found.select_related("ordered_by").first()
    return life_line(activity, activity.events.select_related("user")) if activity else None


def life_line(activity: Activity, events: Iterable[CaseEvent]) -> LifeLine:
    """The activity's line by its events. Asks nothing of the database."""
    course = Course.of(events)
    made = done(
        "Registrerad",
        course.last(EventKind.CREATED),
        activity.created_at,
        activity.orderer,
    )
    if activity.status == ActivityStatus.CANCELLED:
        ended = done("Makulerad", course.last(EventKind.CANCELLED), activity.cancelled_at)
        return LifeLine([made, Stop(ended.label, StopState.ENDED, ended.when, ended.who)])
    planned = _planned(activity)
    if activity.status == ActivityStatus.CLOSED:
        stops = [made, *([planned] if planned else [])]
        return LifeLine(
            [*stops, done("Avslutad", course.last(EventKind.CLOSED), activity.closed_at)]
        )
    until = f"senast {day_in_words(activity.due_on)}"
    last = Stop("Avslutad", StopState.LATER, until)
    going = Stop("Pågående", StopState.LATER)
    if activity.status == ActivityStatus.UNDERWAY:
        begun = done("Pågående", course.last(EventKind.TAKEN, EventKind.REPORTED))
        going = Stop(begun.label, StopState.NOW, begun.when, str(activity.technician or begun.who))
    plan = planned or Stop("Planeras", StopState.LATER)
    stops = [made, *([plan] if planned or going.state == StopState.LATER else []), going, last]
    last_turn = course.last(*TURNS)
    step = next_step(activity, since=last_turn.at if last_turn else None)
    return LifeLine(stops, next_step=step)


def _planned(activity: Activity) -> Stop | None:
    day = activity.planned_for
    if day is None:
        return None
    is_now = activity.status == ActivityStatus.PLANNED
    when = f"{day_in_words(day)} {activity.planned_time}".strip()
    who = f"{activity.technician}, tekniker" if activity.technician else ""
    return Stop("Planerad", StopState.NOW if is_now else StopState.DONE, when, who)


def next_step(activity: Activity, *, since: dt.datetime | None) -> NextStep | None:
    """Whose turn it is, what they do, since when and whether it is late; None when it has ended.
    ``since`` is the last event of ``TURNS``. Asks nothing of the database if ``LOADED`` is loaded."""
    if activity.has_ended:
        return None
    since = since or activity.created_at
    if activity.lacks_address:
        return NextStep("Förskrivaren", "skriver aktivitetsadressen", "", since, activity.is_late)
    if activity.lacks_text:
        return NextStep("Förskrivaren", "skriver vad som ska göras", "", since, activity.is_late)
    who = str(activity.technician or activity.performer)
    day = activity.planned_for
    if activity.status == ActivityStatus.PLANNED and day is not None:
        late = day < timezone.localdate() or activity.is_late
        when = f"{day_in_words(day)} {activity.planned_time}".strip()
        return NextStep(who, "gör arbetet", when, since, late)
    until = f"klart senast {day_in_words(activity.due_on)}"
    if activity.status == ActivityStatus.UNDERWAY:
        return NextStep(who, "gör arbetet", until, since, activity.is_late)
    what = "planerar arbetet" if activity.is_workshops else "gör arbetet"
    return NextStep(who, what, until, since, activity.is_late)
