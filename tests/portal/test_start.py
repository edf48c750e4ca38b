"""The start page's box: what was typed decides where it goes."""

import pytest
from django.test import Client

from individuals.models import FormerNumber
from organisation.permissions import CARE, CONTROLLER, KHS, LOGGRANSKARE
from portal.models import StartContact
from sesam.models import CaseKind, CaseNumber
from tests.activities.builders import registered
from tests.deviations.builders import grave
from tests.factories import (
    UNUSED_NUMBERS,
    ArticleFactory,
    CareUnitFactory,
    IndividualFactory,
    RecipientFactory,
    UnitFactory,
    UserFactory,
)
from tests.orders.builders import sent
from tests.pickups.builders import fetched, lend
from tests.pickups.pages import form_of
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
def test_a_bad_number_is_told_at_the_box_with_what_was_typed(client, typed, says):
    told_at_the_box(send(client, typed), typed, says)


def told_at_the_box(answer, typed, says, status=422):
    """The answer is the start page itself: what is wrong stands at the box, which is marked as
    wrong, and what was typed is kept, in no address and in no stored page."""
    assert answer.status_code == status
    assert "portal/start.html" in [template.name for template in answer.templates]
    page = text(answer)
    box = page.split('id="id_q"')[1].split(">")[0]
    assert f'value="{typed}"' in box
    assert 'aria-invalid="true"' in box and "id_q-error" in box
    assert says in page.split('id="id_q-error">')[1].split("</p>")[0]
    assert not answer.has_header("Location")
    assert "no-store" in answer["Cache-Control"]


def test_a_number_of_nobody_is_told_at_the_box_too_and_the_search_is_logged(client, logged):
    told_at_the_box(send(client, GOOD), GOOD, "Ingen person med det numret finns")
    assert logged() == ["search", "miss"]


def test_a_register_that_is_down_is_told_at_the_box(client, settings):
    settings.REGISTER_DOWN = True
    told_at_the_box(send(client, GOOD), GOOD, "registret svarar inte just nu", 503)


def test_too_many_searches_are_told_at_the_box(client, settings):
    settings.RECIPIENT_SEARCH_LIMIT = 0
    told_at_the_box(send(client, GOOD), GOOD, "vilket är gränsen", 429)


def test_four_digits_are_a_care_unit_where_one_has_them(client):
    unit = CareUnitFactory(number="4127")
    ArticleFactory(number="4127")
    assert send(client, "4127").url == f"/mottagare/{unit.key}/"


def test_four_digits_are_else_an_article(client):
    ArticleFactory(number="4128")
    assert send(client, "4128").url == "/artiklar/4128/"


def test_four_digits_of_nothing_are_told_as_a_care_unit(client):
    told_at_the_box(send(client, "4129"), "4129", "Ingen vårdenhet har det numret")


def test_a_case_number_of_every_kind_opens_the_case(client, prescriber):
    loan = lend(RecipientFactory(), ArticleFactory())
    cases = {
        "bestallningar": sent((ArticleFactory(), 1), user=prescriber),
        "hamtordrar": fetched(lend(loan.recipient, ArticleFactory())),
        "aktiviteter": registered(loan),
        "avvikelser": grave(loan),
    }
    for place, case in cases.items():
        number = case.case_number
        for typed in (number, f" {number[:4]} {number[4:]}"):
            assert send(client, typed).url == f"/{place}/{number}/"


def test_of_another_units_case_it_isnt_told_that_there_is_one(browser_of, prescriber):
    order = sent((ArticleFactory(), 1), user=prescriber)
    stranger = browser_of(UserFactory(default_unit=UnitFactory(code="V01", name="Västervik")))
    there, not_there = (
        text(send(stranger, number)).split('id="id_q-error"')[1].split("</p>")[0]
        for number in (order.case_number, "26470999")
    )
    assert there.replace(order.case_number, "26470999") == not_there


def test_a_case_of_another_system_is_told_so(client):
    CaseNumber.objects.create(number="26470143", kind=CaseKind.ELSEWHERE)
    told_at_the_box(send(client, "26470143"), "26470143", "finns i ett annat system")


def test_a_part_of_an_individuals_number_finds_it(client):
    IndividualFactory(number="KX-224559")
    assert send(client, "kx-2245").url == "/individer/?q=kx-2245"


def test_a_part_of_a_number_of_both_asks_which(client):
    IndividualFactory(number="KX-224559")
    ArticleFactory(supplier_number="KX-2245-A")
    answer = send(client, "KX-2245")
    assert answer.status_code == 200
    assert 'href="/artiklar/?q=KX-2245"' in text(answer)
    assert 'href="/individer/?q=KX-2245"' in text(answer)


@pytest.mark.parametrize("typed", ["26470999", "264710999", "2647 0999", "2647-0999"])
def test_an_unknown_case_number_is_told_at_the_box(client, typed):
    number = typed.replace(" ", "").replace("-", "")
    answer = send(client, typed)
    told_at_the_box(answer, typed, f"Inget ärende har numret {number}.")
    assert "Visa artiklar med" not in text(answer)


def test_what_is_no_cases_number_but_a_suppliers_shows_the_way_to_its_articles(client):
    ArticleFactory(supplier_number="26470999")
    answer = send(client, "26470999")
    told_at_the_box(answer, "26470999", "Inget ärende har numret 26470999.")
    assert 'href="/artiklar/?q=26470999"' in text(answer)


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
    assert "Administration" not in page and "Dagen" not in page
    theirs = text(browser_of(khs_user).get("/"))
    for label in ("KHS", "Dagen", "Ordrar", "Hämtordrar", "Lagersaldon", "Leverantörer"):
        assert f">{label}<" in theirs
    theirs = text(browser_of(controller).get("/"))
    assert "Varukorg" not in theirs and "Mottagare" not in theirs
    assert "Fakturaspecifikationer" in theirs and "inga sidor" not in theirs


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


def test_two_at_khs_who_change_different_things_of_a_contact_undo_nothing():
    contact = StartContact.objects.create(name="Karin", phone="0480-1", hours="8–16")
    url = f"/admin/portal/startcontact/{contact.pk}/change/"
    khs = Client()
    khs.force_login(UserFactory(roles=[KHS], is_staff=True))
    opened = form_of(khs.get(url))
    for changed in ({"phone": "08-465 004 20"}, {"hours": "9–12"}):
        assert khs.post(url, opened | changed).status_code == 302
    contact.refresh_from_db()
    assert (contact.phone, contact.hours) == ("08-465 004 20", "9–12")
