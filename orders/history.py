"""What orders tell in a recipient's «Historik»: what happened to them, and what was handed out."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Prefetch
from django.http import HttpRequest

from recipients.cases import EventKind
from recipients.history import Happening, names
from recipients.models import Recipient
from sesam.links import links

from .models import Delivery, LineDelivery, Order, OrderEvent, OrderLine

_LOOKS: dict[str, tuple[str, str]] = {
    EventKind.CANCELLED: ("ban", "red"),
    EventKind.CREATED: ("shopping-cart", "blue"),
}


@dataclass(frozen=True)
class _Opened:
    """Which of the orders who asks may open."""

    own: Collection[int]
    is_protected: bool

    @classmethod
    def of(cls, request: HttpRequest, recipient: Recipient, orders: set[int]) -> _Opened:
        mine = Order.objects.for_user(request.user).filter(pk__in=orders)
        return cls(set(mine.values_list("pk", flat=True)), recipient.is_protected)

    def by(self, order: Order, who: object) -> str:
        """Whose patient a protected person is tells where they live."""
        return str(who or "") if order.pk in self.own or not self.is_protected else ""


def events(request: HttpRequest, recipient: Recipient, limit: int) -> list[Happening]:
    """What happened to the recipient's orders, but what was handed out (``deliveries``)."""
    found = list(
        OrderEvent.objects.filter(order__recipient=recipient)
        .exclude(kind=EventKind.DELIVERED)
        .select_related("order", "user")
        .prefetch_related(
            Prefetch("order__lines", OrderLine.objects.select_related("article").order_by("pk"))
        )
        .order_by("-at", "-pk")[:limit]
    )
    opened = _Opened.of(request, recipient, {event.order_id for event in found})
    url = links("orders:detail")
    return [
        Happening(
            # What is handed out at once is so after it was ordered.
            at=event.order.sent_at if event.kind == EventKind.CREATED else event.at,
            title=_title(event),
            case=event.order.get_kind_display(),
            number=event.order.case_number,
            url=url(event.order.case_number) if event.order_id in opened.own else "",
            by=opened.by(event.order, event.user),
            icon=_LOOKS.get(event.kind, ("", ""))[0],
            tone=_LOOKS.get(event.kind, ("", ""))[1],
        )
        for event in found
    ]


def _title(event: OrderEvent) -> str:
    """«Cross 6 och ROHO Hybrid Elite beställda»; else what the case's own page says."""
    if event.kind != EventKind.CREATED:
        return event.text
    mains = [line for line in event.order.lines.all() if not line.component_of_id]
    ordered = names((line.article.name, line.quantity) for line in mains if not line.put_for_id)
    return f"Beställt: {ordered}" if ordered else event.text


def deliveries(request: HttpRequest, recipient: Recipient, limit: int) -> list[Happening]:
    """What was handed out to the recipient."""
    handed_out = LineDelivery.objects.select_related("line__article", "loan", "individual")
    found = list(
        Delivery.objects.filter(order__recipient=recipient)
        .select_related("order", "by")
        .prefetch_related(Prefetch("lines", handed_out.order_by("pk")))
        .order_by("-at", "-pk")[:limit]
    )
    opened = _Opened.of(request, recipient, {delivery.order_id for delivery in found})
    url = links("orders:detail")
    return [
        Happening(
            at=delivery.at,
            title=f"Levererat: {names(_handed_out(delivery))}",
            case="Kundorder",
            number=delivery.order.case_number,
            url=url(delivery.order.case_number) if delivery.order_id in opened.own else "",
            more=_pieces(delivery),
            by=opened.by(delivery.order, delivery.by),
            icon="truck",
            tone="green",
        )
        for delivery in found
    ]


def _handed_out(delivery: Delivery) -> list[tuple[str, int]]:
    """The aids; components only where nothing else came."""
    parts = list(delivery.lines.all())
    mains = [part for part in parts if not part.line.component_of_id] or parts
    counts: dict[str, int] = {}
    for part in mains:
        name = part.loan.title if part.loan and part.loan.name else part.line.article.name
        counts[name] = counts.get(name, 0) + part.quantity
    return list(counts.items())


def _pieces(delivery: Delivery) -> str:
    """«individ 228114»."""
    numbers = [part.individual.number for part in delivery.lines.all() if part.individual]
    return f"individ {', '.join(numbers)}" if numbers else ""
