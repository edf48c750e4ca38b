"""A personal number typed in the wrong box comes into no address, no log and no answer."""

from urllib.parse import urlencode

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from organisation.permissions import KHS
from tests.factories import UNUSED_NUMBERS, UserFactory

pytestmark = pytest.mark.django_db
NUMBER = UNUSED_NUMBERS[0]
WRITTEN = f"{NUMBER[:8]}-{NUMBER[8:]}"
FULL_WIDTH = "".join(chr(ord("０") + int(digit)) for digit in NUMBER)
TYPED = [
    NUMBER,
    f"pnr {WRITTEN}",
    f"{NUMBER} rullator",
    f"({WRITTEN}),",
    FULL_WIDTH,
    f"{NUMBER[2:8]}-{NUMBER[8:]}",
    NUMBER[2:],
    f"pnr{NUMBER}x",
]


def client_of(*roles: str, **facts) -> Client:
    client = Client()
    client.force_login(UserFactory(roles=list(roles) or None, **facts))
    return client


def registers() -> list[str]:
    """The lists of the back office that have a search box."""
    return sorted(
        reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        for model, its in admin.site._registry.items()
        if its.search_fields
    )


def tells(response, *, but: str = "") -> bool:
    shown = response.content.decode().replace(but, "") if but else response.content.decode()
    where = response.headers.get("Location", "") + response.headers.get("HX-Redirect", "")
    return any(part in text for part in (NUMBER[2:8], FULL_WIDTH) for text in (shown, where))


@pytest.mark.parametrize("typed", TYPED)
@pytest.mark.parametrize(
    "name", ["articles:search", "individuals:search", "start", "articles:stores"]
)
def test_an_address_that_holds_a_number_leads_to_one_without(name, typed):
    response = client_of().get(f"{reverse(name)}?{urlencode({'q': typed, 'sida': '2'})}")
    assert response.status_code == 302
    assert response["Location"] == f"{reverse(name)}?sida=2"
    assert not tells(response)


def test_what_was_refused_is_said_on_the_page_without_repeating_it():
    client = client_of()
    page = client.get(f"{reverse('articles:search')}?q={NUMBER}", follow=True)
    assert "Det ser ut som ett personnummer" in page.content.decode()
    assert not tells(page)


def test_parts_of_pages_lead_there_too():
    response = client_of().get(
        f"{reverse('articles:search')}?q={NUMBER}", headers={"HX-Request": "true"}
    )
    assert response["HX-Redirect"] == reverse("articles:search")


@pytest.mark.parametrize("typed", TYPED)
@pytest.mark.parametrize("name", ["articles:search", "individuals:search"])
def test_a_box_that_is_given_a_number_by_post_refuses_it(name, typed):
    response = client_of().post(reverse(name), {"q": typed})
    assert response.status_code == 422
    assert not tells(response)


@pytest.mark.parametrize("typed", [f"{NUMBER} rullator", FULL_WIDTH, f"pnr {WRITTEN}"])
def test_the_start_page_hands_a_number_among_words_to_the_recipient_search(typed):
    response = client_of().post(reverse("start"), {"q": typed})
    assert "Location" not in response
    assert "ÅÅÅÅMMDD-NNNN" in response.content.decode()


@pytest.mark.parametrize("typed", TYPED)
def test_no_box_of_the_back_office_brings_a_number_into_an_address(typed):
    khs = client_of(KHS, is_staff=True)
    runs_it = client_of("x", is_staff=True, is_superuser=True)
    for url in registers():
        for client in (khs, runs_it):
            for response in (
                client.get(url, {"q": typed}),
                client.post(url, {"_fraga": "1", "q": typed}),
            ):
                assert response.status_code == 302
                assert response["Location"] == url
                assert not tells(response)


def test_the_boxes_of_the_back_office_ask_by_post_and_find_as_before():
    client = client_of("x", is_staff=True, is_superuser=True)
    url = reverse("admin:organisation_unit_changelist")
    page = client.get(url).content.decode()
    box = page[page.index('id="changelist-search"') :]
    assert box[: box.index(">")].endswith('method="post" role="search"')
    answer = client.post(url, {"_fraga": "1", "q": "Hemrehab", "is_active__exact": "1"})
    assert answer["Location"] == f"{url}?q=Hemrehab&is_active__exact=1"


def test_a_box_that_completes_finds_nothing_for_a_number():
    client = client_of(KHS, is_staff=True)
    asked = {"app_label": "articles", "model_name": "article", "field_name": "iso_class"}
    response = client.get(
        reverse("admin:autocomplete"), {**asked, "term": NUMBER},
        headers={"X-Requested-With": "XMLHttpRequest"},
    )  # fmt: skip
    assert response.json()["results"] == []


def test_numbers_of_cases_articles_and_pieces_are_searched_for_as_before():
    for typed in ("26480001", "104711", "rullstol 45", "SN-200001"):
        response = client_of().get(reverse("individuals:search"), {"q": typed})
        assert response.status_code == 200
