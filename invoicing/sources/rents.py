"""Rents: each day that something rented was held is charged once, in the month it belongs to.

A loan's days up to now are held against those that were charged; where they agree nothing is read
further, however long it has lasted. Where a return or a delivery was registered after its month
had been charged, the difference comes as a row of its own.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import connection

from orders.models import LineDelivery

from .. import rules
from ..books import Payers, Prices
from ..drafts import Draft, Problem, of_article
from ..models import Charge, ChargeKind
from ..rules import first_of, next_month
from .deliveries import of_order
from .window import Window, moment

_DIFFERING = """
WITH came AS (
    SELECT l.loan_id, (r.at AT TIME ZONE %(zone)s)::date AS day, l.quantity
    FROM pickups_returnline l JOIN pickups_return r ON r.id = l.of_id WHERE r.undone_at IS NULL
    UNION ALL
    SELECT l.loan_id, (r.at AT TIME ZONE %(zone)s)::date, r.quantity
    FROM pickups_pickupreceipt r JOIN pickups_pickupline l ON l.id = r.line_id
    WHERE l.loan_id IS NOT NULL
), back AS (
    SELECT loan_id, sum(quantity) AS quantity,
        sum(quantity * greatest(%(after)s::date - greatest(day, %(first)s::date), 0)) AS days,
        json_agg(json_build_array(day, quantity) ORDER BY day) AS parts
    FROM came GROUP BY loan_id
), charged AS (
    SELECT loan_id, sum(days) AS days FROM invoicing_charge WHERE kind = 'rent' GROUP BY loan_id
), rented AS (
    SELECT handed.id, handed.loan_id, handed.quantity,
        (delivery.at AT TIME ZONE %(zone)s)::date AS begun,
        (loan.ended_at AT TIME ZONE %(zone)s)::date AS ended,
        CASE WHEN loan.ended_at IS NULL THEN 0
            ELSE handed.quantity - coalesce(back.quantity, 0) END AS rest,
        back.parts, coalesce(back.days, 0) AS back_days, coalesce(charged.days, 0) AS charged
    FROM orders_linedelivery handed
    JOIN orders_delivery delivery ON delivery.id = handed.delivery_id
    JOIN orders_orderline line ON line.id = handed.line_id
    JOIN articles_billingform form ON form.id = line.billing_form_id AND form.rule = 'rent'
    JOIN recipients_loan loan ON loan.id = handed.loan_id
    LEFT JOIN back ON back.loan_id = handed.loan_id
    LEFT JOIN charged ON charged.loan_id = handed.loan_id
    WHERE delivery.at < %(until)s AND NOT EXISTS (
        SELECT FROM invoicing_charge c WHERE c.source_key = 'delivery:' || handed.id)
)
SELECT id, loan_id, quantity, begun, ended, rest, parts, charged FROM rented
WHERE charged <> quantity * greatest(%(after)s::date - greatest(begun, %(first)s::date), 0)
    - back_days - rest * greatest(%(after)s::date - greatest(ended, %(first)s::date), 0)
ORDER BY id
"""


@dataclass(slots=True)
class Rented:
    """A rented loan whose days and charges don't agree. ``charged``: its charged days."""

    delivery_id: int
    loan_id: int
    quantity: int
    begun: dt.date
    returns: list[tuple[dt.date, int]]
    charged: int

    def held(self, month: dt.date) -> rules.Parts:
        return rules.held(self.quantity, self.begun, self.returns, month)

    def days(self, month: dt.date) -> int:
        return sum(count * days for count, days in self.held(month))


@dataclass
class Before:
    """What was charged of a loan for a month."""

    row: int
    days: int = 0
    amount: Decimal = Decimal(0)
    rows: int = 0
    is_credited: bool = False


def drafts(window: Window, decided: Collection[str]) -> list[Draft]:
    """``decided`` are the source keys of deliveries that this run charges otherwise."""
    rented = [one for one in _differing(window) if f"delivery:{one.delivery_id}" not in decided]
    before = _before((one.loan_id for one in rented), window.credited)
    found = []
    for start in range(0, len(rented), 2000):
        found += _of_some(rented[start : start + 2000], before, window)
    return found


def _differing(window: Window) -> list[Rented]:
    with connection.cursor() as cursor:
        cursor.execute(
            _DIFFERING,
            {
                "zone": settings.TIME_ZONE,
                "first": window.first,
                "after": window.after,
                "until": window.until,
            },
        )
        rows = cursor.fetchall()
    return [_rented(*row) for row in rows]


def _rented(
    delivery: int, loan: int, quantity: int, begun: dt.date, ended: dt.date | None, rest: int,
    parts: list[tuple[str, int]] | None, charged: int,
) -> Rented:  # fmt: skip
    returns = [(dt.date.fromisoformat(day), count) for day, count in parts or []]
    if rest and ended:  # taken over from before returns were recorded
        returns.append((ended, rest))
    return Rented(delivery, loan, quantity, begun, returns, int(charged))


def _before(loans: Iterable[int], credited_now: set[int]) -> dict[int, dict[dt.date, Before]]:
    loans = set(loans)
    rows = Charge.objects.filter(loan__in=loans, kind=ChargeKind.RENT).order_by("pk")
    found: dict[int, dict[dt.date, Before]] = defaultdict(dict)
    credited = credited_now | set(
        Charge.objects.filter(
            kind=ChargeKind.CREDIT, of__kind=ChargeKind.RENT, of__loan__in=loans
        ).values_list("of", flat=True)
    )
    for pk, loan, month, days, amount in rows.values_list("pk", "loan", "month", "days", "amount"):
        month_before = found[loan].setdefault(month, Before(row=pk))
        month_before.days += days or 0
        month_before.amount += amount
        month_before.rows += 1
        month_before.is_credited |= pk in credited
    return found


def _of_some(
    rented: list[Rented], before: dict[int, dict[dt.date, Before]], window: Window
) -> list[Draft]:
    handed = LineDelivery.objects.select_related(
        "line__article",
        "delivery__order__recipient",
        "delivery__order__prescriber",
        "individual",
    ).in_bulk([one.delivery_id for one in rented])
    prices = Prices(row.line.article_id for row in handed.values())
    payers = Payers(
        row.delivery.order.recipient_id
        for row in handed.values()
        if row.delivery.order.recipient_id
    )
    return [
        draft
        for one in rented
        for draft in _months(
            one, handed[one.delivery_id], before[one.loan_id], prices, payers, window
        )
    ]


def _months(
    one: Rented, row: LineDelivery, before: dict[dt.date, Before], prices: Prices,
    payers: Payers, window: Window,
) -> list[Draft]:  # fmt: skip
    """Each month of the loan that isn't charged as it was held."""
    month = first_of(max(one.begun, window.first))
    found = []
    while month <= window.month:
        charged = before.get(month)
        if one.days(month) != (charged.days if charged else 0):
            draft = _month(one, row, month, charged, prices, payers, window)
            if draft is None:
                return []
            found.append(draft)
        month = next_month(month)
    return found


def _month(
    one: Rented, row: LineDelivery, month: dt.date, charged: Before | None, prices: Prices,
    payers: Payers, window: Window,
) -> Draft | None:  # fmt: skip
    line, order = row.line, row.delivery.order
    is_first = first_of(one.begun) == month
    price = prices.at(line.article_id, one.begun if is_first else month).rent
    price = line.rent if price is None else price
    if price is None or line.seller_id is None:
        what = "hyrs ut och saknar hyra" if price is None else "saknar säljare"
        window.problems.append(
            Problem(
                f"{line.article} på beställning {order.case_number} {what}.",
                case_number="" if price is None else order.case_number,
                admin_page="articles_article" if price is None else "",
                admin_pk=line.article_id if price is None else None,
            )
        )
        return None
    owed = rules.rent(one.held(month), rules.days_in(month), price)
    return Draft(
        source_key=_key(one.loan_id, month, charged),
        kind=ChargeKind.RENT,
        day=max(month, one.begun),
        month=month,
        seller_id=line.seller_id,
        buyer_id=_buyer(row, month, payers, is_first),
        owed=_less(owed, charged) if charged else owed,
        individual_number=row.individual.number if row.individual else "",
        loan_id=one.loan_id,
        of_id=charged.row if charged else None,
        **of_order(order),
        **of_article(line.article),
    )


def _key(loan: int, month: dt.date, charged: Before | None) -> str:
    key = f"rent:loan {loan}:{month:%Y-%m}"
    return f"{key}:{charged.rows + 1}" if charged else key


def _less(owed: rules.Owed, charged: Before) -> rules.Owed:
    """What is left to charge, or too much charged. Of a month that was credited nothing is."""
    amount = Decimal("0.00") if charged.is_credited else owed.amount - charged.amount
    inputs: dict[str, Any] = {**owed.inputs, "charged": str(charged.amount)}
    if charged.is_credited:
        inputs["credited"] = True
    return replace(owed, amount=amount, inputs=inputs, days=(owed.days or 0) - charged.days)


def _buyer(row: LineDelivery, month: dt.date, payers: Payers, is_first: bool) -> int:
    """The line's payer; of a person who has moved since, the new one from the next month on, also
    where they moved before moves were recorded."""
    order = row.delivery.order
    recipient = order.recipient
    if is_first or recipient is None or not recipient.is_person:
        return row.line.payer_id
    since = moment(month)
    moved = payers.moved_to(recipient.pk, order.sent_at, since)
    return moved or payers.of(recipient, since) or row.line.payer_id
