"""The list of found articles."""

from functools import partial
from typing import Any

from django.http import HttpRequest
from django.utils.safestring import SafeString

from sesam.links import links
from sesam.tables import (
    ActionColumn,
    CodeColumn,
    Column,
    LinkColumn,
    MoneyColumn,
    StockColumn,
    Table,
    TickColumn,
    escaped,
)
from sesam.templatetags.sesam import NBSP, icon_html

from .favourites import star_html
from .measures import BY_NAME
from .models import ArticleType
from .pictograms import WithPictograms
from .prices import charged_text
from .search import SORTS, ArticleHit
from .slots import article_buttons

TYPES = dict(ArticleType.choices)


def iso_text(code: str) -> str:
    """``122203`` as it is written: 12 22 03."""
    return NBSP.join(code[i : i + 2] for i in range(0, len(code), 2))


def _in_cm(name: str, hit: Any) -> str:
    value = getattr(hit, name)
    return "" if value is None else BY_NAME[name].text(value)


def article_url(row: Any) -> str:
    """The page of a row's article."""
    return links("articles:detail")(row.number)


class OrderColumn(ActionColumn):
    """What apps above offer on an article: «Beställ»."""

    def html(self, row: Any, table: Table[Any]) -> str:
        return buttons(table.request, row)


class HitColumn(OrderColumn):
    """A star besides."""

    def html(self, row: Any, table: Table[Any]) -> str:
        return star_html(row.number, row.name, is_on=row.is_favourite) + super().html(row, table)


class ArticleNameColumn(LinkColumn):
    """The name with its photo or pictogram, where the found articles are of several kinds."""

    def html(self, row: Any, table: Table[Any]) -> str:
        drawing = table.pictogram(row) if isinstance(table, WithPictograms) else ""
        return drawing + super().html(row, table)


class ArticleTable(WithPictograms, Table[ArticleHit]):
    """«Sök artikel»; sorted, cut and counted by the search."""

    columns = (
        TickColumn("name", key="number"),
        CodeColumn("number", "Artikelnr", sort=SORTS["number"]),
        ArticleNameColumn("name", "Benämning", url=article_url, sort=SORTS["name"]),
        Column("supplier", "Leverantör", sort=SORTS["supplier"], priority=3),
        CodeColumn(
            "supplier_number",
            "Leverantörens artikelnr",
            sort=SORTS["supplier_number"],
            priority=4,
        ),
        Column("type", "Artikeltyp", lambda hit: TYPES[hit.type], sort=SORTS["type"], priority=3),
        CodeColumn(
            "iso_code",
            "ISO-kod",
            lambda hit: iso_text(hit.iso_code),
            sort=SORTS["iso_code"],
            priority=4,
        ),
        Column("responsibility", "Ansvar", sort=SORTS["responsibility"], priority=4),
        Column("seat_width", "Sittbredd", partial(_in_cm, "seat_width"), priority=2, css="code"),
        Column("seat_depth", "Sittdjup", partial(_in_cm, "seat_depth"), priority=2, css="code"),
        StockColumn("available", "Tillgänglighet", sort=SORTS["available"]),
        MoneyColumn(
            "price",
            "Pris",
            lambda hit: charged_text(hit.amounts, hit.billing_rule),
            sort=SORTS["price"],
            priority=2,
        ),
        HitColumn("act", "Favorit och beställ"),
    )
    order = "name"
    counted_to = 10_000
    dom_id = "artiklar"
    caption = "Artiklar"
    noun = ("artikel", "artiklar")
    preference_key = "artiklar"
    optional = (
        "number",
        "supplier",
        "supplier_number",
        "type",
        "iso_code",
        "responsibility",
        "seat_width",
        "seat_depth",
        "available",
        "price",
    )
    hidden_first = ("supplier", "supplier_number", "responsibility", "seat_width", "seat_depth")
    empty_text = "Inga artiklar"
    empty_icon = "search"
    empty_hint = (
        "Ingen artikel har alla orden. Prova färre eller kortare ord, eller välj alla artikeltyper."
    )


def buttons(
    request: HttpRequest, article: Any, css: str = "btn btn-outline-success btn-sm"
) -> SafeString:
    """The buttons of a row that is an article, or knows its number and name. No query."""
    name = escaped(article.name)
    return SafeString(
        "".join(
            f'<a class="{css}" href="{escaped(entry.url(request, article))}"'
            f"{' data-dialog' if entry.dialog else ''}"
            f"{' aria-keyshortcuts=B' if entry.starts_order else ''}>"
            f"{icon_html(entry.icon, 18) if entry.icon else ''}"
            f"{escaped(entry.text(request, article))}"
            f'<span class="visually-hidden"> {name}</span></a>'
            for entry in article_buttons.open_to(request, article)
        )
    )
