"""Stock count (inventering) in the back office."""

import pytest

from articles import counting
from articles.models import Balance, StockMovement
from individuals.stock_check import differences
from organisation.permissions import KHS
from tests.at_once import at_once
from tests.factories import ArticleFactory, UserFactory, WarehouseFactory, put_in_stock
from tests.orders.builders import sent

pytestmark = pytest.mark.django_db
URL = "/admin/articles/balance/inventera/"


@pytest.fixture
def khs(browser_of):
    return browser_of(UserFactory(roles=[KHS], is_staff=True, username="karin"))


@pytest.fixture
def warehouse():
    return WarehouseFactory()


def page(client, **query) -> str:
    answer = client.get(URL, query)
    assert answer.status_code == 200
    return answer.content.decode()


def send(client, figures: dict, reason="Årsinventering", **more):
    """What the page sends: article → (shown, counted)."""
    data = {"lager": "100", "orsak": reason, **more}
    for article, (shown, counted) in figures.items():
        data |= {f"saldo-{article.pk}": shown, f"antal-{article.pk}": counted}
    return client.post(URL, data, follow=True)


def on_hand(article) -> int:
    return Balance.objects.get(article=article).on_hand


def test_what_was_counted_becomes_the_balance_with_a_movement_and_its_reason(khs, warehouse):
    more, less, same, uncounted = (ArticleFactory() for _ in range(4))
    for article in (more, less, same, uncounted):
        put_in_stock(warehouse, article, 5)
    assert str(more.number) in page(khs, lager="100")
    answer = send(khs, {more: (5, "8"), less: (5, " 2 "), same: (5, "5"), uncounted: (5, "")})
    assert "2 saldon ändrade, 1 stämde" in answer.content.decode()
    assert [on_hand(a) for a in (more, less, same, uncounted)] == [8, 2, 5, 5]
    moved = StockMovement.objects.filter(kind="count").order_by("quantity")
    assert [(m.quantity, m.note, m.user.username) for m in moved] == [
        (-3, "Årsinventering", "karin"),
        (3, "Årsinventering", "karin"),
    ]
    assert differences() == []


def test_what_the_books_dont_know_is_found_by_its_words_and_counted(khs, warehouse):
    article = ArticleFactory(name="Ållebergs käpp 100%")
    shown = page(khs, lager="100", q="ålleberg 100%")
    assert f"antal-{article.pk}" in shown
    assert f"antal-{article.pk}" not in page(khs, lager="100", q="100% björk")
    assert f"antal-{article.pk}" not in page(khs, lager="100"), "without words: what has a balance"
    send(khs, {article: (0, "4")})
    assert on_hand(article) == 4
    assert differences() == []


def test_never_below_what_is_promised_to_somebody(khs, warehouse):
    article, other = ArticleFactory(), ArticleFactory()
    put_in_stock(warehouse, article, 5)
    put_in_stock(warehouse, other, 5)
    sent((article, 3))
    answer = send(khs, {article: (5, "2"), other: (5, "4")})
    assert answer.status_code == 422
    shown = answer.content.decode()
    assert "3 är reserverade eller spärrade" in shown
    assert 'value="2"' in shown, "what was typed is kept"
    assert 'aria-invalid="true"' in shown
    assert (on_hand(article), on_hand(other)) == (5, 5), "all or nothing"
    send(khs, {article: (5, "3"), other: (5, "4")})
    assert (on_hand(article), on_hand(other)) == (3, 4)


def test_a_delivery_in_between_makes_the_figure_stale(khs, warehouse):
    article = ArticleFactory()
    put_in_stock(warehouse, article, 5)
    put_in_stock(warehouse, article, 2)
    answer = send(khs, {article: (5, "4")})
    assert answer.status_code == 422
    shown = answer.content.decode()
    assert "ändrats från 5 till 7" in shown
    assert f'name="saldo-{article.pk}" value="7"' in shown, "the new figure goes with the next try"
    assert on_hand(article) == 7


@pytest.mark.parametrize("typed", ["två", "-1", "1,5", "1e9", "999999", "٣"])
def test_nonsense_is_refused_at_its_row(khs, warehouse, typed):
    article = ArticleFactory()
    put_in_stock(warehouse, article, 5)
    answer = send(khs, {article: (5, typed)})
    assert answer.status_code == 422
    assert "Ange ett heltal från 0 till 99999" in answer.content.decode()
    assert on_hand(article) == 5


def test_a_reason_and_a_figure_are_needed(khs, warehouse):
    article = ArticleFactory()
    put_in_stock(warehouse, article, 5)
    assert "Skriv en orsak" in send(khs, {article: (5, "4")}, reason=" ").content.decode()
    assert "minst en rad" in send(khs, {article: (5, "")}).content.decode()
    assert on_hand(article) == 5


def test_marked_articles_are_shown_but_counted_by_their_pieces(khs, warehouse):
    chair = ArticleFactory(is_marked=True)
    put_in_stock(warehouse, chair, 2)
    shown = page(khs, lager="100")
    assert chair.number in shown
    assert f"antal-{chair.pk}" not in shown
    send(khs, {chair: (2, "1")})
    assert on_hand(chair) == 2
    with pytest.raises(counting.Faults) as fault:
        counting.count(warehouse, [counting.Count(chair.pk, 2, 1)], user=UserFactory(), reason="x")
    assert "individmärkt" in fault.value.by_article[chair.pk]


def test_words_are_posted_so_that_a_personal_number_comes_into_no_address(khs, warehouse):
    ArticleFactory(name="Käpp")
    ask = {"visa": "1", "lager": "100"}
    answer = khs.post(URL, {**ask, "q": "käpp"}, follow=True)
    assert "Käpp" in answer.content.decode()
    refused = khs.post(URL, {**ask, "q": "19360831-9186"})
    assert "9186" not in refused.headers["Location"]


def test_an_unknown_warehouse_asks_again(khs):
    for number in ("", "999", "%00"):
        assert "Visa artiklar" in page(khs, lager=number)


def test_only_khs_counts(client, browser_of, warehouse):
    others = [
        client,
        browser_of(UserFactory(is_staff=True)),
        browser_of(UserFactory(roles=[], is_superuser=True, is_staff=True)),
    ]
    for other in others:
        assert other.get(URL).status_code in (302, 403)
        assert other.post(URL, {"lager": "100"}).status_code in (302, 403)


def test_the_page_costs_no_query_per_row(khs, warehouse, django_assert_max_num_queries):
    for _ in range(20):
        put_in_stock(warehouse, ArticleFactory(), 1)
    with django_assert_max_num_queries(12):
        page(khs, lager="100")


@pytest.mark.django_db(transaction=True)
def test_two_people_count_the_same_article_at_once(warehouse):
    article = ArticleFactory()
    put_in_stock(warehouse, article, 10)
    users = [UserFactory(roles=[KHS]), UserFactory(roles=[KHS])]
    results = at_once(
        *[
            lambda u=user, n=counted: counting.count(
                warehouse, [counting.Count(article.pk, 10, n)], user=u, reason="Årsinventering"
            )
            for user, counted in zip(users, (7, 12), strict=True)
        ]
    )
    assert sorted(type(r).__name__ for r in results) == ["Faults", "int"]
    assert on_hand(article) in (7, 12)
    assert StockMovement.objects.filter(kind="count").count() == 1
    assert differences() == []
