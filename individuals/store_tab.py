"""«Individer» on a store's page: the pieces that stand there."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest

from organisation.models import Warehouse
from sesam.places import TabContent
from sesam.tables import CodeColumn, Column, LinkColumn, StatusColumn, Table, by_number

from .models import Individual, StockStatus, stock_status
from .services import with_blocked
from .tables import STATUSES, piece_url


@dataclass(slots=True)
class ShelfRow:
    """A piece that stands in a store."""

    number: str
    article__number: str
    article__name: str
    serial_number: str
    status: str
    blocked: bool

    @property
    def stock(self) -> StockStatus:
        return stock_status(self.status, blocked=self.blocked)


class ShelfTable(Table[ShelfRow]):
    """«Individer»."""

    columns = (
        LinkColumn("number", "Individ", url=piece_url, sort=by_number("number"), css="code title"),
        CodeColumn("article", "Artikelnr", "article__number", sort=by_number("article__number")),
        Column(
            "name",
            "Benämning",
            "article__name",
            sort=("article__sort_key", "article__name"),
            named_on_cards=False,
        ),
        Column(
            "serial", "Serienummer", "serial_number", sort="serial_number", priority=3, css="code"
        ),
        Column("status", "Status", lambda row: STATUSES[row.status], priority=3),
        StatusColumn("stock", "Lagerstatus", "stock.label", sort=("blocked", "status")),
    )
    order = "name"
    tie = ("number",)
    per_page = 50
    dom_id = "individer"
    caption = "Individer"
    noun = ("individ", "individer")
    empty_text = "Inga individer"
    empty_hint = "Individmärkta hjälpmedel som står i förrådet visas här."


def count(request: HttpRequest, store: Warehouse) -> int:
    """How many pieces stand in the store."""
    return Individual.objects.filter(warehouse=store).count()


def build(request: HttpRequest, store: Warehouse) -> TabContent:
    """The tab's list; one query for the rows and their number."""
    shown = ("number", "article__number", "article__name", "serial_number", "status", "blocked")
    pieces = with_blocked().filter(warehouse=store).values(*shown)
    return TabContent(table=ShelfTable.fetch(request, pieces, row=ShelfRow))
