"""What happens when people meet in the stock: real connections, real threads."""

import pytest
from django.db import transaction
from django.test import Client

from articles import counting
from articles.models import Balance
from individuals import counting as pieces_counted
from individuals import services as individuals
from individuals.models import Individual
from individuals.stock_check import differences
from orders import cart as carts_of
from orders import services
from orders.models import Cart, DeliveryWay, Order, OrderLine
from orders.services import Pick
from organisation.models import Warehouse
from recipients.models import Loan, Recipient
from sesam.errors import DomainError
from sesam.models import CaseNumber
from tests.at_once import at_once, while_others_write
from tests.factories import (
    ArticleFactory,
    BufferFactory,
    RecipientFactory,
    UnitFactory,
    UserFactory,
    WarehouseFactory,
    put_in_stock,
)
from tests.pickups.pages import form_of

from .builders import add, sent, start

pytestmark = pytest.mark.django_db(transaction=True)


def stock_agrees() -> None:
    """What ``check_stock`` checks, and that the reservations are those of the open lines."""
    assert differences() == []
    held = {(b.warehouse_id, b.article_id): b.reserved for b in Balance.objects.all()}
    assert {place: n for place, n in held.items() if n} == dict(services.reserved_by_place())


def test_two_people_take_the_last_piece_of_an_own_store():
    store = BufferFactory()
    unit = UnitFactory(own_stores=[store])
    article = ArticleFactory()
    put_in_stock(store, article, 1)
    carts = [start(UserFactory(default_unit=unit)) for _ in range(2)]
    lines = [add(cart, article, warehouse=store) for cart in carts]

    results = at_once(*[lambda c=cart: services.send(c, user=c.user) for cart in carts])

    (order,) = [r for r in results if isinstance(r, Order)]
    (told,) = [r for r in results if isinstance(r, DomainError)]
    loser = next(line for line in lines if line.cart_id != order.cart.pk)
    assert told.line == loser.pk
    assert loser.cart.lines.count() == 1
    assert Loan.objects.count() == 1
    stock_agrees()


def test_two_people_take_the_same_individual():
    store = BufferFactory()
    unit = UnitFactory(own_stores=[store])
    article = ArticleFactory(is_marked=True)
    piece, _ = put_in_stock(store, article, 2)
    carts = [start(UserFactory(default_unit=unit)) for _ in range(2)]
    for cart in carts:
        add(cart, article, warehouse=store, individual=piece)

    results = at_once(*[lambda c=cart: services.send(c, user=c.user) for cart in carts])

    assert sorted(type(r).__name__ for r in results) == ["DomainError", "Order"]
    assert Loan.objects.filter(individual=piece).count() == 1
    stock_agrees()


def test_ten_people_send_twenty_orders_each():
    khs = WarehouseFactory()
    articles = [ArticleFactory() for _ in range(5)]
    for article in articles:
        put_in_stock(khs, article, 60)
    unit = UnitFactory()
    people = [UserFactory(default_unit=unit) for _ in range(10)]
    recipients = [RecipientFactory() for _ in range(10)]

    def twenty(index: int) -> list[str]:
        numbers = []
        for turn in range(20):
            cart = start(people[index], recipients[(index + turn) % 10])
            # Each in another order, so that unsorted locks would wait for each other.
            for step in range(3):
                add(cart, articles[(index * 3 + turn + step * (1 + index % 2)) % 5])
            numbers.append(services.send(cart, user=people[index]).case_number)
        return numbers

    results = at_once(*[lambda i=index: twenty(i) for index in range(10)])

    numbers = [number for result in results for number in result]
    assert len(set(numbers)) == 200
    assert CaseNumber.objects.count() == 200
    assert OrderLine.objects.count() == 600
    stock_agrees()


def test_a_cart_sent_by_two_clicks_at_once_makes_one_order():
    cart = start()
    add(cart, ArticleFactory())

    first, second = at_once(*[lambda: services.send(cart, user=cart.user)] * 2)

    assert first == second
    assert Order.objects.count() == 1


def test_a_filling_sent_by_two_clicks_at_once_makes_one_order():
    """No recipient's lock comes first: the second click waits for the cart itself."""
    for _ in range(5):
        store = BufferFactory()
        unit = UnitFactory(own_stores=[store])
        cart = start(UserFactory(default_unit=unit), destination=store)
        add(cart, ArticleFactory())

        first, second = at_once(*[lambda c=cart: services.send(c, user=c.user)] * 2)

        assert isinstance(first, Order) and first == second


@transaction.atomic
def locked(cart: Cart) -> Cart:
    return carts_of.locked(cart)


@pytest.mark.parametrize("does", [lambda cart: services.send(cart, user=cart.user), locked])
def test_a_way_that_another_tab_chooses_meanwhile_is_the_orders(does):
    cart = start()
    add(cart, ArticleFactory())
    way = DeliveryWay.objects.create(name="Med taxi", address=cart.delivery_way.address)
    found = while_others_write(
        lambda: Cart.objects.filter(pk=cart.pk).update(delivery_way=way), lambda: does(cart)
    )
    assert found.delivery_way == way


def test_one_cancels_while_another_delivers():
    article = ArticleFactory()
    put_in_stock(WarehouseFactory(), article, 1)
    order = sent((article, 1))
    line = order.lines.get()

    results = at_once(
        lambda: services.cancel(order, user=order.ordered_by),
        lambda: services.deliver(order, [Pick(line.pk, 1)], user=order.ordered_by),
    )

    assert sorted(type(r).__name__ for r in results) == ["DomainError", "Order"]
    line.refresh_from_db()
    assert line.delivered + line.cancelled == 1
    assert Loan.objects.count() == line.delivered
    stock_agrees()


def test_two_of_khs_deliver_the_same_piece():
    article = ArticleFactory(is_marked=True)
    piece, _ = put_in_stock(WarehouseFactory(), article, 2)
    orders = [sent((article, 1)) for _ in range(2)]

    def hand_out(order: Order) -> Order:
        pick = Pick(order.lines.get().pk, 1, (piece.pk,))
        return services.deliver(order, [pick], user=order.ordered_by)

    results = at_once(*[lambda o=order: hand_out(o) for order in orders])

    assert sorted(type(r).__name__ for r in results) == ["DomainError", "Order"]
    assert Loan.objects.filter(individual=piece, ended_at=None).count() == 1
    stock_agrees()


def test_the_same_line_is_delivered_by_two_at_once():
    article = ArticleFactory()
    put_in_stock(WarehouseFactory(), article, 4)
    order = sent((article, 2))
    pick = Pick(order.lines.get().pk, 2)

    results = at_once(*[lambda: services.deliver(order, [pick], user=order.ordered_by)] * 2)

    assert sorted(type(r).__name__ for r in results) == ["DomainError", "Order"]
    assert Loan.objects.get().quantity == 2
    stock_agrees()


def test_a_count_and_a_delivery_of_the_same_article():
    """Whoever comes first decides: a figure from before the delivery isn't taken over."""
    for _ in range(4):
        article = ArticleFactory()
        put_in_stock(WarehouseFactory(), article, 5)
        order = sent((article, 2))
        pick = Pick(order.lines.get().pk, 2)

        counted, delivered = at_once(
            lambda a=article, u=order.ordered_by: counting.count(
                WarehouseFactory(), [counting.Count(a.pk, 5, 4)], user=u, reason="Årsinventering"
            ),
            lambda o=order, p=pick: services.deliver(o, [p], user=o.ordered_by),
        )

        assert isinstance(delivered, Order)
        left = Balance.objects.get(article=article).on_hand
        assert left == (3 if isinstance(counted, counting.Faults) else 2)
    stock_agrees()


def test_a_piece_is_missed_by_the_counter_while_khs_hands_it_out():
    for _ in range(4):
        article = ArticleFactory(is_marked=True)
        piece, _other = put_in_stock(WarehouseFactory(), article, 2)
        order = sent((article, 1))
        pick = Pick(order.lines.get().pk, 1, (piece.pk,))

        counted, delivered = at_once(
            lambda a=article, p=piece, u=order.ordered_by: pieces_counted.count(
                WarehouseFactory(), a, missing=[p.pk], found=[], user=u, reason="Årsinventering"
            ),
            lambda o=order, p=pick: services.deliver(o, [p], user=o.ordered_by),
        )

        refused = [r for r in (counted, delivered) if isinstance(r, DomainError)]
        assert len(refused) == 1
        piece.refresh_from_db()
        out = isinstance(delivered, Order)
        assert piece.status == (
            Individual.Status.WITH_RECIPIENT if out else Individual.Status.MISSING
        )
    stock_agrees()


def test_khs_fills_a_store_while_the_store_hands_out():
    """The two lock the same balances, one from KHS's side and one from the store's."""
    store = BufferFactory()
    unit = UnitFactory(own_stores=[store])
    user = UserFactory(default_unit=unit)
    article = ArticleFactory()
    put_in_stock(WarehouseFactory(), article, 10)
    put_in_stock(store, article, 5)
    for turn in range(5):
        filling = sent((article, 2), user=user, destination=store)
        cart = start(user)
        add(cart, article, warehouse=store)

        delivered, order = at_once(
            lambda o=filling: services.deliver(o, [Pick(o.lines.get().pk, 2)], user=user),
            lambda c=cart: services.send(c, user=user),
        )

        assert isinstance(delivered, Order) and isinstance(order, Order)
        assert Balance.objects.get(warehouse=store, article=article).on_hand == 6 + turn
    stock_agrees()


def test_two_keepers_register_the_same_number():
    store = BufferFactory()
    Warehouse.objects.filter(pk=store.pk).update(may_register_individuals=True)
    store.refresh_from_db()
    article = ArticleFactory(is_marked=True, responsibility="B")
    keepers = [UserFactory() for _ in range(3)]

    results = at_once(
        *[
            lambda u=user: individuals.register(
                warehouse=store, article=article, number="900001", user=u
            )
            for user in keepers
        ]
    )

    assert sorted(type(r).__name__ for r in results) == ["DomainError"] * 2 + ["Individual"]
    assert Balance.objects.get(article=article).on_hand == 1
    stock_agrees()


# --- two tabs of the last step ---

LAST_STEP = "/bestallning/slutfor/leverans/"
CONTACT = f"{LAST_STEP}?redigera=kontakt"
ADDRESS = f"{LAST_STEP}?redigera=adress"


def in_progress(recipient=None):
    """An order in progress, and a tab of its user."""
    cart = start(recipient=recipient)
    add(cart, ArticleFactory())
    tab = Client()
    tab.force_login(cart.user)
    return cart, tab


@pytest.mark.parametrize("url", [LAST_STEP, CONTACT])
@pytest.mark.parametrize("action", ["save", "send"])
def test_text_that_another_tab_writes_at_the_same_instant_is_asked_about(url, action):
    cart, tab = in_progress()
    typed = form_of(tab.get(url)) | {"extra_info": ["Nyckeln finns hos värden"]}
    typed |= {"action": [action]}

    answer = while_others_write(
        lambda: carts_of.change(cart, {"extra_info": "Ring på hos grannen"}),
        lambda: tab.post(url, typed),
    )

    shown = answer.content.decode()
    assert answer.status_code == 422
    assert "En annan flik har skrivit «Ring på hos grannen» här." in shown
    assert "Nyckeln finns hos värden" in shown
    cart.refresh_from_db()
    assert cart.extra_info == "Ring på hos grannen" and not Order.objects.exists()
    assert tab.post(LAST_STEP, form_of(answer) | {"action": ["save"]}).status_code == 302
    cart.refresh_from_db()
    assert cart.extra_info == "Nyckeln finns hos värden"


def test_an_address_typed_while_somebody_becomes_protected_is_not_shown_again():
    cart, tab = in_progress(RecipientFactory(street="Kvarngatan 7"))
    typed = form_of(tab.get(ADDRESS)) | {"co": ["Ek"]}

    def write():
        carts_of.change(cart, {"street": "Kvarngatan 9"})
        Recipient.objects.filter(pk=cart.recipient_id).update(is_protected=True)

    answer = while_others_write(write, lambda: tab.post(ADDRESS, typed))

    assert answer.status_code == 302
    shown = answer.content.decode() + tab.get(ADDRESS).content.decode()
    assert "Inget är sparat" in shown and "Kvarngatan" not in shown
