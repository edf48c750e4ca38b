"""«Lager»: what stands in a store, sorted, cut and counted by one query."""

from __future__ import annotations

from typing import Any

from django.db.models import Case, CharField, Count, F, Func, QuerySet, Value, When, Window
from django.db.models.functions import Upper
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from organisation.models import Warehouse
from sesam.tables import CodeColumn, Column, NumberColumn, StockColumn, Table

from .models import ArticleType, Balance

PER_PAGE = 50
_TYPES = dict(ArticleType.choices)
_TYPE_LABEL = Case(
    *(When(article__type=value, then=Value(label)) for value, label in ArticleType.choices),
    output_field=CharField(),
)
_AVAILABLE = F("on_hand") - F("reserved") - F("unavailable")
_NAME = Func(F("article__name"), function="sv_sortkey")
_SORTS: dict[str, tuple[Any, ...]] = {
    "number": (Func(F("article__number"), function="length"), F("article__number")),
    "name": (_NAME, F("article__name")),
    "type": (Func(_TYPE_LABEL, function="sv_sortkey"), _NAME),
    "on_hand": (F("on_hand"),),
    "reserved": (F("reserved"),),
    "unavailable": (F("unavailable"),),
    "available": (F("available"),),
}


class StoreTable(Table):
    """The stores that the user may open."""

    name = Column("Lager", css="title", order_by=("number",))
    owner = Column("Ägare", accessor="owner__name", priority=3, orderable=False)
    place = Column("Ort", accessor="locality", priority=3, orderable=False)
    articles = NumberColumn("Artiklar med saldo", orderable=False)

    class Meta:
        order_by = "name"
        empty_text = "Inga egna förråd"

    dom_id = "forrad"
    caption = "Lager"
    noun = ("lager", "lager")
    empty_icon = "warehouse"
    empty_hint = "Tjänstestället har inget eget förråd. Systemförvaltaren på KHS knyter förråd till"
    empty_hint += " tjänsteställen."

    def render_name(self, record: Warehouse) -> SafeString:
        return format_html(
            '<a href="{}">{}</a>', reverse("articles:store", args=[record.number]), record
        )


def with_counts(stores: QuerySet[Warehouse]) -> QuerySet[Warehouse]:
    """Stores that know of how many articles they have any (``articles``)."""
    there = Balance.objects.filter(on_hand__gt=0).values("warehouse").annotate(n=Count("pk"))
    counts = dict(there.values_list("warehouse", "n"))
    whens = [When(pk=pk, then=Value(n)) for pk, n in counts.items()]
    count = Case(*whens, default=Value(0)) if whens else Value(0)
    return stores.select_related("owner").annotate(articles=count).order_by("kind", "number")


class BalanceTable(Table):
    """«Lagersaldo». Rows are dicts."""

    number = CodeColumn("Artikelnr")
    name = Column("Benämning", css="title")
    type = Column("Artikeltyp", priority=3)
    on_hand = NumberColumn("Saldo", initial_sort_descending=True)
    reserved = NumberColumn("Reserverat", priority=2, initial_sort_descending=True)
    unavailable = NumberColumn("Ej tillgängligt", priority=2, initial_sort_descending=True)
    available = StockColumn("Tillgängligt", note="note", initial_sort_descending=True)

    class Meta:
        order_by = "name"
        empty_text = "Inga artiklar"

    dom_id = "lagersaldo"
    caption = "Lagersaldo"
    noun = ("artikel", "artiklar")
    empty_icon = "search"

    link_query: str = ""

    def render_name(self, record: dict[str, Any]) -> SafeString:
        url = reverse("articles:detail", args=[record["number"]])
        return format_html('<a href="{}{}">{}</a>', url, self.link_query, record["name"])

    def render_type(self, value: str) -> str:
        return _TYPES.get(value, value)


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
        available=_AVAILABLE,
    )


def ordered(rows: QuerySet[Any, dict[str, Any]], order: str) -> QuerySet[Any, dict[str, Any]]:
    """``rows`` by a column of the list, ``-`` before its name for falling."""
    falling = order.startswith("-")
    keys = [k.desc() if falling else k.asc() for k in _SORTS[order.removeprefix("-")]]
    return rows.order_by(*keys, _NAME.asc(), "article__name", "pk")


def page_of(
    rows: QuerySet[Any, dict[str, Any]], *, order: str, page: int
) -> tuple[list[dict[str, Any]], int]:
    """One page, and how many rows there are in all. One query."""
    counted = ordered(rows.annotate(total=Window(Count("pk"))), order)
    found = list(counted[(page - 1) * PER_PAGE : page * PER_PAGE])
    for row in found:
        expected = row["expected_on"]
        row["note"] = f"väntas {expected:%Y-%m-%d}" if expected and not row["available"] else ""
    return found, found[0]["total"] if found else 0


def table(
    request: HttpRequest, rows: QuerySet[Any, dict[str, Any]], store: Warehouse
) -> BalanceTable:
    """The list as the address wants it."""
    order, page = BalanceTable.sorting(request), BalanceTable.page_number(request)
    found, total = page_of(rows, order=order, page=page)
    if not found and page > 1:  # past the end: the last page that there is
        first, total = page_of(rows, order=order, page=1)
        page = max(1, -(-total // PER_PAGE))
        found = page_of(rows, order=order, page=page)[0] if page > 1 else first
    made = BalanceTable(rows=found, total=total, page=page, per_page=PER_PAGE, request=request)
    made.link_query = f"?lager={store.number}"
    return made
