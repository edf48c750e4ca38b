"""The rows that the demo's orders consist of, and how they are written."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Model
from django.utils import timezone

from articles import prices
from articles.models import Article
from individuals.models import Individual
from orders import promises, sellers
from orders.models import (
    Delivery,
    DeliveryWay,
    LineDelivery,
    Order,
    OrderAttachment,
    OrderEvent,
    OrderKind,
    OrderLine,
    OrderStatus,
    ProjectMove,
)
from organisation.models import Source, User, Warehouse
from pickups.models import Return, ReturnLine
from recipients.cases import EventKind
from recipients.models import CareRelation, Loan, Recipient
from sesam import case_numbers
from sesam.models import CaseKind, CaseNumber, CaseSeries
from sesam.working_days import add_working_days

from .organisation import Places
from .stock import Shelf


@dataclass
class Rows:
    """Everything that is written, in the order it must be."""

    orders: list[Order] = field(default_factory=list)
    lines: list[OrderLine] = field(default_factory=list)
    put: list[OrderLine] = field(default_factory=list)  # by KHS, for one of the lines
    loans: list[Loan] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)
    handed_out: list[LineDelivery] = field(default_factory=list)
    events: list[OrderEvent] = field(default_factory=list)
    relations: list[CareRelation] = field(default_factory=list)
    files: list[OrderAttachment] = field(default_factory=list)
    moves: list[ProjectMove] = field(default_factory=list)
    returns: list[Return] = field(default_factory=list)
    returned: list[ReturnLine] = field(default_factory=list)
    series: dict[str, int] = field(default_factory=dict)

    def number(self, at: dt.datetime) -> str:
        week = case_numbers.prefix(timezone.localdate(at))
        self.series[week] = self.series.get(week, 0) + 1
        return case_numbers.written(week, self.series[week])


def order_row(
    rows: Rows, places: Places, recipient: Recipient, way: DeliveryWay, at: dt.datetime
) -> Order:
    """An order of the recipient's unit, sent ``at``."""
    code = recipient.municipality_code
    unit = places.units[code if code in ("0880", "0883") else "0880"]
    user = places.users["forskrivare2" if unit.code.startswith("0883") else "forskrivare"]
    number = rows.number(at)
    shown = not recipient.is_protected
    order = Order(
        case_number=number, kind=OrderKind.CUSTOMER, recipient=recipient, unit=unit,
        ordered_by=user, prescriber=user, delivery_way=way,
        address_of=way.address, sent_at=at,
        planned_delivery=add_working_days(timezone.localdate(at), 4),
        street=recipient.street if shown else "", postcode=recipient.postcode if shown else "",
        locality=recipient.locality if shown else "",
        recipient_mobile=recipient.mobile if shown else "", contact_name=str(user),
        contact_phone=user.phone, contact_prescriber=recipient.contact_prescriber,
    )  # fmt: skip
    rows.orders.append(order)
    rows.events.append(
        OrderEvent(
            order=order, at=at, user=user, kind=EventKind.CREATED, text="Beställningen skickades"
        )
    )
    rows.relations.append(CareRelation(recipient=recipient, unit=unit, case_number=number))
    return order


def line_row(
    rows: Rows,
    order: Order,
    article: Article,
    position: int,
    quantity: int,
    warehouse: Warehouse,
    **facts: Any,
) -> OrderLine:
    """A line of it, as it was sent."""
    central = warehouse.is_central
    payer = (order.recipient and order.recipient.payer) or order.unit.payer
    line = OrderLine(
        order=order, position=position, article=article, quantity=quantity, warehouse=warehouse,
        source=Source.CENTRAL if central else Source.OWN_STORE, payer=payer,
        seller_id=sellers.seller_id(article, warehouse, order.unit),
        billing_form=article.billing_form,
        planned_delivery=order.planned_delivery if promises.is_knowable(article) else None, **facts,
    )  # fmt: skip
    (rows.put if line.put_for else rows.lines).append(line)
    return line


def delivery_row(rows: Rows, order: Order, at: dt.datetime, by: User) -> Delivery:
    """All of the order is handed out."""
    delivery = Delivery(order=order, number=1, at=at, by=by)
    rows.deliveries.append(delivery)
    rows.events.append(
        OrderEvent(order=order, at=at, user=by, kind=EventKind.DELIVERED, text="Utlevererad")
    )
    order.status, order.delivered_at = OrderStatus.DELIVERED, at
    return delivery


def lent_row(
    rows: Rows, delivery: Delivery, line: OrderLine, piece: Individual | None = None
) -> Loan:
    """All of the line is handed out, and held from then on."""
    order, quantity = delivery.order, line.quantity
    line.delivered = quantity
    loan = Loan(
        recipient=order.recipient, article=line.article, individual=piece, quantity=quantity,
        unit=order.unit, prescriber_name=str(order.prescriber), case_number=order.case_number,
        delivered_at=delivery.at,
    )  # fmt: skip
    rows.loans.append(loan)
    rows.handed_out.append(
        LineDelivery(delivery=delivery, line=line, quantity=quantity, individual=piece, loan=loan)
    )
    return loan


def save(rows: Rows, shelf: Shelf) -> None:
    """Write all of it."""
    shelf.save()
    CaseSeries.objects.bulk_create(CaseSeries(prefix=p, last=n) for p, n in rows.series.items())
    CaseNumber.objects.bulk_create(
        CaseNumber(number=o.case_number, kind=CaseKind.ORDER) for o in rows.orders
    )
    Order.objects.bulk_create(rows.orders)
    _prices([*rows.lines, *rows.put])
    tables: tuple[Sequence[Model], ...] = (
        rows.lines,
        rows.put,
        rows.loans,
        rows.deliveries,
        rows.handed_out,
        rows.events,
        rows.relations,
        rows.files,
        rows.moves,
        rows.returns,
        rows.returned,
    )
    for made in tables:
        for row in made:
            _take_over_ids(row)
        type(made[0])._default_manager.bulk_create(made, batch_size=2000)


def _take_over_ids(row: Model) -> None:
    """Django keeps the id that a related row had when it was set: none yet."""
    for name in ("order", "line", "delivery", "loan", "individual", "offer", "of", "put_for"):
        if (related := getattr(row, name, None)) is not None and hasattr(row, f"{name}_id"):
            setattr(row, name, related)


def _prices(lines: list[OrderLine]) -> None:
    amounts = prices.today({line.article_id for line in lines})
    for line in lines:
        costs = amounts.get(line.article_id, prices.NONE)
        line.list_price, line.rent = costs.list_price, costs.rent
