"""What may have happened meanwhile, each with its own clear message, through the front door.

Two people at the same instant: test_concurrency.py.
"""

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from individuals.models import Individual
from pickups import services
from pickups.models import PickupOrder, PickupStatus, Return
from pickups.services import Got
from recipients.models import Loan, Recipient
from tests.factories import ArticleFactory

from .builders import fetched, lend, lend_chair_with_part, prescriber, returned, someone
from .pages import begin, form_of, give_back, new_return, to_information

pytestmark = pytest.mark.django_db


@pytest.fixture
def client():
    client = Client()
    client.force_login(prescriber())
    return client


@pytest.fixture
def chair() -> Loan:
    return lend(someone(), ArticleFactory(name="Rullstol Cross", is_marked=True))


def by_return(client, loan: Loan, *more: Loan):
    """The form of a return, shown before what happens meanwhile; then sent."""
    form = form_of(client.get(new_return(loan.recipient, loan, *more)))
    return lambda: give_back(client, loan.recipient, form)


def by_pickup(client, loan: Loan, *more: Loan):
    """The dialog of a pickup order, filled in before what happens meanwhile; then sent."""
    url, form = to_information(client, loan, *more)
    return lambda: client.post(url, form)


WAYS = pytest.mark.parametrize("fill_in", [by_return, by_pickup])


@WAYS
def test_a_scrapped_piece_is_asked_for_again(client, chair, fill_in):
    send = fill_in(client, chair)
    returned(chair, scrap=True)

    response = send()

    assert response.status_code == 409
    assert "Rullstol Cross är skrotat." in response.content.decode()
    assert not PickupOrder.objects.exists()
    assert Return.objects.count() == 1


@WAYS
def test_an_aid_that_came_back_yesterday(client, chair, fill_in):
    send = fill_in(client, chair)
    with time_machine.travel(timezone.localtime() - timezone.timedelta(days=1)):
        returned(chair)

    response = send()

    assert response.status_code == 409
    assert "Rullstol Cross är redan återlämnat." in response.content.decode()
    assert not PickupOrder.objects.exists()


@WAYS
def test_an_aid_that_khs_calls_missing(client, chair, fill_in):
    send = fill_in(client, chair)
    pickup = fetched(chair)
    services.receive(pickup, [Got(pickup.lines.get().pk, 1, "missing")], user=prescriber())

    assert "Rullstol Cross är anmält som saknat." in send().content.decode()


@WAYS
def test_an_aid_that_somebody_else_had_fetched(client, chair, fill_in):
    send = fill_in(client, chair)
    pickup = fetched(chair)

    response = send()

    assert response.status_code == 409
    told = f"Rullstol Cross står redan på hämtorder {pickup.case_number}."
    assert told in response.content.decode()
    assert PickupOrder.objects.get() == pickup
    assert not Return.objects.exists()


@WAYS
@pytest.mark.parametrize("meanwhile", [returned, fetched])
def test_the_rest_is_not_sent_without_a_word(client, chair, fill_in, meanwhile):
    rail = lend(chair.recipient, ArticleFactory(name="Stödhandtag"))
    send = fill_in(client, rail, chair)
    meanwhile(chair)

    response = send()

    assert response.status_code == 409
    rail.refresh_from_db()
    assert rail.ended_at is None
    assert not rail.pickup_lines.exists()
    assert form_of(response)["valda"] == [str(rail.pk)], "what can be had is still ticked"


@WAYS
def test_more_of_a_counted_article_than_is_held(client, fill_in):
    loan = lend(someone(), ArticleFactory(name="Stödhandtag"), 3)
    send = fill_in(client, loan)
    returned(loan, 2)

    response = send()

    text = response.content.decode()
    assert response.status_code in (409, 422)
    assert "Stödhandtag: mottagaren har 1 st, så fler kan inte lämnas tillbaka." in text
    loan.refresh_from_db()
    assert loan.held == 1


def test_a_part_fitted_while_a_pickup_order_is_filled_in(client):
    chair, cushion = lend_chair_with_part(someone())
    first = begin(client, chair)
    form = form_of(client.get(first)) | {"action": "next", "valda": [str(chair.pk)]}
    form["visad"].remove(str(cushion.pk))  # it was fitted after the page was shown
    second = client.post(first, form).url
    typed = form_of(client.get(second)) | {"action": "next"}

    response = client.post(second, typed)

    text = response.content.decode()
    assert response.status_code == 409
    assert "Sittdyna har monterats på Rullstol Cross" in text
    assert f'id="fel-{chair.pk}"' in text, "it stands at its aid"
    assert not PickupOrder.objects.exists()

    client.post(first, form_of(response) | {"action": "next"})
    client.post(second, typed)
    assert PickupOrder.objects.get().lines.count() == 1, "now its staying is a choice"


def test_a_deceased_persons_aids_come_back_both_ways(client, chair):
    recipient = chair.recipient
    rail = lend(recipient, ArticleFactory(name="Stödhandtag"))
    Recipient.objects.filter(pk=recipient.pk).update(deceased_on=timezone.localdate())

    response = by_return(client, rail)()
    assert response.status_code == 302
    response = by_pickup(client, chair)()
    assert response.status_code == 302

    pickup = PickupOrder.objects.get()
    paper = client.get(reverse("pickups:detail", args=[pickup.case_number]))
    assert paper.status_code == 200
    pickup = services.receive(pickup, [Got(pickup.lines.get().pk, 1, "stock")], user=prescriber())
    assert pickup.status == PickupStatus.RECEIVED
    assert not Loan.objects.filter(recipient=recipient, ended_at=None).exists()
    assert Individual.objects.get().warehouse == pickup.warehouse
