"""Some months of orders: delivered ones with their loans, and some that are still on the way."""

import datetime as dt
import random

from django.utils import timezone

from articles.models import Article, ArticleType, Responsibility
from individuals.models import Individual
from orders.models import Delivery, DeliveryWay, Order, OrderEvent, OrderStatus
from organisation.models import Warehouse
from pickups.models import Return, ReturnLine
from recipients.cases import EventKind
from recipients.models import Loan, Recipient
from recipients.whereabouts import AddressRule

from . import people, projects
from .organisation import Places
from .rows import Rows, delivery_row, lent_row, line_row, order_row, save
from .stock import Shelf

DAYS = 150
AGAIN = 4  # walkers that had somebody before
WAITS = (0, 2, 1, 5, 0, 3, 8, 1, 2, 13, 0)  # days more than the one that it takes at least


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
    for turn, (at, (recipient, count)) in enumerate(zip(moments, wanted, strict=True)):
        waited = dt.timedelta(days=WAITS[turn % len(WAITS)])
        order = order_row(rows, places, recipient, way, at - waited)
        delivery = delivery_row(rows, order, at + dt.timedelta(days=1), places.users["khs"])
        for position, article in enumerate(chance.sample(useful, count), 1):
            _deliver(rows, shelf, places, delivery, article, position, chance)
    _lend_again(rows, shelf, places, articles, recipients, way)
    stocked = {a.pk: a for a in articles.values()}
    for turn in range(24):
        at = timezone.now() - dt.timedelta(days=20 - turn * 0.8)
        order = order_row(rows, places, chance.choice(living), way, at)
        _open(rows, shelf, order, stocked, chance, turn)
    manual = projects.add(rows, places, articles, recipients, way, shelf)
    save(rows, shelf)
    projects.put(places, manual)
    return len(rows.orders)


def _deliver(
    rows: Rows,
    shelf: Shelf,
    places: Places,
    delivery: Delivery,
    article: Article,
    position: int,
    chance: random.Random,
) -> None:
    quantity = 1 if article.is_marked else chance.choice([1, 1, 1, 2])
    warehouse = places.central["100"]
    piece = shelf.hand_out(warehouse, article, quantity, at=delivery.at,
                           case_number=delivery.order.case_number, user=delivery.by)  # fmt: skip
    _hand_over(rows, delivery, article, piece, position, quantity, warehouse)


def _hand_over(
    rows: Rows,
    delivery: Delivery,
    article: Article,
    piece: Individual | None,
    position: int,
    quantity: int,
    warehouse: Warehouse,
) -> Loan:
    line = line_row(rows, delivery.order, article, position, quantity, warehouse)
    return lent_row(rows, delivery, line, piece)


def _lend_again(
    rows: Rows,
    shelf: Shelf,
    places: Places,
    articles: dict[str, Article],
    recipients: dict[str, Recipient],
    way: DeliveryWay,
) -> None:
    """Walkers came back to the own store, and went on to somebody else: of the same municipality,
    and every other time of another, which buys the used piece."""
    user, store = places.users["buffertansvarig"], places.stores["0880"]
    walkers = sorted(
        (a for a in articles.values()
         if a.is_marked and a.iso_code == "120606" and a.responsibility == Responsibility.B),
        key=lambda article: article.number,
    )  # fmt: skip
    here = people.unknown_to_tests(recipients, "0880")
    there = people.unknown_to_tests(recipients, "0834")
    for turn, article in enumerate(walkers[:AGAIN]):
        at = timezone.now() - dt.timedelta(days=85 - 10 * turn)
        lent, back = at - dt.timedelta(days=50), at - dt.timedelta(days=8)
        first, second = here[-1 - turn], (there if turn % 2 else here)[turn]
        order = order_row(rows, places, first, way, lent)
        delivery = delivery_row(rows, order, lent + dt.timedelta(days=1), places.users["khs"])
        piece = shelf.hand_out(places.central["100"], article, 1, at=delivery.at,
                               case_number=order.case_number, user=delivery.by)  # fmt: skip
        if piece is None:
            raise LookupError("walkers are marked")
        loan = _hand_over(rows, delivery, article, piece, 1, 1, places.central["100"])
        loan.returned, loan.ended_at = 1, back
        came = Return(recipient=first, unit=order.unit, warehouse=store, at=back, by=user)
        rows.returns.append(came)
        rows.returned.append(ReturnLine(of=came, loan=loan, quantity=1))
        order = order_row(rows, places, second, way, at)
        delivery = delivery_row(rows, order, at + dt.timedelta(hours=2), user)
        shelf.lend_again(store, piece, back=back, at=delivery.at,
                         case_number=order.case_number, user=user)  # fmt: skip
        _hand_over(rows, delivery, article, piece, 1, 1, store)


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
