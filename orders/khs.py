"""What KHS's side asks of orders: the queue, what can go now, and what was typed at delivery."""

from __future__ import annotations

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db.models import Exists, F, OuterRef, Prefetch, Q, QuerySet
from django.http import QueryDict
from django.utils import timezone

from articles.models import Balance
from individuals.models import Individual
from individuals.services import with_blocked
from organisation.models import Source
from organisation.queues import State

from .models import Order, OrderHold, OrderLine, OrderQuerySet, OrderStatus
from .services import Pick
from .shown import without_free_text
from .stages import FOR_KHS, Stage

# More pieces than these on a shelf are typed or scanned instead of ticked.
TICKED_AT_MOST = 12
Place = tuple[int, int]  # (warehouse id, article id)


# --- the queue ---------------------------------------------------------------------------


def queue(orders: QuerySet[Order]) -> QuerySet[Order]:
    """``orders`` with all that a row of the queue shows, in a fixed number of queries."""
    return orders.select_related("unit", "recipient__payer", "destination").prefetch_related(
        Prefetch(
            "lines",
            OrderLine.objects.filter(source=Source.CENTRAL)
            .select_related("article")
            .order_by("position", "id"),
            to_attr="khs_lines",
        ),
        Prefetch("holds", OrderHold.objects.filter(released_at=None), to_attr="open_holds"),
    )


def _open_lines() -> QuerySet[OrderLine]:
    return OrderLine.objects.filter(
        order=OuterRef("pk"),
        source=Source.CENTRAL,
        quantity__gt=F("delivered") + F("cancelled"),
    )


def from_warehouse(warehouse_id: int) -> Exists:
    """Orders with a line from that KHS warehouse."""
    lines = OrderLine.objects.filter(order=OuterRef("pk"), source=Source.CENTRAL)
    return Exists(lines.filter(warehouse=warehouse_id))


def backordered() -> Exists:
    """Orders that wait for goods."""
    return Exists(
        _open_lines().filter(
            article__is_stocked=True,
            quantity__gt=F("delivered") + F("cancelled") + F("reserved"),
        )
    )


def held() -> Exists:
    """Orders that wait for an activity."""
    return Exists(OrderHold.objects.filter(order=OuterRef("pk"), released_at=None))


def in_project(*stages: Stage) -> Exists:
    """Orders with a project that isn't installed yet, or stands at one of ``stages``."""
    lines = _open_lines().exclude(stage__in=["", Stage.INSTALLED])
    return Exists(lines.filter(stage__in=stages) if stages else lines)


def late(today: dt.date | None = None) -> Q:
    """Undelivered orders whose planned day has passed."""
    return Q(planned_delivery__lt=today or timezone.localdate())


def is_late(order: Order) -> bool:
    return (
        order.planned_delivery is not None
        and order.planned_delivery < timezone.localdate()
        and order.delivered_at is None
        and order.cancelled_at is None
    )


STATES: dict[str, State] = {
    "klar": (
        "Klar att plocka",
        lambda orders: (
            orders.undelivered()
            .filter(~backordered(), ~held(), ~in_project())
            .exclude(status=OrderStatus.PICKING)
        ),
    ),
    "forsenad": ("Försenad", lambda orders: orders.undelivered().filter(late())),
    "restnoterad": ("Restnoterad", lambda orders: orders.undelivered().filter(backordered())),
    "vantar": ("Väntar på aktivitet", lambda orders: orders.undelivered().filter(held())),
    "projekt": (
        "Projekt att föra vidare",
        lambda orders: orders.undelivered().filter(in_project(*FOR_KHS)),
    ),
    "forskrivare": (
        "Väntar på förskrivaren",
        lambda orders: orders.undelivered().filter(in_project(Stage.WAITING)),
    ),
}


def in_state(state: str) -> OrderQuerySet:
    """The orders in one of ``STATES``."""
    return STATES[state][1](Order.objects.all())


def being_picked() -> OrderQuerySet:
    return Order.objects.filter(status=OrderStatus.PICKING)


def readiness(lines: Iterable[OrderLine]) -> tuple[int, int]:
    """How many of the undelivered lines can go now, and how many there are."""
    undelivered = [line for line in lines if line.open]
    ready = [
        x
        for x in undelivered
        if not x.awaits_project and (not x.article.is_stocked or not x.backlog)
    ]
    return len(ready), len(undelivered)


def goes_together(lines: Iterable[OrderLine]) -> bool:
    return any(line.deliver_together and line.open for line in lines)


def balances(lines: Iterable[OrderLine]) -> dict[Place, Balance]:
    """The lines' balances; a place that never had any goods is missing."""
    lines = list(lines)
    rows = Balance.objects.filter(
        warehouse__in={line.warehouse_id for line in lines},
        article__in={line.article_id for line in lines},
    )
    return {(row.warehouse_id, row.article_id): row for row in rows}


# --- delivering --------------------------------------------------------------------------


@dataclass
class Row:
    """A line that can still be delivered from, and what was typed at it."""

    line: OrderLine
    available: int | None  # beside what the line holds itself; None: not stocked
    can_go: int
    shelf: list[Individual] = field(default_factory=list)
    typed: str = ""
    chosen: list[str] = field(default_factory=list)
    error: str = ""

    @property
    def is_ticked(self) -> bool:
        """Whether the pieces are few enough to tick."""
        return len(self.shelf) <= TICKED_AT_MOST

    @property
    def quantity_name(self) -> str:
        return f"antal-{self.line.pk}"

    @property
    def pieces_name(self) -> str:
        return f"individer-{self.line.pk}"


def rows(order: Order) -> list[Row]:
    """The order's KHS lines with something left, each preset with what can go now.

    Lines delivered together are preset only if all of them can go whole. Lines of the same
    article share what is available: the first one gets it.
    """
    lines = [
        line
        for line in order.lines.filter(source=Source.CENTRAL).select_related(
            "article", "warehouse", "component_of__article", "fitted_to"
        )
        if line.open
    ]
    without_free_text(order, lines)
    left = {place: row.available for place, row in balances(lines).items()}
    shelf = _shelf(lines)
    shelf_left = {place: len(pieces) for place, pieces in shelf.items()}
    found = []
    for line in lines:
        place = (line.warehouse_id, line.article_id)
        if not line.article.is_stocked:
            found.append(Row(line, None, 0 if line.awaits_project else line.open))
            continue
        available = left.get(place, 0)
        can_go = min(line.open, line.reserved + available)
        if line.article.is_marked:
            can_go = min(can_go, shelf_left.get(place, 0))
            shelf_left[place] = shelf_left.get(place, 0) - can_go
        left[place] = available - max(0, can_go - line.reserved)
        found.append(Row(line, available, can_go, shelf.get(place, [])))
    together = [row for row in found if row.line.deliver_together]
    if any(row.can_go < row.line.open for row in together):
        for row in together:
            row.can_go = 0
    for row in found:
        row.typed = str(row.can_go)
    return found


def _shelf(lines: list[OrderLine]) -> dict[Place, list[Individual]]:
    """Pieces that can be handed out, by place and number. One query."""
    marked = [line for line in lines if line.article.is_marked]
    shelf: dict[Place, list[Individual]] = defaultdict(list)
    if marked:
        pieces = with_blocked().filter(
            status=Individual.Status.IN_STOCK,
            blocked=False,
            warehouse__in={line.warehouse_id for line in marked},
            article__in={line.article_id for line in marked},
        )
        for piece in pieces.order_by("number"):
            shelf[piece.warehouse_id, piece.article_id].append(piece)
    return shelf


def read(found: list[Row], data: QueryDict) -> list[Pick]:
    """What was typed, kept in ``found``. A row with ``error`` gives no pick."""
    picks = []
    for row in found:
        if row.line.article.is_marked:
            row.chosen = list(dict.fromkeys(_numbers(data.getlist(row.pieces_name))))
        else:
            row.typed = data.get(row.quantity_name, "").strip()
    known = _pieces([number for row in found for number in row.chosen])
    for row in found:
        pick = _read_pieces(row, known) if row.line.article.is_marked else _read_quantity(row)
        if pick is not None:
            picks.append(pick)
    return picks


def _numbers(values: list[str]) -> list[str]:
    return [number for value in values for number in re.split(r"[\s,;]+", value) if number]


def _pieces(numbers: list[str]) -> dict[str, Individual]:
    if not numbers:
        return {}
    pieces = with_blocked().filter(number__in=numbers).select_related("article", "warehouse")
    return {piece.number: piece for piece in pieces}


def _read_quantity(row: Row) -> Pick | None:
    if not row.typed or row.typed.strip("0") == "":
        return None
    whole = row.typed.isascii() and row.typed.isdigit() and len(row.typed) < 9
    if not whole or int(row.typed) > row.line.open:
        row.error = f"Ange ett heltal från 0 till {row.line.open}."
        return None
    return Pick(row.line.pk, int(row.typed))


def _read_pieces(row: Row, known: dict[str, Individual]) -> Pick | None:
    if not row.chosen:
        return None
    if len(row.chosen) > row.line.open:
        row.error = f"Välj högst {row.line.open} individer. Du har valt {len(row.chosen)}."
        return None
    for number in row.chosen:
        if fault := _fault(number, known.get(number), row.line):
            row.error = f"{fault} Välj en annan."
            return None
    ids = tuple(known[number].pk for number in row.chosen)
    return Pick(row.line.pk, len(ids), ids)


def _fault(number: str, piece: Individual | None, line: OrderLine) -> str:
    """Why a piece can't be handed out on the line; the service checks again under its lock."""
    if piece is None:
        return f"Ingen individ har numret {number}."
    if piece.article_id != line.article_id:
        return f"Individ {number} är en annan artikel: {piece.article}."
    if piece.warehouse_id is None:
        return f"Individ {number} finns inte på hyllan ({piece.get_status_display().lower()})."
    if piece.warehouse_id != line.warehouse_id:
        return f"Individ {number} står i {piece.warehouse}, inte i {line.warehouse}."
    if piece.blocked:
        return f"Individ {number} är spärrad."
    if piece.status != Individual.Status.IN_STOCK:
        return f"Individ {number} är {piece.get_status_display().lower()}."
    return ""
