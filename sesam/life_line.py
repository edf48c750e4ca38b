"""How far a case has come, under its heading: what is done, what is now, what waits, what comes.

Drawn by templates/parts/life_line.html, and small in lists and panels. What a kind of case makes
its line of: recipients/courses.py.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from .days import day_in_words


class StopState(StrEnum):
    """How a stop stands; the value names its look."""

    DONE = "done"
    NOW = "now"
    WAITING = "waiting"  # somebody or something has to come first
    LATER = "later"
    ENDED = "ended"  # it went no further


STATE_WORDS = {
    StopState.DONE: "klart",
    StopState.NOW: "nu",
    StopState.WAITING: "väntar",
    StopState.LATER: "senare",
    StopState.ENDED: "avbrutet här",
}


@dataclass(frozen=True)
class Stop:
    """A stop of the line: its word, when it was or will be (in words), and who or how much."""

    label: str
    state: StopState
    when: str = ""
    who: str = ""

    @property
    def state_word(self) -> str:
        return STATE_WORDS[self.state]


@dataclass(frozen=True)
class Branch:
    """What came apart from the rest: what it is, and its own stops."""

    text: str
    stops: list[Stop]


@dataclass(frozen=True)
class NextStep:
    """What comes next: ``turn`` is whose it is, ``what`` they do, ``since`` when it has been so."""

    turn: str
    what: str
    detail: str = ""
    since: dt.datetime | None = None
    is_late: bool = False

    @property
    def since_words(self) -> str:
        return day_in_words(self.since) if self.since else ""

    @property
    def sentence(self) -> str:
        """All of it in one line, as a panel says it."""
        late = "försenad" if self.is_late else ""
        since = f"sedan {self.since_words}" if self.since else ""
        told = [f"{self.turn} {self.what}", self.detail, since, late]
        return ", ".join(part for part in told if part)


@dataclass(frozen=True)
class LifeLine:
    """A case's line; ``branch`` leaves from the stop before the last."""

    stops: list[Stop]
    branch: Branch | None = None
    next_step: NextStep | None = None

    @property
    def now(self) -> str:
        """Where it stands, in words, for whoever listens to the small line in a list."""
        here = [x for x in self.stops if x.state not in (StopState.DONE, StopState.LATER)]
        stop = here[0] if here else self.stops[-1]
        return f"{stop.label}, {stop.state_word}"
