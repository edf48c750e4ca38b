"""What happens at the same instant: real threads, real HTTP."""

import datetime as dt
import re
import uuid

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from activities import services
from activities.models import Activity
from articles.models import ArticleType, Balance
from individuals.stock_check import differences
from orders import services as orders
from orders.models import OrderStatus
from organisation.permissions import KHS
from recipients.cases import EventKind
from sesam.errors import DomainError
from tests.at_once import Twice, at_once
from tests.factories import (
    ArticleFactory,
    RecipientFactory,
    UserFactory,
    WarehouseFactory,
    put_in_stock,
)
from tests.orders.builders import sent
from tests.pickups.builders import lend, prescriber
from tests.pickups.pages import form_of
from tests.real_http import signed_in

from .builders import closed, registered, report, technician
from .pages import choose

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def order():
    bed = ArticleFactory(name="Säng")
    put_in_stock(WarehouseFactory(), bed, 3)
    return sent((bed, 1), user=prescriber(), recipient=RecipientFactory())


def test_an_order_is_delivered_or_held_never_both(order):
    user, khs = order.ordered_by, technician()
    line = order.lines.get()

    def hold():
        return registered(recipient=order.recipient, order=order, user=user)

    def deliver():
        return orders.deliver(order, [orders.Pick(line.pk, 1)], user=khs)

    results = at_once(hold, deliver)
    assert sum(isinstance(result, DomainError) for result in results) == 1
    order.refresh_from_db()
    is_held = order.holds.filter(released_at=None).exists()
    assert is_held == (order.status != OrderStatus.DELIVERED)
    assert differences() == []


def test_an_order_is_delivered_in_the_instant_that_it_is_held_through_real_http(live_server, order):
    """Two people's forms: KHS delivers while the prescriber sends the activity."""
    client = Client()
    client.force_login(order.ordered_by)
    begun = client.get(reverse("activities:begin_with_order", args=[order.case_number])).url
    told = choose(client, begun, "Anpassning")
    send = form_of(client.get(told)) | {"action": "finish", "request": "Sänk sängen."}
    khs = Client()
    khs.force_login(UserFactory(roles=[KHS], is_staff=True))
    deliver_url = reverse("orders:deliver", args=[order.case_number])
    deliver = form_of(khs.get(deliver_url))
    mine, theirs = Twice(live_server, client), Twice(live_server, khs)
    try:
        mine.connections[1] = theirs.connections[1]
        answers = _both(mine, theirs, (told, send), (deliver_url, deliver))
    finally:
        mine.close()
        theirs.close()
    order.refresh_from_db()
    is_held = order.holds.filter(released_at=None).exists()
    is_delivered = order.status == OrderStatus.DELIVERED
    assert is_held != is_delivered, [(a.status, a.location) for a in answers]
    assert Activity.objects.exists() == is_held
    loser = answers[1] if is_held else answers[0]
    words = "väntar på aktivitet" if is_held else "kan inte vänta på en aktivitet"
    assert words in loser.text or "inte vänta" in loser.text


def _both(one: Twice, other: Twice, first, second):
    """Two browsers' forms, let go at the same instant."""
    import urllib.parse

    pairs = [(one.connections[0], one, first), (other.connections[0], other, second)]
    bodies = []
    for connection, browser, (url, data) in pairs:
        body = urllib.parse.urlencode(data | browser.token, doseq=True).encode()
        connection.putrequest("POST", url)
        connection.putheader("Cookie", browser.cookies)
        connection.putheader("Content-Type", "application/x-www-form-urlencoded")
        connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body[:-1])
        bodies.append(body)
    for (connection, _, _), body in zip(pairs, bodies, strict=True):
        connection.send(body[-1:])
    return [browser._answer(connection.getresponse()) for connection, browser, _ in pairs]


def test_of_two_technicians_one_takes_it():
    activity = registered(lend(RecipientFactory(), ArticleFactory()))
    first, second = technician(), technician()
    results = at_once(
        lambda: services.take(activity, user=first), lambda: services.take(activity, user=second)
    )
    assert sum(isinstance(result, DomainError) for result in results) == 1


def test_of_two_plans_at_once_the_second_is_told_through_real_http(live_server):
    activity = registered(lend(RecipientFactory(), ArticleFactory()))
    url = reverse("activities:plan", args=[activity.case_number])
    page = reverse("activities:detail", args=[activity.case_number])
    tabs = [
        signed_in(live_server, technician(first_name=name), tabs=1)[0] for name in ("Bo", "Siv")
    ]
    seen = [re.search(r'name="planned_for_seen" value="(\w+)"', t.get(page).text)[1] for t in tabs]
    days = [timezone.localdate() + dt.timedelta(days) for days in (2, 3)]

    answers = at_once(
        *[
            lambda tab=tab, mark=mark, day=day: tab.post(
                url, {"planned_for_seen": mark, "dag": day.isoformat()}
            )
            for tab, mark, day in zip(tabs, seen, days, strict=True)
        ]
    )

    assert sorted(answer.status for answer in answers) == [302, 409]
    (first,) = [day for day, answer in zip(days, answers, strict=True) if answer.status == 302]
    activity.refresh_from_db()
    assert activity.planned_for == first
    assert activity.events.filter(kind=EventKind.PLANNED).count() == 1


def test_closed_by_two_at_once_it_is_closed_once():
    activity = registered(lend(RecipientFactory(), ArticleFactory()))
    user = technician()
    results = at_once(*[lambda: closed(activity, user=user)] * 2)
    assert sum(isinstance(result, DomainError) for result in results) == 1
    assert activity.reports.count() == 1


def test_sent_twice_at_once_it_is_made_once():
    loan, user, token = lend(RecipientFactory(), ArticleFactory()), prescriber(), uuid.uuid4()
    made = at_once(*[lambda: registered(loan, user=user, token=token)] * 2)
    assert len({activity.pk for activity in made}) == 1


def test_two_cannot_use_the_last_of_the_material():
    part = ArticleFactory(type=ArticleType.SPARE_PART)
    put_in_stock(WarehouseFactory(), part, 1)
    one, other = (registered(lend(RecipientFactory(), ArticleFactory())) for _ in range(2))
    user = technician()
    results = at_once(
        lambda: report(one, (part, 1), user=user), lambda: report(other, (part, 1), user=user)
    )
    assert sum(isinstance(result, DomainError) for result in results) == 1
    assert Balance.objects.get(article=part).on_hand == 0
    assert differences() == []


def test_closing_and_delivering_at_once_end_without_a_deadlock(order):
    """The activity's end and the order's delivery lock the same order and the same balances."""
    bed, khs = order.lines.get().article, technician()
    activity = registered(recipient=order.recipient, order=order, user=order.ordered_by)
    line = order.lines.get()
    part = ArticleFactory(type=ArticleType.SPARE_PART)
    put_in_stock(WarehouseFactory(), part, 3)
    results = at_once(
        lambda: closed(activity, (part, 1), (bed, 1), user=khs),
        lambda: orders.deliver(order, [orders.Pick(line.pk, 1)], user=khs),
    )
    assert not isinstance(results[0], DomainError)
    assert differences() == []
