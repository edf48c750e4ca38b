"""What the hourly jobs clear away: nothing about a person is kept longer than it serves."""

import datetime as dt

import pytest
from axes.models import AccessAttempt, AccessFailureLog
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import connection
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from orders import cart as carts
from orders import jobs as order_jobs
from orders import services as orders
from recipients.models import Recipient
from sesam import jobs
from tests.factories import ArticleFactory, RecipientFactory, UserFactory, put_in_stock
from tests.factories import WarehouseFactory as Shelf
from tests.orders.builders import add, start

pytestmark = pytest.mark.django_db


def test_sessions_that_have_ended_are_removed():
    now = timezone.now()
    for key, ends in (("ended", now - dt.timedelta(minutes=1)), ("open", now + dt.timedelta(1))):
        Session.objects.create(session_key=key, session_data="x", expire_date=ends)
    call_command("clear_old")
    assert [row.session_key for row in Session.objects.all()] == ["open"]


def test_failed_sign_ins_are_forgotten_after_a_day():
    for model in (AccessAttempt, AccessFailureLog):
        facts = {"failures_since_start": 1} if model is AccessAttempt else {}
        old = model.objects.create(username="gammal", ip_address="192.0.2.1", **facts)
        model.objects.create(username="ny", ip_address="192.0.2.1", **facts)
        model.objects.filter(pk=old.pk).update(attempt_time=timezone.now() - dt.timedelta(hours=25))
    call_command("clear_old")
    for model in (AccessAttempt, AccessFailureLog):
        assert [row.username for row in model.objects.all()] == ["ny"]


def test_jobs_are_removed_a_day_after_they_ended():
    with connection.cursor() as cursor:
        for name, status, ago in (
            ("long done", "succeeded", 25), ("long failed", "failed", 25), ("done", "succeeded", 1),
            ("waits", "todo", 25),
        ):  # fmt: skip
            cursor.execute(
                "INSERT INTO procrastinate_jobs (queue_name, task_name)"
                " VALUES ('tidy', %s) RETURNING id",
                [name],
            )
            (job,) = cursor.fetchone()
            cursor.execute(
                "UPDATE procrastinate_jobs SET status = %s WHERE id = %s AND status <> %s",
                [status, job, status],
            )
            cursor.execute(
                "UPDATE procrastinate_events SET at = now() - make_interval(hours => %s)"
                " WHERE job_id = %s",
                [ago, job],
            )
    assert jobs.remove_finished_jobs() == 2
    left = ProcrastinateJob.objects.filter(queue_name="tidy")
    assert sorted(job.task_name for job in left) == ["done", "waits"]


def ordered(person: Recipient):
    user, article = UserFactory(), ArticleFactory()
    put_in_stock(Shelf(), article, 1)
    cart = start(user, person)
    carts.change(cart, {
        "street": "Tillfälliga vägen 3", "postcode": "39231", "locality": "Kalmar",
        "door_code": "1357", "extra_info": "Bakom silon", "contact_name": "Maken Lennart",
        "contact_phone": "0480-12345",
    })  # fmt: skip
    add(cart, article, comment="Ställs mot fönstret")
    return orders.send(cart, user=user)


def typed(order) -> set[str]:
    order.refresh_from_db()
    facts = {order.street, order.door_code, order.extra_info, order.contact_name}
    return {*facts, *order.lines.values_list("comment", flat=True)} - {""}


@pytest.mark.parametrize("how", ["delivered", "cancelled"])
def test_what_was_typed_for_a_protected_person_is_forgotten_when_the_order_has_ended(how):
    order = ordered(RecipientFactory(is_protected=True))
    assert typed(order) >= {"Tillfälliga vägen 3", "1357", "Bakom silon", "Ställs mot fönstret"}
    khs = UserFactory()
    if how == "delivered":
        orders.deliver(order, [orders.Pick(order.lines.get().pk, 1)], user=khs)
    else:
        orders.cancel(order, user=khs)
    assert typed(order) == set()


def test_others_orders_keep_what_was_typed_until_the_person_becomes_protected():
    person = RecipientFactory()
    order = ordered(person)
    orders.cancel(order, user=UserFactory())
    assert order_jobs.forget_whereabouts_of_protected() == 0
    assert "Bakom silon" in typed(order)
    Recipient.objects.filter(pk=person.pk).update(is_protected=True)
    assert order_jobs.forget_whereabouts_of_protected() == 1
    assert typed(order) == set()
