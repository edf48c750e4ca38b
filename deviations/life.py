"""A deviation's life line: Registrerad, Mottagen, Under utredning, Avslutad; and whose turn it is."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils import timezone

from organisation.models import User
from recipients.cases import CaseEvent, EventKind
from recipients.courses import Course, done
from sesam.days import day_in_words
from sesam.life_line import LifeLine, NextStep, Stop, StopState

from .models import Deviation, DeviationStatus

KHS = "KHS"


def life_of(user: User, number: str) -> LifeLine | None:
    """How far it has come, for a user who may see it."""
    found = Deviation.objects.for_user(user).filter(case_number=number)
    deviation = found.select_related("ordered_by").first()
    return life_line(deviation, deviation.events.select_related("user")) if deviation else None


def life_line(deviation: Deviation, events: Iterable[CaseEvent]) -> LifeLine:
    """The deviation's line by its events. Asks nothing of the database."""
    course = Course.of(events)
    made = done(
        "Registrerad",
        course.last(EventKind.CREATED),
        deviation.created_at,
        str(deviation.ordered_by),
    )
    if deviation.is_withdrawn:
        event = course.last(EventKind.CANCELLED)
        ended = done("Återtagen", event, deviation.closed_at)
        return LifeLine([made, Stop(ended.label, StopState.ENDED, ended.when, ended.who)])
    came = course.last(EventKind.RECEIVED)
    received = (
        done("Mottagen", came, deviation.received_at)
        if deviation.received_at
        else Stop("Mottagen", StopState.LATER)
    )
    studied = course.last(EventKind.INVESTIGATED)
    if deviation.has_ended:
        stops = [made, received]
        if studied:
            stops.append(done("Utredd", studied))
        closed = course.last(EventKind.CLOSED)
        return LifeLine([*stops, done("Avslutad", closed, deviation.closed_at)])
    inquiry = Stop("Under utredning", StopState.LATER)
    if deviation.status == DeviationStatus.INVESTIGATING:
        now = done("Under utredning", studied)
        inquiry = Stop(now.label, StopState.NOW, now.when, now.who)
    stops = [made, received, inquiry, Stop("Avslutad", StopState.LATER)]
    return LifeLine(stops, next_step=next_step(deviation))


def next_step(deviation: Deviation) -> NextStep | None:
    """Whose turn it is, since when, and whether it is late: of what the row itself says, so that
    lists can ask it of each."""
    day = deviation.due_on
    if day is None:
        return None
    late = day < timezone.localdate()
    when = f"senast {day_in_words(day)}"
    if deviation.received_at is None:
        what = f"tar emot {deviation.definite.lower()}"
        return NextStep(KHS, what, when, deviation.created_at, late)
    return NextStep(KHS, "utreder och svarar", when, deviation.began_at, late)
