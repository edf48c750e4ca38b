"""What KHS's side asks of orders: the queue, and what of an order can go."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Exists, F, OuterRef, Prefetch, QuerySet
from django.utils import timezone

from organisation.models import Source
from organisation.queues import State
from sesam.known import Known, known

from . import delivery_sheet, documents, promises, shown
from .models import Delivery, Order, OrderHold, OrderLine, OrderStatus
from .shown import DeskLine
from .stages import FOR_KHS, Stage

ON_HOME = 12  # of the orders that can be picked

# --- an order's page ---------------------------------------------------------------------


@dataclass(frozen=True)
class Desk:
    """What KHS can do with an order from its page; ``lines`` are by the keys of the order's."""

    lines: dict[int, DeskLine]
    can_pick: bool
    can_stop: bool
    can_deliver: bool
    can_cancel: bool
    can_go: bool
    deliveries: list[Delivery]


def desk(order: Order, lines: list[OrderLine], hold: OrderHold | None) -> Desk:
    """What KHS can do with the order and with each of its ``lines``. A fixed number of queries."""
    known = promises.balances(lines)
    at_lines = {}
    for line in lines:
        balance = known.get((line.warehouse_id, line.article_id))
        at_lines[line.pk] = DeskLine(
            available=balance.available if balance else 0,
            expected_on=balance.expected_on if balance else None,
            backlog=line.backlog if line.article.is_stocked else 0,
            may_put=not order.has_ended and line.takes_articles,
            may_take_off=not order.has_ended and bool(line.put_for_id) and line.open > 0,
        )
    is_waiting = order.status == OrderStatus.REGISTERED and hold is None
    # A project that isn't mounted yet is moved on its own page: nothing of it is picked or delivered.
    is_ours = any(
        line.open and line.source == Source.CENTRAL and not line.awaits_project for line in lines
    )
    can_deliver = not order.has_ended and hold is None and is_ours
    return Desk(
        lines=at_lines,
        can_pick=is_waiting and is_ours,
        can_stop=order.status == OrderStatus.PICKING,
        can_deliver=can_deliver,
        can_cancel=is_waiting,
        can_go=can_deliver and delivery_sheet.sheet(order).ready > 0,
        deliveries=list(documents.deliveries(order)),
    )


# --- the queue ---------------------------------------------------------------------------


def queue(orders: QuerySet[Order]) -> QuerySet[Order]:
    """``orders`` with all that a row of the queue shows, in a fixed number of queries."""
    found = orders.select_related("unit", "recipient__payer", "destination", "delivery_way")
    return found.prefetch_related(  # type: ignore[no-redef]  # declared by the model
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


def waiting_for(article_id: int) -> QuerySet[Order]:
    """Orders on which something of the article is still to be delivered by KHS."""
    lines = OrderLine.objects.filter(
        article=article_id,
        source=Source.CENTRAL,
        quantity__gt=F("delivered") + F("cancelled"),
    )
    return Order.objects.undelivered().filter(pk__in=lines.values("order"))


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
    lines = _open_lines().exclude(stage__in=known(["", Stage.INSTALLED]))
    return Exists(lines.filter(stage__in=known(stages)) if stages else lines)


def late(today: dt.date | None = None) -> Exists:
    """Orders with something undelivered whose promised day has passed."""
    return Exists(_open_lines().filter(planned_delivery__lt=today or timezone.localdate()))


def is_late(lines: Iterable[OrderLine]) -> bool:
    """Whether the promised day of one of an order's KHS lines has passed without it."""
    days = [x.planned_delivery for x in lines if x.open and x.planned_delivery]
    return bool(days) and min(days) < timezone.localdate()


CAN_BE_PICKED = [OrderStatus.REGISTERED, OrderStatus.PARTLY_DELIVERED]
STATES: dict[str, State] = {
    "klar": (
        "Klar att plocka",
        lambda orders: (
            orders.undelivered()
            .filter(~backordered(), ~held(), ~in_project())
            .filter(status__in=known(CAN_BE_PICKED))  # found by its index, not all ever sent
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


def in_state(state: str) -> QuerySet[Order]:
    """The orders in one of ``STATES``."""
    return STATES[state][1](Order.objects.all())


def being_picked() -> QuerySet[Order]:
    return Order.objects.filter(status=Known(OrderStatus.PICKING))


def readiness(lines: Iterable[OrderLine]) -> tuple[int, int]:
    """How many of the undelivered lines can go now, and how many there are. A component can't
    before its main aid can."""
    undelivered = [line for line in lines if line.open]
    waits = {x.pk for x in undelivered if x.awaits_project or (x.article.is_stocked and x.backlog)}
    ready = [x for x in undelivered if waits.isdisjoint((x.pk, x.component_of_id))]
    return len(ready), len(undelivered)


def goes_together(lines: Iterable[OrderLine]) -> bool:
    return any(line.deliver_together and line.open for line in lines)


@dataclass(frozen=True)
class QueueRow:
    """An order as a row of a queue shows it: what, to whom, how long it has waited, how it stands.

    Whose patient a protected person is, and where they live, it doesn't tell.
    """

    order: Order

    @property
    def lines(self) -> list[OrderLine]:
        return self.order.khs_lines

    @property
    def aids(self) -> str:
        """The first aid by name, and how many there are besides."""
        return shown.aids(self.lines)

    @property
    def to(self) -> str:
        """A store, or the recipient's municipality."""
        order = self.order
        if order.destination:
            return str(order.destination)
        if order.is_protected or order.recipient is None or order.recipient.payer is None:
            return ""
        return order.recipient.payer.name

    @property
    def age(self) -> int:
        """Days since it was sent."""
        return (timezone.localdate() - timezone.localtime(self.order.sent_at).date()).days

    @property
    def is_late(self) -> bool:
        return is_late(self.lines)

    @property
    def goes_together(self) -> bool:
        return goes_together(self.lines)

    @property
    def state(self) -> tuple[str, str, str]:
        """How it stands, in words; with the icon and the tone where they aren't the words' own."""
        order = self.order
        if order.has_ended:
            return order.get_status_display(), "", ""
        if holds := order.open_holds:
            return f"Väntar på {holds[0].case_number}", "lock", "amber"
        if project := next((line for line in self.lines if line.awaits_project), None):
            return project.progress_label, "", ""
        if order.status == OrderStatus.PICKING:
            return order.get_status_display(), "", ""
        missing = len([x for x in self.lines if x.open and x.article.is_stocked and x.backlog])
        if missing:
            words = "rad restnoterad" if missing == 1 else "rader restnoterade"
            return f"{missing} {words}", "hourglass", "amber"
        if order.status == OrderStatus.REGISTERED:
            return "Klar att plocka", "circle-dot", "blue"
        return order.get_status_display(), "", ""


def first_to_pick() -> list[QueueRow]:
    """The oldest of what can be picked, for the home."""
    return [
        QueueRow(order) for order in queue(in_state("klar")).order_by("sent_at", "id")[:ON_HOME]
    ]
