"""What an own store does itself: its page, «Att göra», the message of the night."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from activities.maintenance import night
from articles.models import Article
from individuals.models import Individual
from organisation.models import Message
from organisation.permissions import BUFFERT, FORSKRIVARE, KHS
from recipients.models import Recipient
from tests.factories import (
    ArticleFactory,
    BufferFactory,
    UnitFactory,
    UserFactory,
    put_in_stock,
)
from tests.pickups.builders import lend, returned, someone, unit_with_store
from tests.reading import read_page

from .builders import closed, due_in, made_of, plan_of, registered

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate


@pytest.fixture
def bed() -> Article:
    return ArticleFactory(name="Vårdsäng", is_marked=True, iso_code="181210")


@pytest.fixture
def store():
    return unit_with_store().own_stores.get()


@pytest.fixture
def keeper():
    return UserFactory(roles=[BUFFERT], default_unit=unit_with_store())


def tab_of(store) -> str:
    return f"/lager/{store.number}/?flik=aktiviteter"


def in_store(store, article) -> Individual:
    (piece,) = put_in_stock(store, article, 1)
    return piece


def test_the_store_sees_what_it_does_itself_where_and_until_when(client, keeper, store, bed):
    plan_of(bed, done_by="store")
    here, lent = in_store(store, bed), lend(someone(), bed)
    schedules = [due_in(-2, here), due_in(3, lent.individual)]
    night.run()
    client.force_login(keeper)
    page = read_page(client.get(tab_of(store)))
    for schedule in schedules:
        activity = made_of(schedule)
        assert f'href="/aktiviteter/{activity.case_number}/' in page
        assert f"Vårdsäng ({schedule.individual})" in page and f"{schedule.due_on}" in page
    assert "I förrådet" in page and "Hos mottagare" in page
    assert lent.recipient.family_name not in page
    closed(made_of(schedules[0]), user=keeper)
    assert made_of(schedules[1]).case_number in read_page(client.get(tab_of(store)))


def test_what_has_come_back_stands_in_the_store_and_is_said_to(client, keeper, store, bed):
    plan_of(bed, done_by="store")
    loan = lend(someone(), bed)
    due_in(3, loan.individual)
    night.run()
    returned(loan, user=keeper, store=store)
    client.force_login(keeper)
    page = read_page(client.get(tab_of(store)))
    assert "I förrådet" in page and "Hos mottagare" not in page


def test_a_repair_in_the_store_stands_there_too_and_what_khs_does_doesnt(
    client, keeper, store, bed
):
    plan_of(bed)
    piece = in_store(store, bed)
    by_khs = due_in(3, piece)
    night.run()
    repair = registered(piece=in_store(store, bed), type="Buffertreparation")
    client.force_login(keeper)
    page = read_page(client.get(tab_of(store)))
    assert repair.case_number in page and made_of(by_khs).case_number not in page


def test_another_units_store_is_nobodys_business_and_khs_sees_every_one(client, keeper, store, bed):
    plan_of(bed, done_by="store")
    schedule = due_in(3, in_store(store, bed))
    night.run()
    other = BufferFactory(number="0899")
    client.force_login(keeper)
    assert client.get(tab_of(other)).status_code == 404
    client.force_login(UserFactory(roles=[KHS], is_staff=True))
    assert made_of(schedule).case_number in read_page(client.get(tab_of(store)))


def test_where_a_protected_person_is_khs_isnt_told(client, keeper, store, bed):
    plan_of(bed, done_by="store")
    loan = lend(someone(), bed)
    schedule = due_in(3, loan.individual)
    night.run()
    Recipient.objects.filter(pk=loan.recipient_id).update(is_protected=True)
    number = made_of(schedule).case_number
    elsewhere = UnitFactory(code="KHS", name="Hjälpmedelscentralen")
    client.force_login(UserFactory(roles=[KHS], is_staff=True, default_unit=elsewhere))
    assert number not in read_page(client.get(tab_of(store)))
    client.force_login(keeper)
    assert number in read_page(client.get(tab_of(store)))


def test_as_many_questions_for_one_row_as_for_many(client, keeper, store, bed):
    plan_of(bed, done_by="store")
    client.force_login(keeper)

    def asked() -> int:
        with CaptureQueriesContext(
            connection,
        ) as found:
            client.get(tab_of(store))
        return len(found)

    def more() -> None:
        due_in(3, in_store(store, bed))
        due_in(3, lend(someone(), bed).individual)
        night.run()

    more()
    client.get(tab_of(store))
    few = asked()
    for _ in range(3):
        more()
    assert asked() == few


def test_it_waits_under_att_gora_of_whoever_answers_for_the_store(client, keeper, store, bed):
    plan_of(bed, done_by="store")
    schedule = due_in(-2, in_store(store, bed))
    night.run()
    client.force_login(keeper)
    assert f"1 aktivitet att utföra i {store.name}" in read_page(client.get("/"))
    client.force_login(UserFactory(roles=[FORSKRIVARE], default_unit=unit_with_store()))
    assert "att utföra i" not in read_page(client.get("/"))
    closed(made_of(schedule), user=keeper)
    client.force_login(keeper)
    assert "att utföra i" not in read_page(client.get("/"))


def test_whoever_answers_for_the_store_is_told_once_a_night(client, keeper, store, bed):
    UserFactory(roles=[FORSKRIVARE], default_unit=unit_with_store())
    plan_of(bed, done_by="store")
    schedules = [due_in(3, in_store(store, bed)), due_in(4, lend(someone(), bed).individual)]
    night.run()
    night.run()
    told = Message.objects.get()
    assert told.user == keeper
    assert told.title == f"Underhåll att utföra i {store}: 2 st"
    assert all(made_of(schedule).case_number in told.text for schedule in schedules)
    assert not told.case_number and "Att utföra" in told.text
    one = due_in(2, in_store(store, bed))
    night.run()
    assert Message.objects.latest("pk").case_number == made_of(one).case_number


def test_what_khs_does_is_no_message_to_a_store(keeper, store, bed):
    plan_of(bed)
    due_in(3, in_store(store, bed))
    night.run()
    assert not Message.objects.exists()
