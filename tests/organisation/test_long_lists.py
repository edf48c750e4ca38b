"""The back office's lists of what only grows: counted so far, searched by index, few queries."""

import datetime as dt
import html
import re

import pytest
from django.contrib.admin.templatetags.admin_list import results
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from articles.admin import ArticleAdmin, StockMovementAdmin
from articles.models import Fit, StandardComponent, StockMovement
from orders.admin import OrderAdmin
from organisation import list_rows, long_lists
from organisation.permissions import KHS
from tests.factories import ArticleFactory, UserFactory, WarehouseFactory, given_out, put_in_stock
from tests.orders.builders import sent
from tests.reading import read_page

pytestmark = pytest.mark.django_db
MOVEMENTS = "/admin/articles/stockmovement/"
ARTICLES = "/admin/articles/article/"
LISTS = (
    "orders/order", "articles/article", "articles/stockmovement", "articles/balance",
    "articles/billingform", "organisation/account",
    "activities/activitytype",
)  # fmt: skip


@pytest.fixture
def khs(browser_of):
    return browser_of(UserFactory(roles=[KHS], is_staff=True))


@pytest.fixture
def few(monkeypatch):
    monkeypatch.setattr(long_lists, "MOST", 250)
    monkeypatch.setattr(StockMovementAdmin, "list_per_page", 100)


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


@pytest.mark.parametrize("count", [250, 260])
def test_what_a_row_shows_is_looked_up_for_the_rows_of_the_page_alone(khs, few, count):
    move(count)
    with CaptureQueriesContext(connection) as asked:
        shown = khs.get(MOVEMENTS, {"p": 2}).context["cl"].result_list
    (whole,) = [q["sql"] for q in asked if 'JOIN "articles_article"' in q["sql"]]
    keys = re.search(r"ANY\('\{([0-9,]*)\}'", whole)[1].split(",")
    assert [int(key) for key in keys] == [row.pk for row in shown]
    assert len(keys) == 100


def test_words_are_looked_for_once_and_their_page_found_by_key(khs, monkeypatch):
    monkeypatch.setattr(ArticleAdmin, "list_per_page", 2)
    for number in ("10", "12", "11", "13"):
        ArticleFactory(number=number, name="Stol")
    ArticleFactory(number="14", name="Stol", type="service", is_stocked=False)
    ArticleFactory(number="09", name="Bord")
    asked_for = {"q": "stol", "type__exact": "main"}
    with CaptureQueriesContext(connection) as asked:
        shown = khs.get(ARTICLES, {**asked_for, "p": 2}).context["cl"]
    assert [row.number for row in shown.result_list] == ["12", "13"]
    assert shown.result_count == 4
    assert len([q for q in asked if "STOL" in q["sql"].upper()]) == 1


@pytest.mark.parametrize("name", LISTS)
def test_a_list_says_in_each_cell_what_djangos_own_would(khs, name):
    sent((ArticleFactory(name="Stol & <bord>"), 1))
    put_in_stock(WarehouseFactory(), ArticleFactory(is_discontinued=True), 2)
    move(2)
    answer = khs.get(f"/admin/{name}/")
    drawn = re.findall(r'<tr class="row-link">(.*?)</tr>', answer.content.decode(), re.DOTALL)
    wanted = ["".join(map(list_rows.in_words, row)) for row in results(answer.context["cl"])]
    assert wanted and [*map(bare, drawn)] == [*map(bare, wanted)]


def bare(cells: str) -> str:
    """Without what the back office adds: the box, the labels, what is a title."""
    return re.sub(r"<(/?)t[dh][^>]*>", r"<\1td>", re.sub(r'<td class="tick">.*?</td>', "", cells))


def walked(khs, address: str, label: str) -> list[list]:
    """The pages that the link ``label`` leads through, from ``address`` on."""
    pages = []
    while address:
        answer = khs.get(address)
        pages.append(list(answer.context["cl"].result_list))
        found = re.search(rf'<a href="([^"]*)" rel="\w+">{label}</a>', answer.content.decode())
        address = f"{answer.request['PATH_INFO']}{html.unescape(found[1])}" if found else ""
    return pages


def test_past_what_is_counted_a_list_goes_on_by_key_to_its_end_and_back(khs, few):
    move(520)
    pages = walked(khs, f"{MOVEMENTS}?p=3", "Nästa")
    assert [len(page) for page in pages] == [50, 100, 100, 70]
    notes = [row.note for page in pages for row in page]
    assert notes == [f"nr {n:04}" for n in range(200, 520)]
    last = f"{MOVEMENTS}?efter={pages[-2][-1].pk}"
    back = walked(khs, last, "Föregående")
    assert [row.note for page in reversed(back) for row in page] == [
        f"nr {n:04}" for n in range(520)
    ]
    assert "Från början" in read_page(khs.get(last))


@pytest.mark.parametrize("order", ["", "7", "-7", "6.-3", "5", "-5.2", "9.1"])
def test_by_key_a_list_keeps_the_order_and_the_filters_that_were_chosen(khs, monkeypatch, order):
    monkeypatch.setattr(long_lists, "MOST", 2)
    monkeypatch.setattr(StockMovementAdmin, "list_per_page", 2)
    users = [UserFactory(last_name=name) for name in "ÅB"]
    for n in range(12):
        move(1, case_number=None if n % 3 else given_out("26480001"), user=users[n % 2] if n % 4 else None,
             warehouse=WarehouseFactory(number=str(100 + n % 2)), individual_number=f"{n % 2}")  # fmt: skip
    StockMovement.objects.create(
        warehouse=WarehouseFactory(), article=ArticleFactory(), kind="return", quantity=3,
        at=timezone.now()
    )  # fmt: skip
    chosen = f"{MOVEMENTS}?kind__exact=count&o={order}"
    pages = walked(khs, chosen, "Nästa")
    shown = [row.pk for page in pages for row in page]
    monkeypatch.setattr(long_lists, "MOST", 1000)
    monkeypatch.setattr(StockMovementAdmin, "list_per_page", 100)
    assert shown == [row.pk for row in khs.get(chosen).context["cl"].result_list]
    assert len(shown) == 12


def test_an_order_without_a_planned_day_stands_last_also_by_key(khs, monkeypatch):
    monkeypatch.setattr(long_lists, "MOST", 2)
    monkeypatch.setattr(OrderAdmin, "list_per_page", 2)
    article = ArticleFactory()
    put_in_stock(WarehouseFactory(), article, 9)
    today = timezone.localdate()
    for day in (None, 2, 1, None, 2, None, 1):
        order = sent((article, 1))
        order.planned_delivery = day and today + dt.timedelta(days=day)
        order.save(update_fields=["planned_delivery"])
    pages = walked(khs, "/admin/orders/order/", "Nästa")
    days = [row.planned_delivery for page in pages for row in page]
    assert [day and (day - today).days for day in days] == [1, 1, 2, 2, None, None, None]


def test_a_page_by_key_reads_no_more_than_itself(khs, few):
    move(700)
    with CaptureQueriesContext(connection) as near:
        khs.get(MOVEMENTS, {"p": 3})
    row = StockMovement.objects.get(note="nr 0499")
    with CaptureQueriesContext(connection) as deep:
        assert rows(khs.get(MOVEMENTS, {"efter": row.pk}))[0] == "nr 0500"
    assert len(deep) <= len(near) + 1
    assert not [q["sql"] for q in deep if "OFFSET" in q["sql"]]


@pytest.mark.parametrize("key", ["0", "x", "-1", "999999999999999999999999", "²", ""])
def test_a_row_that_is_none_leads_to_the_beginning(khs, key):
    move(1)
    answer = khs.get(MOVEMENTS, {"efter": key})
    assert answer["Location"] == f"{MOVEMENTS}?e=1"
    assert khs.get(answer["Location"]).status_code == 200


def test_no_list_counts_its_history(khs, few):
    move(260)
    with CaptureQueriesContext(connection) as queries:
        khs.get(MOVEMENTS)
    asked = [q["sql"] for q in queries if "organisation_user u" not in q["sql"]]  # unread messages
    counts = [sql for sql in asked if "COUNT(" in sql.upper()]
    assert not counts, counts


@pytest.mark.parametrize("typed", ["43027", "26480001", "10001"])
def test_the_ledger_is_searched_by_a_number_as_a_whole(khs, typed):
    move(2)
    move(1, article=ArticleFactory(number="43027"), case_number=given_out("26480001"),
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
