"""Some months of orders: delivered ones with their loans, and some that are still on the way."""

import datetime as dt
import random

from django.utils import timezone

from articles.models import Article, ArticleType
from orders.models import (
    Delivery,
    DeliveryWay,
    LineDelivery,
    Order,
    OrderEvent,
    OrderStatus,
)
from recipients.cases import EventKind
from recipients.models import Loan, Recipient
from recipients.whereabouts import AddressRule

from . import people, projects
from .organisation import Places
from .rows import Rows, line_row, order_row, save
from .stock import Shelf

DAYS = 150


def load(
    chance: random.Random,
    places: Places,
    articles: dict[str, Article],
    recipients: dict[str, Recipient],
    shelf: Shelf,
) -> int:
    """Write the history; how many orders it has."""
    rows = Rows()
    way = DeliveryWay.objects.get(address=AddressRule.RECIPIENT)
    living = [r for r in recipients.values() if r.is_person and not r.deceased_on]
    useful = [a for a in articles.values() if a.is_stocked and a.type == ArticleType.MAIN]
    useful += [a for a in articles.values() if a.type == ArticleType.CONSUMABLE] * 40
    wanted = [(chance.choice(living), chance.randint(1, 3)) for _ in range(260)]
    wanted += [(recipients[people.MANY_AIDS], 4) for _ in range(11)]
    wanted += [(recipients[people.KNOWN], 2) for _ in range(3)]
    moments = sorted(timezone.now() - dt.timedelta(days=chance.uniform(2, DAYS)) for _ in wanted)
    chance.shuffle(wanted)
    for at, (recipient, count) in zip(moments, wanted, strict=True):
        order = order_row(rows, places, recipient, way, at)
        delivery = _delivery(rows, places, order)
        for position, article in enumerate(chance.sample(useful, count), 1):
            _deliver(rows, shelf, places, delivery, article, position, chance)
        order.status, order.delivered_at = OrderStatus.DELIVERED, delivery.at
    stocked = {a.pk: a for a in articles.values()}
    for turn in range(24):
        at = timezone.now() - dt.timedelta(days=20 - turn * 0.8)
        order = order_row(rows, places, chance.choice(living), way, at)
        _open(rows, shelf, order, stocked, chance, turn)
    manual = projects.add(rows, places, articles, recipients, way)
    save(rows, shelf)
    projects.put(places, manual)
    return len(rows.orders)


def _delivery(rows: Rows, places: Places, order: Order) -> Delivery:
    """All of the order, the day after it was sent."""
    at, khs = order.sent_at + dt.timedelta(days=1), places.users["khs"]
    delivery = Delivery(order=order, number=1, at=at, by=khs)
    rows.deliveries.append(delivery)
    rows.events.append(
        OrderEvent(order=order, at=at, user=khs, kind=EventKind.DELIVERED, text="Utlevererad")
    )
    return delivery


def _deliver(
    rows: Rows,
    shelf: Shelf,
    places: Places,
    delivery: Delivery,
    article: Article,
    position: int,
    chance: random.Random,
) -> None:
    order, at = delivery.order, delivery.at
    quantity = 1 if article.is_marked else chance.choice([1, 1, 1, 2])
    warehouse = places.central["100"]
    piece = shelf.hand_out(warehouse, article, quantity, at=at,
                           case_number=order.case_number, user=delivery.by)  # fmt: skip
    line = line_row(rows, order, article, position, quantity, warehouse, delivered=quantity)
    loan = Loan(
        recipient=order.recipient, article=article, individual=piece, quantity=quantity,
        unit=order.unit, prescriber_name=str(order.prescriber), case_number=order.case_number,
        delivered_at=at,
    )  # fmt: skip
    rows.loans.append(loan)
    rows.handed_out.append(
        LineDelivery(delivery=delivery, line=line, quantity=quantity, individual=piece, loan=loan)
    )


def _open(
    rows: Rows,
    shelf: Shelf,
    order: Order,
    articles: dict[int, Article],
    chance: random.Random,
    turn: int,
) -> None:
    """Registered with reservation, backlogged, and every eighth cancelled."""
    cancelled = turn % 8 == 7
    places = [key for key, b in shelf.balances.items() if b.warehouse.number == "100"]
    for position, key in enumerate(chance.sample(places, 2), 1):
        balance, article = shelf.balances[key], articles[key[1]]
        quantity = chance.randint(1, 3)
        reserved = 0 if cancelled else min(balance.available, quantity)
        balance.reserved += reserved
        line_row(rows, order, article, position, quantity, balance.warehouse, reserved=reserved,
              cancelled=quantity if cancelled else 0)  # fmt: skip
    if cancelled:
        order.status, order.cancelled_at = OrderStatus.CANCELLED, order.sent_at
        rows.events.append(OrderEvent(order=order, at=order.sent_at, user=order.ordered_by,
                                      kind=EventKind.CANCELLED, text="Beställningen makulerades"))  # fmt: skip
