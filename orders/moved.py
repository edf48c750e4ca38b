"""The day on which more of an article is expected has moved: whoever waits for it is told."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.db.models import F

from articles.models import Article
from organisation.models import MessageKind, User, Warehouse
from recipients.cases import inform
from sesam.days import day_and_month

from .models import Order, OrderLine


def waiting_orders(warehouse: Warehouse, article: Article) -> list[Order]:
    """The open orders that wait for it to come."""
    lines = OrderLine.objects.filter(
        warehouse=warehouse,
        article=article,
        quantity__gt=F("delivered") + F("cancelled") + F("reserved"),
    )
    orders = Order.objects.still_open().filter(pk__in=lines.values("order"))
    return list(
        orders.select_related("recipient", "ordered_by", "prescriber").order_by("case_number")
    )


@transaction.atomic
def tell_waiting(*, warehouse: Warehouse, article: Article, day: dt.date | None, by: User) -> int:
    """Returns how many orders it concerned."""
    orders = waiting_orders(warehouse, article)
    when = day_and_month(day) if day else ""
    for order in orders:
        title = f"Ny leveransdag för beställning {order.case_number}"
        text = f"{article.name} är restnoterad."
        text += f" Den väntas till lagret {when}." if when else " Ingen dag är känd just nu."
        inform(order, by, MessageKind.BACKLOG, title, text)
    return len(orders)
