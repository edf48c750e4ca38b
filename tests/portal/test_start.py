"""The start page's box: what was typed decides where it goes."""

import pytest

from individuals.models import FormerNumber
from organisation.permissions import CARE, CONTROLLER, LOGGRANSKARE
from sesam.models import CaseKind, CaseNumber
from tests.factories import (
    UNUSED_NUMBERS,
    ArticleFactory,
    CareUnitFactory,
    IndividualFactory,
    RecipientFactory,
    UserFactory,
)
from tests.reading import read_page

pytestmark = pytest.mark.django_db
GOOD = UNUSED_NUMBERS[4]


def send(client, typed):
    return client.post("/", {"q": typed})


def text(response) -> str:
    return read_page(response)


@pytest.mark.parametrize("role", CARE)
def test_a_personal_number_opens_its_recipient(browser_of, role):
    recipient = RecipientFactory(number=GOOD)
    client = browser_of(UserFactory(roles=[role]))
    for typed in (GOOD, f"{GOOD[:8]}-{GOOD[8:]}", f" {GOOD[:8]} {GOOD[8:]} "):
        answer = send(client, typed)
        assert (answer.status_code, answer.url) == (302, f"/mottagare/{recipient.key}/")


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        (GOOD[2:], "Ange 12 siffror"),
        (f"{GOOD[2:8]}-{GOOD[8:]}", "Ange 12 siffror"),
        (GOOD[:-1], "Numret har 11 siffror"),
        (GOOD + "12", "Numret har 14 siffror"),
        (GOOD[:-1] + str((int(GOOD[-1]) + 1) % 10), "Kontrollsiffran stämmer inte"),
    ],
)
def test_a_bad_number_is_told_by_the_recipient_search(client, typed, says):
    answer = send(client, typed)
    assert answer.status_code == 422
    assert says in text(answer)
    assert not answer.has_header("Location")


def test_four_digits_are_a_care_unit_where_one_has_them(client):
    unit = CareUnitFactory(number="4127")
    ArticleFactory(number="4127")
    assert send(client, "4127").url == f"/mottagare/{unit.key}/"


def test_four_digits_are_else_an_article(client):
    ArticleFactory(number="4128")
    assert send(client, "4128").url == "/artiklar/4128/"


def test_four_digits_of_nothing_are_told_as_a_care_unit(client):
    answer = send(client, "4129")
    assert answer.status_code == 422
    assert "Ingen vårdenhet har det numret" in text(answer)


def test_a_case_number_opens_the_case(client):
    for number in ("26470143", "264710001"):
        CaseNumber.objects.create(number=number, kind=CaseKind.ORDER)
        assert send(client, number).url == f"/bestallningar/{number}/"


def test_an_unknown_case_number_is_searched_for_as_an_article(client):
    assert send(client, "26470999").url == "/artiklar/?q=26470999"


@pytest.mark.parametrize("number", ["123", "37121", "214810", "12345678", "MANUELL"])
def test_an_article_number_opens_the_article(client, number):
    ArticleFactory(number=number)
    assert send(client, f" {number} ").url == f"/artiklar/{number}/"


def test_words_go_to_the_article_search(client):
    assert send(client, "cross åäö & 50%").url == (
        "/artiklar/?q=cross+%C3%A5%C3%A4%C3%B6+%26+50%25"
    )


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("", "Skriv ett nummer eller ett ord"),
        ("   ", "Skriv ett nummer eller ett ord"),
        ("ab", "Skriv minst tre tecken"),
        ("x" * 201, "högst 200 tecken"),
        ("a\0bcd", "inte går att söka på"),
    ],
)
def test_nothing_to_search_for_is_told_at_the_box(client, typed, says):
    answer = send(client, typed)
    assert answer.status_code == 422
    assert says in text(answer)
    assert 'aria-invalid="true"' in text(answer)
    assert "id_q-error" in text(answer)


@pytest.mark.parametrize("role", [CONTROLLER, LOGGRANSKARE])
def test_roles_that_look_nobody_up_have_no_box(browser_of, role):
    RecipientFactory(number=GOOD)
    client = browser_of(UserFactory(roles=[role]))
    assert 'name="q"' not in text(client.get("/"))
    answer = send(client, GOOD)
    assert not answer.has_header("Location")
    assert "Moberg" not in text(answer)


def test_nobody_comes_in_without_signing_in(client):
    client.logout()
    assert client.get("/").url == "/logga-in/?next=/"
    answer = client.post("/", {"q": GOOD}, headers={"HX-Request": "true"})
    assert answer["HX-Redirect"].startswith("/logga-in/")
    assert GOOD not in str(answer.headers)


def test_the_menu_shows_what_there_is_for_the_role(client, browser_of, khs_user, controller):
    page = text(client.get("/"))
    for label in ("Startsida", "Mottagare", "Artiklar", "Varukorg", "Inställningar", "Logga ut"):
        assert label in page
    assert "Administration" not in page
    assert "Administration" in text(browser_of(khs_user).get("/"))
    theirs = text(browser_of(controller).get("/"))
    assert "Varukorg" not in theirs and "Mottagare" not in theirs


def test_an_individuals_number_opens_it_also_a_former_one(client):
    piece = IndividualFactory(number="224559")
    FormerNumber.objects.create(individual=piece, number="111111")
    for typed in ("224559", " 224559", "111111"):
        assert send(client, typed).url == "/individer/224559/"


def test_a_number_of_an_article_and_an_individual_asks_which(client):
    ArticleFactory(number="224559")
    IndividualFactory(number="224559")
    answer = send(client, "224559")
    assert answer.status_code == 200
    assert 'href="/artiklar/224559/"' in text(answer)
    assert 'href="/individer/224559/"' in text(answer)
