"""«Sortimentskataloger»: the ISO tree, its counts, and the articles that hang on it."""

import re

import pytest

from articles.models import Article
from tests.factories import ArticleFactory, IsoClassFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def tree():
    """12 → 1222 → 122203 and 122206, and an empty chapter 06."""
    walking = IsoClassFactory(code="12", level=1, title="Förflyttning")
    chairs = IsoClassFactory(code="1222", level=2, title="Manuella rullstolar", parent=walking)
    return {
        "12": walking,
        "1222": chairs,
        "122203": IsoClassFactory(code="122203", title="Tvåhjulsdrivna", parent=chairs),
        "122206": IsoClassFactory(code="122206", title="Enhandsdrivna", parent=chairs),
        "06": IsoClassFactory(code="06", level=1, title="Ortoser"),
    }


def page(client, path="", **query) -> str:
    answer = client.get(f"/sortiment/{path}", query)
    assert answer.status_code == 200
    return answer.content.decode()


def counts(shown: str) -> dict[str, str]:
    """Title and count of every branch on the page."""
    row = re.compile(r'>([^<>]+)</(?:a|span)><span class="num[^>]*">([\d\u00a0]+)<span')
    return dict(row.findall(shown))


def test_counts_are_of_all_that_hangs_below(client, tree):
    for code in ("122203", "122203", "122206", "1222"):
        ArticleFactory(iso_code=code, iso_class=tree[code])
    ArticleFactory(iso_code="122299", iso_class=tree["1222"])
    ArticleFactory()
    assert counts(page(client)) == {"Förflyttning": "5", "Ortoser": "0", "Utan ISO-kod": "1"}
    below = counts(page(client, "1222/"))
    assert below["Manuella rullstolar"] == "5"
    assert (below["Tvåhjulsdrivna"], below["Enhandsdrivna"]) == ("2", "1")


def branches_named(client, words: str) -> list[str]:
    answer = client.get("/artiklar/", {"q": words})
    _, _, shown = answer.content.decode().partition("Grenar i Sortimentskataloger")
    return list(counts(shown))


def test_where_no_article_has_the_word_the_branches_that_are_called_so_are_shown(client, tree):
    ArticleFactory(name="Cross", iso_class=tree["122203"])
    assert branches_named(client, "HJULSDRIVNA två") == ["Tvåhjulsdrivna"]
    assert branches_named(client, "rullstol") == ["Manuella rullstolar"]
    assert branches_named(client, "enhands") == []  # nothing hangs there
    assert branches_named(client, "utan iso") == []
    assert branches_named(client, "cross") == []  # that is found


def test_a_branch_that_begins_with_the_word_comes_before_a_shorter_code(client, tree):
    for code, title in (("120303", "Delar till rullstolar"), ("122300", "Rullstolar med motor")):
        ArticleFactory(name="Cross", iso_class=IsoClassFactory(code=code, title=title))
    assert branches_named(client, "rullstolar") == ["Rullstolar med motor", "Delar till rullstolar"]


def test_counts_follow_whatever_becomes_of_an_article(client, tree):
    def here() -> tuple[str, ...]:
        shown = counts(page(client, "1222/", tomma="1"))
        return shown["Tvåhjulsdrivna"], shown["Enhandsdrivna"]

    article = ArticleFactory(iso_class=tree["122203"])
    ArticleFactory.create_batch(2, iso_class=tree["122206"])
    same = Article.objects.filter(pk=article.pk)
    assert here() == ("1", "2")
    same.update(iso_class=tree["122206"])
    assert here() == ("0", "3")
    same.update(is_discontinued=True)
    assert here() == ("0", "2")
    same.update(iso_class=tree["122203"])
    assert here() == ("0", "2")
    same.update(is_discontinued=False)
    assert here() == ("1", "2")
    same.update(iso_class=None)
    assert here() == ("0", "2")
    same.update(iso_class=tree["122203"], name="Cross")
    Article.objects.get(pk=article.pk).save()
    assert here() == ("1", "2")
    same.delete()
    assert here() == ("0", "2")


def test_from_the_chapter_down_to_the_article(client, tree):
    article = ArticleFactory(name="Cross 5", iso_code="122203", iso_class=tree["122203"])
    for code in ("12", "1222", "122203"):
        shown = page(client, f"{code}/")
        assert shown.count("<h1") == 1
        assert f'href="/artiklar/{article.number}/"' in shown
    assert "Cross 5" not in page(client, "122206/")
    assert '<a href="/sortiment/">Sortimentskataloger</a>' in shown
    assert '<a href="/sortiment/1222/">12\u00a022 Manuella rullstolar</a>' in shown
    assert "12\u00a022\u00a003</span>" in shown
    assert f"/bestallning/artikel/{article.number}/" in shown, "«Beställ» stands on the row"


def test_an_article_whose_code_is_unknown_hangs_at_its_parent(client, tree):
    ArticleFactory(name="Udda stol", iso_code="122299", iso_class=tree["1222"])
    assert "Udda stol" in page(client, "1222/")
    assert "Udda stol" not in page(client, "122203/")


def test_an_unknown_code_in_the_address_leads_to_its_nearest_parent(client, tree):
    for typed, known in (("122299", "1222"), ("12220312", "122203"), ("12 22 03", "122203"),
                         ("12-22", "1222"), ("129", "12")):  # fmt: skip
        answer = client.get(f"/sortiment/{typed}/")
        assert (answer.status_code, answer.headers["Location"]) == (302, f"/sortiment/{known}/")
    for nonsense in ("99", "1", "abc", "-", "١٢", "9" * 300):
        assert client.get(f"/sortiment/{nonsense}/").status_code == 404, nonsense


def test_the_last_branch_holds_articles_without_a_code(client, tree):
    ArticleFactory(name="Löst föremål")
    ArticleFactory(name="Ordnad stol", iso_code="122203", iso_class=tree["122203"])
    shown = page(client, "utan/")
    assert "Löst föremål" in shown
    assert "Ordnad stol" not in shown


def test_what_is_discontinued_is_not_in_the_assortment(client, tree):
    ArticleFactory(name="Gammal", iso_class=tree["12"], is_discontinued=True)
    assert counts(page(client))["Förflyttning"] == "0"
    assert "Gammal" not in page(client, "12/")


def test_an_empty_branch_says_so_and_shows_the_way_to_the_search(client, tree):
    shown = page(client, "06/")
    assert "Inga artiklar här" in shown
    assert "/artiklar/" in shown


def test_empty_branches_are_shown_when_asked_for(client, tree):
    ArticleFactory(iso_class=tree["122203"])
    assert "Enhandsdrivna" not in page(client, "1222/")
    assert "Enhandsdrivna" in page(client, "1222/", tomma="1")


def test_sorted_in_swedish_order_both_ways_and_in_pages(client, tree):
    for name in ("Ömsint", "Zebra", "Åsna", "Äpple", "Abborre"):
        ArticleFactory(name=name, iso_class=tree["122203"])

    def order(**query):
        shown = page(client, "122203/", **query)
        return sorted(("Ömsint", "Zebra", "Åsna", "Äpple", "Abborre"), key=shown.index)

    assert order() == ["Abborre", "Zebra", "Åsna", "Äpple", "Ömsint"]
    assert order(sortera="-name") == ["Ömsint", "Äpple", "Åsna", "Zebra", "Abborre"]
    for i in range(30):
        ArticleFactory(name=f"Stol {i:02}", iso_class=tree["122203"])
    assert "26–35 av 35" in page(client, "122203/", sida="2")
    assert "26–35 av 35" in page(client, "122203/", sida="99")
    assert "1–25 av 35" in page(client, "122203/", sida="x", sortera="nonsens")


def test_no_availability_here(client, tree):
    ArticleFactory(iso_class=tree["122203"])
    assert "tillgänglighet visas inte här" in page(client, "122203/")


@pytest.mark.parametrize("rows", [1, 20])
def test_the_page_costs_the_same_whatever_it_shows(
    client, tree, rows, django_assert_max_num_queries
):
    for _ in range(rows):
        ArticleFactory(iso_class=tree["122203"])
    with django_assert_max_num_queries(12):
        page(client, "122203/")


def test_the_chapters_stand_on_the_start_page_and_in_the_menu(client, tree):
    ArticleFactory(iso_class=tree["12"])
    start = client.get("/").content.decode()
    assert '<a href="/sortiment/12/">Förflyttning</a>' in start
    assert counts(start)["Ortoser"] == "0"
    assert 'href="/sortiment/"' in start
