"""What a case's life line is made of: its events, asked for by their kind."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field

from sesam.days import moment_in_words
from sesam.life_line import Stop, StopState

from .cases import CaseEvent, EventKind


@dataclass(frozen=True)
class Course:
    """A case's events, asked for by their kind."""

    events: list[CaseEvent] = field(default_factory=list)

    @classmethod
    def of(cls, events: Iterable[CaseEvent]) -> Course:
        return cls(sorted(events, key=lambda event: (event.at, event.pk)))

    def last(self, *kinds: EventKind) -> CaseEvent | None:
        """The last event of one of the kinds."""
        return next((e for e in reversed(self.events) if e.kind in kinds), None)


def done(label: str, event: CaseEvent | None, at: dt.datetime | None = None, who: str = "") -> Stop:
    """A stop that has been passed: when and by whom its ``event`` says, if it is known."""
    moment = event.at if event else at
    by = who or (str(event.user) if event and event.user else "")
    return Stop(label, StopState.DONE, moment_in_words(moment) if moment else "", by)
