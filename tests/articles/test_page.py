"""The article's page and its tabs."""

import datetime as dt

import pytest

from articles.models import Balance
from tests.factories import (
    ArticleFactory,
    BufferFactory,
    PriceFactory,
    ReplacementGroupFactory,
    UnitFactory,
    UserFactory,
    WarehouseFactory,
    put_in_stock,
)

pytestmark = pytest.mark.django_db


def page(client, article, **query) -> str:
    answer = client.get(f"/artiklar/{article.number}/", query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_one_heading_and_its_order_button(client):
    article = ArticleFactory(name="Cross <5>")
    shown = page(client, article)
    assert shown.count("<h1") == 1
    assert "Cross &lt;5&gt;" in shown
    assert f"/bestallning/artikel/{article.number}/" in shown


def test_an_unknown_number_is_not_found(client):
    for number in ("999999", "x", "9" * 300, "%00"):
        assert client.get(f"/artiklar/{number}/").status_code == 404


def test_what_is_discontinued_says_so_and_cannot_be_ordered(client):
    article = ArticleFactory(is_discontinued=True)
    shown = page(client, article)
    assert "utgått ur sortimentet" in shown
    assert "/bestallning/artikel/" not in shown


def test_extended_information_stands_in_its_blue_box(client):
    shown = page(client, ArticleFactory(extended_info="Rad ett\n<i>rad två</i>"))
    assert "note-blue" in shown
    assert "Rad ett<br>&lt;i&gt;rad två" in shown


def test_availability_with_the_group_by_rank(client):
    warehouse = WarehouseFactory()
    first, second, third = (ArticleFactory(name=f"Stol {i}") for i in range(3))
    ReplacementGroupFactory(articles=[second, first, third], is_forced=True)
    put_in_stock(warehouse, second, 2)
    Balance.objects.create(warehouse=warehouse, article=first, expected_on=dt.date(2026, 12, 4))
    shown = page(client, first)
    assert "0\u00a0st, ersättning finns" in shown
    assert "2026-12-04" in shown
    assert "tvingande" in shown
    assert shown.index("Stol 1</a>") < shown.index("(denna artikel)") < shown.index("Stol 2</a>")


def test_the_warehouse_is_chosen_and_kept_between_tabs(client):
    other = WarehouseFactory(number="200", name="Västervik KHS lager")
    article = ArticleFactory()
    put_in_stock(other, article, 8)
    shown = page(client, article, lager="200")
    assert "8\u00a0st" in shown
    assert "flik=lagersaldon&amp;lager=200" in shown
    assert "8\u00a0st" not in page(client, article)


def test_balances_of_all_warehouses_the_user_sees(client, browser_of):
    store = BufferFactory()
    article = ArticleFactory()
    put_in_stock(WarehouseFactory(), article, 3)
    put_in_stock(store, article, 12)
    assert "0880" not in page(client, article, flik="lagersaldon")
    unit = UnitFactory(code="K09", own_stores=[store])
    theirs = page(browser_of(UserFactory(default_unit=unit)), article, flik="lagersaldon")
    assert "0880 Kalmar kommuns förråd" in theirs
    assert "12" in theirs
    khs = page(browser_of(UserFactory(roles=["khs"])), article, flik="lagersaldon")
    assert "0880 Kalmar kommuns förråd" in khs


def test_prices_tell_what_holds(client):
    article = ArticleFactory()
    PriceFactory(article=article, amount="100.00", valid_from=dt.date(2020, 1, 1))
    PriceFactory(article=article, amount="120.50", valid_from=dt.date(2021, 1, 1))
    PriceFactory(article=article, amount="999.00", valid_from=dt.date(2099, 1, 1))
    shown = page(client, article, flik="priser")
    assert "120,50\u00a0kr/mån" in shown
    assert shown.count("Gäller nu") == 1
    assert shown.index("999,00") < shown.index("Gäller nu") < shown.index("100,00")


@pytest.mark.parametrize("tab", ["information", "priser", "lagersaldon", "nonsens", ""])
def test_every_tab_opens(client, tab):
    assert 'aria-current="page"' in page(client, ArticleFactory(), flik=tab)


def test_the_group_costs_no_query_per_article(client, django_assert_max_num_queries):
    articles = [ArticleFactory() for _ in range(10)]
    ReplacementGroupFactory(articles=articles)
    with django_assert_max_num_queries(16):
        page(client, articles[0])


# --- the catalogue in the back office ---


def test_khs_keeps_the_catalogue_and_looks_at_the_stock(browser_of, khs_user):
    khs = browser_of(khs_user)
    article = ArticleFactory()
    put_in_stock(WarehouseFactory(), article, 3)
    balance = Balance.objects.get()
    for path in ("article/", f"article/{article.pk}/change/", "article/add/", "balance/",
                 f"balance/{balance.pk}/change/", "stockmovement/", "replacementgroup/add/",
                 "isoclass/", "supplier/"):  # fmt: skip
        assert khs.get(f"/admin/articles/{path}").status_code == 200, path
    assert khs.get("/admin/articles/balance/add/").status_code == 403
    assert khs.get(f"/admin/articles/article/{article.pk}/delete/").status_code == 403
    khs.post(
        f"/admin/articles/balance/{balance.pk}/change/",
        {"expected_on": "2026-12-04", "on_hand": "99"},
    )
    balance.refresh_from_db()
    assert (balance.on_hand, balance.expected_on) == (3, dt.date(2026, 12, 4))


def test_the_catalogue_is_not_for_others(client, browser_of):
    for user in (
        UserFactory(is_staff=True),
        UserFactory(roles=[], is_superuser=True, is_staff=True),
    ):
        assert browser_of(user).get("/admin/articles/article/").status_code == 403
