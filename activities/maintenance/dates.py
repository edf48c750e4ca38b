"""The stored dates: every marked piece under a plan has a schedule, and each says when it falls due."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence

from django.db import connection, transaction
from django.utils import timezone

from individuals.models import Individual
from recipients.models import Loan

from ..models import MaintenancePlan, MaintenanceSchedule
from . import rules
from .rules import Piece, PlanBook

AT_A_TIME = 5000
_WRITE = (
    "UPDATE activities_maintenanceschedule s SET plan_id = n.plan_id, due_on = n.due_on"
    " FROM unnest(%s::bigint[], %s::bigint[], %s::date[]) AS n (id, plan_id, due_on)"
    " WHERE s.id = n.id"
)
_LOCK = 0xF0  # pg_advisory: two nights at once would write each other's work again


def book() -> PlanBook:
    """The plans in force."""
    plans = MaintenancePlan.objects.filter(is_active=True)
    return PlanBook.of(plans.select_related("article", "iso_class", "supplier"))


def reschedule(pieces: Iterable[int] | None = None) -> int:
    """Make what is missing and move what has changed, of these pieces or of all; how many schedules
    that were. Bounded: some questions for each 5 000 pieces, and only what changes is written."""
    if pieces is not None:
        with transaction.atomic():
            return _reschedule(_pieces(list(pieces)), book())
    moved = 0
    for batch in _all_pieces():
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
            moved += _reschedule(_pieces(batch), book())  # as they are now that it is our turn
    return moved


def maintained(pk: int, day: dt.date) -> None:
    """It was done on ``day``: from there the next one is counted. Needs a transaction."""
    its_piece = MaintenanceSchedule.objects.filter(pk=pk).values("individual")
    rows = MaintenanceSchedule.objects.filter(individual__in=its_piece).order_by("pk")
    (schedule,) = (x for x in rows.select_for_update(of=("self",)) if x.pk == pk)
    schedule.last_on = day
    schedule.save(update_fields=["last_on"])
    reschedule([schedule.individual_id])


def of_piece(individual: Individual) -> list[MaintenanceSchedule]:
    """The piece's schedules as they are today, by kind; one that the night will make isn't saved.
    Nothing is written."""
    (piece,) = _pieces([individual.pk])
    schedules = _with_missing(piece, _schedules([piece.pk]).get(piece.pk, {}), book())
    for schedule in schedules:
        schedule.due_on = rules.due_on(schedule, piece)
    return [x for x in schedules if x.months or x.last_on or x.is_exempt]


def _all_pieces() -> Iterator[list[int]]:
    last = 0
    while True:
        found = Individual.objects.filter(pk__gt=last).order_by("pk")
        batch = list(found.values_list("pk", flat=True)[:AT_A_TIME])
        if not batch:
            return
        last = batch[-1]
        yield batch


def _pieces(ids: Sequence[int]) -> list[Piece]:
    """What their dates follow from. Two questions."""
    held = Loan.objects.filter(individual__in=ids, ended_at=None).order_by()
    delivered = {
        pk: timezone.localdate(at) for pk, at in held.values_list("individual", "delivered_at")
    }
    at_home = Individual.Status.WITH_RECIPIENT  # what has just come back has its loan still
    rows = Individual.objects.filter(pk__in=ids).order_by("pk")
    return [
        Piece(
            pk, article, iso or "", status, bought, delivered.get(pk) if status == at_home else None
        )
        for pk, article, iso, status, bought in rows.values_list(
            "pk", "article", "article__iso_code", "status", "purchased_on"
        )
    ]


def _schedules(ids: Sequence[int]) -> dict[int, dict[str, MaintenanceSchedule]]:
    found: dict[int, dict[str, MaintenanceSchedule]] = {}
    for one in MaintenanceSchedule.objects.filter(individual__in=ids).order_by("pk"):
        found.setdefault(one.individual_id, {})[one.kind] = one
    return found


def _with_missing(
    piece: Piece, known: dict[str, MaintenanceSchedule], plans: PlanBook
) -> list[MaintenanceSchedule]:
    """The piece's schedules, each with its nearest plan; what is missing isn't saved."""
    nearest = plans.for_piece(piece)
    found = []
    for kind in sorted({*known, *nearest}):
        one = known.get(kind) or MaintenanceSchedule(individual_id=piece.pk, kind=kind)
        one.plan = nearest.get(kind)
        found.append(one)
    return found


def _reschedule(pieces: list[Piece], plans: PlanBook) -> int:
    """Needs a transaction."""
    known = _schedules([piece.pk for piece in pieces])
    before = {x.pk: (x.plan_id, x.due_on) for kinds in known.values() for x in kinds.values()}
    by_pk = {piece.pk: piece for piece in pieces}
    missing: list[MaintenanceSchedule] = []
    changed: list[MaintenanceSchedule] = []
    for piece in pieces:
        for one in _with_missing(piece, known.get(piece.pk, {}), plans):
            one.due_on = rules.due_on(one, piece)
            if one.pk is None:
                missing.append(one)
            elif before[one.pk] != (one.plan_id, one.due_on):
                changed.append(one)
    _add(missing)
    _move({one.pk: one.plan for one in changed}, by_pk)
    return len(missing) + len(changed)


def _add(missing: list[MaintenanceSchedule]) -> None:
    """Whoever adds a schedule has its piece locked: two who add the same at once would wait for each
    other's, or one of them fail. What somebody else has added meanwhile stays as it is."""
    pieces = {one.individual_id for one in missing}
    if pieces:
        rows = Individual.objects.filter(pk__in=pieces).order_by("pk").values_list("pk")
        list(rows.select_for_update(of=("self",), no_key=True))
    MaintenanceSchedule.objects.bulk_create(missing, ignore_conflicts=True)


def _move(plans: dict[int, MaintenancePlan | None], pieces: dict[int, Piece]) -> None:
    """Of what is locked: an activity may have been closed since it was read."""
    rows = MaintenanceSchedule.objects.filter(pk__in=plans).order_by("pk")
    locked = list(rows.select_for_update(of=("self",)))
    for one in locked:
        one.plan = plans[one.pk]
        one.due_on = rules.due_on(one, pieces[one.individual_id])
    if locked:
        with connection.cursor() as cursor:
            cursor.execute(
                _WRITE,
                [
                    [one.pk for one in locked],
                    [one.plan_id for one in locked],
                    [one.due_on for one in locked],
                ],
            )
