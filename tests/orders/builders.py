"""Carts and orders as the services make them."""

from articles.models import Article
from orders import cart as carts
from orders import services
from orders.models import Cart, Order
from organisation.models import Source, User, Warehouse
from recipients.models import Recipient
from tests.factories import RecipientFactory, UserFactory, WarehouseFactory


def start(user: User | None = None, recipient: Recipient | None = None, **facts) -> Cart:
    """An empty order in progress, with all that sending needs."""
    user = user or UserFactory()
    if "destination" in facts:
        user.default_unit.own_stores.add(facts["destination"])
    else:
        facts["recipient"] = recipient or RecipientFactory()
    return carts.start(user, unit=user.default_unit, prescriber=user, **facts)


def add(cart: Cart, article: Article, quantity: int = 1, **facts):
    """Put a line in the cart: from KHS unless a store is given."""
    warehouse: Warehouse = facts.pop("warehouse", None) or WarehouseFactory()
    source = Source.CENTRAL if warehouse.is_central else Source.OWN_STORE
    wish = carts.Wish(
        article=article, quantity=quantity, source=source, warehouse=warehouse, **facts
    )
    return carts.put(cart, wish)


def sent(*lines: tuple[Article, int], user: User | None = None, **facts) -> Order:
    """A sent order of (article, quantity) lines from KHS."""
    cart = start(user, **facts)
    for article, quantity in lines:
        add(cart, article, quantity)
    return services.send(cart, user=cart.user)
