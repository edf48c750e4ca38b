"""What one has had before oneself lately, in the search box of every page."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from organisation.models import AccessLogEntry
from organisation.permissions import CONTROLLER
from recipients.models import Recipient
from tests.factories import ArticleFactory, RecipientFactory, UnitFactory, UserFactory
from tests.orders.builders import sent
from tests.reading import read_page

pytestmark = pytest.mark.django_db
URL = "/senaste/"


@pytest.fixture
def order(prescriber):
    return sent((ArticleFactory(), 1), user=prescriber)


def test_recipients_seen_today_stand_by_name_alone_and_are_no_new_look(client, order):
    person = order.recipient
    assert person.name not in read_page(client.get(URL))
    client.get(f"/mottagare/{person.key}/")
    before = AccessLogEntry.objects.count()
    answer = client.get(URL)
    page = read_page(answer)
    assert person.name in page
    for told in (person.number, person.written_number, person.street, person.locality):
        assert told not in page
    assert AccessLogEntry.objects.count() == before
    assert "no-store" in answer["Cache-Control"]
    assert person.name in read_page(client.get("/"))  # the same list


def test_a_protected_person_stands_by_name_alone_too(client, order):
    Recipient.objects.update(is_protected=True)
    client.get(f"/mottagare/{order.recipient.key}/")
    page = read_page(client.get(URL))
    assert order.recipient.name in page and "Skyddad" not in page


def test_cases_that_were_opened_and_articles_that_were_looked_at_stand_there(client, order):
    article = ArticleFactory(name="Rollator Sola")
    client.get(f"/artiklar/{article.number}/")
    client.get(f"/bestallningar/{order.case_number}/")
    page = read_page(client.get(URL))
    assert f"Beställning {order.case_number}" in page
    assert "Rollator Sola" in page


def test_what_others_looked_at_or_one_may_no_longer_open_doesnt(client, browser_of, order):
    colleague = browser_of(UserFactory())
    colleague.get(f"/bestallningar/{order.case_number}/")
    assert order.case_number not in read_page(client.get(URL))
    client.get(f"/bestallningar/{order.case_number}/")
    order.unit = UnitFactory(code="V01", name="Hemrehab Västervik")
    order.save(update_fields=["unit"])
    assert order.case_number not in read_page(client.get(URL))


def test_yesterdays_are_gone(client, order, time_machine):
    client.get(f"/bestallningar/{order.case_number}/")
    time_machine.move_to(timezone.localtime() + dt.timedelta(days=1))
    assert order.case_number not in read_page(client.get(URL))


def test_who_looks_nobody_up_is_refused(browser_of):
    assert browser_of(UserFactory(roles=[CONTROLLER])).get(URL).status_code == 403


def test_many_ask_no_more(client, prescriber, order, django_assert_max_num_queries):
    client.get(f"/bestallningar/{order.case_number}/")
    with CaptureQueriesContext(connection) as few:
        client.get(URL)
    asked = len(few)
    for _ in range(3):
        other = sent((ArticleFactory(), 1), user=prescriber, recipient=RecipientFactory())
        client.get(f"/bestallningar/{other.case_number}/")
    with django_assert_max_num_queries(asked):
        client.get(URL)
