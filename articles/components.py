"""«Komponenter» of an article: the individual template's, others that fit, any that is found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from django.db.models import (
    Case,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce, Upper
from django.http import HttpRequest

from organisation.models import Warehouse
from sesam.tables import (
    CodeColumn,
    Column,
    LinkColumn,
    PiecesColumn,
    StockColumn,
    Table,
    by_label,
    by_number,
)

from .models import Article, ArticleType, Balance
from .tables import TYPES, article_url

_PARTS = Q(may_be_component=True) | Q(type__in=[ArticleType.ACCESSORY, ArticleType.SPARE_PART])
_NAME = "sort_key"


@dataclass(slots=True)
class PartRow:
    """An article that may be a component; ``quantity``: how many the template suggests."""

    pk: int
    number: str
    name: str
    type: str
    available: int | None
    is_discontinued: bool
    quantity: int = 0

    @property
    def note(self) -> str:
        return "utgått" if self.is_discontinued else ""


_NUMBER = CodeColumn("number", "Artikelnr", sort=by_number("number"))
_LINK = LinkColumn("name", "Benämning", url=article_url, sort=(_NAME, "name"))
_TYPE = Column(
    "type",
    "Artikeltyp",
    lambda row: TYPES[row.type],
    sort=(by_label("type", ArticleType.choices), _NAME),
    priority=3,
)
_AVAILABLE = StockColumn(
    "available", "Tillgänglighet", sort="available", nullable=True, falling_first=True
)


class PartTable(Table[PartRow]):
    columns: ClassVar[tuple[Column, ...]] = (_NUMBER, _LINK, _TYPE, _AVAILABLE)
    order = "name"
    tie = (_NAME, "pk")
    dom_id = "komponenter"
    caption = "Komponenter"
    noun = ("komponent", "komponenter")
    empty_text = "Inga komponenter"
    empty_icon = "boxes"
    empty_hint = "Ingen annan komponent är knuten till artikeln. Prova «Sök komponent»."


class StandardTable(PartTable):
    """What the individual template suggests, with how many."""

    columns = (_NUMBER, _LINK, _TYPE, PiecesColumn("quantity", "Antal"), _AVAILABLE)
    empty_text = "Inga standardkomponenter"
    empty_hint = "Artikeln har ingen individmall. Övriga komponenter som passar står i nästa flik."


def standard(request: HttpRequest, article: Article, warehouse: Warehouse | None) -> PartTable:
    """The parts of the individual template."""
    wanted = dict(article.standard_components.values_list("component", "quantity"))
    table = _table(StandardTable, request, Article.objects.filter(pk__in=wanted), warehouse)
    for row in table.rows:
        row.quantity = wanted[row.pk]
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
    kind: type[PartTable],
    request: HttpRequest,
    parts: QuerySet[Article],
    warehouse: Warehouse | None,
) -> PartTable:
    here = Balance.objects.filter(article=OuterRef("pk"), warehouse=warehouse)
    left = here.annotate(left=F("on_hand") - F("reserved") - F("unavailable"))
    available = Case(
        When(is_stocked=True, then=Coalesce(Subquery(left.values("left")[:1]), 0)),
        output_field=IntegerField(),
    )
    rows = parts.annotate(available=available).values(
        "pk", "number", "name", "type", "available", "is_discontinued"
    )
    table = kind.fetch(request, rows, row=PartRow)
    if request.GET.get("lager") and warehouse:
        table.link_query = f"?lager={warehouse.number}"
    return table
