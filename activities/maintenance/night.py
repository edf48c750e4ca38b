"""What the night does: dates, activities, blocks. Run again, or twice at once, it finds nothing to do."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from django.utils import timezone

from sesam.errors import DomainError

from . import dates, holding, making
from .outdated import outdated

_log = logging.getLogger(__name__)
T = TypeVar("T")


@dataclass(frozen=True)
class Night:
    """How many schedules moved, and activities that were taken back, made, held back and let go."""

    moved: int
    taken_back: int
    made: int
    held: int
    let_go: int


def run() -> Night:
    """Each piece is done on its own: one that somebody moves in the same instant waits for the next
    night, and one that fails hinders no other."""
    today = timezone.localdate()
    moved = dates.reschedule()
    _each(making.follow, making.to_follow()[: making.MOST])
    taken_back = _each(making.take_back, outdated()[: making.MOST])
    due = making.falling_due(today).values_list("pk", flat=True)
    made = _each(making.make, due[: making.MOST])
    let_go = _each(holding.let_go, holding.to_let_go(today)[: making.MOST])
    held = _each(holding.hold, holding.to_hold(today)[: making.MOST])
    return Night(moved, taken_back, made, held, let_go)


def _each(act: Callable[[T], object], rows: Iterable[T]) -> int:
    """How many of the rows it was done with."""
    done = 0
    for row in list(rows):
        try:
            done += bool(act(row))
        except DomainError:
            continue  # moved in the same instant
        except Exception:
            _log.exception("maintenance of %r failed", row)
    return done
