"""Who ordered and who prescribes is told what becomes of it; whoever did it isn't."""

import datetime as dt

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from articles.models import Balance
from orders import jobs, moved
from orders import services as orders
from orders.models import Cart
from orders.services import Pick, projects
from orders.stages import Stage
from organisation.models import Message, MessageKind
from organisation.permissions import KHS
from recipients.models import Recipient
from tests.factories import ArticleFactory, UserFactory, WarehouseFactory, put_in_stock
from tests.orders.builders import TO_APPROVAL, add, project, sent, start
from tests.reading import read_page

pytestmark = pytest.mark.django_db


@pytest.fixture
def khs():
    return UserFactory(roles=[KHS], is_staff=True)


def told(kind: MessageKind) -> list[Message]:
    return list(Message.objects.filter(kind=kind).order_by("pk"))


def test_both_the_orderer_and_the_prescriber_are_told_of_a_delivery(khs):
    prescriber = UserFactory()
    article = ArticleFactory(is_marked=False)
    put_in_stock(WarehouseFactory(), article, 5)
    order = sent((article, 2))
    order.prescriber = prescriber
    order.save()
    for quantity in (1, 1):
        line = order.lines.get()
        orders.deliver(order, [Pick(line.pk, quantity)], user=khs)
    found = told(MessageKind.DELIVERED)
    assert {x.user for x in found} == {order.ordered_by, prescriber}
    assert [x.title for x in found if x.user == prescriber] == [
        f"Beställning {order.case_number} är delvis utlevererad",
        f"Beställning {order.case_number} är utlevererad",
    ]
    assert found[0].text == f"1 st {article.name}" and found[0].about == order.recipient.key


def test_who_has_left_the_unit_is_told_nothing_more_of_its_patients(khs):
    article = ArticleFactory(is_marked=False)
    put_in_stock(WarehouseFactory(), article, 5)
    order = sent((article, 1))
    stays = UserFactory(default_unit=order.unit)
    order.prescriber = stays
    order.save()
    order.ordered_by.units.clear()
    orders.deliver(order, [Pick(order.lines.get().pk, 1)], user=khs)
    assert [x.user for x in told(MessageKind.DELIVERED)] == [stays]


def test_of_a_protected_person_only_the_title_is_written(khs):
    article = ArticleFactory(is_marked=False)
    put_in_stock(WarehouseFactory(), article, 5)
    order = sent((article, 1))
    Recipient.objects.filter(pk=order.recipient_id).update(is_protected=True)
    orders.deliver(order, [Pick(order.lines.get().pk, 1)], user=khs)
    (message,) = told(MessageKind.DELIVERED)
    assert message.text == ""


def test_the_confirmation_says_whom_a_message_will_reach(khs):
    article = ArticleFactory(is_marked=False)
    put_in_stock(WarehouseFactory(), article, 5)
    order = sent((article, 1))
    client = Client()
    client.force_login(order.ordered_by)

    def confirmation() -> str:
        return read_page(client.get(f"/bestallningar/{order.case_number}/bekraftelse/"))

    assert "<b>Du får ett meddelande</b> när något är levererat" in confirmation()
    order.prescriber = UserFactory(first_name="Eva", last_name="Ek")
    order.save()
    assert "<b>Du och Eva Ek får ett meddelande</b>" in confirmation()
    colleague = UserFactory(default_unit=order.unit)
    client.force_login(colleague)
    assert f"<b>{order.ordered_by} och Eva Ek får ett meddelande</b>" in confirmation()
    orders.deliver(order, [Pick(order.lines.get().pk, 1)], user=khs)
    assert "får ett meddelande" not in confirmation()


def test_an_offer_that_waits_is_told(khs):
    line = project(*TO_APPROVAL)
    (message,) = told(MessageKind.OFFER)
    assert line.stage == Stage.WAITING
    assert message.user == line.order.ordered_by and message.case_number == line.order.case_number
    assert projects.may_answer(message.user, line.order)


@pytest.fixture
def backlog():
    """An order of what isn't in stock, and its balance."""
    article, khs_store = ArticleFactory(is_marked=False), WarehouseFactory()
    put_in_stock(khs_store, article, 1)
    order = sent((article, 3))
    return order, Balance.objects.get(article=article, warehouse=order.lines.get().warehouse)


def test_who_waits_is_told_when_khs_moves_the_day(backlog, khs, monkeypatch):
    order, balance = backlog
    monkeypatch.setattr(jobs.tell_moved, "defer", lambda **job: jobs.tell_moved.func(**job))
    client = Client()
    client.force_login(khs)
    day = timezone.localdate() + dt.timedelta(days=9)
    for _ in range(2):  # saved again without a change tells nobody
        client.post(
            f"/admin/articles/balance/{balance.pk}/change/",
            {"expected_on": f"{day:%Y-%m-%d}",
             "initial-expected_on": f"{Balance.objects.get(pk=balance.pk).expected_on or ''}"},
        )  # fmt: skip
    (message,) = told(MessageKind.BACKLOG)
    assert message.user == order.ordered_by
    assert message.title == f"Ny leveransdag för beställning {order.case_number}"
    assert f"{day.day} " in message.text


def test_who_has_all_that_was_ordered_is_not_told_of_another_day(khs):
    article = ArticleFactory(is_marked=False)
    store = WarehouseFactory()
    put_in_stock(store, article, 5)
    sent((article, 2))
    assert moved.tell_waiting(warehouse=store, article=article, day=None, by=khs) == 0


def test_a_day_that_nobody_knows_any_longer_is_told_too(backlog, khs):
    order, balance = backlog
    moved.tell_waiting(warehouse=balance.warehouse, article=balance.article, day=None, by=khs)
    assert "Ingen dag är känd just nu." in told(MessageKind.BACKLOG)[0].text


def test_before_an_order_in_progress_is_left_its_user_is_told_once():
    cart = start(UserFactory())
    add(cart, ArticleFactory())
    hours = dt.timedelta(hours=1)
    touched = Cart.objects.get(pk=cart.pk).updated_at
    for after, count in ((19, 0), (21, 1), (22, 1), (23, 1)):
        with time_machine.travel(touched + after * hours):
            jobs.warn_of_old_carts()
        assert len(told(MessageKind.CART)) == count
    assert told(MessageKind.CART)[0].user == cart.user
    with time_machine.travel(touched + 26 * hours):
        assert jobs.leave_old_carts() == 1
        assert jobs.warn_of_old_carts() == 0


def test_an_empty_order_in_progress_is_nothing_to_warn_of():
    cart = start(UserFactory())
    touched = Cart.objects.get(pk=cart.pk).updated_at
    with time_machine.travel(touched + dt.timedelta(hours=22)):
        assert jobs.warn_of_old_carts() == 0
