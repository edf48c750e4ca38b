"""«Förebyggande underhåll»: what is due, where it is and in which municipality, as KHS's list and as a
sheet. Of whom a piece is at it says nothing; of a protected person not even the municipality."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from django.db.models import DateTimeField, F, FilteredRelation, Prefetch, Q, QuerySet
from django.db.models.functions import Cast
from django.utils import timezone

from individuals.models import Individual
from organisation.models import Payer
from organisation.queues import State

from ..models import Activity, MaintenanceSchedule

SOON = dt.timedelta(days=30)
HEADS = ("Individ", "Serienummer", "Artikelnr", "Benämning", "Underhåll", "FU-schema", "Senaste FU",
         "Nästa FU", "Var", "Kommun", "Utförs av", "Aktivitet", "Planerad")  # fmt: skip
AT_A_TIME = 2000
_OPEN = Activity.objects.select_related("supplier", "type", "warehouse", "unit", "recipient")


def overdue(found: QuerySet[MaintenanceSchedule]) -> QuerySet[MaintenanceSchedule]:
    return found.filter(due_on__lt=timezone.localdate())


def due(found: QuerySet[MaintenanceSchedule]) -> QuerySet[MaintenanceSchedule]:
    """Overdue, and what falls due within ``SOON``."""
    return found.filter(due_on__lte=timezone.localdate() + SOON)


STATES: dict[str, State] = {
    "forfallet": ("Förfallet", overdue),
}


def overdue_since() -> QuerySet[MaintenanceSchedule]:
    """For the home: with the day as a time."""
    return _since(overdue(MaintenanceSchedule.objects.all()))


def due_since() -> QuerySet[MaintenanceSchedule]:
    """For the home: overdue and soon due, with the day as a time."""
    return _since(due(MaintenanceSchedule.objects.all()))


def _since(found: QuerySet[MaintenanceSchedule]) -> QuerySet[MaintenanceSchedule]:
    return found.annotate(since_at=Cast("due_on", DateTimeField()))


def with_place(found: QuerySet[MaintenanceSchedule]) -> QuerySet[MaintenanceSchedule]:
    """With all that a row says."""
    return (
        _with_loan(found)
        .annotate(  # type: ignore[no-redef]  # declared by the model
            is_hidden=F("open_loan__recipient__is_protected"),
            holder_died=F("open_loan__recipient__deceased_on"),
            holder_payer=F("open_loan__recipient__payer__name"),
        )
        .select_related("individual__article", "individual__warehouse__owner", "plan__supplier")
        # (Unsorted: in their own order all that is open would be read.)
        .prefetch_related(Prefetch("activities", _OPEN.still_open().order_by()))
    )


def of_payer(found: QuerySet[MaintenanceSchedule], payer: Payer) -> QuerySet[MaintenanceSchedule]:
    """What is in the municipality: at whom it pays for, or in its store."""
    lent = Q(open_loan__recipient__payer=payer, open_loan__recipient__is_protected=False)
    stands = Q(individual__warehouse__owner=payer)
    return _with_loan(found).filter(lent | stands)


def _with_loan(found: QuerySet[MaintenanceSchedule]) -> QuerySet[MaintenanceSchedule]:
    is_open = Q(individual__loans__ended_at=None)
    return found.alias(open_loan=FilteredRelation("individual__loans", condition=is_open))


def place_of(row: MaintenanceSchedule) -> str:
    """Where it is, of a row that ``with_place`` gave."""
    piece = row.individual
    if piece.warehouse is not None:
        return str(piece.warehouse)
    if row.holder_died is not None:
        return "Hos mottagare som har avlidit"
    return piece.get_status_display()


def payer_of(row: MaintenanceSchedule) -> str:
    """In which municipality; nothing of a protected person's."""
    if row.is_hidden:
        return ""
    if row.individual.warehouse is not None:
        return str(row.individual.warehouse.owner)
    return row.holder_payer or ""


def activity_of(row: MaintenanceSchedule) -> Activity | None:
    """The open one."""
    return next(iter(row.activities.all()), None)


def performer_of(row: MaintenanceSchedule) -> str:
    """Who does it, or will: of a protected person's no place."""
    activity = activity_of(row)
    if activity is not None:
        return activity.performer
    return row.plan.performer if row.plan else "KHS"


def sheet_rows(payer: int | None, state: str) -> Iterator[tuple[int, list[Any]]]:
    """The rows of the sheet, each with how many there are; the first day first."""
    found = MaintenanceSchedule.objects.all()
    found = STATES[state][1](found) if state in STATES else due(found)
    if payer is not None:
        found = of_payer(found, Payer.objects.get(pk=payer))
    count = found.count()
    for row in with_place(found).order_by("due_on", "pk").iterator(AT_A_TIME):
        yield count, _cells(row)


def _cells(row: MaintenanceSchedule) -> list[Any]:
    piece: Individual = row.individual
    activity = activity_of(row)
    return [
        piece.number,
        piece.serial_number,
        piece.article.number,
        piece.article.name,
        row.get_kind_display(),
        row.words,
        row.last_on,
        row.due_on,
        place_of(row),
        "Skyddad identitet" if row.is_hidden else payer_of(row),
        performer_of(row),
        activity.case_number if activity else "",
        activity.planned_for if activity else None,
    ]
