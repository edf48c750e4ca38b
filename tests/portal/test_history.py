"""What the recipient's page says of now («Nu») and of what has happened («Historik»)."""

import datetime as dt
import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from orders.models import OrderEvent, OrderLine
from organisation.models import AccessLogEntry
from organisation.permissions import KHS
from pickups import services as pickups
from pickups.models import Return
from recipients.models import Recipient
from tests.factories import ArticleFactory, LoanFactory, RecipientFactory, UnitFactory, UserFactory
from tests.orders.builders import sent
from tests.pickups.builders import fetched, lend, lend_chair_with_part, prescriber, returned

pytestmark = pytest.mark.django_db


@pytest.fixture
def person():
    return RecipientFactory()


def seen_by(user, person, query=""):
    client = Client()
    client.force_login(user)
    answer = client.get(reverse("recipients:detail", args=[person.key]) + query)
    assert answer.status_code == 200
    return answer.content.decode()


def history(user, person, more=""):
    page = seen_by(user, person, f"?flik=historik{more}").split("</main>")[0]
    return page.split('class="box-flush history"')[1]


def now(user, person):
    page = seen_by(user, person)
    if 'aria-label="Nu"' not in page:
        return []
    part = page.split('aria-label="Nu"')[1].split("</section>")[0]
    return [" ".join(re.sub("<[^>]+>", " ", li).split()) for li in part.split("<li")[1:]]


def titles(text):
    return re.findall(r"<div><p>([^<]+)</p><p>", text)


@pytest.fixture
def stranger():
    unit = UnitFactory(code="V01", name="Hemrehab Västervik", payer__code="0883")
    return UserFactory(last_name="Ask", default_unit=unit)


# --- «Nu» ---


def test_now_counts_what_is_held_and_what_is_on_its_way(person):
    LoanFactory(recipient=person, delivered_at=timezone.now() - dt.timedelta(days=1))
    LoanFactory(recipient=person, delivered_at=timezone.now() - dt.timedelta(days=40))
    sent((ArticleFactory(), 2), recipient=person)
    day = timezone.localdate() + dt.timedelta(days=1)
    OrderLine.objects.update(planned_delivery=day)

    assert now(prescriber(), person) == [
        "> 2 hjälpmedel senast i går",
        "> 1 på väg planerat i morgon",
    ]


def test_now_leaves_zeros_out_and_is_not_there_for_nothing(person):
    assert now(prescriber(), person) == []
    sent((ArticleFactory(), 1), recipient=person)
    assert [fact.split()[1:4] for fact in now(prescriber(), person)] == [["1", "på", "väg"]]


def test_what_is_late_asks_for_something(person):
    sent((ArticleFactory(), 1), recipient=person)
    OrderLine.objects.update(planned_delivery=timezone.localdate() - dt.timedelta(days=1))
    assert now(prescriber(), person) == ['class="asks"> 1 på väg planerat i går, försenat']


# --- «Historik» ---


def test_history_tells_all_that_happened_newest_first(person):
    aid = lend(person, ArticleFactory(name="Duschpall"), 2)
    chair, _ = lend_chair_with_part(person)
    returned(aid, 1)
    pickup = fetched(chair)
    pickups.cancel_pickup(pickup, user=prescriber())

    text = history(prescriber(), person)

    assert titles(text) == [
        "Hämtordern makulerades",
        "Ska hämtas: Rullstol Cross",
        "Återlämnat: Duschpall",
        "Levererat: Rullstol Cross",
        "Beställt: Rullstol Cross",
        "Levererat: 2 st Duschpall",
        "Beställt: 2 st Duschpall",
    ]
    assert f"individ {chair.individual.number}" in text
    assert reverse("orders:detail", args=[chair.case_number]) in text
    assert reverse("pickups:detail", args=[pickup.case_number]) in text
    assert reverse("pickups:returned", args=[Return.objects.get().key]) in text


def test_history_can_be_asked_for_one_kind(person):
    returned(lend(person, ArticleFactory(name="Duschpall")))
    assert titles(history(prescriber(), person, "&visa=aterlamnat")) == ["Återlämnat: Duschpall"]
    assert titles(history(prescriber(), person, "&visa=leveranser")) == ["Levererat: Duschpall"]
    assert len(titles(history(prescriber(), person, "&visa=annat"))) == 3


def test_another_units_case_says_its_number_without_a_link(person, stranger):
    aid = lend(person, ArticleFactory(name="Duschpall"))
    pickup = fetched(aid)
    text = history(stranger, person)
    assert titles(text)[0] == "Ska hämtas: Duschpall"
    for number in (aid.case_number, pickup.case_number):
        assert number in text
    assert '<a href="/' not in text.split("</section>")[0]


def test_of_a_protected_person_another_unit_learns_neither_who_nor_which_store(person, stranger):
    returned(lend(person, ArticleFactory(name="Duschpall")))
    assert "Kalmar kommuns förråd" in history(stranger, person)
    Recipient.objects.update(is_protected=True)

    text = history(stranger, person)
    assert "Återlämnat: Duschpall" in text
    assert "Förskrivare" not in text and "Kalmar" not in text
    mine = history(Return.objects.get().by, person)
    assert "Kalmar kommuns förråd" in mine


def test_history_is_paged_and_a_page_that_is_no_number_is_the_first(person):
    order = sent((ArticleFactory(), 1), recipient=person)
    start = order.sent_at
    OrderEvent.objects.bulk_create(
        OrderEvent(order=order, at=start + dt.timedelta(minutes=n), text=f"Nr {n}.", kind="changed")
        for n in range(1, 41)
    )
    user = prescriber()
    first, second = history(user, person), history(user, person, "&sida=2")
    assert titles(first) == [f"Nr {n}." for n in range(40, 10, -1)]
    assert titles(second)[:10] == [f"Nr {n}." for n in range(10, 0, -1)]
    assert len(titles(second)) == 11
    assert "sida=2" in first and "Visa nyare" not in first
    assert "Visa nyare" in second and "Visa äldre" not in second
    for odd in ("0", "-1", "²", "x", "9" * 30):
        assert titles(history(user, person, f"&sida={odd}")) == titles(first)
    assert "Inget har hänt" in history(user, person, "&sida=7")


def test_history_and_now_take_the_same_number_of_queries_however_much_happened(person):
    def make(count):
        for _ in range(count):
            aid = lend(person, ArticleFactory(), 2)
            returned(aid, 1)
            aid.refresh_from_db()
            fetched(aid)

    def queries():
        client = Client()
        client.force_login(user)
        address = reverse("recipients:detail", args=[person.key]) + "?flik=historik"
        client.get(address)
        with CaptureQueriesContext(connection) as asked:
            client.get(address)
        return len(asked)

    user = prescriber()
    make(1)
    few = queries()
    make(3)
    assert queries() == few


def test_a_look_at_the_history_is_logged(person):
    user = prescriber()
    history(user, person)
    entry = AccessLogEntry.objects.get(action="view")
    assert (entry.user, entry.recipient_key) == (user, person.key)


def test_khs_opens_every_units_case_from_the_history(person):
    aid = lend(person, ArticleFactory())
    khs = UserFactory(roles=[KHS], is_staff=True)
    assert reverse("orders:detail", args=[aid.case_number]) in history(khs, person)
