"""Who is silent about a recall and since when; and what waits for a user's units."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db.models import Case, Max, Min, Sum, Value, When
from django.db.models.functions import Coalesce

from organisation.models import User

from ..models import Recall, RecallItem, RecallStatus
from .listing import HIDDEN


@dataclass(frozen=True)
class Silent:
    """A unit that hasn't answered: about how many, told first when, reminded how often and last."""

    unit: str
    count: int
    since: dt.datetime
    reminders: int
    reminded_at: dt.datetime | None


def silent_units(recall: Recall) -> list[Silent]:
    """Who is silent, the longest first. Whose patient a protected person is isn't told: their unit
    may be known to be silent about nobody else. One query."""
    rows = recall.items.silent().filter(unit__isnull=False).order_by()
    found = (
        rows.annotate(hidden=Coalesce("loan__recipient__is_protected", False))
        .annotate(named=Case(When(hidden=True, then=Value(HIDDEN)), default="unit__name"))
        .values("named")
        .annotate(
            n=Sum("quantity"),
            since=Min("told_at"),
            times=Max("reminders"),
            last=Max("reminded_at"),
        )
        .order_by("since", "named")
    )
    return [
        Silent(
            unit=row["named"],
            count=row["n"],
            since=row["since"],
            reminders=row["times"],
            reminded_at=row["last"],
        )
        for row in found
    ]


def of_units(user: User) -> list[tuple[Recall, int, int]]:
    """The recalls that the user's units have been told of, open ones first, with how many pieces are
    theirs and how many of these nobody has answered. Two queries."""
    units = user.units.all()
    counts: dict[int, tuple[int, int]] = {}
    mine = RecallItem.objects.filter(unit__in=units, told_at__isnull=False).to_answer().order_by()
    for row in mine.values("recall").annotate(n=Sum("quantity")):
        counts[row["recall"]] = row["n"], 0
    for row in mine.filter(answer="").values("recall").annotate(n=Sum("quantity")):
        counts[row["recall"]] = counts[row["recall"]][0], row["n"]
    recalls = Recall.objects.filter(pk__in=counts).exclude(status=RecallStatus.REGISTERED)
    found = [(recall, *counts[recall.pk]) for recall in recalls.order_by("-created_at", "-pk")]
    return sorted(found, key=lambda x: x[0].has_ended)


def waiting_for(user: User) -> list[tuple[Recall, int]]:
    """The ongoing recalls that wait for an answer of the user's units, the oldest first."""
    mine = RecallItem.objects.filter(
        unit__in=user.units.all(), recall__status=RecallStatus.ONGOING
    ).silent()
    counts = dict(mine.order_by().values_list("recall").annotate(n=Sum("quantity")))
    recalls = Recall.objects.filter(pk__in=counts).order_by("created_at", "pk")
    return [(recall, counts[recall.pk]) for recall in recalls]
