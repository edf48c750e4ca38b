"""«Individer» on a store's page: the pieces that stand there."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, F, Func, Window
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from organisation.models import Warehouse
from sesam.tables import CodeColumn, Column, StatusColumn, Table

from .models import Individual, stock_status
from .services import with_blocked

PER_PAGE = 50
_NAME = Func(F("article__name"), function="sv_sortkey")
_SORTS: dict[str, tuple[Any, ...]] = {
    "number": (Func(F("number"), function="length"), F("number")),
    "article": (Func(F("article__number"), function="length"), F("article__number")),
    "name": (_NAME, F("article__name")),
    "serial": (F("serial_number"),),
    "stock": (F("blocked"), F("status")),
}


class ShelfTable(Table):
    """Rows are dicts."""

    number = Column("Individ", css="code title")
    article = CodeColumn("Artikelnr", accessor="article__number")
    name = Column("Benämning", accessor="article__name")
    serial = Column("Serienummer", accessor="serial_number", priority=3, css="code")
    status = Column("Status", accessor="words", priority=3, orderable=False)
    stock = StatusColumn("Lagerstatus")

    class Meta:
        order_by = "name"
        empty_text = "Inga individer"

    dom_id = "individer"
    caption = "Individer"
    noun = ("individ", "individer")
    empty_hint = "Individmärkta hjälpmedel som står i förrådet visas här."

    def render_number(self, value: str) -> Any:
        url = reverse("individuals:detail", args=[value])
        return format_html('<a href="{}">{}</a>', url, value)


def count(request: HttpRequest, store: Warehouse) -> int:
    """How many pieces stand in the store."""
    return Individual.objects.filter(warehouse=store).count()


def build(request: HttpRequest, store: Warehouse) -> dict[str, Any]:
    """The tab's list; one query for the rows and their number."""
    order, page = ShelfTable.sorting(request), ShelfTable.page_number(request)
    falling = order.startswith("-")
    keys = [k.desc() if falling else k.asc() for k in _SORTS[order.removeprefix("-")]]
    pieces = (
        with_blocked()
        .filter(warehouse=store)
        .order_by(*keys, "number")
        .values("number", "article__number", "article__name", "serial_number", "status", "blocked")
        .annotate(total=Window(Count("pk")))
    )
    rows = list(pieces[(page - 1) * PER_PAGE : page * PER_PAGE])
    if not rows and page > 1:  # past the end: the last page that there is
        page = max(1, -(-count(request, store) // PER_PAGE))
        rows = list(pieces[(page - 1) * PER_PAGE : page * PER_PAGE])
    for row in rows:
        row["words"] = Individual.Status(row["status"]).label
        row["stock"] = stock_status(row["status"], blocked=row["blocked"]).label
    total = rows[0]["total"] if rows else 0
    return {
        "table": ShelfTable(rows=rows, total=total, page=page, per_page=PER_PAGE, request=request)
    }
