"""Who is silent about a recall and since when; and what waits for a user's units."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db.models import Max, Min, Sum

from organisation.models import User

from ..models import Recall, RecallItem, RecallStatus


@dataclass(frozen=True)
class Silent:
    """A unit that hasn't answered: about how many, told first when, reminded how often and last."""

    unit: str
    count: int
    since: dt.datetime
    reminders: int
    reminded_at: dt.datetime | None


def silent_units(recall: Recall) -> list[Silent]:
    """Who is silent, the longest first; not of which pieces, so that it tells nothing of where a
    protected person is. One query."""
    rows = recall.items.silent().filter(unit__isnull=False).order_by()
    found = (
        rows.values("unit", "unit__name")
        .annotate(
            n=Sum("quantity"),
            since=Min("told_at"),
            times=Max("reminders"),
            last=Max("reminded_at"),
        )
        .order_by("since", "unit__name")
    )
    return [
        Silent(
            unit=row["unit__name"],
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
