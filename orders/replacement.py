"""Ersättningslogistik: what goes out in place of an article that isn't there (product.md § 8)."""

import datetime as dt
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from django.db.models import Sum
from django.utils import timezone

from articles.models import Article, Balance, ReplacementMember
from articles.stock import available_words
from organisation.models import Warehouse

from . import promises
from .models import Cart, CartLine

Key = TypeVar("Key", bound=Hashable)


def spread(
    wanted: int, chosen: Key, ranked: Sequence[tuple[Key, int]]
) -> tuple[dict[Key, int], int]:
    """``wanted`` pieces over ``ranked`` (article, available): first the ``chosen`` one as far as it
    goes, then by rank. Returns what each gets (nought too) and the backlog that is left."""
    left = wanted
    shares = dict.fromkeys((article for article, _ in ranked), 0)
    for article, available in sorted(ranked, key=lambda member: member[0] != chosen):
        shares[article] = min(left, max(available, 0))
        left -= shares[article]
    return shares, left


@dataclass(frozen=True)
class Member:
    """An article of the group that can be ordered, and what the warehouse has of it."""

    article: Article
    rank: int
    available: int
    expected_on: dt.date | None


@dataclass(frozen=True)
class Offer:
    """What may go out instead of ``asked``, in ranking order, ``asked`` among it."""

    asked: Article
    warehouse: Warehouse
    wanted: int
    is_forced: bool
    members: list[Member]

    @property
    def backlog_article(self) -> Article:
        """What is waited for: the asked one, or in a forced group the one that ranks first."""
        return self.members[0].article if self.is_forced else self.asked

    @property
    def spread(self) -> tuple[dict[str, int], int]:
        """By article number, and the backlog."""
        ranked = [(m.article.number, m.available) for m in self.members]
        return spread(self.wanted, self.asked.number, ranked)

    @property
    def backlog_day(self) -> dt.date | None:
        """When what is waited for can come, as far as anybody knows now."""
        waited = next((m for m in self.members if m.article == self.backlog_article), None)
        return promises.day_of(
            timezone.localdate(),
            lead_time=self.warehouse.lead_time,
            in_stock=False,
            expected_on=waited.expected_on if waited else None,
        )

    @property
    def reason(self) -> str:
        """Why the line was replaced, as the order remembers it."""
        has = next((m.available for m in self.members if m.article == self.asked), 0)
        return f"{available_words(has)} av {self.wanted} i {self.warehouse}"[:200]


def offer(
    cart: Cart, article: Article, warehouse: Warehouse, wanted: int, *, besides: CartLine | None
) -> Offer | None:
    """The replacement group, where ``warehouse`` has too little and somebody else may stand in.

    What other lines of the cart already ask for there counts as gone.
    """
    if not article.is_stocked:
        return None
    members = list(
        ReplacementMember.objects.filter(
            group__members__article=article, article__is_discontinued=False
        ).select_related("article__supplier", "group")
    )
    if not members or all(m.article_id == article.pk for m in members):
        return None
    ids = [m.article_id for m in members]
    balances = {
        b.article_id: b for b in Balance.objects.filter(warehouse=warehouse, article__in=ids)
    }
    lines = cart.lines.filter(warehouse=warehouse, article__in=ids)
    if besides:
        lines = lines.exclude(pk=besides.pk)
    taken = dict(lines.order_by().values_list("article").annotate(taken=Sum("quantity")))

    def member(row: ReplacementMember) -> Member:
        balance = balances.get(row.article_id)
        left = (balance.available if balance else 0) - taken.get(row.article_id, 0)
        expected = balance.expected_on if balance else None
        return Member(row.article, row.rank, max(left, 0), expected)

    ranked = [member(row) for row in sorted(members, key=lambda m: m.rank)]
    if any(m.article == article and m.available >= wanted for m in ranked):
        return None
    return Offer(article, warehouse, wanted, members[0].group.is_forced, ranked)
