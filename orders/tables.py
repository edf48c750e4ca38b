"""Lists of orders on other apps' pages."""

from recipients.turns import TurnColumn
from sesam.tables import (
    CodeColumn,
    Column,
    NumberColumn,
    PanelColumn,
    StatusColumn,
    Table,
    by_number,
)

from .life import step_of_line
from .models import OrderLine


class OrderedTable(Table[OrderLine]):
    """«Beställt»: what is ordered for a recipient and not delivered."""

    columns = (
        CodeColumn(
            "article", "Artikelnr", "article.number", sort=by_number("article__number"), priority=3
        ),
        PanelColumn(
            "name", "Benämning", "article.name", sort=("article__sort_key", "article__name")
        ),
        NumberColumn("quantity", "Kvar att leverera", "open"),
        StatusColumn("status", "Status", "progress_label"),
        CodeColumn(
            "order", "Beställning", "order.case_number", sort="order__case_number", priority=3
        ),
        Column(
            "planned",
            "Planerad leverans",
            "planned_words",
            sort="planned_delivery",
            css="code",
            nullable=True,
            priority=2,
        ),
        TurnColumn(step_of_line, due="planned_delivery"),
    )
    order = "-order"
    noun = ("rad", "rader")
    empty_text = "Inget är beställt"
    empty_hint = "Det som beställs till mottagaren visas här tills det har levererats."
