"""«Lager»: what stands in a store, sorted, cut and counted by one query."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import (
    ExpressionWrapper,
    F,
    Func,
    IntegerField,
    OuterRef,
    QuerySet,
    Subquery,
    Value,
)
from django.db.models.functions import Upper
from django.http import HttpRequest
from django.urls import reverse

from organisation.long_lists import one_of
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
from sesam.templatetags.sesam import tal

from . import search
from .models import ArticleType, Balance
from .tables import TYPES, article_url

MOST = 10_000  # articles that are counted in a store


def _told(store: Any) -> str:
    return tal(store.articles) if store.articles <= MOST else f"fler än {tal(MOST)}"


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
        Column("articles", "Artiklar med saldo", _told, css="num"),
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
    """Stores that know of how many articles they have any (``articles``): counted in these alone,
    and no further than a store's own list counts."""
    there = Subquery(
        Balance.objects.filter(warehouse=OuterRef("pk"), on_hand__gt=0)
        .order_by()
        .values("pk")[: MOST + 1]
    )
    count = Func(there, template="(SELECT count(*) FROM %(expressions)s counted)")
    counted = stores.select_related("owner").annotate(
        articles=ExpressionWrapper(count, output_field=IntegerField())
    )
    return counted.order_by("kind", "number")


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
    counted_to = MOST
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
) -> QuerySet[Any, Mapping[str, Any]]:
    """A store's balances as dicts: those with something on hand, or all that it ever had."""
    rows = Balance.objects.filter(warehouse=store)
    if not zero_too:
        rows = rows.filter(on_hand__gt=0)
    if article_type:
        rows = rows.filter(article__type=article_type)
    if words:
        # Those that have them are looked for once, and counted and sorted by key, unless they are many.
        few = search.few_with(words)
        if few is not None:
            rows = rows.filter(one_of(few, "article_id"))
        else:
            for word in words:
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


def by_name(rows: QuerySet[Any, Mapping[str, Any]]) -> QuerySet[Any, Mapping[str, Any]]:
    """``rows`` as a printed list has them."""
    return rows.order_by(*BalanceTable.tie)


def table(
    request: HttpRequest, rows: QuerySet[Any, Mapping[str, Any]], store: Warehouse
) -> BalanceTable:
    """The list as the address wants it."""
    made = BalanceTable.fetch(request, rows, row=BalanceRow)
    made.link_query = f"?lager={store.number}"
    return made
