"""Lists of articles."""

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from sesam import places
from sesam.tables import ActionColumn, CodeColumn, Column, LinkColumn, StockColumn, Table

from .search import Hit


class ArticleTable(Table):
    """The result of «Sök artikel»."""

    number = CodeColumn("Artikelnr", priority=2)
    name = LinkColumn("Benämning")
    type = Column("Artikeltyp", accessor="type_label", priority=3)
    supplier = Column("Leverantör", priority=3)
    supplier_number = CodeColumn("Leverantörens artikelnr", priority=4)
    iso = CodeColumn("ISO-kod", accessor="iso_code", priority=4)
    available = StockColumn("Tillgänglighet", note="note", orderable=False)
    order = ActionColumn("Beställ")

    class Meta:
        order_by = "name"
        empty_text = "Inga artiklar hittades"

    dom_id = "artiklar"
    noun = ("artikel", "artiklar")
    empty_hint = "Prova färre eller kortare ord, eller en annan artikeltyp."
    preference_key = "artiklar"
    optional = ("type", "supplier", "supplier_number", "iso")
    hidden_first = ("supplier_number", "iso")

    def render_name(self, value: str, record: Hit) -> SafeString:
        return format_html('<a href="/artiklar/{}/">{}</a>', record.number, value)

    def render_order(self, record: Hit) -> SafeString:
        return buttons(self.request, record)


def buttons(request, article) -> SafeString:
    """What apps above offer to do with an article."""
    return format_html_join(
        " ",
        '<a class="btn btn-success btn-sm" href="{}" data-dialog>{}'
        '<span class="visually-hidden"> {}</span></a>',
        (
            (entry.url, entry.label, article.name)
            for entry in places.entries("article.button", request, article)
        ),
    )
