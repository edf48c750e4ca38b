"""What is under warranty is complained of: told where a repair or a spare part is asked for, and listed
before it ends."""

import datetime as dt
from html import unescape

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from articles.models import ArticleType, Fit
from individuals.models import Individual
from tests.factories import ArticleFactory, BufferFactory, RecipientFactory, put_in_stock
from tests.orders.builders import start
from tests.pickups.builders import lend, prescriber
from tests.reading import read_page

from .builders import closed, registered, technician
from .pages import begin, choose, go_on

pytestmark = pytest.mark.django_db
LIST = reverse("admin:activities_pieceunderwarranty_changelist")
OFFER = "Gör en reklamation"


@pytest.fixture
def user():
    return prescriber()


@pytest.fixture
def client(user):
    client = Client()
    client.force_login(user)
    return client


def warranted(piece: Individual, days: int) -> Individual:
    piece.warranty_until = timezone.localdate() + dt.timedelta(days)
    piece.save(update_fields=["warranty_until"])
    return piece


def chair_at_home(days: int = 100):
    loan = lend(RecipientFactory(), ArticleFactory(name="Rullstol", is_marked=True))
    warranted(loan.individual, days)
    return loan


def described(client, loan, kind: str):
    """The step where a fault is described, of an activity on the loan."""
    aids = choose(client, begin(client, loan.recipient, loan), kind)
    return client.get(go_on(client, aids).url)


def description(client, loan, kind: str) -> str:
    return read_page(described(client, loan, kind))


@pytest.mark.parametrize("kind", ["Avhjälpande", "Beställning av reservdel", "Buffertreparation"])
def test_a_repair_or_a_spare_part_of_what_is_under_warranty_offers_the_complaint(client, kind):
    loan = chair_at_home()
    page = description(client, loan, kind)
    assert f"har garanti till {loan.individual.warranty_until}" in page and OFFER in page


def test_what_isnt_a_fault_or_has_no_warranty_any_more_offers_none(client):
    assert OFFER not in description(client, chair_at_home(), "Anpassning")
    assert OFFER not in description(client, chair_at_home(-1), "Avhjälpande")


def test_it_is_told_on_the_last_day_too(client):
    assert OFFER in description(client, chair_at_home(0), "Avhjälpande")


def test_the_complaint_begins_with_the_aid_and_its_kind_chosen(client):
    loan = chair_at_home()
    page = unescape(described(client, loan, "Avhjälpande").content.decode())
    url = f"/avvikelser/ny/mottagare/{loan.recipient.key}/?valda={loan.pk}&typ=reklamation"
    assert url in page
    event = read_page(client.get(url, follow=True))
    assert loan.individual.number in event
    chosen = event[event.index('value="complaint"') :][:120]
    assert "checked" in chosen


def test_a_piece_in_a_store_is_complained_of_there(client):
    (piece,) = put_in_stock(BufferFactory(), ArticleFactory(is_marked=True), 1)
    warranted(piece, 10)
    first = client.get(reverse("activities:begin_with_piece", args=[piece.number])).url
    page = read_page(client.get(choose(client, first, "Buffertreparation")))
    assert OFFER in page and f"individ/{piece.number}/?typ=reklamation" in page


def test_ordering_a_spare_part_that_fits_what_is_under_warranty_offers_it(client, user):
    loan = chair_at_home()
    other = lend(loan.recipient, ArticleFactory(name="Säng", is_marked=True))
    warranted(other.individual, 100)
    wheel = ArticleFactory(name="Länkhjul", type=ArticleType.SPARE_PART)
    Fit.objects.create(main=loan.article, part=wheel)
    start(user, loan.recipient, replace=True)
    page = read_page(client.get(reverse("orders:add", args=[wheel.number]), follow=True))
    assert OFFER in page and f"Individ {loan.individual} har garanti" in page
    assert f"Individ {other.individual} har garanti" not in page


def test_ordering_an_accessory_offers_none(client, user):
    loan = chair_at_home()
    cushion = ArticleFactory(name="Dyna", type=ArticleType.ACCESSORY)
    start(user, loan.recipient, replace=True)
    page = read_page(client.get(reverse("orders:add", args=[cushion.number]), follow=True))
    assert OFFER not in page


# --- the list ---


@pytest.fixture
def khs():
    client = Client()
    client.force_login(technician())
    return client


def test_what_ends_within_three_months_is_listed_with_its_repairs(khs):
    loan, later, ended = (chair_at_home(days) for days in (30, 120, -1))
    repair = registered(loan, type="Avhjälpande")
    closed(repair)
    closed(registered(loan))
    page = read_page(khs.get(LIST))
    assert f"/individer/{loan.individual}/?flik=aktiviteter" in page
    assert f"/aktiviteter/{repair.case_number}/" in page
    assert loan.recipient.family_name not in page
    for other in (later, ended):
        assert other.individual.number not in page


def test_what_is_scrapped_is_not_listed(khs):
    loan = chair_at_home(30)
    Individual.objects.filter(pk=loan.individual_id).update(status="scrapped")
    assert loan.individual.number not in read_page(khs.get(LIST))


def test_the_number_of_questions_doesnt_grow_with_the_rows(khs):
    def asked() -> int:
        with CaptureQueriesContext(connection) as questions:
            khs.get(LIST)
        return len(questions)

    registered(chair_at_home(10), type="Avhjälpande")
    few = asked()
    for _ in range(4):
        registered(chair_at_home(10), type="Avhjälpande")
    assert asked() == few
