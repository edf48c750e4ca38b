"""What is owed for one thing that happened: each rule by itself, asking nobody.

Amounts are kronor without VAT, rounded once, half up, to the öre.
"""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

ORE = Decimal("0.01")
#: «From an age on so many percent», the youngest first.
Shares = tuple[tuple[int, int], ...]
#: So many, for so many days.
Parts = list[tuple[int, int]]


@dataclass(frozen=True)
class Owed:
    """``inputs`` is what the amount was reckoned from, as it is kept; ``days`` of a rent: how many,
    times how many days."""

    quantity: Decimal
    unit_price: Decimal
    amount: Decimal
    inputs: dict[str, Any]
    days: int | None = None


def rounded(amount: Decimal) -> Decimal:
    """
    >>> rounded(Decimal("0.005")), rounded(Decimal("-0.005")), rounded(Decimal("1") / 3)
    (Decimal('0.01'), Decimal('-0.01'), Decimal('0.33'))
    """
    return amount.quantize(ORE, ROUND_HALF_UP)


def sale(quantity: int, price: Decimal) -> Owed:
    """
    >>> sale(2, Decimal("1290.00")).amount
    Decimal('2580.00')
    """
    return Owed(Decimal(quantity), price, rounded(quantity * price), {"price": str(price)})


def nothing(quantity: int, why: str) -> Owed:
    """A row of 0 kr, that says why.

    >>> nothing(3, "Ingen debitering").amount
    Decimal('0.00')
    """
    return Owed(Decimal(quantity), Decimal("0.00"), Decimal("0.00"), {"why": why})


def first_of(day: dt.date) -> dt.date:
    """The first day of its month.

    >>> first_of(dt.date(2028, 2, 29))
    datetime.date(2028, 2, 1)
    """
    return day.replace(day=1)


def next_month(month: dt.date) -> dt.date:
    """
    >>> next_month(dt.date(2026, 12, 1))
    datetime.date(2027, 1, 1)
    """
    return (month.replace(day=28) + dt.timedelta(days=4)).replace(day=1)


def days_in(month: dt.date) -> int:
    """
    >>> days_in(dt.date(2028, 2, 1)), days_in(dt.date(2026, 2, 1))
    (29, 28)
    """
    return calendar.monthrange(month.year, month.month)[1]


def whole_months(since: dt.date, until: dt.date) -> int:
    """How many months have gone by wholly.

    >>> whole_months(dt.date(2026, 1, 31), dt.date(2026, 2, 28))
    0
    >>> whole_months(dt.date(2028, 2, 29), dt.date(2029, 3, 1))
    12
    """
    months = (until.year - since.year) * 12 + until.month - since.month
    return max(0, months - (until.day < since.day))


def share_at(shares: Shares, age: int) -> int:
    """The percent of an age; 0 where no step reaches.

    >>> table = ((0, 75), (7, 50), (13, 25), (25, 0))
    >>> [share_at(table, months) for months in (0, 6, 7, 24, 25, 300)]
    [75, 75, 50, 25, 0, 0]
    """
    return next((percent for start, percent in reversed(shares) if start <= age), 0)


def given_back(quantity: int, price: Decimal, months: int, shares: Shares) -> Owed:
    """What is credited of a sale with right of return: a share of the price, by the whole months
    since the delivery.

    >>> given_back(1, Decimal("3900.00"), 9, ((0, 75), (7, 50), (13, 25), (25, 0))).amount
    Decimal('-1950.00')
    """
    percent = share_at(shares, months)
    amount = rounded(-quantity * price * percent / 100)
    inputs = {"price": str(price), "months": months, "percent": percent}
    return Owed(Decimal(quantity), price, amount, inputs)


def held(
    quantity: int, begun: dt.date, returns: Iterable[tuple[dt.date, int]], month: dt.date
) -> Parts:
    """How many of a loan were held for how many days of a month. The day of the delivery counts,
    the day of a return doesn't; what was held all along comes first.

    >>> held(2, dt.date(2026, 10, 12), [(dt.date(2026, 11, 13), 1)], dt.date(2026, 11, 1))
    [(1, 30), (1, 12)]
    >>> held(1, dt.date(2026, 11, 13), [(dt.date(2026, 11, 13), 1)], dt.date(2026, 11, 1))
    []
    >>> held(1, dt.date(2028, 2, 29), [], dt.date(2028, 2, 1))
    [(1, 1)]
    """
    first, after = max(begun, month), next_month(month)
    parts: dict[int, int] = {}
    left = quantity
    for day, count in returns:
        left -= count
        days = (min(day, after) - first).days
        parts[days] = parts.get(days, 0) + count
    days = (after - first).days
    parts[days] = parts.get(days, 0) + left
    return [
        (count, days) for days, count in sorted(parts.items(), reverse=True) if days > 0 < count
    ]


def rent(parts: Parts, of: int, price: Decimal) -> Owed:
    """A month's rent of what was held, of a month with so many days.

    >>> rent([(1, 12)], 30, Decimal("95.00")).amount
    Decimal('38.00')
    >>> rent([(2, 31)], 31, Decimal("62.00")).amount
    Decimal('124.00')
    """
    days = sum(count * each for count, each in parts)
    quantity = sum(count for count, _ in parts)
    inputs = {"price": str(price), "parts": [list(part) for part in parts], "of": of}
    return Owed(Decimal(quantity), price, rounded(price * days / of), inputs, days)


def used_value(quantity: int, price: Decimal, years: int, shares: Shares) -> Owed:
    """What a used piece is worth: a share of the list price, by its whole years.

    >>> used_value(1, Decimal("4000.00"), 3, ((0, 100), (1, 80), (2, 60), (3, 40), (4, 20), (5, 10))).amount
    Decimal('1600.00')
    """
    percent = share_at(shares, years)
    amount = max(Decimal(0), rounded(quantity * price * percent / 100))
    inputs = {"price": str(price), "years": years, "percent": percent}
    return Owed(Decimal(quantity), price, amount, inputs)


def work(minutes: int, hour_price: Decimal, step: int) -> Owed:
    """Working time, begun steps of so many minutes counted whole.

    >>> work(61, Decimal("640.00"), 15).amount, work(61, Decimal("640.00"), 15).quantity
    (Decimal('800.00'), Decimal('1.25'))
    """
    counted = -(-minutes // step) * step
    inputs = {"minutes": minutes, "counted": counted, "price": str(hour_price)}
    hours = rounded(Decimal(counted) / 60)
    return Owed(hours, hour_price, rounded(hour_price * counted / 60), inputs)


def vat(amount: Decimal, percent: Decimal) -> Decimal:
    """
    >>> vat(Decimal("197207.75"), Decimal("25"))
    Decimal('49301.94')
    """
    return rounded(amount * percent / 100)
