"""«Komponenter» of an article: the individual template's, others that fit, any that is found."""

from __future__ import annotations

from typing import Any

from django.db.models import (
    Case,
    CharField,
    Count,
    F,
    Func,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
    Window,
)
from django.db.models.functions import Coalesce, Upper
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from organisation.models import Warehouse
from sesam.tables import CodeColumn, Column, NumberColumn, StockColumn, Table

from .models import Article, ArticleType, Balance

PER_PAGE = 25
_TYPES = dict(ArticleType.choices)
_PARTS = Q(may_be_component=True) | Q(type__in=[ArticleType.ACCESSORY, ArticleType.SPARE_PART])
_NAME = Func(F("name"), function="sv_sortkey")
_TYPE_LABEL = Case(
    *(When(type=value, then=Value(label)) for value, label in ArticleType.choices),
    output_field=CharField(),
)
_SORTS: dict[str, tuple[Any, ...]] = {
    "number": (Func(F("number"), function="length"), F("number")),
    "name": (_NAME, F("name")),
    "type": (Func(_TYPE_LABEL, function="sv_sortkey"), _NAME),
    "available": (F("available"),),
}


class PartTable(Table):
    """Rows are dicts."""

    number = CodeColumn("Artikelnr")
    name = Column("Benämning", css="title")
    type = Column("Artikeltyp", priority=3)
    available = StockColumn("Tillgänglighet", note="note", initial_sort_descending=True)

    class Meta:
        order_by = "name"
        empty_text = "Inga komponenter"

    dom_id = "komponenter"
    caption = "Komponenter"
    noun = ("komponent", "komponenter")
    empty_icon = "boxes"
    empty_hint = "Ingen annan komponent är knuten till artikeln. Prova «Sök komponent»."

    link_query: str = ""

    def render_name(self, record: dict[str, Any]) -> SafeString:
        url = reverse("articles:detail", args=[record["number"]])
        return format_html('<a href="{}{}">{}</a>', url, self.link_query, record["name"])

    def render_type(self, value: str) -> str:
        return _TYPES.get(value, value)


class StandardTable(PartTable):
    """What the individual template suggests, with how many."""

    quantity = NumberColumn("Antal", orderable=False)

    class Meta:
        order_by = "name"
        empty_text = "Inga standardkomponenter"
        sequence = ("number", "name", "type", "quantity", "available")

    empty_hint = "Artikeln har ingen individmall. Övriga komponenter som passar står i nästa flik."


def standard(request: HttpRequest, article: Article, warehouse: Warehouse | None) -> StandardTable:
    """The parts of the individual template."""
    wanted = dict(article.standard_components.values_list("component", "quantity"))
    table = _table(StandardTable, request, Article.objects.filter(pk__in=wanted), warehouse)
    for row in table.data.data:
        row["quantity"] = wanted[row["pk"]]
    return table


def others(request: HttpRequest, article: Article, warehouse: Warehouse | None) -> PartTable:
    """What else is known to fit."""
    parts = Article.objects.filter(fits_on__main=article).exclude(
        pk__in=article.standard_components.values("component")
    )
    return _table(PartTable, request, parts, warehouse)


def search(request: HttpRequest, words: list[str], warehouse: Warehouse | None) -> PartTable:
    """Accessories and spare parts that have all the words."""
    parts = Article.objects.filter(_PARTS, is_discontinued=False)
    for word in words:
        parts = parts.filter(search_text__contains=Upper(Value(word)))
    table = _table(PartTable, request, parts, warehouse)
    table.empty_hint = "Ingen komponent har alla orden. Prova färre eller kortare ord."
    return table


def _table(
    kind: type[Any], request: HttpRequest, parts: QuerySet[Article], warehouse: Warehouse | None
) -> Any:
    """The page that the address asks for. One query, a second one past the end."""
    order, page = kind.sorting(request), kind.page_number(request)
    rows, total = _page(parts, warehouse, order, page)
    if not rows and page > 1:
        rows, total = _page(parts, warehouse, order, 1)
        page = max(1, -(-total // PER_PAGE))
        if page > 1:
            rows, _ = _page(parts, warehouse, order, page)
    table = kind(rows=rows, total=total, page=page, per_page=PER_PAGE, request=request)
    if request.GET.get("lager") and warehouse:
        table.link_query = f"?lager={warehouse.number}"
    return table


def _page(
    parts: QuerySet[Article], warehouse: Warehouse | None, order: str, page: int
) -> tuple[list[dict[str, Any]], int]:
    here = Balance.objects.filter(article=OuterRef("pk"), warehouse=warehouse)
    left = here.annotate(left=F("on_hand") - F("reserved") - F("unavailable"))
    available = Case(
        When(is_stocked=True, then=Coalesce(Subquery(left.values("left")[:1]), 0)),
        output_field=IntegerField(),
    )
    falling = order.startswith("-")
    rows = list(
        parts.annotate(available=available, total=Window(Count("pk")))
        .order_by(
            *(
                key.desc(nulls_last=True) if falling else key.asc(nulls_last=True)
                for key in _SORTS[order.removeprefix("-")]
            ),
            _NAME.asc(),
            "pk",
        )
        .values("pk", "number", "name", "type", "available", "is_discontinued", "total")[
            (page - 1) * PER_PAGE : page * PER_PAGE
        ]
    )
    for row in rows:
        row["note"] = "utgått" if row["is_discontinued"] else ""
    return rows, rows[0]["total"] if rows else 0
