"""«Lager»: what stands in a store, sorted, cut and counted by one query."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, Count, F, QuerySet, Value, When
from django.db.models.functions import Upper
from django.http import HttpRequest
from django.urls import reverse

from organisation.models import Warehouse
from sesam.tables import (
    CodeColumn,
    Column,
    LinkColumn,
    NumberColumn,
    StockColumn,
    Table,
    by_label,
    by_number,
)

from .models import ArticleType, Balance
from .tables import TYPES, article_url


class StoreTable(Table[Warehouse]):
    """The stores that the user may open."""

    columns = (
        LinkColumn(
            "name",
            "Lager",
            str,
            url=lambda store: reverse("articles:store", args=[store.number]),
            sort="number",
        ),
        Column("owner", "Ägare", "owner.name", priority=3),
        Column("place", "Ort", "locality", priority=3),
        NumberColumn("articles", "Artiklar med saldo"),
    )
    order = "name"
    per_page = 100
    dom_id = "forrad"
    caption = "Lager"
    noun = ("lager", "lager")
    empty_text = "Inga egna förråd"
    empty_icon = "warehouse"
    empty_hint = (
        "Tjänstestället har inget eget förråd. Systemförvaltaren på KHS knyter förråd till"
        " tjänsteställen."
    )


def with_counts(stores: QuerySet[Warehouse]) -> QuerySet[Warehouse]:
    """Stores that know of how many articles they have any (``articles``)."""
    there = Balance.objects.filter(on_hand__gt=0).values("warehouse").annotate(n=Count("pk"))
    counts = dict(there.values_list("warehouse", "n"))
    whens = [When(pk=pk, then=Value(n)) for pk, n in counts.items()]
    count = Case(*whens, default=Value(0)) if whens else Value(0)
    return stores.select_related("owner").annotate(articles=count).order_by("kind", "number")


@dataclass(slots=True)
class BalanceRow:
    """What a store has of an article."""

    number: str
    name: str
    type: str
    on_hand: int
    reserved: int
    unavailable: int
    available: int
    expected_on: dt.date | None

    @property
    def note(self) -> str:
        """What is said beside «0 st»."""
        waits = self.expected_on and not self.available
        return f"väntas {self.expected_on:%Y-%m-%d}" if waits else ""


_NAME = "article__sort_key"


class BalanceTable(Table[BalanceRow]):
    """«Lagersaldo»."""

    columns = (
        CodeColumn("number", "Artikelnr", sort=by_number("article__number")),
        LinkColumn("name", "Benämning", url=article_url, sort=(_NAME, "article__name")),
        Column(
            "type",
            "Artikeltyp",
            lambda row: TYPES[row.type],
            sort=(by_label("article__type", ArticleType.choices), _NAME),
            priority=3,
        ),
        NumberColumn("on_hand", "Saldo", sort="on_hand", falling_first=True),
        NumberColumn("reserved", "Reserverat", sort="reserved", falling_first=True, priority=2),
        NumberColumn(
            "unavailable", "Ej tillgängligt", sort="unavailable", falling_first=True, priority=2
        ),
        StockColumn("available", "Tillgängligt", sort="available", falling_first=True),
    )
    order = "name"
    tie = (_NAME, "article__name", "pk")
    per_page = 50
    counted_to = 10_000
    dom_id = "lagersaldo"
    caption = "Lagersaldo"
    noun = ("artikel", "artiklar")
    empty_text = "Inga artiklar"
    empty_icon = "search"


def balances(
    store: Warehouse,
    *,
    words: list[str] | None = None,
    article_type: str | None = None,
    zero_too: bool = False,
) -> QuerySet[Any, dict[str, Any]]:
    """A store's balances as dicts: those with something on hand, or all that it ever had."""
    rows = Balance.objects.filter(warehouse=store)
    if not zero_too:
        rows = rows.filter(on_hand__gt=0)
    if article_type:
        rows = rows.filter(article__type=article_type)
    for word in words or []:
        rows = rows.filter(article__search_text__contains=Upper(Value(word)))
    return rows.values(
        "on_hand",
        "reserved",
        "unavailable",
        "expected_on",
        number=F("article__number"),
        name=F("article__name"),
        type=F("article__type"),
        available=F("on_hand") - F("reserved") - F("unavailable"),
    )


def by_name(rows: QuerySet[Any, dict[str, Any]]) -> QuerySet[Any, dict[str, Any]]:
    """``rows`` as a printed list has them."""
    return rows.order_by(*BalanceTable.tie)


def table(
    request: HttpRequest, rows: QuerySet[Any, dict[str, Any]], store: Warehouse
) -> BalanceTable:
    """The list as the address wants it."""
    made = BalanceTable.fetch(request, rows, row=BalanceRow)
    made.link_query = f"?lager={store.number}"
    return made
