"""«Lager»: which stores a user sees, and what stands in them."""

import pytest

from articles import search as finder
from articles import stores
from articles.models import ArticleType, Balance
from individuals.models import BlockReason
from organisation.permissions import KHS
from tests.factories import (
    ArticleFactory,
    BufferFactory,
    UnitFactory,
    UserFactory,
    WarehouseFactory,
    put_in_stock,
)
from tests.reading import read_page

pytestmark = pytest.mark.django_db


@pytest.fixture
def store():
    return BufferFactory()


@pytest.fixture
def mine(store, browser_of):
    """A prescriber whose unit has the store."""
    return browser_of(UserFactory(default_unit=UnitFactory(code="K09", own_stores=[store])))


def page(client, path="0880/", **query) -> str:
    answer = client.get(f"/lager/{path}", query)
    assert answer.status_code == 200
    return read_page(answer)


def search(client, **typed) -> str:
    """What is asked for by POST is shown by GET."""
    answer = client.post("/lager/0880/", typed, follow=True)
    assert answer.status_code == 200
    return read_page(answer)


def test_a_user_sees_the_stores_of_their_units_alone(mine, store):
    BufferFactory(number="0883", name="Västerviks förråd")
    WarehouseFactory()
    shown = page(mine, "")
    assert 'href="/lager/0880/"' in shown
    assert "0883" not in shown
    assert "KHS lager" not in shown
    for number in ("0883", "100", "9999"):
        assert mine.get(f"/lager/{number}/").status_code == 404, number


def test_the_active_unit_is_preset_and_another_may_be_chosen(store, browser_of):
    other = BufferFactory(number="0883", name="Västerviks förråd")
    home = UnitFactory(code="K09", own_stores=[store])
    away = UnitFactory(code="V01", name="Hemrehab Västervik", own_stores=[other])
    both = browser_of(UserFactory(default_unit=home, units=[home, away]))
    shown = page(both, "")
    assert 'href="/lager/0880/"' in shown
    assert 'href="/lager/0883/"' not in shown
    assert 'href="/lager/0883/"' in page(both, "", tjanststalle="V01")
    everything = page(both, "", tjanststalle="alla")
    assert 'href="/lager/0880/"' in everything
    assert 'href="/lager/0883/"' in everything
    assert 'href="/lager/0880/"' in page(both, "", tjanststalle="nonsens")


def test_khs_opens_every_store(store, browser_of):
    WarehouseFactory()
    khs = browser_of(UserFactory(roles=[KHS]))
    shown = page(khs, "")
    assert 'href="/lager/0880/"' in shown
    assert 'href="/lager/100/"' in shown
    page(khs, "100/")


def test_without_a_store_the_page_says_what_to_do(client):
    assert "Inga egna förråd" in page(client, "")


def test_balances_with_all_their_figures(mine, store):
    article = ArticleFactory(name="Cross 5", type=ArticleType.MAIN)
    put_in_stock(store, article, 12)
    Balance.objects.update(reserved=3, unavailable=2)
    shown = page(mine)
    assert shown.count("<h1") == 1
    assert f'href="/artiklar/{article.number}/?lager=0880"' in shown
    for label, figure in (("Saldo", "12"), ("Reserverat", "3"), ("Ej tillgängligt", "2")):
        assert f'data-label="{label}">{figure}</td>' in shown
    assert "7\u00a0st" in shown


def test_zero_balances_are_shown_when_asked_for(mine, store):
    put_in_stock(store, ArticleFactory(name="Finns"), 1)
    Balance.objects.create(warehouse=store, article=ArticleFactory(name="Slut"))
    assert "Slut</a>" not in page(mine)
    shown = search(mine, saldo="alla")
    assert "Slut</a>" in shown
    assert "Finns</a>" in shown


@pytest.mark.parametrize("few", [0, 1000])  # by words, by key
def test_all_words_must_match_and_mean_themselves(mine, store, few, monkeypatch):
    monkeypatch.setattr(finder, "FEW", few)
    for name in ("Rullstol Cross 100% grå", "Rullstol Cross 100 grå", "Ålgård_1", "Säng"):
        put_in_stock(store, ArticleFactory(name=name), 1)
    assert "Rullstol Cross 100 grå" in search(mine, q="cross GRÅ")
    only = search(mine, q="cross 100%")
    assert "100% grå" in only
    assert "Cross 100 grå" not in only
    assert "Ålgård_1" in search(mine, q="ÅLGÅRD_")
    nothing = search(mine, q="finns inte")
    assert "Inga artiklar" in nothing
    assert "finns inte" in nothing, "what was typed stays in the box"


def test_by_type(mine, store):
    put_in_stock(store, ArticleFactory(name="Stol", type=ArticleType.MAIN), 1)
    put_in_stock(store, ArticleFactory(name="Dyna", type=ArticleType.ACCESSORY), 1)
    shown = search(mine, typ="tillbehor")
    assert "Dyna</a>" in shown
    assert "Stol</a>" not in shown


def test_a_personal_number_in_the_box_comes_into_no_address(mine, store):
    answer = mine.post("/lager/0880/", {"q": "19360831-9186"})
    assert answer.status_code == 422
    shown = read_page(answer)
    assert "ser ut som ett personnummer" in shown
    assert "9186" not in shown


def test_sorted_by_any_column_and_in_pages(mine, store):
    for i, name in enumerate(("Öra", "Åra", "Ara")):
        put_in_stock(store, ArticleFactory(name=name), i + 1)

    def order(wanted):
        shown = page(mine, sortera=wanted)
        return sorted(("Öra", "Åra", "Ara"), key=lambda n: shown.index(f"{n}</a>"))

    assert order("name") == ["Ara", "Åra", "Öra"]
    assert order("-available") == ["Ara", "Åra", "Öra"]
    assert order("on_hand") == ["Öra", "Åra", "Ara"]
    for i in range(60):
        put_in_stock(store, ArticleFactory(name=f"Stol {i:02}"), 1)
    assert "51–63 av 63" in page(mine, sida="2")
    assert "51–63 av 63" in page(mine, sida="7")


def test_the_pieces_of_the_store_with_their_status(mine, store):
    chair = ArticleFactory(name="Cross 5", is_marked=True)
    free, blocked = put_in_stock(store, chair, 2)
    blocked.blocks.create(reason=BlockReason.objects.first())
    elsewhere = put_in_stock(WarehouseFactory(), chair, 1)[0]
    shown = page(mine, flik="individer")
    assert "2 individer" in shown
    assert free.number in shown
    assert elsewhere.number not in shown
    assert shown.count("Tillgänglig</span>") == 1
    assert "Ej tillgänglig" in shown


@pytest.mark.parametrize("tab", ["saldo", "individer"])
@pytest.mark.parametrize("rows", [1, 15])
def test_no_query_per_row(mine, store, tab, rows, django_assert_max_num_queries):
    for _ in range(rows):
        put_in_stock(store, ArticleFactory(is_marked=True), 1)
    with django_assert_max_num_queries(16):
        page(mine, flik=tab)


def test_the_list_of_stores_costs_no_query_per_store(browser_of, django_assert_max_num_queries):
    for i in range(8):
        put_in_stock(BufferFactory(number=f"08{i:02}", name=f"Förråd {i}"), ArticleFactory(), 1)
    khs = browser_of(UserFactory(roles=[KHS]))
    with django_assert_max_num_queries(14):
        page(khs, "")


def test_a_store_with_more_articles_than_anybody_counts_says_so(mine, store, monkeypatch):
    for name in ("Ö", "a", "Å", "z", "B"):
        Balance.objects.create(warehouse=store, article=ArticleFactory(name=name), on_hand=1)
    monkeypatch.setattr(stores.BalanceTable, "counted_to", 4)
    answer = mine.get("/lager/0880/")
    assert "Fler än 4 artiklar" in answer.content.decode()
    assert [row.name for row in answer.context["table"].rows][:4] == ["a", "B", "z", "Å"]


def test_the_list_of_stores_counts_no_further_than_a_store_does(mine, store, monkeypatch):
    monkeypatch.setattr(stores, "MOST", 1)
    put_in_stock(store, ArticleFactory(), 1)
    assert "fler än" not in page(mine, "")
    put_in_stock(store, ArticleFactory(), 1)
    put_in_stock(BufferFactory(number="0999"), ArticleFactory(), 1)
    assert "fler än 1" in page(mine, "")
