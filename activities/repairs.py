"""A marked piece's repair history, as its tab «Aktiviteter» shows it: nothing of whom it was at."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import F, Q, QuerySet, Sum
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.urls import reverse

from individuals.models import Individual

from .models import Activity, UsedMaterial, WorkReport
from .shown import hours

MOST = 200


@dataclass(frozen=True)
class Repair:
    """An activity on the piece: when, what kind, how far, how long and what it cost."""

    activity: Activity
    url: str
    minutes: int
    cost: Decimal

    @property
    def hours(self) -> str:
        return hours(self.minutes) if self.minutes else ""


@dataclass(frozen=True)
class Repairs:
    """All of them, newest first, and what they come to."""

    rows: list[Repair]

    @property
    def hours(self) -> str:
        return hours(sum(row.minutes for row in self.rows))

    @property
    def cost(self) -> Decimal:
        return sum((row.cost for row in self.rows), Decimal(0))


def section(request: HttpRequest, piece: Individual) -> Repairs | None:
    """The part of the piece's tab; None where nothing was ever done."""
    found = list(of(piece)[:MOST])
    if not found:
        return None
    own = set(
        Activity.objects.for_user(request.user)
        .filter(pk__in=[activity.pk for activity in found])
        .values_list("pk", flat=True)
    )
    work = _work(found)
    return Repairs(
        [
            Repair(
                activity,
                # Another unit's case shows its number, without a link.
                reverse("activities:detail", args=[activity.case_number])
                if activity.pk in own
                else "",
                *work.get(activity.pk, (0, Decimal(0))),
            )
            for activity in found
        ]
    )


def of(piece: Individual) -> QuerySet[Activity]:
    """The activities on the piece, newest first."""
    found = Activity.objects.filter(Q(lines__individual=piece)).distinct()
    return found.select_related("type").order_by("-created_at", "-pk")


def _work(activities: list[Activity]) -> dict[int, tuple[int, Decimal]]:
    """Minutes and cost of each. Two queries."""
    pks = [activity.pk for activity in activities]
    found: dict[int, tuple[int, Decimal]] = {}
    for report in WorkReport.objects.filter(activity__in=pks):
        minutes, cost = found.get(report.activity_id, (0, Decimal(0)))
        found[report.activity_id] = (minutes + report.minutes, cost + report.cost)
    material = UsedMaterial.objects.filter(report__activity__in=pks).order_by()
    for activity, sum_ in material.values_list("report__activity").annotate(
        sum=Coalesce(Sum(F("price") * F("quantity")), Decimal(0))
    ):
        minutes, cost = found.get(activity, (0, Decimal(0)))
        found[activity] = (minutes, cost + sum_)
    return found
