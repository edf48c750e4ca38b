"""What KHS's side asks of orders: the queue, and what of an order can go."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django.db.models import Exists, F, OuterRef, Prefetch, Q, QuerySet
from django.utils import timezone

from articles.models import Balance
from organisation.models import Source
from organisation.queues import State

from .models import Order, OrderHold, OrderLine, OrderQuerySet, OrderStatus
from .stages import FOR_KHS, Stage

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
    """How many of the undelivered lines can go now, and how many there are. A component can't
    before its main aid can."""
    undelivered = [line for line in lines if line.open]
    waits = {x.pk for x in undelivered if x.awaits_project or (x.article.is_stocked and x.backlog)}
    ready = [x for x in undelivered if waits.isdisjoint((x.pk, x.component_of_id))]
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
