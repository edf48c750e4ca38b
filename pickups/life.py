"""A pickup order's life line: Registrerad, Planerad, Pågående, Avslutad; and whose turn it is."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils import timezone

from recipients.cases import CaseEvent, EventKind
from recipients.courses import Course, done
from sesam.days import day_in_words
from sesam.life_line import LifeLine, NextStep, Stop, StopState

from .models import PickupOrder, PickupStatus


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
    if received:
        came = done("Tas emot", received)
        return LifeLine(
            [
                made,
                *([was_planned] if day else []),
                Stop(came.label, StopState.NOW, came.when, came.who),
                Stop("Avslutad", StopState.LATER),
            ],
            next_step=NextStep(pickup.reason.performer, "hämtar det som är kvar", "", received.at),
        )
    plan = was_planned if day else Stop("Planeras", StopState.LATER)
    return LifeLine(
        [made, plan, Stop("Mottagen", StopState.LATER)], next_step=_next(pickup, course)
    )


def _next(pickup: PickupOrder, course: Course) -> NextStep:
    last = course.last(EventKind.CREATED, EventKind.PLANNED)
    since = last.at if last else pickup.created_at
    if pickup.lacks_address:
        return NextStep("Förskrivaren", "skriver hämtadressen", "", since)
    day = pickup.planned_for
    if day is None:
        return NextStep(pickup.reason.performer, "planerar hämtningen", "", since)
    late = day < timezone.localdate()
    return NextStep(pickup.reason.performer, "hämtar", day_in_words(day), since, late)
