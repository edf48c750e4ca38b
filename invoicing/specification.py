"""What a specification shows: its sums, and how it differs from the month before."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet, Sum

from activities.models import Activity
from articles.models import IsoClass
from orders.models import Order
from organisation.models import Unit
from sesam.known import Known

from .models import Charge, ChargeKind, Invoice, InvoiceSum, MonthRun
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
    kept = InvoiceSum.objects.filter(invoice=invoice, cut=cut).order_by("-amount", "value")
    rows = list(kept.values_list("value", "count", "amount"))
    found = names(cut, [value for value, _, _ in rows if value != WORK])
    named = {str(value): name for value, name in found.items()}
    largest = max((abs(amount) for _, _, amount in rows), default=Decimal(0))
    return [
        Part(
            value=value,
            label=named.get(value, NO_GROUP),
            count=count,
            amount=amount,
            share=int(100 * abs(amount) / largest) if largest else 0,
        )
        for value, count, amount in rows
    ]


def how_many(invoice: Invoice, cut: str, part: str, *, zero: bool) -> int | None:
    """Rows of one of the sums (of the invoice where ``part`` is empty), and those of 0 kr if asked for;
    None where only the rows themselves tell."""
    if not part:
        count = _kept(invoice, cut=InvoiceSum.Cut.KIND)
        return count + how_many_zero(invoice) if zero else count
    return None if zero else _kept(invoice, cut=cut, value=part)


def how_many_zero(invoice: Invoice) -> int:
    """Rows of 0 kr."""
    return _kept(invoice, cut=InvoiceSum.Cut.FREE)


def _kept(invoice: Invoice, **of: str) -> int:
    kept = InvoiceSum.objects.filter(invoice=invoice, **of)
    return int(kept.aggregate(sum=Sum("count"))["sum"] or 0)


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
    if cut == "enhet" and not re.fullmatch("[1-9][0-9]{0,17}", value):
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


_KEEP = """
WITH charge AS (
    SELECT c.* FROM invoicing_charge c JOIN invoicing_invoice i ON i.id = c.invoice_id
    WHERE i.run_id = %(run)s
), pair AS (
    SELECT i.id AS now, b.id AS before FROM invoicing_invoice i
    JOIN invoicing_monthrun r ON r.id = i.run_id
    JOIN invoicing_monthrun p ON p.month = (r.month - interval '1 month')::date
    JOIN invoicing_invoice b ON b.run_id = p.id AND b.kind = i.kind AND b.seller_id = i.seller_id
        AND b.buyer_id = i.buyer_id AND b.credits_id IS NULL
    WHERE i.run_id = %(run)s AND i.credits_id IS NULL
), now AS (
    SELECT pair.now, c.loan_id, sum(c.amount) AS amount, max(c.unit_price) AS price
    FROM pair JOIN charge c ON c.invoice_id = pair.now WHERE c.kind = 'rent' GROUP BY 1, 2
), before AS (
    SELECT pair.now, c.loan_id, sum(c.amount) AS amount, max(c.unit_price) AS price
    FROM pair JOIN invoicing_charge c ON c.invoice_id = pair.before WHERE c.kind = 'rent' GROUP BY 1, 2
), rents AS (
    SELECT now, CASE WHEN before.price IS NULL THEN 'nya' WHEN now.price IS NULL THEN 'avslutade'
            WHEN now.price <> before.price THEN 'pris' ELSE 'dagar' END AS part,
        coalesce(now.amount, 0) - coalesce(before.amount, 0) AS amount
    FROM now FULL JOIN before USING (now, loan_id)
), once AS (
    SELECT pair.now, count(*) FILTER (WHERE c.invoice_id = pair.now) AS count,
        sum(CASE WHEN c.invoice_id = pair.now THEN c.amount ELSE -c.amount END) AS amount
    FROM pair JOIN invoicing_charge c ON c.invoice_id IN (pair.now, pair.before)
    WHERE c.kind <> 'rent' AND c.amount <> 0 GROUP BY 1
)
INSERT INTO invoicing_invoicesum (invoice_id, cut, value, count, amount)
SELECT invoice_id, 'iso', coalesce(nullif(iso_group, ''), %(work)s), count(*), sum(amount)
FROM charge WHERE amount <> 0 GROUP BY 1, 3
UNION ALL
SELECT invoice_id, 'enhet', coalesce(unit_id::text, %(work)s), count(*), sum(amount)
FROM charge WHERE amount <> 0 GROUP BY 1, 3
UNION ALL
SELECT invoice_id, 'slag', kind, count(*), sum(amount) FROM charge WHERE amount <> 0 GROUP BY 1, 3
UNION ALL
SELECT invoice_id, 'noll', '', count(*), 0 FROM charge WHERE amount = 0 GROUP BY 1
UNION ALL
SELECT now, 'andring', part, count(*), sum(amount) FROM rents WHERE amount <> 0 GROUP BY 1, 3
UNION ALL
SELECT now, 'andring', 'engang', count, amount FROM once WHERE count > 0 OR amount <> 0
"""


def keep_sums(run: MonthRun) -> None:
    """Of the run's invoices, once: they have all their rows."""
    with connection.cursor() as cursor:
        cursor.execute(_KEEP, {"run": run.pk, "work": WORK})


def difference(invoice: Invoice, before: Invoice | None) -> Difference | None:
    """Its parts add up to the difference of the two totals."""
    if before is None:
        return None
    kept = InvoiceSum.objects.filter(invoice=invoice, cut=InvoiceSum.Cut.CHANGE)
    rows = kept.values_list("value", "count", "amount")
    found = {part: (count, amount) for part, count, amount in rows}
    told = [(value, *found[value]) for value in CHANGES if value in found]
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
    # Written, not bound: else PostgreSQL, which soon plans this once for all kinds, doesn't know that an
    # index has these by loan, and reads the other month for each row.
    rents = Q(kind=Known(ChargeKind.RENT))
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
