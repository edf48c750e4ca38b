"""What waits with KHS is asked for in few questions, whose plan fits however much there has been."""

import datetime as dt

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from activities.models import Activity
from deviations.models import Deviation
from invoicing.sources import losses
from orders import khs as orders_khs
from orders.models import Order
from organisation.permissions import KHS
from pickups import khs as pickups_khs
from pickups.models import PickupOrder, PickupReceipt
from pickups.services import Got, receive
from sesam.known import Known, known
from tests.activities import builders as work
from tests.deviations.builders import registered
from tests.factories import ArticleFactory, UserFactory, WarehouseFactory, put_in_stock
from tests.of_size import many_case_numbers, many_like
from tests.orders.builders import sent
from tests.pickups.builders import fetched, lend, someone
from tests.reading import read_page

pytestmark = pytest.mark.django_db
QUEUES = {
    "admin:orders_order_changelist": "Alla att leverera",
    "admin:pickups_pickuporder_changelist": "Hämtordrar att ta emot",
    "admin:activities_activity_changelist": "Alla aktiviteter",
    "admin:deviations_deviation_changelist": "Öppna avvikelser",
}


@pytest.fixture
def khs() -> Client:
    client = Client()
    client.force_login(UserFactory(roles=[KHS], is_staff=True))
    return client


def an_order() -> Order:
    article = ArticleFactory()
    put_in_stock(WarehouseFactory(), article, 5)
    return sent((article, 1), recipient=someone())


def one_of_each() -> None:
    an_order()
    fetched(lend(someone(), ArticleFactory()))
    work.registered(lend(someone(), ArticleFactory()))
    registered()


def questions(client: Client, address: str) -> list[str]:
    """Those of the second time: the first writes questions that then are there."""
    assert client.get(address).status_code == 200
    with CaptureQueriesContext(connection) as asked:
        client.get(address)
    return [query["sql"] for query in asked]


def test_the_home_asks_once_for_all_its_queues(khs):
    one_of_each()
    asked = questions(khs, reverse("admin:index"))
    assert len(asked) == 6, "session, user, the queues, and three of what can be picked"
    assert len([sql for sql in asked if "UNION ALL" in sql]) == 1


@pytest.mark.parametrize(("page", "count"), [*zip(QUEUES, (8, 6, 8, 5), strict=True)])
def test_a_queue_asks_once_for_all_its_tabs(khs, page, count):
    one_of_each()
    assert QUEUES[page] in read_page(khs.get(reverse(page)))
    asked = questions(khs, reverse(page))
    assert len(asked) == count, "\n".join(asked)


@pytest.mark.parametrize(
    "model, index",
    [
        (Order, "order_undelivered"),
        (PickupOrder, "pickup_due"),
        (Activity, "activity_open"),
        (Deviation, "deviation_open_queue"),
    ],
)
def test_what_is_open_is_found_by_its_index_also_by_a_plan_for_whatever_is_bound(model, index):
    sql, bound = model.objects.still_open().order_by().values("pk").query.sql_with_params()
    assert not bound
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        cursor.execute(f"PREPARE what_is_open AS {sql}")
        cursor.execute("EXPLAIN EXECUTE what_is_open")
        plan = "\n".join(row[0] for row in cursor.fetchall())
        cursor.execute("DEALLOCATE what_is_open")
    assert index in plan, plan


def test_what_is_late_in_the_workshop_is_found_among_what_is_open_not_among_all_that_was_due():
    activity = work.registered(lend(someone(), ArticleFactory()))
    many_case_numbers("activity", 3000)
    many_like(
        activity, 3000, case_number="'Z' || n", token="gen_random_uuid()", status="'closed'",
        closed_at="now()",
    )  # fmt: skip
    late = Activity.objects.late().order_by("due_on", "created_at", "id").values("pk")[:50]
    assert "activity_open" in late.explain()


def test_what_is_lost_is_found_by_its_index_among_all_that_came():
    pickup = fetched(lend(someone(), ArticleFactory()))
    receive(pickup, [Got(pickup.lines.get().pk, 1, "stock")], user=UserFactory(roles=[KHS]))
    receipt = PickupReceipt.objects.get()
    many_like(receipt, 3000)
    assert not {"scrapped", "missing"} & {*losses._receipts().query.sql_with_params()[1]}
    found = PickupReceipt.objects.filter(state__in=losses.GONE).order_by("at", "pk")
    assert "receipt_of_a_loss" in found.explain()


@pytest.mark.parametrize("state", [*orders_khs.STATES])
def test_no_queue_of_orders_binds_a_status(state):
    _, bound = orders_khs.in_state(state).query.sql_with_params()
    assert not {"delivered", "cancelled", "picking", "installed", "waiting"} & {*map(str, bound)}


def test_what_is_cleaned_is_no_search_through_all_that_came():
    sql, _ = pickups_khs.in_state("vantar").query.sql_with_params()
    assert "UNION" in sql and "EXISTS" not in sql


def test_only_a_word_of_the_codes_own_is_written_into_a_question():
    assert [one.value for one in known(["", "at_supplier"])] == ["", "at_supplier"]
    for typed in ("x'", "x y", "X", "1"):
        with pytest.raises(ValueError):
            Known(typed)


def test_what_was_not_late_yesterday_is_late_today(khs):
    """The home's question is written once a day."""
    order = an_order()
    order.lines.update(planned_delivery=dt.date(2026, 12, 1))
    with time_machine.travel("2026-12-01 23:50 +01:00", tick=False):
        khs.force_login(UserFactory(roles=[KHS], is_staff=True))
        assert "Tomt i dag" in read_page(khs.get("/admin/"))
        assert "?lage=forsenad" in khs.get("/admin/").content.decode().split("Tomt i dag")[1]
    with time_machine.travel("2026-12-02 00:10 +01:00", tick=False):
        assert "?lage=forsenad" in khs.get("/admin/").content.decode().split("Tomt i dag")[0]
