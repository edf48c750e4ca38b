"""Some months of orders: delivered ones with their loans, and some that are still on the way."""

import datetime as dt
import random
from dataclasses import dataclass, field

from django.utils import timezone

from articles.models import Article, ArticleType, Price
from orders.models import (
    DeliveryWay,
    LineDelivery,
    Order,
    OrderEvent,
    OrderKind,
    OrderLine,
    OrderStatus,
)
from organisation.models import Source
from recipients.models import CareRelation, Loan, Recipient
from sesam import case_numbers
from sesam.models import CaseKind, CaseNumber, CaseSeries
from sesam.working_days import add_working_days

from . import people
from .organisation import Places
from .stock import Shelf

DAYS = 150


@dataclass
class Rows:
    """Everything that is written, in the order it must be."""

    orders: list[Order] = field(default_factory=list)
    lines: list[OrderLine] = field(default_factory=list)
    loans: list[Loan] = field(default_factory=list)
    deliveries: list[LineDelivery] = field(default_factory=list)
    events: list[OrderEvent] = field(default_factory=list)
    relations: list[CareRelation] = field(default_factory=list)
    series: dict[str, int] = field(default_factory=dict)

    def number(self, at: dt.datetime) -> str:
        week = case_numbers.prefix(timezone.localdate(at))
        self.series[week] = self.series.get(week, 0) + 1
        return case_numbers.written(week, self.series[week])


def load(
    chance: random.Random,
    places: Places,
    articles: dict[str, Article],
    recipients: dict[str, Recipient],
    shelf: Shelf,
) -> int:
    """Write the history; how many orders it has."""
    rows = Rows()
    way = DeliveryWay.objects.get(address=DeliveryWay.AddressRule.RECIPIENT)
    living = [r for r in recipients.values() if r.is_person and not r.deceased_on]
    useful = [a for a in articles.values() if a.is_stocked and a.type == ArticleType.MAIN]
    useful += [a for a in articles.values() if a.type == ArticleType.CONSUMABLE] * 40
    wanted = [(chance.choice(living), chance.randint(1, 3)) for _ in range(260)]
    wanted += [(recipients[people.MANY_AIDS], 4) for _ in range(11)]
    wanted += [(recipients[people.KNOWN], 2) for _ in range(3)]
    moments = sorted(timezone.now() - dt.timedelta(days=chance.uniform(2, DAYS)) for _ in wanted)
    chance.shuffle(wanted)
    for at, (recipient, count) in zip(moments, wanted, strict=True):
        order = _order(rows, places, recipient, way, at)
        for position, article in enumerate(chance.sample(useful, count), 1):
            _deliver(rows, shelf, places, order, article, position, chance)
        order.status, order.delivered_at = OrderStatus.DELIVERED, at + dt.timedelta(days=1)
    stocked = {a.pk: a for a in articles.values()}
    for turn in range(24):
        at = timezone.now() - dt.timedelta(days=20 - turn * 0.8)
        order = _order(rows, places, chance.choice(living), way, at)
        _open(rows, shelf, order, stocked, chance, turn)
    _save(rows, shelf)
    return len(rows.orders)


def _order(rows: Rows, places: Places, recipient: Recipient, way, at) -> Order:
    code = recipient.municipality_code
    unit = places.units.get(code if code in ("0880", "0883") else "0880")
    user = places.users["forskrivare2" if unit.code.startswith("0883") else "forskrivare"]
    number = rows.number(at)
    shown = not recipient.is_protected
    order = Order(
        case_number=number, kind=OrderKind.CUSTOMER, recipient=recipient, unit=unit,
        ordered_by=user, prescriber=user, delivery_way=way, sent_at=at,
        planned_delivery=add_working_days(timezone.localdate(at), 4),
        street=recipient.street if shown else "", postcode=recipient.postcode if shown else "",
        locality=recipient.locality if shown else "",
        recipient_mobile=recipient.mobile if shown else "", contact_name=str(user),
        contact_phone=user.phone, contact_prescriber=recipient.contact_prescriber,
    )  # fmt: skip
    rows.orders.append(order)
    rows.events.append(OrderEvent(order=order, at=at, user=user, text="Beställningen skickades"))
    rows.relations.append(CareRelation(recipient=recipient, unit=unit, case_number=number))
    return order


def _line(rows, order, article, position, quantity, warehouse, **facts) -> OrderLine:
    central = warehouse.is_central
    payer = order.recipient.payer or order.unit.payer
    line = OrderLine(
        order=order, position=position, article=article, quantity=quantity, warehouse=warehouse,
        source=Source.CENTRAL if central else Source.OWN_STORE, payer=payer,
        seller=warehouse.owner, billing_form=article.billing_form, **facts,
    )  # fmt: skip
    rows.lines.append(line)
    return line


def _deliver(rows, shelf, places, order, article, position, chance) -> None:
    quantity = 1 if article.is_marked else chance.choice([1, 1, 1, 2])
    warehouse = places.central["100"]
    at = order.sent_at + dt.timedelta(days=1)
    khs = places.users["khs"]
    piece = shelf.hand_out(warehouse, article, quantity, at=at,
                           case_number=order.case_number, user=khs)  # fmt: skip
    line = _line(rows, order, article, position, quantity, warehouse, delivered=quantity)
    loan = Loan(
        recipient=order.recipient, article=article, individual=piece, quantity=quantity,
        unit=order.unit, prescriber_name=str(order.prescriber), case_number=order.case_number,
        delivered_at=at,
    )  # fmt: skip
    rows.loans.append(loan)
    rows.deliveries.append(
        LineDelivery(line=line, quantity=quantity, individual=piece, loan=loan, at=at, by=khs)
    )
    if position == 1:
        rows.events.append(OrderEvent(order=order, at=at, user=khs, text="Utlevererad"))


def _open(rows, shelf, order, articles, chance, turn) -> None:
    """Registered with reservation, backlogged, and every eighth cancelled."""
    cancelled = turn % 8 == 7
    places = [key for key, b in shelf.balances.items() if b.warehouse.number == "100"]
    for position, key in enumerate(chance.sample(places, 2), 1):
        balance, article = shelf.balances[key], articles[key[1]]
        quantity = chance.randint(1, 3)
        reserved = 0 if cancelled else min(balance.available, quantity)
        balance.reserved += reserved
        _line(rows, order, article, position, quantity, balance.warehouse, reserved=reserved,
              cancelled=quantity if cancelled else 0)  # fmt: skip
    if cancelled:
        order.status, order.cancelled_at = OrderStatus.CANCELLED, order.sent_at
        rows.events.append(OrderEvent(order=order, at=order.sent_at, user=order.ordered_by,
                                      text="Beställningen makulerades"))  # fmt: skip


def _save(rows: Rows, shelf: Shelf) -> None:
    shelf.save()
    CaseSeries.objects.bulk_create(CaseSeries(prefix=p, last=n) for p, n in rows.series.items())
    CaseNumber.objects.bulk_create(
        CaseNumber(number=o.case_number, kind=CaseKind.ORDER) for o in rows.orders
    )
    Order.objects.bulk_create(rows.orders)
    _prices(rows.lines)
    for made in (rows.lines, rows.loans, rows.deliveries, rows.events, rows.relations):
        for row in made:
            _take_over_ids(row)
        type(made[0]).objects.bulk_create(made, batch_size=2000)


def _take_over_ids(row) -> None:
    """Django keeps the id that a related row had when it was set: none yet."""
    for name in ("order", "line", "loan", "individual"):
        if (related := getattr(row, name, None)) is not None and hasattr(row, f"{name}_id"):
            setattr(row, name, related)


def _prices(lines: list[OrderLine]) -> None:
    amounts = dict(Price.objects.values_list("article_id", "amount"))
    for line in lines:
        line.price = amounts.get(line.article_id)
