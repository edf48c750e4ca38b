"""What can happen to an order."""

import datetime as dt
from decimal import Decimal
from importlib import import_module

import pytest
import time_machine
from django.apps import apps
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from articles.models import ArticleType, Balance, StockMovement
from individuals.models import Component, Individual
from orders import cart as carts
from orders import services
from orders.models import LineStatus, Order, OrderLine, OrderStatus
from orders.services import Pick
from organisation.models import Source
from recipients.models import CareRelation, Loan
from sesam.errors import DomainError
from sesam.models import CaseKind
from tests.factories import (
    ArticleFactory,
    BillingFormFactory,
    BufferFactory,
    CareUnitFactory,
    PayerFactory,
    PriceFactory,
    RecipientFactory,
    StandardComponentFactory,
    UserFactory,
    WarehouseFactory,
    given_out,
    put_in_stock,
)

from .builders import add, sent, start

pytestmark = pytest.mark.django_db


@pytest.fixture
def khs():
    return WarehouseFactory()


@pytest.fixture
def store():
    return BufferFactory()


@pytest.fixture
def user(store):
    user = UserFactory()
    user.default_unit.own_stores.add(store)
    return user


def balance(warehouse, article):
    return Balance.objects.get(warehouse=warehouse, article=article)


def ledger_adds_up(article) -> bool:
    return all(
        b.on_hand
        == sum(
            StockMovement.objects.filter(warehouse=b.warehouse, article=article).values_list(
                "quantity", flat=True
            )
        )
        for b in Balance.objects.filter(article=article)
    )


# --- sending ---


def test_a_line_from_khs_reserves_what_there_is_and_backlogs_the_rest(khs):
    article = ArticleFactory()
    put_in_stock(khs, article, 3)

    line = sent((article, 5)).lines.get()

    assert (line.reserved, line.backlog, line.status) == (3, 2, LineStatus.BACKORDERED)
    assert (balance(khs, article).reserved, balance(khs, article).available) == (3, 0)
    assert balance(khs, article).on_hand == 3


def test_a_line_from_an_own_store_is_handed_out_at_once(user, store):
    article = ArticleFactory(is_marked=True)
    piece, other = put_in_stock(store, article, 2)
    cart = start(user)
    add(cart, article, warehouse=store, individual=piece)

    order = services.send(cart, user=user)

    loan = Loan.objects.get()
    piece.refresh_from_db()
    assert order.status == OrderStatus.DELIVERED
    assert (loan.recipient, loan.individual, loan.case_number) == (
        cart.recipient,
        piece,
        order.case_number,
    )
    assert (piece.status, piece.warehouse) == (Individual.Status.WITH_RECIPIENT, None)
    assert balance(store, article).on_hand == 1
    assert ledger_adds_up(article)


def test_sending_writes_the_care_relation_and_the_first_event(khs):
    order = sent((ArticleFactory(), 1))

    assert CareRelation.objects.get().case_number == order.case_number
    assert order.events.get().text == "Beställningen skickades"


def test_sending_twice_makes_one_order(khs):
    cart = start()
    add(cart, ArticleFactory())

    first = services.send(cart, user=cart.user)
    again = services.send(cart, user=cart.user)

    assert first == again
    assert Order.objects.count() == 1


def test_the_recipients_municipality_pays_for_a_person(khs):
    nybro = PayerFactory(code="0881", name="Nybro kommun")
    order = sent((ArticleFactory(), 1), recipient=RecipientFactory(payer=nybro))
    assert order.lines.get().payer == nybro


def test_the_unit_pays_for_a_care_unit_and_a_replenishment(user, store):
    other = PayerFactory(code="0881", name="Nybro kommun")
    to_care_unit = sent((ArticleFactory(), 1), user=user, recipient=CareUnitFactory(payer=other))
    to_store = sent((ArticleFactory(), 1), user=user, destination=store)

    for order in (to_care_unit, to_store):
        assert order.lines.get().payer == user.default_unit.payer


def test_todays_price_is_copied_onto_the_line(khs):
    article = ArticleFactory()
    PriceFactory(article=article, amount="90.00", valid_from=dt.date(2020, 1, 1))
    PriceFactory(article=article, amount="148.00", valid_from=dt.date(2024, 1, 1))
    PriceFactory(article=article, amount="999.00", valid_from=dt.date(2999, 1, 1))

    line = sent((article, 1)).lines.get()
    assert (line.rent, line.list_price) == (Decimal("148.00"), None)


def test_both_prices_are_copied_also_the_one_that_is_not_charged(khs):
    sale = BillingFormFactory(name="Försäljning", rule="sale")
    rented, sold = ArticleFactory(), ArticleFactory(billing_form=sale)
    for article in (rented, sold):
        PriceFactory(article=article, list_price="5480.00", rent="148.00")
    order = sent((rented, 1), (sold, 1))
    copied = set(order.lines.values_list("list_price", "rent"))
    assert copied == {(Decimal("5480.00"), Decimal("148.00"))}


@time_machine.travel("2026-12-22 10:00 +01:00", tick=False)
def test_the_planned_delivery_counts_swedish_working_days(khs):
    # 23 December is a working day; then Christmas, the weekend and on the 28th and 29th work.
    article = ArticleFactory()
    put_in_stock(khs, article, 1)
    assert sent((article, 1)).planned_delivery == dt.date(2026, 12, 29)


def test_a_discontinued_article_in_the_cart_is_told_at_its_line(khs):
    cart = start()
    article = ArticleFactory()
    line = add(cart, article)
    article.is_discontinued = True
    article.save()

    with pytest.raises(DomainError, match="utgått") as told:
        services.send(cart, user=cart.user)

    assert told.value.line == line.pk
    assert cart.lines.count() == 1
    assert not Order.objects.exists()


def test_a_piece_taken_meanwhile_is_told_at_its_line_and_nothing_is_lost(user, store):
    article = ArticleFactory(is_marked=True)
    (piece,) = put_in_stock(store, article, 1)
    mine, hers = start(user), start(UserFactory(default_unit=user.default_unit))
    line = add(mine, article, warehouse=store, individual=piece)
    add(hers, article, warehouse=store, individual=piece)
    services.send(hers, user=hers.user)

    with pytest.raises(DomainError) as told:
        services.send(mine, user=user)

    assert told.value.line == line.pk
    assert mine.lines.count() == 1
    assert Order.objects.count() == 1


def test_an_empty_cart_is_not_sent():
    cart = start()
    with pytest.raises(DomainError, match="tom"):
        services.send(cart, user=cart.user)


def test_an_order_needs_a_phone_number(khs):
    cart = start(UserFactory(phone=""), RecipientFactory(phone="", mobile=""))
    add(cart, ArticleFactory())
    cart.contact_phone = cart.contact_mobile = ""
    cart.save()
    with pytest.raises(DomainError, match="telefonnummer"):
        services.send(cart, user=cart.user)


def test_a_protected_persons_order_needs_an_address_typed_for_it(khs):
    cart = start(recipient=RecipientFactory(is_protected=True))
    add(cart, ArticleFactory())
    assert (cart.street, cart.recipient_phone, cart.door_code) == ("", "", "")
    with pytest.raises(DomainError, match="leveransadressen"):
        services.send(cart, user=cart.user)


def test_thirty_lines_take_as_many_queries_as_one(khs):
    counts = []
    for size in (1, 30):
        cart = start()
        for _ in range(size):
            article = ArticleFactory()
            put_in_stock(khs, article, 2)
            add(cart, article)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            services.send(cart, user=cart.user)
        counts.append(len(queries))
    assert counts[0] == counts[1]


# --- what the cart refuses ---


def test_a_bed_is_alone_on_its_order(khs):
    bed, other = ArticleFactory(own_order_only=True), ArticleFactory()
    cart = start()
    add(cart, bed)
    with pytest.raises(DomainError, match="säng"):
        add(cart, other)
    second = start()
    add(second, other)
    with pytest.raises(DomainError, match="säng"):
        add(second, bed)


def test_beds_may_share_a_replenishment(user, store):
    cart = start(user, destination=store)
    add(cart, ArticleFactory(own_order_only=True))
    add(cart, ArticleFactory())
    assert cart.lines.count() == 2


def test_a_manual_order_needs_a_comment(khs):
    manual = ArticleFactory(number="MANUELL", requires_comment=True, is_stocked=False)
    cart = start()
    with pytest.raises(DomainError, match="kommentar"):
        add(cart, manual, comment="  ")
    assert add(cart, manual, comment="En särskild stol").pk


@pytest.mark.parametrize("quantity", [0, -1, 1000, 10**9])
def test_an_impossible_quantity_is_refused(khs, quantity):
    with pytest.raises(DomainError, match="antal"):
        add(start(), ArticleFactory(), quantity)


def test_another_units_store_is_refused(user):
    strange = BufferFactory(number="0881", name="Nybro kommuns förråd")
    article = ArticleFactory()
    put_in_stock(strange, article, 3)
    with pytest.raises(DomainError, match="egna förråd"):
        add(start(user), article, warehouse=strange)


def test_an_own_store_gives_out_no_more_than_it_has(user, store):
    article = ArticleFactory()
    put_in_stock(store, article, 3)
    cart = start(user)
    add(cart, article, 2, warehouse=store)
    with pytest.raises(DomainError, match="1 st"):
        add(cart, article, 2, warehouse=store)


def test_nothing_is_ordered_for_the_deceased():
    dead = RecipientFactory(deceased_on=dt.date(2026, 1, 1))
    with pytest.raises(DomainError, match="avliden"):
        start(recipient=dead)


def test_a_second_order_asks_before_the_first_is_left(khs):
    user = UserFactory()
    first = start(user)
    with pytest.raises(DomainError, match="redan"):
        start(user)
    second = start(user, replace=True)
    assert carts.open_cart(user) == second
    first.refresh_from_db()
    assert first.closed_at


def test_a_dialog_sent_twice_makes_one_line(khs):
    cart, article = start(), ArticleFactory()
    wish = carts.Wish(article, 1, Source.CENTRAL, khs)
    carts.put(cart, wish, dialog_key="abc")
    carts.put(cart, wish, dialog_key="abc")
    assert cart.lines.count() == 1


# --- cancelling ---


def test_cancelling_frees_what_was_reserved(khs):
    article = ArticleFactory()
    put_in_stock(khs, article, 3)
    order = sent((article, 2))

    order = services.cancel(order, user=order.ordered_by)

    assert order.status == OrderStatus.CANCELLED
    assert order.lines.get().status == LineStatus.CANCELLED
    assert balance(khs, article).available == 3
    assert services.cancel(order, user=order.ordered_by).status == OrderStatus.CANCELLED


def test_only_a_registered_order_is_cancelled(khs):
    order = services.start_picking(sent((ArticleFactory(), 1)), user=UserFactory())
    with pytest.raises(DomainError, match="under plock"):
        services.cancel(order, user=order.ordered_by)


def test_what_an_own_store_gave_out_does_not_hinder_cancelling(user, store, khs):
    article = ArticleFactory()
    put_in_stock(store, article, 1)
    cart = start(user)
    add(cart, article, warehouse=store)
    add(cart, ArticleFactory())
    order = services.send(cart, user=user)

    services.cancel(order, user=user)

    assert Loan.objects.get().ended_at is None
    assert {line.status for line in order.lines.all()} == {
        LineStatus.DELIVERED,
        LineStatus.CANCELLED,
    }


def test_an_order_that_waits_for_an_activity_is_neither_cancelled_nor_delivered(khs):
    article = ArticleFactory()
    put_in_stock(khs, article, 1)
    order = sent((article, 1))
    line = order.lines.get()
    services.hold(order, given_out("26480099", CaseKind.ACTIVITY), user=order.ordered_by)

    with pytest.raises(DomainError, match="26480099"):
        services.cancel(order, user=order.ordered_by)
    with pytest.raises(DomainError, match="26480099"):
        services.deliver(order, [Pick(line.pk, 1)], user=order.ordered_by)

    services.release(order, "26480099", user=order.ordered_by)
    assert services.cancel(order, user=order.ordered_by).status == OrderStatus.CANCELLED


# --- delivering ---


def test_a_part_delivery_leaves_the_rest_open(khs):
    article = ArticleFactory()
    put_in_stock(khs, article, 5)
    order = sent((article, 3))
    line = order.lines.get()

    order = services.deliver(order, [Pick(line.pk, 2)], user=order.ordered_by)
    line.refresh_from_db()

    assert (order.status, line.delivered, line.reserved) == (OrderStatus.PARTLY_DELIVERED, 2, 1)
    order = services.deliver(order, [Pick(line.pk, 1)], user=order.ordered_by)
    assert order.status == OrderStatus.DELIVERED
    assert (balance(khs, article).on_hand, balance(khs, article).reserved) == (2, 0)
    assert ledger_adds_up(article)
    assert sum(loan.quantity for loan in Loan.objects.all()) == 3


def test_lines_delivered_together_go_at_once_and_whole(khs):
    first, second = ArticleFactory(), ArticleFactory()
    put_in_stock(khs, first, 2)
    put_in_stock(khs, second, 2)
    cart = start()
    for article in (first, second):
        carts.set_together(cart, add(cart, article).pk, on=True)
    order = services.send(cart, user=cart.user)
    one, two = order.lines.all()

    with pytest.raises(DomainError, match="samlevereras"):
        services.deliver(order, [Pick(one.pk, 1)], user=cart.user)

    picks = [Pick(one.pk, 1), Pick(two.pk, 1)]
    assert services.deliver(order, picks, user=cart.user).status == OrderStatus.DELIVERED


def test_more_than_is_there_is_not_delivered(khs):
    article = ArticleFactory()
    put_in_stock(khs, article, 1)
    order = sent((article, 3))
    line = order.lines.get()
    with pytest.raises(DomainError, match="bara 1 st") as told:
        services.deliver(order, [Pick(line.pk, 2)], user=order.ordered_by)
    assert told.value.line == line.pk


def test_a_replenishment_moves_the_pieces_into_the_store(user, store, khs):
    article = ArticleFactory(is_marked=True)
    (piece,) = put_in_stock(khs, article, 1)
    order = sent((article, 1), user=user, destination=store)
    line = order.lines.get()

    services.deliver(order, [Pick(line.pk, 1, (piece.pk,))], user=user)

    piece.refresh_from_db()
    assert (piece.warehouse, piece.status) == (store, Individual.Status.IN_STOCK)
    assert (balance(khs, article).on_hand, balance(store, article).on_hand) == (0, 1)
    assert ledger_adds_up(article)
    assert not Loan.objects.exists()


def test_a_service_becomes_no_loan_but_a_manual_order_bears_its_comment(khs):
    service = ArticleFactory(
        type=ArticleType.SERVICE, requires_comment=True, is_stocked=False, number="39302"
    )
    manual = ArticleFactory(number="MANUELL", requires_comment=True, is_stocked=False)
    cart = start()
    add(cart, service, comment="Sovrum")
    add(cart, manual, comment="En särskild stol")
    order = services.send(cart, user=cart.user)

    picks = [Pick(line.pk, 1, as_commented=True) for line in order.lines.all()]
    services.deliver(order, picks, user=cart.user)

    assert Loan.objects.get().title == "En särskild stol"


def test_components_sit_on_the_piece_they_came_with(khs):
    chair = ArticleFactory(is_marked=True)
    standard = StandardComponentFactory(article=chair)
    (piece,) = put_in_stock(khs, chair, 1)
    put_in_stock(khs, standard.component, 1)
    cart = start()
    add(cart, chair, components=((standard.component, 1),))
    order = services.send(cart, user=cart.user)
    main = order.lines.get(article=chair)
    part = order.lines.get(article=standard.component)

    picks = [Pick(main.pk, 1, (piece.pk,)), Pick(part.pk, 1)]
    services.deliver(order, picks, user=cart.user)

    fitted = Component.objects.get()
    assert (fitted.individual, fitted.article) == (piece, standard.component)
    part_of = Loan.objects.get(article=standard.component).part_of
    assert part_of == Loan.objects.get(article=chair)


# --- the status that follows from the lines ---

line_facts = st.tuples(
    st.integers(1, 5), st.integers(0, 5), st.integers(0, 5), st.sampled_from(Source.values)
).filter(lambda f: f[1] + f[2] <= f[0])


@given(st.lists(line_facts, min_size=1, max_size=6))
def test_the_status_follows_from_the_khs_lines_where_there_are_any(facts):
    lines = [OrderLine(quantity=q, delivered=d, cancelled=c, source=s) for q, d, c, s in facts]
    status = services.status_of(lines)
    deciding = [x for x in lines if x.source == Source.CENTRAL] or lines

    ended = all(x.open == 0 for x in deciding)
    delivered = sum(x.delivered for x in deciding)
    assert (status in (OrderStatus.DELIVERED, OrderStatus.CANCELLED)) == ended
    assert (status == OrderStatus.CANCELLED) == (ended and not delivered)
    assert (status == OrderStatus.REGISTERED) == (not ended and not delivered)


# --- where it goes ---


@pytest.mark.parametrize("lost", [{"recipient": None}, {"kind": "replenishment"}])
def test_an_order_goes_to_somebody_or_to_a_store(khs, lost):
    order = sent((ArticleFactory(), 1))
    with pytest.raises(IntegrityError, match="order_goes_to_someone"), transaction.atomic():
        Order.objects.filter(pk=order.pk).update(**lost)


def test_orders_from_before_the_rule_are_mended_by_what_they_have(khs, store, user):
    migration = import_module("orders.migrations.0009_order_goes_to_someone")
    filling = sent((ArticleFactory(), 1), user=user, destination=store)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE orders_order DROP CONSTRAINT order_goes_to_someone")
    Order.objects.filter(pk=filling.pk).update(kind="customer")
    migration.mend(apps, None)
    filling.refresh_from_db()
    assert filling.kind == "replenishment"
    lost = sent((ArticleFactory(), 1))
    Order.objects.filter(pk=lost.pk).update(recipient=None)
    with pytest.raises(RuntimeError, match=lost.case_number):
        migration.mend(apps, None)


# --- who sells ---


def test_the_aid_centre_sells_an_a_aid_also_out_of_an_own_store_and_the_store_sells_its_b_aids(
    user, store, khs
):
    ours, theirs = ArticleFactory(responsibility="A"), ArticleFactory(responsibility="B")
    put_in_stock(store, ours, 1)
    put_in_stock(store, theirs, 1)
    cart = start(user)
    add(cart, ours, warehouse=store)
    add(cart, theirs, warehouse=store)
    add(cart, ArticleFactory(responsibility="B"))
    order = services.send(cart, user=user)
    sellers = list(order.lines.order_by("position").values_list("seller__code", flat=True))
    assert sellers == [khs.owner.code, store.owner.code, khs.owner.code]


def test_lines_that_were_sent_before_name_who_sells(user, store, khs):
    ours, theirs = ArticleFactory(responsibility="A"), ArticleFactory(responsibility="B")
    cart = start(user)
    for article in (ours, theirs):
        put_in_stock(store, article, 1)
        add(cart, article, warehouse=store)
    order = services.send(cart, user=user)
    order.lines.update(seller=store.owner)
    migration = import_module("orders.migrations.0024_aid_centre_sells_a_aids")
    with connection.cursor() as cursor:
        cursor.execute(migration.FORWARD, [0, order.lines.order_by("-pk")[0].pk + 1])
    sellers = dict(order.lines.values_list("article", "seller"))
    assert sellers == {ours.pk: khs.owner_id, theirs.pk: store.owner_id}
