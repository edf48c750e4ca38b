"""The list of found articles."""

from collections.abc import Callable
from typing import Any

from django.utils.functional import cached_property
from django.utils.safestring import SafeString, mark_safe

from sesam import places
from sesam.links import links
from sesam.tables import (
    ActionColumn,
    CodeColumn,
    Column,
    MoneyColumn,
    StockColumn,
    Table,
    escaped,
)
from sesam.templatetags.sesam import NBSP, icon_html, kr

from .models import ArticleType
from .search import Hit

_TYPES = dict(ArticleType.choices)


def iso_text(code: str) -> str:
    """``122203`` as it is written: 12 22 03."""
    return NBSP.join(code[i : i + 2] for i in range(0, len(code), 2))


def price_text(hit: Any) -> str:
    """A rent says that it is per month."""
    if hit.price is None:
        return ""
    return f"{kr(hit.price)}/mån" if hit.is_rent else kr(hit.price)


class ArticleTable(Table):
    """«Sök artikel». Rows are ``search.Hit``, sorted, cut and counted by the search."""

    number = CodeColumn("Artikelnr")
    name = Column("Benämning", css="title")
    supplier = Column("Leverantör", priority=3)
    supplier_number = CodeColumn("Leverantörens artikelnr", priority=4)
    type = Column("Artikeltyp", priority=3)
    iso_code = CodeColumn("ISO-kod", priority=4)
    responsibility = Column("Ansvar", priority=4)
    available = StockColumn("Tillgänglighet", note="note")
    price = MoneyColumn("Pris", priority=2)
    act = ActionColumn("Beställ")

    class Meta:
        order_by = "name"
        empty_text = "Inga artiklar"

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
        "available",
        "price",
    )
    hidden_first = ("supplier", "supplier_number", "responsibility")
    empty_icon = "search"
    empty_hint = (
        "Ingen artikel har alla orden. Prova färre eller kortare ord, eller välj alla artikeltyper."
    )

    def render_name(self, record: Hit) -> SafeString:
        href = self.detail_url(record.number) + self.link_query
        return mark_safe(f'<a href="{escaped(href)}">{escaped(record.name)}</a>')

    link_query: str = ""

    @cached_property
    def detail_url(self) -> Callable[[Any], str]:
        return links("articles:detail")

    def render_type(self, value: str) -> str:
        return _TYPES.get(value, value)

    def render_iso_code(self, value: str) -> str:
        return iso_text(value)

    def render_price(self, record: Hit) -> str:
        return price_text(record)

    def render_act(self, record: Hit) -> SafeString:
        return self.buttons(record)

    @cached_property
    def buttons(self) -> Callable[[Any], SafeString]:
        return row_buttons(self.request)


def row_buttons(
    request: Any, css: str = "btn btn-outline-success btn-sm"
) -> Callable[[Any], SafeString]:
    """What draws what apps above offer on a row, «Beställ»: no query and no search per row."""
    entries = [
        (
            entry,
            " data-dialog" if entry.extra.get("dialog") else "",
            icon_html(entry.icon, 18) if entry.icon else "",
        )
        for entry in places.registered("article.button")
    ]

    def draw(article: Any) -> SafeString:
        name = escaped(article.name)
        return mark_safe(
            "".join(
                f'<a class="{css}" href="{escaped(entry.url(request, article))}"{dialog}>{icon}'
                f'{escaped(entry.text(request, article))}<span class="visually-hidden"> {name}</span></a>'
                for entry, dialog, icon in entries
                if entry.shown(request, article)
            )
        )

    return draw
