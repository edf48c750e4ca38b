"""Aids at home, and the returns and pickup orders that the services make of them."""

import datetime as dt
import uuid

from django.utils import timezone

from articles.models import Article, ArticleType
from individuals.models import Component, Individual
from orders import services as orders
from organisation.models import Warehouse
from pickups import services
from pickups.models import PickupOrder, PickupReason, Return
from pickups.services import Back, Wish
from recipients.models import Loan, Recipient
from tests.factories import (
    ArticleFactory,
    BufferFactory,
    RecipientFactory,
    UnitFactory,
    UserFactory,
    put_in_stock,
)
from tests.orders.builders import add, start

DETAILS = {
    "street": "Förrådsgatan 4",
    "postcode": "39245",
    "locality": "Kalmar",
    "contact_name": "Anna Förskrivare",
    "contact_phone": "08-465 004 41",
}


def unit_with_store():
    """The unit of all prescribers here, which has an own store."""
    return UnitFactory(own_stores=[BufferFactory()])


def prescriber(**facts):
    return UserFactory(default_unit=unit_with_store(), **facts)


def to_follow_up(recipient: Recipient, day: dt.date | None = None, **facts) -> Loan:
    """An aid that is to be followed up, today unless another day is given."""
    loan = lend(recipient, facts.pop("article", None) or ArticleFactory())
    facts = {"follow_up_on": day or timezone.localdate(), "follow_up_by": UserFactory()} | facts
    Loan.objects.filter(pk=loan.pk).update(**facts)
    loan.refresh_from_db()
    return loan


def lend(
    recipient: Recipient, article: Article, quantity: int = 1, *, store: Warehouse | None = None
) -> Loan:
    """Hand the article out of the own store, as an order does."""
    store = store or BufferFactory()
    pieces = put_in_stock(store, article, quantity)
    cart = start(prescriber(), recipient)
    piece = {"individual": pieces[0]} if pieces else {}
    add(cart, article, quantity, warehouse=store, **piece)
    order = orders.send(cart, user=cart.user)
    return Loan.objects.get(case_number=order.case_number)


def lend_chair_with_part(recipient: Recipient, parts: int = 1) -> tuple[Loan, Loan]:
    """A marked chair with so many cushions fitted to it; the loans of chair and cushions."""
    store = BufferFactory()
    chair = ArticleFactory(name="Rullstol Cross", is_marked=True)
    cushion = ArticleFactory(name="Sittdyna", type=ArticleType.ACCESSORY, may_be_component=True)
    (piece,) = put_in_stock(store, chair, 1)
    put_in_stock(store, cushion, parts)
    cart = start(prescriber(), recipient)
    add(cart, chair, warehouse=store, individual=piece, components=((cushion, parts),))
    order = orders.send(cart, user=cart.user)
    loans = Loan.objects.filter(case_number=order.case_number)
    return loans.get(article=chair), loans.get(article=cushion)


def returned(loan: Loan, quantity: int | None = None, *more: Loan, **facts) -> Return:
    """The loans come back to the store of the unit."""
    user = facts.pop("user", None) or prescriber()
    scrap = facts.pop("scrap", False)
    backs = [Back(loan.pk, quantity or loan.held, scrap)]
    backs += [Back(other.pk, other.held, scrap) for other in more]
    return services.give_back(
        loan.recipient,
        backs,
        user=user,
        unit=user.default_unit,
        warehouse=facts.pop("store", None) or BufferFactory(),
        key=facts.pop("key", None) or uuid.uuid4(),
        **{"confirmed": True, **facts},
    )


def reason(words: str = "A-hjälpmedel") -> PickupReason:
    return PickupReason.objects.get(name__contains=words)


def fetched(*loans: Loan, **facts) -> PickupOrder:
    """A pickup order of the loans, whole unless ``quantity`` is given."""
    user = facts.pop("user", None) or prescriber()
    quantity = facts.pop("quantity", None)
    return services.order_pickup(
        facts.pop("recipient", None) or Recipient.objects.get(pk=loans[0].recipient_id),
        [Wish(loan.pk, quantity or loan.held) for loan in loans],
        user=user,
        unit=user.default_unit,
        prescriber=user,
        reason=facts.pop("reason", None) or reason(),
        details={**DETAILS, **facts.pop("details", {})},
        token=facts.pop("token", None) or uuid.uuid4(),
        **facts,
    )


def fitted_on(piece: Individual) -> list[str]:
    parts = Component.objects.filter(individual=piece, removed_at=None)
    return [part.article.name for part in parts.select_related("article")]


def someone() -> Recipient:
    return RecipientFactory()
