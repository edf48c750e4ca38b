"""KHS's delivery form: what can go of an order, what was typed, and what goes and stays by it."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field

from django.http import QueryDict

from individuals.models import Individual
from individuals.services import free, with_blocked
from organisation.models import Source

from .models import Order, OrderLine
from .promises import balances
from .services import Pick

# More pieces than these on a shelf are typed or scanned instead of ticked.
TICKED_AT_MOST = 12


@dataclass
class DeliveryRow:
    """A line that can still be delivered from, and what was typed at it.

    ``main`` is the row of the aid it is a component of, if some of that is still to go too.
    """

    line: OrderLine
    available: int | None  # beside what the line holds itself; None: not stocked
    can_go: int
    shelf: list[Individual] = field(default_factory=list)
    main: DeliveryRow | None = None
    typed: str = ""
    chosen: list[str] = field(default_factory=list)
    confirmed: bool = False
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

    @property
    def confirm_name(self) -> str:
        return f"bekrafta-{self.line.pk}"

    @property
    def ready(self) -> int:
        """How many can go without anybody saying more: a manual line wants its article first."""
        return 0 if self.line.article.is_manual and not self.confirmed else self.can_go

    @property
    def asked(self) -> int:
        """How many were chosen or typed here; a manual line counts when it is confirmed."""
        if self.line.article.is_marked:
            return len(self.chosen)
        if self.line.article.is_manual and not self.confirmed:
            return 0
        return _whole(self.typed)

    @property
    def goes(self) -> int:
        """How many are handed out by what was typed. A component follows its main aid: at most
        as many as belong to those that go. One that is chosen by its number is taken at its
        word, and refused if it would go before its aid."""
        if self.error:
            return 0
        if self.main is None or self.line.article.is_marked:
            return self.asked
        return min(self.asked, self._following(self.main, self.main.goes))

    @property
    def stays(self) -> int:
        return self.line.open - self.goes

    def _following(self, main: DeliveryRow, going: int) -> int:
        """How many can go when ``going`` of the main aid do."""
        most = self.line.most_with(main.line, main.line.delivered + going)
        return max(0, most - self.line.delivered)

    def limit_to_main(self) -> None:
        """A component can go as far as its main aid can."""
        if self.main is not None:
            self.can_go = min(self.can_go, self._following(self.main, self.main.can_go))


@dataclass
class DeliverySheet:
    """The form's rows, and what the whole of it comes to."""

    rows: list[DeliveryRow]

    @property
    def total(self) -> int:
        return sum(row.line.open for row in self.rows)

    @property
    def going(self) -> int:
        return sum(row.goes for row in self.rows)

    @property
    def staying(self) -> list[DeliveryRow]:
        return [row for row in self.rows if row.stays]

    @property
    def has_errors(self) -> bool:
        return any(row.error for row in self.rows)

    @property
    def ready(self) -> int:
        return sum(row.ready for row in self.rows)

    def row_of(self, line_id: int | None) -> DeliveryRow | None:
        return next((row for row in self.rows if row.line.pk == line_id), None)


def sheet(order: Order) -> DeliverySheet:
    """The order's KHS lines with something left, each preset with what can go now.

    Pieces are chosen by hand, and a manual line is confirmed by hand: neither goes by itself.
    Lines delivered together are preset only if all of them can go whole. Lines of the same
    article share what is available: the first one gets it.
    """
    lines = [
        line
        for line in order.lines.filter(source=Source.CENTRAL).select_related(
            "article", "warehouse", "component_of__article", "fitted_to", "put_for__article"
        )
        if line.open
    ]
    left = {place: row.available for place, row in balances(lines).items()}
    shelf = _shelf(lines)
    shelf_left = {place: len(pieces) for place, pieces in shelf.items()}
    found: list[DeliveryRow] = []
    for line in lines:
        place = (line.warehouse_id, line.article_id)
        if not line.article.is_stocked:
            found.append(DeliveryRow(line, None, 0 if line.awaits_project else line.open))
            continue
        available = left.get(place, 0)
        can_go = min(line.open, line.reserved + available)
        if line.article.is_marked:
            can_go = min(can_go, shelf_left.get(place, 0))
            shelf_left[place] = shelf_left.get(place, 0) - can_go
        left[place] = available - max(0, can_go - line.reserved)
        found.append(DeliveryRow(line, available, can_go, shelf.get(place, [])))
    by_line: dict[int | None, DeliveryRow] = {row.line.pk: row for row in found}
    for row in found:
        row.main = by_line.get(row.line.component_of_id)
        row.limit_to_main()
    together = [row for row in found if row.line.deliver_together]
    if any(row.can_go < row.line.open for row in together):
        for row in together:
            row.can_go = 0
    for row in found:
        row.typed = str(row.can_go)
    return DeliverySheet(found)


def _shelf(lines: list[OrderLine]) -> dict[tuple[int | None, int], list[Individual]]:
    """Pieces that can be handed out, by place and number. One query."""
    marked = [line for line in lines if line.article.is_marked]
    shelf: dict[tuple[int | None, int], list[Individual]] = defaultdict(list)
    if marked:
        pieces = free().filter(
            warehouse__in={line.warehouse_id for line in marked},
            article__in={line.article_id for line in marked},
        )
        for piece in pieces.order_by("number"):
            shelf[piece.warehouse_id, piece.article_id].append(piece)
    return shelf


def read(found: DeliverySheet, data: QueryDict) -> list[Pick]:
    """What was typed, kept in ``found``, and what goes by it. A row with ``error`` gives no
    pick."""
    for row in found.rows:
        if row.line.article.is_marked:
            row.chosen = list(dict.fromkeys(_numbers(data.getlist(row.pieces_name))))
        else:
            row.typed = data.get(row.quantity_name, "").strip()
            row.confirmed = row.confirm_name in data
    known = _pieces([number for row in found.rows for number in row.chosen])
    for row in found.rows:
        row.error = _pieces_fault(row, known) if row.chosen else _quantity_fault(row)
    return [
        Pick(
            row.line.pk,
            row.goes,
            tuple(known[number].pk for number in row.chosen),
            as_commented=row.confirmed,
        )
        for row in found.rows
        if row.goes and not row.error
    ]


def _numbers(values: list[str]) -> list[str]:
    return [number for value in values for number in re.split(r"[\s,;]+", value) if number]


def _pieces(numbers: list[str]) -> dict[str, Individual]:
    if not numbers:
        return {}
    pieces = with_blocked().filter(number__in=numbers).select_related("article", "warehouse")
    return {piece.number: piece for piece in pieces}


def _whole(typed: str) -> int:
    """The number that was typed; 0 for anything else."""
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 9 else 0


def _quantity_fault(row: DeliveryRow) -> str:
    is_number = not row.typed or row.typed.strip("0") == "" or _whole(row.typed) > 0
    if is_number and _whole(row.typed) <= row.line.open:
        return ""
    return f"Ange ett heltal från 0 till {row.line.open}."


def _pieces_fault(row: DeliveryRow, known: dict[str, Individual]) -> str:
    if len(row.chosen) > row.line.open:
        return f"Välj högst {row.line.open} individer. Du har valt {len(row.chosen)}."
    faults = (_piece_fault(number, known.get(number), row.line) for number in row.chosen)
    fault = next((fault for fault in faults if fault), "")
    return f"{fault} Välj en annan." if fault else ""


def _piece_fault(number: str, piece: Individual | None, line: OrderLine) -> str:
    """Why a piece can't be handed out on the line; the service checks again under its lock."""
    if piece is None:
        return f"Ingen individ har numret {number}."
    if piece.article_id != line.article_id:
        return f"Individ {number} är en annan artikel: {piece.article}."
    if piece.status == Individual.Status.WITH_RECIPIENT:
        return f"Individ {number} är redan utlämnad."
    if piece.warehouse_id is None:
        return f"Individ {number} finns inte på hyllan ({piece.get_status_display().lower()})."
    if piece.warehouse_id != line.warehouse_id:
        return f"Individ {number} står i {piece.warehouse}, inte i {line.warehouse}."
    if piece.blocked:
        return f"Individ {number} är spärrad."
    if piece.status != Individual.Status.IN_STOCK:
        return f"Individ {number} är {piece.get_status_display().lower()}."
    return ""
