"""What holds on a day: prices, terms, shares, fees, who paid. Each is read once for a whole run."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import Generic, TypeVar

from articles.models import Price
from articles.prices import NONE, Amounts
from organisation.models import Warehouse
from recipients.models import PayerMove, Recipient

from .models import CalloutFee, ShareTable, Terms
from .rules import Shares

T = TypeVar("T")


class Dated(Generic[T]):
    """Values with the day from which each holds.

    >>> rents = Dated([(dt.date(2026, 1, 1), 95), (dt.date(2026, 11, 15), 99)])
    >>> rents.at(dt.date(2025, 1, 1)), rents.at(dt.date(2026, 11, 14)), rents.at(dt.date(2026, 11, 15))
    (None, 95, 99)
    """

    def __init__(self, rows: Iterable[tuple[dt.date, T]] = ()) -> None:
        self._rows = sorted(rows, key=lambda row: row[0])
        self._days = [day for day, _ in self._rows]

    def at(self, day: dt.date) -> T | None:
        found = bisect_right(self._days, day)
        return self._rows[found - 1][1] if found else None


class Prices:
    """What articles cost on a day."""

    def __init__(self, articles: Iterable[int]) -> None:
        rows: dict[int, list[tuple[dt.date, Amounts]]] = defaultdict(list)
        for article, day, list_price, rent in Price.objects.filter(
            article__in=set(articles)
        ).values_list("article", "valid_from", "list_price", "rent"):
            rows[article].append((day, Amounts(list_price, rent)))
        self._dated = {article: Dated(its) for article, its in rows.items()}

    def at(self, article: int, day: dt.date) -> Amounts:
        dated = self._dated.get(article)
        return (dated.at(day) if dated else None) or NONE


class Conditions:
    """KHS's terms, shares and fees, and who is KHS."""

    def __init__(self) -> None:
        self.terms = Dated((terms.valid_from, terms) for terms in Terms.objects.all())
        tables: dict[str, list[tuple[dt.date, Shares]]] = defaultdict(list)
        for table in ShareTable.objects.prefetch_related("steps"):
            steps = tuple((step.from_age, step.percent) for step in table.steps.all())
            tables[table.kind].append((table.valid_from, steps))
        self._shares = {kind: Dated(rows) for kind, rows in tables.items()}
        fees: dict[int, list[tuple[dt.date, Decimal]]] = defaultdict(list)
        for fee in CalloutFee.objects.all():
            fees[fee.type_id].append((fee.valid_from, fee.amount))
        self._fees = {type_id: Dated(rows) for type_id, rows in fees.items()}
        central = Warehouse.objects.filter(kind=Warehouse.Kind.CENTRAL)
        self.centres = set(central.values_list("owner", flat=True))

    def shares(self, kind: ShareTable.Kind, day: dt.date) -> Shares:
        dated = self._shares.get(kind)
        return (dated.at(day) if dated else None) or ()

    def fee(self, type_id: int, day: dt.date) -> Decimal:
        dated = self._fees.get(type_id)
        return (dated.at(day) if dated else None) or Decimal(0)


class Payers:
    """Who paid for a person when: what they are today, and when that changed."""

    def __init__(self, recipients: Iterable[int]) -> None:
        self._moves: dict[int, list[PayerMove]] = defaultdict(list)
        for move in PayerMove.objects.filter(recipient__in=set(recipients)):
            self._moves[move.recipient_id].append(move)

    def of(self, recipient: Recipient, moment: dt.datetime) -> int | None:
        """Who paid for them at the moment."""
        for move in self._moves.get(recipient.pk, ()):
            if move.at > moment:
                return move.was_id
        return recipient.payer_id

    def moved_to(self, recipient: int, since: dt.datetime, until: dt.datetime) -> int | None:
        """Who pays since the last time that it changed between the moments; None if it didn't."""
        payer = None
        for move in self._moves.get(recipient, ()):
            if since <= move.at < until and move.became_id:
                payer = move.became_id
        return payer
