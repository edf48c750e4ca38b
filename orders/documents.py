"""KHS's papers of an order: «Plocklista» and «Följesedel».

The pick list names nobody. The delivery note bears what the carrier and the receiver need: no
personal number. A protected person's note has the address typed for that case, and only while
the case is open; it is printed before the last delivery is registered.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.urls import reverse

from organisation.models import Source
from sesam import documents

from . import delivery_sheet
from .models import Delivery, LineDelivery, Order, OrderLine


@dataclass(frozen=True)
class PaperRow:
    """What a line's row of a delivery note says."""

    line: OrderLine
    quantity: int
    pieces: str = ""


def pick_list(request: HttpRequest, order: Order) -> bytes | None:
    """What is to be picked, by warehouse; None when nothing is."""
    rows = delivery_sheet.sheet(order).rows
    if not rows:
        return None
    warehouses: dict[str, list[delivery_sheet.DeliveryRow]] = defaultdict(list)
    for row in rows:
        if row.ready:
            warehouses[str(row.line.warehouse)].append(row)
    return _pdf(
        request,
        order,
        "orders/documents/pick_list.html",
        f"Plocklista {order.case_number}",
        {
            "warehouses": sorted(warehouses.items()),
            "waiting": [row for row in rows if not row.ready],
            "together": any(row.line.deliver_together for row in rows),
            "hold": order.holds.filter(released_at=None).first(),
        },
    )


def deliveries(order: Order) -> QuerySet[Delivery]:
    """What KHS has delivered of the order, first to last."""
    from_khs = LineDelivery.objects.filter(delivery=OuterRef("pk"), line__source=Source.CENTRAL)
    return order.deliveries.filter(Exists(from_khs))


def delivery_note(request: HttpRequest, order: Order, number: int | None = None) -> bytes | None:
    """The note of a delivery, or of what can go next; None when there is none."""
    delivery = None
    if number is None:
        if order.holds.filter(released_at=None).exists():
            return None
        rows = [
            PaperRow(row.line, row.ready) for row in delivery_sheet.sheet(order).rows if row.ready
        ]
    else:
        delivery = deliveries(order).filter(number=number).first()
        if delivery is None:
            return None
        rows = _delivered(order, delivery)
    if not rows:
        return None
    return _pdf(
        request,
        order,
        "orders/documents/delivery_note.html",
        f"Följesedel {delivery.note_number if delivery else order.case_number}",
        {
            "rows": rows,
            "later": _later(order, rows if delivery is None else []),
            "delivery": delivery,
            "masked": order.address_masked,
        },
    )


def _delivered(order: Order, delivery: Delivery) -> list[PaperRow]:
    rows: dict[int, PaperRow] = {}
    found = delivery.lines.filter(line__source=Source.CENTRAL)
    for part in found.select_related(
        "line__order__recipient",
        "line__article",
        "line__component_of__article",
        "line__fitted_to",
        "individual",
    ).order_by("line__position", "line_id", "id"):
        before = rows.get(part.line_id, PaperRow(part.line, 0))
        pieces = [before.pieces] if before.pieces else []
        if part.individual:
            pieces.append(part.individual.number)
        rows[part.line_id] = PaperRow(part.line, before.quantity + part.quantity, ", ".join(pieces))
    return list(rows.values())


def _later(order: Order, going: list[PaperRow]) -> list[PaperRow]:
    """What of KHS's lines is still to come, apart from what goes with this note."""
    gone = {row.line.pk: row.quantity for row in going}
    found = order.lines.filter(source=Source.CENTRAL).select_related("article", "component_of")
    rest = [PaperRow(line, line.open - gone.get(line.pk, 0)) for line in found]
    return [row for row in rest if row.quantity]


def _pdf(
    request: HttpRequest, order: Order, template: str, title: str, context: dict[str, Any]
) -> bytes:
    page = reverse("orders:detail", args=[order.case_number])
    return documents.pdf(
        template,
        {"order": order, "is_protected": order.is_protected, **context},
        title=title,
        request_user=request.user,
        case_url=request.build_absolute_uri(page),
        personal=order.recipient is not None,
        show_unit=not order.is_protected,
    )
