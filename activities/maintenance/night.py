"""What the night does: dates, activities, blocks. Run again, or twice at once, it finds nothing to do."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db.models import QuerySet
from django.utils import timezone

from sesam.errors import DomainError

from .. import store_tab
from . import dates, holding, making
from .outdated import outdated

_log = logging.getLogger(__name__)
T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class Night:
    """How many schedules moved, activities were taken back and made, pieces held back and let go."""

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
    made = _all(making.make, _keys(making.falling_due(today)))
    let_go = _each(holding.let_go, _keys(holding.to_let_go(today)))
    held = _each(holding.hold, _keys(holding.to_hold(today)))
    store_tab.tell_made(made)
    return Night(moved, taken_back, len(made), held, let_go)


def _keys(found: QuerySet[Any]) -> QuerySet[Any, int]:
    return found.values_list("pk", flat=True)[: making.MOST]


def _each(act: Callable[[T], bool], rows: Iterable[T]) -> int:
    """How many of the rows it was done with."""
    return len(_all(lambda row: act(row) or None, rows))


def _all(act: Callable[[T], R | None], rows: Iterable[T]) -> list[R]:
    """What it gave of each of the rows."""
    done = []
    for row in list(rows):
        try:
            if (made := act(row)) is not None:
                done.append(made)
        except DomainError:
            continue  # moved in the same instant
        except Exception:
            _log.exception("maintenance of %r failed", row)
    return done
