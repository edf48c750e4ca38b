"""What KHS's side asks of deviations: the queue, and what of it hurries."""

from __future__ import annotations

from django.db.models import QuerySet

from organisation.queues import State
from sesam.known import Known

from .models import Deviation, DeviationStatus

STATES: dict[str, State] = {
    "allvarlig": ("Allvarlig händelse", lambda found: found.still_open().grave()),
    "forsenad": ("Försenade", lambda found: found.late()),
}


def in_state(state: str) -> QuerySet[Deviation]:
    """The deviations in one of ``STATES``."""
    return STATES[state][1](Deviation.objects.all())


def to_receive() -> QuerySet[Deviation]:
    return Deviation.objects.filter(status=Known(DeviationStatus.REGISTERED))


def being_investigated() -> QuerySet[Deviation]:
    return Deviation.objects.filter(status=Known(DeviationStatus.INVESTIGATING))
