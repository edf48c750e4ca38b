"""Somebody becomes protected while a pickup order is being written, waits, or has ended; and what
may stand on a paper for others than KHS."""

import pytest
from django.test import Client
from django.urls import reverse

from pickups import jobs, services
from pickups.models import PickupOrder
from recipients import services as recipients
from recipients.models import Recipient
from sesam.models import DialogState
from tests.factories import ArticleFactory, RegisterPersonFactory

from .builders import fetched, lend, prescriber, reason, someone
from .pages import form_of, to_information

pytestmark = pytest.mark.django_db
TYPED = ("Storgatan 7, lgh 1001", "2468#", "Ring på hos maken")


@pytest.fixture
def user():
    return prescriber()


@pytest.fixture
def client(user):
    client = Client()
    client.force_login(user)
    return client


def protect(person: Recipient) -> None:
    Recipient.objects.filter(pk=person.pk).update(is_protected=True)


def told(response) -> list[str]:
    text = response.content.decode()
    return [words for words in TYPED if words in text]


@pytest.fixture
def at_home():
    """A bed, which is fetched at home."""
    return lend(someone(), ArticleFactory(iso_code="181210"))


def test_a_dialog_begun_before_has_ended(client, at_home):
    url, form = to_information(client, at_home)
    assert told(client.get(url)) == list(TYPED)
    protect(at_home.recipient)
    for answer in (client.get(url, follow=True), client.post(url, form, follow=True)):
        assert "Dialogen är avslutad" in answer.content.decode()
        assert told(answer) == []
    assert not PickupOrder.objects.exists()


def test_one_begun_anew_takes_the_address_of_the_case_alone(client, at_home):
    protect(at_home.recipient)
    url, form = to_information(client, at_home)
    assert told(client.get(url)) == []
    new = {"street": ["Tillfälliga vägen 3"], "postcode": ["392 31"], "locality": ["Kalmar"]}
    client.post(url, form | new | {"action": "next"})
    made = PickupOrder.objects.get()
    assert (made.street, made.door_code, made.typed_for_case) == ("Tillfälliga vägen 3", "", True)


def test_protected_in_the_very_moment_of_sending_nothing_is_made(client, at_home, monkeypatch):
    """After the dialog was found, before the recipient was locked."""
    url, form = to_information(client, at_home)
    seen = Recipient.objects.get(pk=at_home.recipient_id)
    protect(at_home.recipient)
    with pytest.raises(services.Protected):
        fetched(at_home, recipient=seen)
    assert not PickupOrder.objects.exists()

    def refuse(*args, **kwargs):
        raise services.Protected

    url, form = to_information(client, at_home)
    monkeypatch.setattr("pickups.services.order_pickup", refuse)
    answer = client.post(url, form | {"street": ["Nya vägen 1"], "postcode": ["39231"],
                                      "locality": ["Kalmar"]}, follow=True)  # fmt: skip
    assert "Dialogen är avslutad" in answer.content.decode()


def test_what_the_register_tells_ends_the_dialogs_about_the_person_at_once(client, user, at_home):
    url, form = to_information(client, at_home)
    known = at_home.recipient
    RegisterPersonFactory(number=known.number, is_protected=True)
    recipients.find(user, known.number)
    assert not DialogState.objects.filter(about=known.key).exists()
    assert client.post(url, form).status_code == 302
    assert not PickupOrder.objects.exists()


@pytest.mark.parametrize("block", ["adress", "kontakt", "kommentar"])
def test_the_form_of_a_masked_pickup_order_holds_nothing_that_was_typed_before(
    client, user, at_home, block
):
    typed = {
        "street": "Storgatan 7, lgh 1001", "contact_name": "Maken Lennart",
        "contact_phone": "0480-555 66", "comment": "Nyckeln hos Lennart",
    }  # fmt: skip
    pickup = fetched(at_home, user=user, details=typed, reason=reason("säng"))
    protect(at_home.recipient)
    url = f"{reverse('pickups:detail', args=[pickup.case_number])}?redigera={block}"
    page = client.get(url)
    assert page.status_code == 200
    assert [words for words in typed.values() if words in page.content.decode()] == []
    new = form_of(page) | {"street": ["Nya vägen 1"], "postcode": ["39231"], "locality": ["Kalmar"]}
    if block == "adress":
        assert client.post(url, new).status_code == 302
        pickup.refresh_from_db()
        assert pickup.contact_name == str(user)
        assert "Lennart" not in pickup.comment


def whereabouts(pickup: PickupOrder) -> list[str]:
    pickup.refresh_from_db()
    names = ("street", "co", "postcode", "door_code", "comment", "contact_name", "contact_phone")
    return [getattr(pickup, name) for name in names if getattr(pickup, name)]


def test_what_was_typed_for_a_protected_person_is_forgotten_when_the_pickup_has_ended(at_home):
    protect(at_home.recipient)
    cancelled = fetched(at_home)
    assert whereabouts(cancelled)
    services.cancel_pickup(cancelled, user=prescriber())
    assert whereabouts(cancelled) == []

    received = fetched(at_home)
    got = [services.Got(received.lines.get().pk, received.lines.get().quantity, "stock")]
    services.receive(received, got, user=prescriber())
    assert whereabouts(received) == []


def test_ended_cases_of_somebody_who_became_protected_later_are_forgotten_within_the_hour(at_home):
    other = fetched(lend(someone(), ArticleFactory()))
    services.cancel_pickup(other, user=prescriber())
    ended = fetched(at_home)
    services.cancel_pickup(ended, user=prescriber())
    assert whereabouts(ended)
    protect(at_home.recipient)
    assert jobs.forget_whereabouts_of_protected() == 1
    assert whereabouts(ended) == []
    assert whereabouts(other)
    assert jobs.forget_whereabouts_of_protected() == 0


@pytest.mark.parametrize(
    "comment",
    [
        "Ring dottern +47 22 12 34 56",
        "Ring dottern 0047 22 12 34 56",
        "Mobil 070-123 45 67 gäller",
        "Skriv till dottern@exempel.se",
        "Hon heter 19121212-1212",
    ],
)
def test_somebody_elses_number_in_the_comment_is_asked_about_before_it_goes_to_the_supplier(
    comment,
):
    supplier = reason("taklyft")
    assert not supplier.personal_data
    loan = lend(someone(), ArticleFactory(iso_code="123612"))
    with pytest.raises(services.TextNeedsCheck):
        fetched(loan, reason=supplier, details={"comment": comment})
    made = fetched(loan, reason=supplier, details={"comment": comment}, text_confirmed=True)
    assert made.text_confirmed


def test_whom_to_call_and_numbers_of_aids_and_cases_need_no_question():
    me = prescriber()
    supplier = reason("taklyft")
    loan = lend(someone(), ArticleFactory(iso_code="123612"))
    comment = f"Ring mig, {me.phone}. Individ 200001, artikel 104711, ärende 26480001, 2 st."
    assert fetched(loan, user=me, reason=supplier, details={"comment": comment})
