"""Lists of orders on other apps' pages."""

from typing import Any

from sesam.tables import CodeColumn, DateColumn, NumberColumn, PanelColumn, StatusColumn, Table

from .models import OrderLine


class PlannedColumn(DateColumn):
    """The promised day; without one, the words."""

    empty_values = ()

    def render(self, value: Any, record: OrderLine) -> str:
        return record.planned_words


class OrderedTable(Table):
    """«Beställt»: what is ordered for a recipient and not delivered."""

    article = CodeColumn("Artikelnr", accessor="article__number", priority=3)
    name = PanelColumn("Benämning", accessor="article__name", panel_id="pk")
    quantity = NumberColumn("Kvar att leverera", accessor="open", orderable=False)
    status = StatusColumn("Status", accessor="progress_label", orderable=False)
    order = CodeColumn("Beställning", accessor="order__case_number", priority=2)
    planned = PlannedColumn("Planerad leverans", accessor="planned_delivery", priority=2)

    class Meta:
        order_by = "-order"
        empty_text = "Inget är beställt"

    noun = ("rad", "rader")
    empty_hint = "Det som beställs till mottagaren visas här tills det har levererats."
