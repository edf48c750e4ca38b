"""When maintenance falls due. Asks nothing of the database."""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field

from individuals.models import Individual

from ..models import MaintenancePlan, MaintenanceSchedule

#: Of these nothing falls due.
GONE = (Individual.Status.SCRAPPED, Individual.Status.MISSING)


def months_after(day: dt.date, months: int) -> dt.date:
    """The same day so many months later; the last one of the month where it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return dt.date(year, month + 1, min(day.day, last))


@dataclass(frozen=True)
class Piece:
    """What a marked piece's dates follow from. ``delivered_on`` is when who has it got it."""

    pk: int
    article_id: int
    iso_code: str
    status: str
    bought_on: dt.date | None = None
    delivered_on: dt.date | None = None


def due_on(schedule: MaintenanceSchedule, piece: Piece) -> dt.date | None:
    """When the schedule, with ``plan`` loaded, falls due; None where nothing does."""
    months, plan = schedule.months, schedule.plan
    if months is None or schedule.is_exempt or piece.status in GONE:
        return None
    if plan is not None and plan.counts_from == MaintenancePlan.CountsFrom.DELIVERY:
        if piece.delivered_on is None:
            return None
        since = max(piece.delivered_on, schedule.last_on or piece.delivered_on)
    else:
        since = schedule.last_on or piece.bought_on or schedule.since
    due = months_after(since, months)
    return max(due, plan.starts_on) if plan is not None else due


@dataclass
class PlanBook:
    """The plans in force, by what they are for."""

    of_articles: dict[int, dict[str, MaintenancePlan]] = field(default_factory=dict)
    of_classes: dict[str, dict[str, MaintenancePlan]] = field(default_factory=dict)

    @classmethod
    def of(cls, plans: Iterable[MaintenancePlan]) -> PlanBook:
        book = cls()
        for plan in plans:
            if plan.article_id is not None:
                book.of_articles.setdefault(plan.article_id, {})[plan.kind] = plan
            elif plan.iso_class_id is not None:
                book.of_classes.setdefault(plan.iso_class_id, {})[plan.kind] = plan
        return book

    def for_piece(self, piece: Piece) -> dict[str, MaintenancePlan]:
        """The nearest plan of each kind: the article's, else the narrowest class's."""
        found: dict[str, MaintenancePlan] = {}
        for length in (2, 4, 6):
            found |= self.of_classes.get(piece.iso_code[:length], {})
        return found | self.of_articles.get(piece.article_id, {})
