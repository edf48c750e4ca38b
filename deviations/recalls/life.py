"""A recall's life line: Registrerad, Pågående, Avslutad; and what is left of it."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils import timezone

from organisation.models import User
from recipients.cases import CaseEvent, EventKind
from recipients.courses import Course, done
from sesam.days import day_in_words
from sesam.life_line import LifeLine, NextStep, Stop, StopState

from ..models import Recall, RecallStatus


def life_of(user: User, number: str) -> LifeLine | None:
    """How far it has come, for a user who may see it."""
    found = Recall.objects.for_user(user).filter(case_number=number)
    recall = found.select_related("ordered_by").first()
    return life_line(recall, recall.events.select_related("user")) if recall else None


def life_line(recall: Recall, events: Iterable[CaseEvent], *, is_units: bool = False) -> LifeLine:
    """The recall's line by its events; ``is_units``: a unit that looks has some to confirm. Asks
    nothing of the database."""
    course = Course.of(events)
    made = done(
        "Registrerad", course.last(EventKind.CREATED), recall.created_at, str(recall.ordered_by)
    )
    listed = Stop("Pågående", StopState.LATER)
    if recall.found_at:
        listed = done("Pågående", None, recall.found_at)
    if recall.status == RecallStatus.CLOSED:
        return LifeLine([made, listed, done("Avslutad", course.last(EventKind.CLOSED))])
    if recall.found_at:
        listed = Stop(listed.label, StopState.NOW, listed.when, listed.who)
    stops = [made, listed, Stop("Avslutad", StopState.LATER)]
    return LifeLine(stops, next_step=next_step(recall, is_units=is_units))


def next_step(recall: Recall, *, is_units: bool = False) -> NextStep | None:
    """What is to be done by when; nothing of one that is closed."""
    if recall.has_ended:
        return None
    if recall.found_at is None:
        return NextStep("Portalen", "söker det som berörs", "", recall.created_at, False)
    when = f"senast {day_in_words(recall.due_on)}" if recall.due_on else ""
    late = recall.due_on is not None and recall.due_on < timezone.localdate()
    if is_units:
        return NextStep("Ni", "bekräftar era exemplar", when, recall.found_at, late)
    return NextStep("KHS", "får varje exemplar bekräftat", when, recall.found_at, late)
