"""What a specification shows: its sums, and how it differs from the month before."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum

from activities.models import Activity
from articles.models import IsoClass
from orders.models import Order
from organisation.models import Unit

from .models import Charge, ChargeKind, Invoice
from .rules import first_of

#: How the sums are cut: name in the address, label, the field of a charge.
CUTS = {
    "iso": ("ISO-grupp", "iso_group"),
    "enhet": ("Tjänsteställe", "unit"),
    "slag": ("Slag", "kind"),
}
WORK = "–"  # the ISO group of what has none
NO_GROUP = "Utan ISO-kod, arbete m.m."
CHANGES = {
    "nya": "Nya hyror",
    "avslutade": "Avslutade hyror",
    "pris": "Ändrat pris",
    "dagar": "Fler eller färre dagar",
    "engang": "Engång: köp, returer och arbete",
}


@dataclass(frozen=True)
class Part:
    """One of the sums, and what the address holds for its rows. ``share`` is of the largest, in
    percent."""

    value: str
    label: str
    count: int
    amount: Decimal
    share: int = 0


@dataclass(frozen=True)
class Change:
    """Why a month costs more or less than the one before."""

    value: str
    label: str
    count: int
    amount: Decimal
    start: int = 0  # of its bar, in percent of the plot
    width: int = 0

    @property
    def is_less(self) -> bool:
        return self.amount < 0


@dataclass(frozen=True)
class Difference:
    before: Invoice
    changes: list[Change]
    zero: int  # where the line stands, in percent of the plot


def sums(invoice: Invoice, cut: str) -> list[Part]:
    """Of each ISO group, unit or kind: how many rows and how much. They add up to the total."""
    field = CUTS[cut][1]
    rows = [
        (value, count, amount)
        for value, count, amount in invoice.charges.exclude(amount=0)
        .values_list(field)
        .annotate(count=Count("pk"), amount=Sum("amount"))
        .order_by("-amount")
    ]
    named = names(cut, [value for value, _, _ in rows])
    largest = max((abs(amount) for _, _, amount in rows), default=Decimal(0))
    return [
        Part(
            value=str(value) if value not in (None, "") else WORK,
            label=named.get(value, NO_GROUP),
            count=count,
            amount=amount,
            share=int(100 * abs(amount) / largest) if largest else 0,
        )
        for value, count, amount in rows
    ]


def names(cut: str, values: Iterable[Any]) -> dict[Any, str]:
    wanted = [value for value in values if value not in (None, "")]
    if cut == "iso":
        titles = IsoClass.objects.filter(code__in=wanted).values_list("code", "title")
        return {code: code for code in wanted} | {code: f"{code} {title}" for code, title in titles}
    if cut == "enhet":
        return dict(Unit.objects.filter(pk__in=wanted).values_list("pk", "name"))
    return {value: label for value, label in ChargeKind.choices if value in wanted}


def of_part(charges: QuerySet[Charge], cut: str, value: str) -> QuerySet[Charge]:
    """The rows of one of the sums; none of a value that nothing has."""
    field = CUTS[cut][1]
    if value == WORK:
        return charges.filter(
            Q(**{f"{field}__isnull": True}) if cut == "enhet" else Q(**{field: ""})
        )
    if cut == "enhet" and not (value.isascii() and value.isdigit() and len(value) < 19):
        return charges.none()
    return charges.filter(**{field: value})


def month_before(invoice: Invoice) -> Invoice | None:
    """The same seller's to the same buyer, of the month before; a credit has none."""
    if invoice.credits_id:
        return None
    last = first_of(first_of(invoice.date) - dt.timedelta(days=1))
    return Invoice.objects.filter(
        run__month=last,
        kind=invoice.kind,
        seller=invoice.seller_id,
        buyer=invoice.buyer_id,
        credits=None,
    ).first()


_DIFFERENCE = """
WITH now AS (
    SELECT loan_id, sum(amount) AS amount, max(unit_price) AS price FROM invoicing_charge
    WHERE invoice_id = %(now)s AND kind = 'rent' GROUP BY loan_id
), before AS (
    SELECT loan_id, sum(amount) AS amount, max(unit_price) AS price FROM invoicing_charge
    WHERE invoice_id = %(before)s AND kind = 'rent' GROUP BY loan_id
), rents AS (
    SELECT CASE WHEN before.loan_id IS NULL THEN 'nya' WHEN now.loan_id IS NULL THEN 'avslutade'
            WHEN now.price <> before.price THEN 'pris' ELSE 'dagar' END AS part,
        coalesce(now.amount, 0) - coalesce(before.amount, 0) AS amount
    FROM now FULL JOIN before ON before.loan_id = now.loan_id
)
SELECT part, count(*), sum(amount) FROM rents WHERE amount <> 0 GROUP BY part
UNION ALL
SELECT 'engang', count(*) FILTER (WHERE invoice_id = %(now)s),
    coalesce(sum(CASE WHEN invoice_id = %(now)s THEN amount ELSE -amount END), 0)
FROM invoicing_charge
WHERE invoice_id IN (%(now)s, %(before)s) AND kind <> 'rent' AND amount <> 0
"""


def difference(invoice: Invoice, before: Invoice | None) -> Difference | None:
    """Its parts add up to the difference of the two totals."""
    if before is None:
        return None
    with connection.cursor() as cursor:
        cursor.execute(_DIFFERENCE, {"now": invoice.pk, "before": before.pk})
        found = {part: (count, amount) for part, count, amount in cursor.fetchall()}
    told = [(value, *found[value]) for value in CHANGES if value in found and any(found[value])]
    least = min([Decimal(0), *(amount for _, _, amount in told)])
    most = max([Decimal(0), *(amount for _, _, amount in told)])
    span = (most - least) or Decimal(1)
    return Difference(
        before,
        [
            Change(
                value,
                CHANGES[value],
                count,
                amount,
                start=int(100 * (min(amount, Decimal(0)) - least) / span),
                width=max(1, int(100 * abs(amount) / span)),
            )
            for value, count, amount in told
        ],
        zero=int(100 * -least / span),
    )


def of_change(invoice: Invoice, before: Invoice, change: str) -> QuerySet[Charge]:
    """The rows behind a change. Of rents that have ended: those of the month before."""
    rents = Q(kind=ChargeKind.RENT)
    if change == "engang":
        return invoice.charges.exclude(rents)

    def others(of: Invoice) -> QuerySet[Charge]:
        return of.charges.filter(rents, loan=OuterRef("loan"))

    if change == "avslutade":
        return before.charges.filter(~Exists(others(invoice)), rents)
    rows = invoice.charges.filter(rents)
    if change == "nya":
        return rows.filter(~Exists(others(before)))
    same = others(before).filter(unit_price=OuterRef("unit_price"))
    if change == "pris":
        return rows.filter(~Exists(same), Exists(others(before)))
    return rows.filter(Exists(same.exclude(amount=OuterRef("amount"))))


def is_hidden() -> Q:
    """For a question of charges: those of a protected person's case."""
    hidden = Q()
    for model in (Order, Activity):
        theirs = model._default_manager.filter(recipient__is_protected=True).order_by()
        hidden |= Q(case_number__in=theirs.values("case_number"))
    return hidden


def hidden_cases(numbers: Iterable[str | None]) -> set[str]:
    """Those of the case numbers that are a protected person's: with the payer beside it, the case
    would tell where they live."""
    asked = {number for number in numbers if number}
    found: set[str] = set()
    for model in (Order, Activity):
        cases = model._default_manager.filter(case_number__in=asked, recipient__is_protected=True)
        found |= set(cases.values_list("case_number", flat=True))
    return found
