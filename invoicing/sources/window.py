"""The time that a run looks at."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal

from django.db.models import CharField, Exists, OuterRef, Value
from django.db.models.functions import Cast, Concat
from django.utils import timezone

from sesam.errors import DomainError
from sesam.templatetags.sesam import datum

from ..books import Conditions
from ..drafts import Problem
from ..models import Charge, ShareTable
from ..rules import Shares, next_month


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

    def problem(self, problem: Problem) -> None:
        """Note what hinders; what hinders several rows alike is told once."""
        if problem not in self.problems:
            self.problems.append(problem)

    def shares(self, kind: ShareTable.Kind, day: dt.date) -> Shares:
        """What is left of a price, by age. Where no table holds, or none says what is left of what is
        new, that is a problem."""
        found = self.conditions.shares(kind, day)
        if not found or found[0][0]:
            self.problem(
                Problem(
                    f"Andelstabellen «{kind.label}» saknar steg från ålder 0 som gäller"
                    f" {datum(day)}.",
                    admin_page="invoicing_sharetable",
                )
            )
        return found

    def vat_rate(self, day: dt.date, seller: int, buyer: int) -> Decimal:
        """In percent, of what a seller is owed by a buyer for the day."""
        terms = self.conditions.terms.at(day)
        if terms is None:
            raise DomainError("Det finns inga debiteringsvillkor som gäller månaden.")
        return terms.vat_within if seller == buyer else terms.vat

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
