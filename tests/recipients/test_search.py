"""Finding a recipient by number: what was typed, what the register says, what is logged."""

import datetime as dt
import threading

import pytest
import time_machine
from django.db import connection
from django.urls import reverse

from organisation.models import AccessLogEntry
from recipients.models import Recipient, RegisterPerson
from tests.factories import (
    UNUSED_NUMBERS,
    CareUnitFactory,
    PayerFactory,
    RecipientFactory,
    RegisterPersonFactory,
)

pytestmark = pytest.mark.django_db
URL = "/mottagare/"
GOOD = UNUSED_NUMBERS[3]


def search(client, typed, **extra):
    return client.post(URL, {"nummer": typed}, **extra)


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("", "Skriv ett personnummer"),
        ("   ", "Skriv ett personnummer"),
        (GOOD[2:], "Ange 12 siffror"),
        (GOOD[:-1], "Numret har 11 siffror"),
        (GOOD + "1", "Numret har 13 siffror"),
        (GOOD[:-1] + str((int(GOOD[-1]) + 1) % 10), "Kontrollsiffran stämmer inte"),
        (GOOD[:4] + "0231" + GOOD[8:], "inte med ett datum som finns"),
        ("191600862393", "inte med ett datum som finns"),
        ("Ing-Britt", "bokstäver"),
        ("205001019802", "framtiden"),
        ("<script>alert(1)</script>", "bokstäver"),
    ],
)
def test_bad_input_is_told_at_the_field_and_kept(client, typed, says):
    answer = search(client, typed)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert says in page
    assert 'id="id_nummer-error"' in page
    assert 'aria-invalid="true"' in page
    assert "id_nummer-error" in page.split('aria-describedby="')[1].split('"')[0]
    assert answer.context["form"]["nummer"].value() == typed
    assert "<script>alert" not in page
    assert not Recipient.objects.exists()


def test_bad_input_costs_no_search_and_leaves_no_trace(client, logged):
    search(client, GOOD[2:])
    assert logged() == []


def test_a_known_recipient_is_found_with_and_without_hyphen(client, logged):
    recipient = RecipientFactory(number=GOOD)
    for typed in (GOOD, f"{GOOD[:8]}-{GOOD[8:]}", f"{GOOD[:8]} {GOOD[8:]}"):
        answer = search(client, typed)
        assert answer.status_code == 302
        assert answer.url == f"/mottagare/{recipient.key}/"
    assert logged() == ["search"] * 3


def test_the_number_stands_in_no_address_log_row_session_or_title(client):
    RecipientFactory(number=GOOD)
    answer = search(client, GOOD, follow=True)
    assert GOOD not in str(answer.redirect_chain)
    page = answer.content.decode()
    title = page.split("<title>")[1].split("</title>")[0]
    assert GOOD[8:] not in title
    assert GOOD not in str(dict(client.session))
    for row in AccessLogEntry.objects.values():
        assert GOOD not in str(row)
    assert GOOD not in str(answer.client.cookies)


def test_the_number_is_not_taken_from_the_address(client, logged):
    RecipientFactory(number=GOOD)
    answer = client.get(URL, {"nummer": GOOD})
    assert (answer.status_code, answer["Location"]) == (302, URL)
    page = client.get(URL)
    assert GOOD not in page.content.decode()
    assert "borttaget ur sökningen" in page.content.decode()
    assert logged() == []


def test_somebody_new_comes_from_the_register_with_address_and_payer(client, logged):
    payer = PayerFactory()
    person = RegisterPersonFactory(number=GOOD, co="Svensson")
    answer = search(client, GOOD)
    recipient = Recipient.objects.get()
    assert answer.url == reverse("recipients:detail", args=[recipient.key])
    assert recipient.address_lines() == person.address_lines()
    assert recipient.name == person.name
    assert recipient.payer == payer
    assert recipient.register_checked_at is not None
    assert logged() == ["search", "create"]


def test_a_municipality_that_is_no_payer_gives_a_recipient_without_one(client):
    RegisterPersonFactory(number=GOOD, municipality_code="0180")
    search(client, GOOD)
    assert Recipient.objects.get().payer is None


def test_a_coordination_number_finds_too(client):
    from tests.factories import PERSONAL_NUMBERS

    number = next(number for number, kind in PERSONAL_NUMBERS if kind == "samordningsnummer")
    RegisterPersonFactory(number=number)
    assert search(client, number).status_code == 302


def test_nobody_has_the_number(client, logged):
    answer = search(client, GOOD)
    assert answer.status_code == 422
    assert "Ingen person med det numret" in answer.content.decode()
    assert logged() == ["search", "miss"]
    miss = AccessLogEntry.objects.get(action="miss")
    assert len(miss.searched) == 64
    assert miss.recipient_key is None


def test_no_care_unit_has_the_number(client, logged):
    answer = search(client, "4711")
    assert answer.status_code == 422
    assert "Ingen vårdenhet" in answer.content.decode()
    assert logged() == ["search", "miss"]


def test_a_care_unit_is_found_by_four_digits_without_the_register(client, settings):
    settings.REGISTER_DOWN = True
    unit = CareUnitFactory(number="0042")
    assert search(client, "0042").url == f"/mottagare/{unit.key}/"


def test_register_down_shows_what_the_portal_knows_with_a_note(client, settings):
    settings.REGISTER_DOWN = True
    recipient = RecipientFactory(number=GOOD)
    answer = search(client, GOOD, follow=True)
    assert answer.status_code == 200
    assert "Folkbokföringsregistret svarar inte" in answer.content.decode()
    assert recipient.street in answer.content.decode()


def test_register_down_and_unknown_says_so_and_to_try_again(client, settings, logged):
    settings.REGISTER_DOWN = True
    RegisterPersonFactory(number=GOOD)
    answer = search(client, GOOD)
    assert answer.status_code == 503
    page = answer.content.decode()
    assert "svarar inte just nu" in page
    assert "Försök igen" in page
    assert logged() == ["search", "miss"]
    assert not Recipient.objects.exists()


def test_looking_up_again_takes_over_what_the_register_says_now(client, logged):
    PayerFactory(code="0883", name="Västerviks kommun")
    recipient = RecipientFactory(number=GOOD, version=3)
    RegisterPersonFactory(
        number=GOOD,
        street="Nygatan 1",
        municipality_code="0883",
        deceased_on=dt.date(2026, 11, 1),
    )
    search(client, GOOD)
    recipient.refresh_from_db()
    assert recipient.street == "Nygatan 1"
    assert recipient.payer.code == "0883"
    assert recipient.deceased_on == dt.date(2026, 11, 1)
    assert recipient.phone  # what users typed stays
    assert recipient.version == 3
    assert logged() == ["search", "change"]
    search(client, GOOD)
    assert logged() == ["search", "change", "search"]


def test_somebody_who_became_protected_loses_the_address(client):
    recipient = RecipientFactory(number=GOOD)
    RegisterPersonFactory(number=GOOD, is_protected=True)
    page = search(client, GOOD, follow=True).content.decode()
    recipient.refresh_from_db()
    assert recipient.is_protected
    assert recipient.address_lines() == []
    assert "Skyddad identitet" in page


def test_somebody_protected_is_fetched_without_address(client):
    RegisterPersonFactory(number=GOOD, is_protected=True)
    search(client, GOOD)
    assert Recipient.objects.get().address_lines() == []


def test_another_units_user_may_look_up_by_number(browser_of, stranger):
    recipient = RecipientFactory(number=GOOD)
    answer = search(browser_of(stranger), GOOD, follow=True)
    assert recipient.name in answer.content.decode()


# --- the limit ---------------------------------------------------------------------------


def test_searches_are_limited_per_user_and_hour(
    client, browser_of, prescriber, stranger, settings, logged
):
    settings.RECIPIENT_SEARCH_LIMIT = 2
    RecipientFactory(number=GOOD)
    with time_machine.travel("2026-11-23T10:00:00+01:00") as clock:
        assert search(client, GOOD).status_code == 302
        assert search(client, UNUSED_NUMBERS[4]).status_code == 422  # a miss counts too
        answer = search(client, GOOD)
        assert answer.status_code == 429
        assert "gränsen" in answer.content.decode()
        assert answer.context["form"]["nummer"].value() == GOOD
        # Signing in anew doesn't help, and others aren't touched.
        assert search(browser_of(prescriber), GOOD).status_code == 429
        assert search(browser_of(stranger), GOOD).status_code == 302
        assert logged(user=prescriber).count("refused") == 2
        clock.shift(dt.timedelta(minutes=61))
        assert search(browser_of(prescriber), GOOD).status_code == 302


def test_searches_are_limited_per_minute_too(client, prescriber, settings, logged):
    settings.RECIPIENT_SEARCH_MINUTE = 2
    RecipientFactory(number=GOOD)
    with time_machine.travel("2026-11-23T10:00:00+01:00") as clock:
        assert [search(client, GOOD).status_code for _ in range(3)] == [302, 302, 429]
        assert logged(user=prescriber)[-1] == "refused"
        clock.shift(dt.timedelta(seconds=61))
        assert search(client, GOOD).status_code == 302


# --- who -----------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["get", "post"])
def test_the_search_is_not_for_controllers(browser_of, controller, method):
    assert getattr(browser_of(controller), method)(URL).status_code == 403


def test_khs_searches_like_a_prescriber(browser_of, khs_user):
    RecipientFactory(number=GOOD)
    assert search(browser_of(khs_user), GOOD).status_code == 302


@pytest.mark.parametrize("method", ["get", "post"])
def test_logged_out_visitors_go_to_sign_in(client, method):
    client.logout()
    answer = getattr(client, method)(URL)
    assert answer.status_code == 302
    assert answer.url.startswith("/logga-in/")
    partial = getattr(client, method)(URL, headers={"HX-Request": "true"})
    assert partial.headers["HX-Redirect"].startswith("/logga-in/")


def test_a_post_without_token_is_refused(browser_of, prescriber):
    from django.test import Client

    strict = Client(enforce_csrf_checks=True)
    strict.force_login(prescriber, backend="organisation.backends.PortalBackend")
    assert strict.post(URL, {"nummer": GOOD}).status_code == 403


def test_pages_with_recipients_are_never_stored(client):
    recipient = RecipientFactory()
    for url in (URL, f"/mottagare/{recipient.key}/"):
        assert "no-store" in client.get(url)["Cache-Control"]
    assert "no-store" in search(client, GOOD)["Cache-Control"]


# --- at the same instant -----------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_two_who_search_the_same_new_number_at_once_get_one_recipient(
    browser_of, prescriber, stranger
):
    RegisterPersonFactory(number=GOOD)
    clients = [browser_of(prescriber), browser_of(stranger)]
    start = threading.Barrier(len(clients))
    answers = []

    def go(client):
        try:
            start.wait(timeout=10)
            answers.append(search(client, GOOD))
        finally:
            connection.close()

    threads = [threading.Thread(target=go, args=[client]) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert [answer.status_code for answer in answers] == [302, 302]
    assert len({answer.url for answer in answers}) == 1
    assert Recipient.objects.count() == 1
    assert AccessLogEntry.objects.filter(action="create").count() == 1
    assert RegisterPerson.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_many_searches_at_once_do_not_slip_past_the_limit(browser_of, prescriber, settings):
    settings.RECIPIENT_SEARCH_LIMIT = 3
    RecipientFactory(number=GOOD)
    clients = [browser_of(prescriber) for _ in range(6)]
    start = threading.Barrier(len(clients))
    codes = []

    def go(client):
        try:
            start.wait(timeout=10)
            codes.append(search(client, GOOD).status_code)
        finally:
            connection.close()

    threads = [threading.Thread(target=go, args=[client]) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert sorted(codes) == [302, 302, 302, 429, 429, 429]
