"""A pickup order's life line: Registrerad, Planerad, Pågående, Avslutad; and whose turn it is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from organisation.models import User
from recipients.cases import CaseEvent, EventKind
from recipients.courses import Course, done
from recipients.turns import since_last
from sesam.days import day_in_words
from sesam.life_line import LifeLine, NextStep, Stop, StopState

from .models import PickupEvent, PickupOrder, PickupStatus

#: What gives the turn to somebody.
TURNS = (EventKind.CREATED, EventKind.PLANNED, EventKind.RECEIVED)


def with_turns(pickups: QuerySet[PickupOrder]) -> QuerySet[PickupOrder]:
    """``pickups`` with what ``step_of`` needs of each."""
    came = PickupEvent.objects.filter(pickup=OuterRef("pk"), kind=EventKind.RECEIVED)
    rows = pickups.select_related(
        "recipient", "unit", "reason", "warehouse", "ordered_by", "prescriber"
    )
    return rows.annotate(  # type: ignore[no-redef]  # declared by the model
        has_come=Exists(came), turn_since=since_last(PickupEvent, TURNS, pickup=OuterRef("pk"))
    )


def step_of(pickup: PickupOrder) -> NextStep | None:
    """The next step of a row that ``with_turns`` gave."""
    return next_step(pickup, since=pickup.turn_since, has_come=pickup.has_come)


def life_of(user: User, number: str) -> LifeLine | None:
    """How far it has come, for a user who may see it."""
    found = PickupOrder.objects.for_user(user).filter(case_number=number)
    pickup = found.select_related("ordered_by").first()
    return life_line(pickup, pickup.events.select_related("user")) if pickup else None


def life_line(pickup: PickupOrder, events: Iterable[CaseEvent]) -> LifeLine:
    """The pickup order's line by its events. Asks nothing of the database."""
    course = Course.of(events)
    made = done(
        "Registrerad", course.last(EventKind.CREATED), pickup.created_at, str(pickup.ordered_by)
    )
    received = course.last(EventKind.RECEIVED)
    if pickup.status == PickupStatus.CANCELLED:
        event = course.last(EventKind.CANCELLED)
        ended = done("Makulerad", event, pickup.cancelled_at)
        return LifeLine([made, Stop(ended.label, StopState.ENDED, ended.when, ended.who)])
    day = pickup.planned_for
    planned = course.last(EventKind.PLANNED)
    when = day_in_words(day) if day else ""
    by = str(planned.user or "") if planned else ""
    was_planned = Stop("Planerad", StopState.DONE, when, by)
    if pickup.has_ended:
        stops = [made, *([was_planned] if day else [])]
        return LifeLine([*stops, done("Mottagen", received, pickup.received_at)])
    last = course.last(*TURNS)
    step = next_step(pickup, since=last.at if last else None, has_come=received is not None)
    if received:
        came = done("Tas emot", received)
        return LifeLine(
            [
                made,
                *([was_planned] if day else []),
                Stop(came.label, StopState.NOW, came.when, came.who),
                Stop("Avslutad", StopState.LATER),
            ],
            next_step=step,
        )
    plan = was_planned if day else Stop("Planeras", StopState.LATER)
    return LifeLine([made, plan, Stop("Mottagen", StopState.LATER)], next_step=step)


def next_step(pickup: PickupOrder, *, since: dt.datetime | None, has_come: bool) -> NextStep | None:
    """Whose turn it is; ``since`` is the last event of ``TURNS``, ``has_come``: a part of it has."""
    if pickup.has_ended:
        return None
    since = since or pickup.created_at
    who = pickup.reason.performer
    if has_come:
        return NextStep(who, "hämtar det som är kvar", "", since)
    if pickup.lacks_address:
        return NextStep("Förskrivaren", "skriver hämtadressen", "", since)
    day = pickup.planned_for
    if day is None:
        return NextStep(who, "planerar hämtningen", "", since)
    return NextStep(who, "hämtar", day_in_words(day), since, day < timezone.localdate())
