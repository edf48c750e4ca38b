"""«Sök beställning»."""

from __future__ import annotations

from typing import Any

from django.db.models import OuterRef, Subquery

from articles.pictograms import WithPictograms
from recipients.searching import MOST, CaseSearch
from sesam.tables import CodeColumn, Column, DateColumn, StatusColumn, Table, by_label, sv
from sesam.templatetags.sesam import life_html

from . import mine
from .models import Order, OrderKind, OrderLine, OrderStatus

_FIRST_AID = Subquery(
    OrderLine.objects.filter(order=OuterRef("pk"), component_of=None)
    .order_by("position", "pk")
    .values("article__sort_key")[:1]
)
_BY_STATUS = by_label("status", OrderStatus.choices)


class _LifeColumn(Column):
    named_on_cards = False

    def html(self, row: mine.MyOrderRow, table: Any) -> str:
        return life_html(row.life)


class _PlannedColumn(mine.PlannedColumn):
    """Of what is to come: how it ended stands beside it."""

    def html(self, row: mine.MyOrderRow, table: Any) -> str:
        return "" if row.order.has_ended else super().html(row, table)


class FoundOrderTable(WithPictograms, Table[mine.MyOrderRow]):
    """By what was ordered and who did, without whom it is for; the newest first."""

    columns = (
        CodeColumn("number", "Beställning", "case_number", sort="case_number", falling_first=True),
        mine.AidsColumn("aids", "Hjälpmedel", "title", key="case_number", sort=_FIRST_AID,
                        nullable=True),
        Column("by", "Beställare", "order.ordered_by",
               sort=(sv("ordered_by__last_name"), sv("ordered_by__first_name"))),
        DateColumn("sent", "Skickad", "order.sent_at", sort=("sent_at", "id"), falling_first=True),
        _LifeColumn("life", "Gång", sort=_BY_STATUS, priority=3),
        StatusColumn("status", "Status", lambda row: row.order.get_status_display(),
                     sort=_BY_STATUS),
        _PlannedColumn("planned", "Planerad", sort="planned_delivery", nullable=True,
                           css="code", priority=2),
    )  # fmt: skip
    order = "-sent"
    tie = ("-pk",)
    counted_to = MOST
    dom_id = "sokta-bestallningar"
    caption = "Beställningar"
    noun = ("beställning", "beställningar")
    empty_text = "Inga beställningar"
    empty_hint = "Välj en längre tid, en annan status eller ett annat tjänsteställe."


SEARCH = CaseSearch(
    name="bestallningar",
    label="Beställningar",
    verb="Sök beställning",
    order=10,
    cases=Order.objects.all,
    began="sent_at",
    statuses=OrderStatus.choices,
    late=mine.CHOICES[mine.LATE].narrow,
    table=FoundOrderTable,
    loaded=mine.loaded,
    of=mine.row_of,
    panel=mine.panel_of,
    sheet=(
        ("Beställning", lambda order: order.case_number),
        ("Ordertyp", lambda order: OrderKind(order.kind).label),
        ("Hjälpmedel", lambda order: mine.row_of(order).title),
        ("Tjänsteställe", lambda order: order.unit),
        ("Beställare", lambda order: order.ordered_by),
        ("Förskrivare", lambda order: order.prescriber),
        ("Skickad", lambda order: order.sent_at),
        ("Planerad leverans", lambda order: order.planned_delivery),
        ("Status", lambda order: order.get_status_display()),
    ),
)
