"""The time that a run looks at."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from django.db.models import CharField, Exists, OuterRef, Value
from django.db.models.functions import Cast, Concat
from django.utils import timezone

from ..books import Conditions
from ..drafts import Problem
from ..models import Charge
from ..rules import next_month


def moment(day: dt.date) -> dt.datetime:
    """When the day begins, here."""
    return timezone.make_aware(dt.datetime.combine(day, dt.time()))


def day_of(moment: dt.datetime) -> dt.date:
    """On which day it was, here."""
    return timezone.localdate(moment)


@dataclass
class Window:
    """From the first month that was ever charged to the end of ``month``, and what is found in it."""

    month: dt.date
    first: dt.date
    conditions: Conditions = field(default_factory=Conditions)
    problems: list[Problem] = field(default_factory=list)
    credited: set[int] = field(default_factory=set)  # rows that this very run credits

    @property
    def after(self) -> dt.date:
        """The first day that it doesn't reach."""
        return next_month(self.month)

    @property
    def since(self) -> dt.datetime:
        return moment(self.first)

    @property
    def until(self) -> dt.datetime:
        return moment(self.after)


def charged_as(prefix: str) -> Exists:
    """For a question of rows: whether there is a charge with this source key of the row."""
    key = Concat(Value(prefix), Cast(OuterRef("pk"), CharField()), output_field=CharField())
    return Exists(Charge.objects.filter(source_key=key))
