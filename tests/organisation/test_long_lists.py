"""The back office's lists of what only grows: counted so far, searched by index, few queries."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from articles.models import Fit, StandardComponent, StockMovement
from organisation import long_lists
from organisation.permissions import KHS
from tests.factories import ArticleFactory, UserFactory, WarehouseFactory, put_in_stock
from tests.reading import read_page

pytestmark = pytest.mark.django_db
MOVEMENTS = "/admin/articles/stockmovement/"
ARTICLES = "/admin/articles/article/"


@pytest.fixture
def khs(browser_of):
    return browser_of(UserFactory(roles=[KHS], is_staff=True))


@pytest.fixture
def few(monkeypatch):
    monkeypatch.setattr(long_lists, "MOST", 250)


def move(count: int, **facts) -> None:
    facts = {"warehouse": WarehouseFactory(), "article": ArticleFactory(), **facts}
    now = timezone.now()
    StockMovement.objects.bulk_create(
        StockMovement(
            kind="count", quantity=1, at=now - dt.timedelta(minutes=n), note=f"nr {n:04}", **facts
        )
        for n in range(count)
    )


def rows(answer) -> list[str]:
    return [row.note for row in answer.context["cl"].result_list]


def test_a_list_with_more_than_anybody_counts_says_so_and_keeps_its_order(khs, few):
    move(260)
    answer = khs.get(MOVEMENTS)
    assert "Fler än 250 lagerrörelser" in " ".join(read_page(answer).split())
    assert rows(answer) == [f"nr {n:04}" for n in range(100)]
    assert rows(khs.get(MOVEMENTS, {"p": 3})) == [f"nr {n:04}" for n in range(200, 250)]
    assert khs.get(MOVEMENTS, {"p": 4}, follow=True).status_code == 200


def test_up_to_there_the_count_is_exact_and_every_row_is_on_one_page(khs, few):
    move(250)
    answer = khs.get(MOVEMENTS)
    assert "250 lagerrörelser" in read_page(answer)
    assert "Fler än" not in read_page(answer)
    shown = [note for page in (1, 2, 3) for note in rows(khs.get(MOVEMENTS, {"p": page}))]
    assert shown == [f"nr {n:04}" for n in range(250)]


def test_no_list_counts_its_history(khs, few):
    move(260)
    with CaptureQueriesContext(connection) as queries:
        khs.get(MOVEMENTS)
    counts = [q["sql"] for q in queries if "COUNT(" in q["sql"].upper()]
    assert not counts, counts


@pytest.mark.parametrize("typed", ["43027", "26480001", "10001"])
def test_the_ledger_is_searched_by_a_number_as_a_whole(khs, typed):
    move(2)
    move(1, article=ArticleFactory(number="43027"), case_number="26480001",
         individual_number="10001")  # fmt: skip
    found = khs.post(MOVEMENTS, {"_fraga": "1", "q": typed}, follow=True)
    assert [row.article.number for row in found.context["cl"].result_list] == ["43027"]
    assert rows(khs.post(MOVEMENTS, {"_fraga": "1", "q": typed[:-1]}, follow=True)) == []


@pytest.mark.parametrize("typed", ["Ångström", "ångström etac", "etac ÅNG", "43027"])
def test_articles_and_balances_are_found_by_all_words_as_in_the_portal(khs, typed):
    article = ArticleFactory(number="43027", name="Stol ångström", supplier__name="Etac AB")
    put_in_stock(WarehouseFactory(), article, 3)
    put_in_stock(WarehouseFactory(), ArticleFactory(name="Stol"), 3)
    found = khs.post(ARTICLES, {"_fraga": "1", "q": typed}, follow=True)
    assert [a.number for a in found.context["cl"].result_list] == ["43027"]
    found = khs.post("/admin/articles/balance/", {"_fraga": "1", "q": typed}, follow=True)
    assert [b.article.number for b in found.context["cl"].result_list] == ["43027"]


def test_an_articles_page_asks_no_more_for_more_components_and_fits(khs):
    article = ArticleFactory()
    page = f"{ARTICLES}{article.pk}/change/"

    def asked(more: int) -> int:
        for _ in range(more):
            part = ArticleFactory(may_be_component=True)
            StandardComponent.objects.create(article=article, component=part)
            Fit.objects.create(main=article, part=part)
        with CaptureQueriesContext(connection) as queries:
            answer = khs.get(page)
        assert part.name in answer.content.decode(), "the chosen one is named"
        return len(queries)

    asked(1)
    assert asked(1) == asked(12)


def test_a_choice_field_is_read_by_one_question(khs):
    with CaptureQueriesContext(connection) as queries:
        khs.get(f"{ARTICLES}add/")
    assert not [q["sql"] for q in queries if "DECLARE" in q["sql"]]
