"""Articles with a star, and articles side by side."""

import re

import pytest

from articles.measures import span
from articles.models import Favourite
from tests.factories import (
    ArticleFactory,
    BillingFormFactory,
    BufferFactory,
    PriceFactory,
    ReplacementGroupFactory,
    UserFactory,
    WarehouseFactory,
    put_in_stock,
)
from tests.reading import read_page

pytestmark = pytest.mark.django_db
STAR, COMPARE = "/artiklar/favoriter/", "/artiklar/jamfor/"


def star(client, number, *, way="pa", **more):
    return client.post(STAR, {way: number, "nasta": "/artiklar/?q=sak"}, **more)


def found(client, **query) -> list[str]:
    table = client.get("/artiklar/", query).context.get("table")
    return [row.number for row in table.rows] if table else []


# --- favourites --------------------------------------------------------------------------


def test_a_star_is_ones_own_and_set_once_however_often_it_is_sent(client, browser_of):
    for number in ("1", "2"):
        ArticleFactory(number=number, name="Sak")
    for _ in range(2):
        assert star(client, "1").url == "/artiklar/?q=sak#favorit-1"
    assert Favourite.objects.count() == 1
    assert found(client, favoriter="ja") == ["1"], "a favourite needs no word"
    assert found(client, favoriter="ja", q="sak") == ["1"]
    assert found(browser_of(UserFactory()), favoriter="ja") == []
    for _ in range(2):
        star(client, "1", way="av")
    assert found(client, favoriter="ja") == []


def test_a_star_says_which_way_it_turns_in_the_list_and_on_the_page(client):
    ArticleFactory(number="1", name="Sak <1>")
    for path in ("/artiklar/?q=sak", "/artiklar/1/"):
        assert 'name="pa" value="1" aria-pressed="false"' in read_page(client.get(path))
    star(client, "1")
    for path in ("/artiklar/?q=sak", "/artiklar/1/"):
        shown = read_page(client.get(path))
        assert 'name="av" value="1" aria-pressed="true"' in shown
        assert 'aria-label="Favorit Sak &lt;1&gt;"' in shown


def test_a_script_gets_the_star_alone(client):
    ArticleFactory(number="1", name="Sak")
    answer = star(client, "1", headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert answer.content.decode().startswith('<button class="icon-button star"')
    assert 'aria-pressed="true"' in answer.content.decode()


@pytest.mark.parametrize("back", ["https://example.org/", "//example.org", "javascript:x", "\\\\x"])
def test_a_star_leads_nowhere_else(client, back):
    ArticleFactory(number="1")
    assert client.post(STAR, {"pa": "1", "nasta": back}).url == "/#favorit-1"


def test_what_is_no_article_has_no_star(client):
    for number in ("", "999999", "x" * 5000):
        assert star(client, number).url == "/artiklar/?q=sak"
        assert star(client, number, headers={"HX-Request": "true"}).status_code == 204


def test_without_favourites_the_list_says_how_one_is_set(client):
    assert "Sätt en stjärna på en artikel" in read_page(client.get("/artiklar/?favoriter=ja"))


# --- side by side ------------------------------------------------------------------------


def table(client, *numbers, **query) -> str:
    return read_page(client.get(COMPARE, {"artikel": numbers, **query}))


@pytest.fixture
def two():
    hire = BillingFormFactory()
    first = ArticleFactory(number="1", name="Stol ett", seat_width=span(45), own_weight="16.5",
                           iso_code="122203", billing_form=hire)  # fmt: skip
    second = ArticleFactory(number="2", name="Stol två", seat_width=span(45, 50),
                            iso_code="122203", billing_form=hire, supplier=first.supplier)  # fmt: skip
    PriceFactory(article=first, rent="148", list_price="5480")
    PriceFactory(article=second, rent="148")
    put_in_stock(WarehouseFactory(), second, 3)
    return first, second


def cells(page: str, label: str) -> list[tuple[bool, str]]:
    """Whether each differs, and what it says."""
    row = page.split(f'<th scope="row">{label}</th>')[1].split("</tr>")[0]
    found = re.findall(r"<td( class=\"differs\")?>(.*?)</td>", row, re.DOTALL)
    return [(bool(marked), re.sub(r"<[^>]*>", "", text)) for marked, text in found]


def test_what_differs_from_the_first_is_marked_also_in_words(client, two):
    shown = table(client, "1", "2")
    assert cells(shown, "Pris") == [(False, "148,00 kr/mån"), (False, "148,00 kr/mån")]
    assert cells(shown, "Listpris") == [(False, "5\u00a0480,00 kr"), (True, "– (skiljer sig)")]
    assert cells(shown, "Sittbredd") == [(False, "45 cm"), (True, "45–50 cm (skiljer sig)")]
    assert cells(shown, "100 Kalmar KHS lager")[1] == (True, "3\u00a0st (skiljer sig)")
    assert "Rygghöjd" not in shown, "what none of them has isn't compared"
    assert "skiljer sig från Stol ett" in shown


def test_only_the_differences_are_shown_when_that_is_asked_for(client, two):
    shown = table(client, "1", "2", bara="skillnader")
    assert '<th scope="row">Sittbredd</th>' in shown
    assert '<th scope="row">Pris</th>' not in shown
    assert 'artikel=1&amp;artikel=2">Visa alla uppgifter' in shown


def test_ticked_articles_are_posted_and_stand_in_the_address_four_at_most(client):
    for number in "123456":
        ArticleFactory(number=number, name=f"Sak {number}")
    shown = read_page(client.get("/artiklar/?q=sak"))
    assert 'name="valda" value="3" form="bulk"' in shown
    assert f'formaction="{COMPARE}">Jämför</button>' in shown
    answer = client.post(COMPARE, {"valda": ["2", "1", "2", "9"]})
    assert answer.url == f"{COMPARE}?artikel=2&artikel=1"
    many = client.post(COMPARE, {"valda": list("123456")}, follow=True)
    assert many.redirect_chain[0][0] == f"{COMPARE}?artikel=1&artikel=2&artikel=3&artikel=4"
    assert "Högst fyra artiklar" in read_page(many)


def test_an_article_is_added_by_its_number_and_taken_away(client, two):
    answer = client.post(COMPARE, {"artikel": ["1"], "nummer": " 2 "})
    assert answer.url == f"{COMPARE}?artikel=1&artikel=2"
    assert f'href="{COMPARE}?artikel=1" aria-label="Ta bort Stol två' in table(client, "1", "2")
    wrong = client.post(COMPARE, {"artikel": ["1"], "nummer": "777"})
    assert wrong.status_code == 422
    assert "ingen artikel med det numret" in read_page(wrong)
    assert "Stol ett" in read_page(wrong)
    person = client.post(COMPARE, {"nummer": "19460405-7312"})
    assert person.status_code == 422
    assert "7312" not in read_page(person)


def test_odd_addresses_compare_what_there_is(client, two):
    assert "Inget att jämföra än" in table(client)
    assert "Inget att jämföra än" in table(client, "", "x" * 5000, "999")
    assert "Stol ett" in table(client, " 1 ", bara="x")


def test_what_stands_in_for_an_article_is_one_click_away(client):
    articles = [ArticleFactory(number=n, name=f"Stol {n}") for n in ("1", "2", "3")]
    ReplacementGroupFactory(articles=[articles[1], articles[0], articles[2]])
    page = read_page(client.get("/artiklar/1/"))
    assert f'href="{COMPARE}?artikel=1&amp;artikel=2&amp;artikel=3"' in page
    offered = table(client, "1").split("compare-offers")[1]
    assert "Stol 2" in offered
    assert "Stol 3" in offered
    assert "Stol 1<" not in offered


def test_comparing_costs_no_query_per_article(client, two, django_assert_max_num_queries):
    BufferFactory()
    for number in "34":
        PriceFactory(article=ArticleFactory(number=number))
    with django_assert_max_num_queries(14):
        table(client, *"1234")
