"""«Lagerpåfyllnad»: an own store is filled through the same cart, and KHS delivers into it."""

import pytest
from django.test import Client

from articles.models import Balance
from individuals.models import Individual
from individuals.stock_check import differences
from orders import services
from orders.models import Cart, Order, OrderKind, OrderStatus
from orders.services import Pick
from recipients.models import Loan
from tests.factories import (
    ArticleFactory,
    BufferFactory,
    CareUnitFactory,
    UserFactory,
    WarehouseFactory,
    put_in_stock,
)

from .test_views import choice, open_dialog, send

pytestmark = pytest.mark.django_db


@pytest.fixture
def user():
    return UserFactory()


@pytest.fixture
def store(user):
    store = BufferFactory()
    user.default_unit.own_stores.add(store)
    return store


@pytest.fixture
def client(user):
    client = Client()
    client.force_login(user)
    return client


def begin(client, store, user):
    url = f"/bestallning/till-lager/{store.number}/"
    data = {"unit": user.default_unit_id, "prescriber": user.pk, "action": "finish"}
    return client.post(url, data)


def test_a_store_is_filled_through_the_same_cart_and_khs_delivers_into_it(client, user, store):
    khs = WarehouseFactory()
    chair, cushion = ArticleFactory(is_marked=True), ArticleFactory()
    piece = put_in_stock(khs, chair, 1)[0]
    put_in_stock(khs, cushion, 5)
    page = client.get(f"/lager/{store.number}/").content.decode()
    assert f"/bestallning/till-lager/{store.number}/" in page
    assert begin(client, store, user)["Location"] == "/artiklar/?ny=1"
    client.post(open_dialog(client, chair), choice())
    client.post(open_dialog(client, cushion), choice(quantity="3"))
    cart = Cart.objects.get(user=user, closed_at=None)
    answer = send(client, cart)
    order = Order.objects.get()
    assert answer["Location"] == f"/bestallningar/{order.case_number}/bekraftelse/"
    assert order.kind == OrderKind.REPLENISHMENT and order.destination == store
    assert "Lagerpåfyllnad" in client.get(f"/bestallningar/{order.case_number}/").content.decode()

    first, second = order.lines.order_by("pk")
    services.deliver(
        order,
        [
            Pick(first.pk, 1, (piece.pk,)),
            Pick(second.pk, 3),
        ],
        user=UserFactory(roles=["khs"]),
    )
    order.refresh_from_db()
    assert order.status == OrderStatus.DELIVERED
    assert Balance.objects.get(warehouse=store, article=cushion).on_hand == 3
    piece.refresh_from_db()
    assert (piece.warehouse, piece.status) == (store, Individual.Status.IN_STOCK)
    assert not Loan.objects.exists()
    assert not differences()


def test_another_units_store_is_not_found_and_a_foreign_unit_refused(client, user, store):
    other = UserFactory(default_unit__code="ANNAN")
    away = Client()
    away.force_login(other)
    assert away.get(f"/bestallning/till-lager/{store.number}/").status_code == 404
    data = {"unit": other.default_unit_id, "prescriber": user.pk, "action": "finish"}
    refused = client.post(f"/bestallning/till-lager/{store.number}/", data)
    assert refused.status_code == 422
    assert "Välj ett av dina tjänsteställen." in refused.content.decode()


def test_a_care_unit_that_stands_for_a_store_leads_to_its_replenishment(client, user, store):
    care_unit = CareUnitFactory(store=store)
    page = client.get(f"/mottagare/{care_unit.key}/").content.decode()
    assert f"/bestallning/till-lager/{store.number}/" in page


def test_a_started_order_is_not_left_unasked(client, user, store):
    begin(client, store, user)
    other = BufferFactory(number="0881", name="Ett annat förråd")
    user.default_unit.own_stores.add(other)
    page = client.get(f"/bestallning/till-lager/{other.number}/").content.decode()
    assert f"Den är till <b>{store}</b>" in page.split("Du har redan en pågående beställning")[1]
    assert begin(client, other, user).status_code == 422
