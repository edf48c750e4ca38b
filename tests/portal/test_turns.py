"""Whose turn it is: every kind of case says it on its page, in its panel and in its lists, and what is
late comes first where a list is sorted by it."""

import datetime as dt
import re
from html import unescape

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from activities import services as activities
from activities.models import Activity
from deviations.models import Deviation
from orders import services as orders
from orders.models import Order, OrderLine
from organisation.permissions import KHS
from pickups import services as pickups
from pickups.models import PickupOrder
from recipients.models import CareRelation, Recipient
from sesam.models import CaseKind
from tests.activities import builders as work
from tests.deviations.builders import chair, received, registered
from tests.factories import (
    ArticleFactory,
    UnitFactory,
    UserFactory,
    WarehouseFactory,
    given_out,
    put_in_stock,
)
from tests.orders.builders import TO_APPROVAL, project, sent
from tests.pickups.builders import fetched, lend, prescriber, someone

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate


def text_of(response) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", response.content.decode())).split())


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def khs():
    return signed_in(UserFactory(roles=[KHS], is_staff=True))


@pytest.fixture
def client():
    return signed_in(prescriber())


def an_order(person=None) -> Order:
    article = ArticleFactory()
    put_in_stock(WarehouseFactory(), article, 5)
    return sent((article, 1), recipient=person or someone())


def an_order_that_waits() -> Order:
    order = an_order()
    orders.hold(order, given_out("26480999", CaseKind.ACTIVITY), user=UserFactory())
    return order


def an_order_to_answer() -> Order:
    return project(*TO_APPROVAL).order


def a_pickup() -> PickupOrder:
    return fetched(lend(someone(), ArticleFactory()))


def a_planned_pickup() -> PickupOrder:
    return pickups.plan(a_pickup(), user=UserFactory(), day=TODAY())


def a_deviation() -> Deviation:
    return registered(chair())


def a_received_deviation() -> Deviation:
    return received(chair())


def an_activity() -> Activity:
    return work.registered(lend(someone(), ArticleFactory()))


def a_planned_activity() -> Activity:
    return activities.plan(an_activity(), user=UserFactory(), day=TODAY())


QUEUES = {
    Activity: "/admin/activities/activity/?status=alla",
    Order: "/admin/orders/order/?status=alla",
    PickupOrder: "/admin/pickups/pickuporder/?status=alla",
    Deviation: "/admin/deviations/deviation/?status=alla",
}
PAGES = {
    Activity: "activities:detail",
    Order: "orders:detail",
    PickupOrder: "pickups:detail",
    Deviation: "deviations:detail",
}


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (an_order, "KHS plockar beställningen"),
        (an_order_that_waits, "KHS avslutar aktivitet 26480999"),
        (an_order_to_answer, "Förskrivaren svarar på offerten"),
        (a_pickup, "KHS planerar hämtningen"),
        (a_planned_pickup, "KHS hämtar"),
        (a_deviation, "KHS tar emot avvikelsen"),
        (a_received_deviation, "KHS utreder och svarar"),
        (an_activity, "KHS planerar arbetet"),
        (a_planned_activity, "KHS gör arbetet"),
    ],
)
def test_page_and_queue_say_the_same(khs, make, said):
    case = make()
    page = text_of(khs.get(reverse(PAGES[type(case)], args=[case.case_number])))
    assert f"Nästa steg: {said}" in page
    assert "sedan i dag" in page
    assert f"{said} sedan i dag" in text_of(khs.get(QUEUES[type(case)]))


def test_what_has_ended_is_nobodys_turn(khs):
    order = orders.cancel(an_order(), user=UserFactory())
    assert "Nästa steg:" not in text_of(khs.get(reverse("orders:detail", args=[order.case_number])))
    assert "plockar beställningen" not in text_of(khs.get(QUEUES[Order]))


def test_what_is_late_says_so_everywhere(khs):
    yesterday = TODAY() - dt.timedelta(days=1)
    order, pickup, deviation = an_order(), a_planned_pickup(), a_deviation()
    activity = an_activity()
    Activity.objects.filter(pk=activity.pk).update(due_on=yesterday)
    OrderLine.objects.filter(order=order).update(planned_delivery=yesterday)
    PickupOrder.objects.filter(pk=pickup.pk).update(planned_for=yesterday)
    Deviation.objects.filter(pk=deviation.pk).update(due_on=yesterday)
    for case in (order, pickup, deviation, activity):
        page = text_of(khs.get(reverse(PAGES[type(case)], args=[case.case_number])))
        assert re.search(r"Nästa steg: .*försenad", page), case
        assert re.search(r"sedan i dag, försenad", text_of(khs.get(QUEUES[type(case)]))), case


def test_the_recipients_lists_and_panels_say_it(client):
    person = someone()
    order, deviation = an_order(person), registered(chair(person))
    home = reverse("recipients:detail", args=[person.key])
    line = order.lines.get().pk
    for tab, row, said in (
        ("bestallt", line, "KHS plockar beställningen"),
        ("avvikelser", deviation.case_number, "KHS tar emot avvikelsen"),
    ):
        assert f"{said} sedan i dag" in text_of(client.get(f"{home}?flik={tab}"))
        panel = text_of(client.get(f"{home}?flik={tab}&panel={row}"))
        assert re.search(rf"Nästa steg {said}, .*sedan i dag", panel)


def test_min_sida_says_it_of_each_kind_in_list_and_panel():
    user = prescriber()
    mine, article = signed_in(user), ArticleFactory()
    put_in_stock(WarehouseFactory(), article, 1)
    order = sent((article, 1), user=user)
    pickup = fetched(lend(someone(), ArticleFactory()), user=user)
    activity = work.registered(lend(someone(), ArticleFactory()), user=user)
    deviation = registered(chair(), user=user)
    for tab, case, said in (
        ("bestallningar", order, "KHS plockar beställningen"),
        ("hamtordrar", pickup, "KHS planerar hämtningen"),
        ("aktiviteter", activity, "KHS planerar arbetet"),
        ("avvikelser", deviation, "KHS tar emot avvikelsen"),
    ):
        url = f"{reverse('my_page')}?flik={tab}"
        assert f"{said} sedan i dag" in text_of(mine.get(url)), tab
        panel = text_of(mine.get(f"{url}&panel={case.case_number}"))
        assert re.search(rf"Nästa steg {said}, .*sedan i dag", panel), tab
    late = fetched(lend(someone(), ArticleFactory()), user=user)
    PickupOrder.objects.filter(pk=late.pk).update(planned_for=TODAY() - dt.timedelta(days=1))
    sorted_by_it = text_of(mine.get(f"{reverse('my_page')}?flik=hamtordrar&sortera=next"))
    assert sorted_by_it.index(late.case_number) < sorted_by_it.index(pickup.case_number)


def test_the_panel_of_an_aid_that_is_to_be_fetched_tells_of_its_pickup_order(client):
    loan = lend(someone(), ArticleFactory())
    home = f"{reverse('recipients:detail', args=[loan.recipient.key])}?panel={loan.pk}"
    assert "panelflik=hamtorder" not in client.get(home).content.decode()
    pickup = fetched(loan)
    page = reverse("pickups:detail", args=[pickup.case_number])
    assert "panelflik=hamtorder" in client.get(home).content.decode()
    answer = client.get(f"{home}&panelflik=hamtorder")
    assert re.search(r"Nästa steg KHS planerar hämtningen, sedan i dag", text_of(answer))
    assert f'class="btn btn-primary" href="{page}"' in answer.content.decode()


def test_of_another_units_pickup_order_there_is_no_more_than_the_panel():
    pickup = fetched(loan := lend(someone(), ArticleFactory()))
    unit = UnitFactory(code="V01", name="Västervik")
    stranger = signed_in(UserFactory(default_unit=unit))
    key = loan.recipient.key
    Recipient.objects.filter(pk=loan.recipient_id).update(is_protected=False)
    number = given_out("26480998", CaseKind.ORDER)
    CareRelation.objects.create(recipient=loan.recipient, unit=unit, case_number=number)
    home = f"{reverse('recipients:detail', args=[key])}?panel={loan.pk}&panelflik=hamtorder"
    answer = stranger.get(home)
    assert "KHS planerar hämtningen" in text_of(answer)
    page = reverse("pickups:detail", args=[pickup.case_number])
    assert page not in answer.content.decode()
    assert str(pickup.unit) in text_of(answer)
    Recipient.objects.filter(pk=loan.recipient_id).update(is_protected=True)
    panel = stranger.get(home).content.decode().split('id="panel"')[1]
    assert str(pickup.unit) not in panel and str(pickup.warehouse) not in panel


def test_lists_are_sorted_by_whose_turn_is_due_first(client):
    person = someone()
    early, late = an_order(person), an_order(person)
    for order, days in ((early, 1), (late, 9)):
        day = TODAY() + dt.timedelta(days=days)
        OrderLine.objects.filter(order=order).update(planned_delivery=day)
    one, other = registered(loan := chair(person)), registered(loan)
    Deviation.objects.filter(pk=other.pk).update(due_on=TODAY() - dt.timedelta(days=1))
    home = reverse("recipients:detail", args=[person.key])

    ordered = text_of(client.get(f"{home}?flik=bestallt&sortera=next"))
    assert ordered.index(early.case_number) < ordered.index(late.case_number)
    ordered = text_of(client.get(f"{home}?flik=bestallt&sortera=-next"))
    assert ordered.index(late.case_number) < ordered.index(early.case_number)
    wrong = text_of(client.get(f"{home}?flik=avvikelser&sortera=next"))
    assert wrong.index(other.case_number) < wrong.index(one.case_number)


def test_saying_it_takes_no_query_a_row(client, khs):
    person = someone()
    urls = [
        (client, reverse("recipients:detail", args=[person.key]) + "?flik=bestallt"),
        (khs, QUEUES[Order]),
        (khs, QUEUES[PickupOrder]),
        (client, reverse("recipients:detail", args=[person.key]) + "?flik=aktiviteter"),
        (khs, QUEUES[Activity]),
    ]

    def queries() -> list[int]:
        found = []
        for who, url in urls:
            with CaptureQueriesContext(connection) as captured:
                who.get(url)
            found.append(len(captured))
        return found

    an_order(person)
    a_pickup()
    work.registered(recipient=person, type="Konsulentärende")
    queries()
    before = queries()
    for _ in range(4):
        an_order(person)
        a_pickup()
        work.registered(recipient=person, type="Konsulentärende")
    assert queries() == before
