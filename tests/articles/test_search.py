"""«Sök artikel»: what is found, in which order, with which availability."""

import datetime as dt
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from articles import search
from articles.measures import span
from articles.models import Article, ArticleType, Balance
from articles.tables import ArticleTable
from organisation.models import Source
from tests.factories import (
    ArticleFactory,
    BillingFormFactory,
    BufferFactory,
    IsoClassFactory,
    PriceFactory,
    ReplacementGroupFactory,
    SupplierFactory,
    UnitFactory,
    UserFactory,
    WarehouseFactory,
    put_in_stock,
)
from tests.reading import read_page

pytestmark = pytest.mark.django_db
URL = "/artiklar/"


def get(client, **query):
    return client.get(URL, query)


def text(response) -> str:
    return read_page(response)


def found(response) -> list[str]:
    """The numbers of the rows, in their order."""
    table = response.context.get("table")
    return [] if table is None else [row.number for row in table.rows]


def names(response) -> list[str]:
    return [row.name for row in response.context["table"].rows]


@pytest.fixture
def wheelchair():
    return ArticleFactory(
        number="37121",
        name="Cross 5 allround",
        supplier=SupplierFactory(name="Etac Åkerö AB"),
        supplier_number="EC/28-1",
    )


@pytest.mark.parametrize(
    "typed",
    [
        "cross",
        "CROSS",
        "ross",
        "allround cross",
        "cross etac",
        "åkerö",
        "ÅKERÖ cross",
        "ec/28-1",
        "28-1",
        "3712",
        "cross 3712 etac ec/28",
        "  cross   allround  ",
    ],
)
def test_all_words_match_somewhere(client, wheelchair, typed):
    ArticleFactory(number="900001", name="Rollator")
    assert found(get(client, q=typed)) == ["37121"]


@pytest.mark.parametrize(
    "typed", ["cross rollator", "akero", "crøss", "5  6 cross", "cross etac x"]
)
def test_one_word_that_is_nowhere_finds_nothing(client, wheelchair, typed):
    answer = get(client, q=typed)
    assert answer.status_code == 200
    assert found(answer) == []
    assert "Inga artiklar" in text(answer)


@pytest.mark.parametrize("sign", ["%", "_", "'", '"', ",", "/", "\\", "(", "[", ";--", "&", "<b>"])
def test_signs_mean_themselves(client, sign):
    ArticleFactory(number="900001", name=f"Kudde {sign}40{sign} hög")
    ArticleFactory(number="900002", name="Kudde x40x hög")
    answer = get(client, q=f"kudde {sign}40{sign}")
    assert found(answer) == ["900001"]
    assert "<b>40" not in text(answer)


@pytest.mark.parametrize("typed", ["ab", "a b", "  x ", "%%", "å"])
def test_fewer_than_three_characters_get_a_clear_word(client, typed):
    answer = get(client, q=typed)
    assert answer.status_code == 200
    assert "Skriv minst tre tecken" in text(answer)
    assert 'aria-invalid="true"' in text(answer)
    assert "id_q-error" in text(answer)


def test_three_characters_may_be_several_words(client, wheelchair):
    assert found(get(client, q="c r o")) == ["37121"]


@pytest.mark.parametrize("typed", ["x" * 5000, "ord " * 200, "\ud83d\ude00abc"])
def test_strange_input_falls_over_nowhere(client, typed):
    assert (
        get(client, q=typed.encode("utf-16", "surrogatepass").decode("utf-16")).status_code == 200
    )


def test_an_exact_number_goes_straight_to_the_article(client, wheelchair):
    assert get(client, q=" 37121 ").url == "/artiklar/37121/"
    assert get(client, q="37121", lager="100").url.startswith("/artiklar/37121/")


def test_the_article_for_what_is_not_in_the_assortment(client):
    ArticleFactory(number="MANUELL", name="MANUELL förskrivning")
    assert found(get(client, q="MANUELL förskrivning")) == ["MANUELL"]
    assert get(client, q="manuell").url == "/artiklar/MANUELL/"


def test_a_renamed_supplier_is_found_by_its_new_name(client, wheelchair):
    wheelchair.supplier.name = "Nya Firman"
    wheelchair.supplier.save()
    assert found(get(client, q="cross firman")) == ["37121"]
    assert found(get(client, q="cross åkerö")) == []


# --- filters ---


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("huvudhjalpmedel", ArticleType.MAIN),
        ("tillbehor", ArticleType.ACCESSORY),
        ("reservdel", ArticleType.SPARE_PART),
        ("forbrukning", ArticleType.CONSUMABLE),
        ("tjanst", ArticleType.SERVICE),
    ],
)
def test_the_type_filter(client, value, kind):
    of_kind = {k: ArticleFactory(name="Sak", type=k) for k in ArticleType}
    assert found(get(client, q="sak", typ=value)) == [of_kind[kind].number]


@pytest.mark.parametrize("value", ["alla", "", "nonsens", "main"])
def test_every_type_where_none_is_chosen(client, value):
    for kind in ArticleType:
        ArticleFactory(name="Sak", type=kind)
    assert len(found(get(client, q="sak", typ=value))) == 5


# --- order and pages ---


def test_swedish_order_by_name(client):
    for name in ["Ösak", "Zsak", "Äsak", "asak", "Åsak", "Ésak", "Bsak", "sak 10", "sak 2"]:
        ArticleFactory(name=name)
    order = ["asak", "Bsak", "Ésak", "sak 10", "sak 2", "Zsak", "Åsak", "Äsak", "Ösak"]
    assert names(get(client, q="sak")) == order
    assert names(get(client, q="sak", sortera="-name")) == order[::-1]


@pytest.mark.parametrize(
    "column", ["number", "name", "type", "iso_code", "available", "price"]
)  # fmt: skip
def test_every_column_sorts_both_ways_and_says_so(client, column):
    for i in range(3):
        article = ArticleFactory(name=f"Sak {i}", iso_code=f"12220{i}")
        PriceFactory(article=article, amount=100 - i)
        put_in_stock(WarehouseFactory(), article, 3 - i)
    rising = get(client, q="sak", sortera=column)
    falling = get(client, q="sak", sortera=f"-{column}")
    assert 'aria-sort="ascending"' in text(rising)
    assert 'aria-sort="descending"' in text(falling)
    if column != "type":
        assert found(rising) == found(falling)[::-1]
    assert len(found(rising)) == 3


def test_numbers_sort_as_numbers(client):
    for number in ["90", "1000", "37121"]:
        ArticleFactory(number=number, name="Sak")
    assert found(get(client, q="sak", sortera="number")) == ["90", "1000", "37121"]


@pytest.mark.parametrize("value", ["nonsens", "-", "act", "name; DROP TABLE x", "--name"])
def test_an_order_that_is_none_is_by_name(client, value):
    ArticleFactory(name="B sak"), ArticleFactory(name="A sak")
    assert names(get(client, q="sak", sortera=value)) == ["A sak", "B sak"]


def test_pages_hold_every_article_once(client):
    made = {ArticleFactory(name="Samma sak").number for _ in range(60)}
    pages = [found(get(client, q="sak", sida=page)) for page in (1, 2, 3)]
    assert [len(page) for page in pages] == [25, 25, 10]
    assert set().union(*pages) == made
    assert "26–50 av 60" in text(get(client, q="sak", sida=2))


@pytest.mark.parametrize(
    ("value", "rows"), [("0", 25), ("-1", 25), ("x", 25), ("", 25), ("99", 2), ("9" * 30, 2)]
)
def test_a_page_that_is_none_shows_one_that_is(client, value, rows):
    for _ in range(27):
        ArticleFactory(name="Sak")
    answer = get(client, q="sak", sida=value)
    assert len(found(answer)) == rows
    assert "27 artiklar" in text(answer)


# --- availability ---


def test_availability_in_the_chosen_warehouse(client):
    other = WarehouseFactory(number="200", name="Västervik KHS lager")
    article = ArticleFactory(name="Sak")
    put_in_stock(WarehouseFactory(), article, 4)
    Balance.objects.filter(article=article).update(reserved=1)
    put_in_stock(other, article, 9)
    assert "3\u00a0st" in text(get(client, q="sak"))
    assert "3\u00a0st" in text(get(client, q="sak", lager="100"))
    page = text(get(client, q="sak", lager="200"))
    assert "9\u00a0st" in page
    assert "/artiklar/" + article.number + "/?lager=200" in page


@pytest.mark.parametrize("value", ["", "999", "0880", "x'", "100 "])
def test_a_warehouse_that_the_user_does_not_see_is_not_chosen(client, value):
    store = BufferFactory()
    article = ArticleFactory(name="Sak")
    put_in_stock(store, article, 7)
    page = text(get(client, q="sak", lager=value))
    assert "7\u00a0st" not in page
    assert "0\u00a0st" in page
    assert '<option value="0880"' not in page


def test_own_stores_are_preset_for_those_who_order_from_them(browser_of):
    store = BufferFactory()
    unit = UnitFactory(code="K09", own_stores=[store])
    article = ArticleFactory(name="Sak")
    put_in_stock(store, article, 7)
    own = browser_of(UserFactory(default_unit=unit, default_source=Source.OWN_STORE))
    assert "7\u00a0st" in text(get(own, q="sak"))
    central = browser_of(UserFactory(default_unit=unit))
    assert "7\u00a0st" not in text(get(central, q="sak"))
    assert "7\u00a0st" in text(get(central, q="sak", lager="0880"))


def test_nought_says_what_helps_most(client):
    warehouse = WarehouseFactory()
    replaced = ArticleFactory(name="Sak ersatt")
    stand_in = ArticleFactory(name="Annan")
    ReplacementGroupFactory(articles=[replaced, stand_in])
    put_in_stock(warehouse, stand_in, 1)
    expected = ArticleFactory(name="Sak väntad")
    Balance.objects.create(warehouse=warehouse, article=expected, expected_on=dt.date(2026, 12, 4))
    ArticleFactory(name="Sak utgången", is_discontinued=True)
    ArticleFactory(name="Sak slut")
    page = text(get(client, q="sak"))
    for words in ("ersättning finns", "väntas 2026-12-04", "utgått"):
        assert f"0\u00a0st, {words}" in page
    stand_in.is_discontinued = True
    stand_in.save()
    assert "ersättning finns" not in text(get(client, q="sak"))


def test_availability_only_where_the_result_is_short(client, settings):
    settings.AVAILABILITY_ROW_LIMIT = 3
    for _ in range(3):
        put_in_stock(WarehouseFactory(), ArticleFactory(name="Sak"), 5)
    page = text(get(client, q="sak"))
    assert "5\u00a0st" in page and "Begränsa sökningen" not in page
    ArticleFactory(name="Sak")
    page = text(get(client, q="sak"))
    assert "5\u00a0st" not in page and "Begränsa sökningen" in page
    assert len(found(get(client, q="sak", sortera="available"))) == 4


def test_a_service_is_not_in_stock(client):
    ArticleFactory(name="Sak", is_stocked=False)
    assert "0\u00a0st" not in text(get(client, q="sak"))


def test_a_rent_is_said_per_month(client):
    PriceFactory(article=ArticleFactory(name="Annan"), amount="77")
    PriceFactory(article=ArticleFactory(name="Sak"), amount="1240.50")
    assert "1\u00a0240,50\u00a0kr/mån" in text(get(client, q="sak"))


def test_the_price_shown_and_sorted_by_is_the_one_that_is_charged(client):
    sold = BillingFormFactory(name="Försäljning", rule="sale")
    for name, form, amounts in (
        ("Sak hyrd", BillingFormFactory(), ("900", "100")),
        ("Sak såld", sold, ("200", "5")),
        ("Sak utan hyra", BillingFormFactory(), ("1", None)),
    ):
        article = ArticleFactory(name=name, billing_form=form)
        PriceFactory(article=article, list_price=amounts[0], rent=amounts[1])
    shown = get(client, q="sak", sortera="price")
    assert names(shown) == ["Sak hyrd", "Sak såld", "Sak utan hyra"]
    assert ">100,00\u00a0kr/mån<" in text(shown)
    assert ">200,00\u00a0kr<" in text(shown)
    assert ">1,00" not in text(shown)


# --- filters ---


def test_only_what_is_in_stock_where_availability_is_shown(client):
    here, there = WarehouseFactory(), WarehouseFactory(number="200", name="Västervik KHS lager")
    for number, store, count, held in (("1", here, 3, 0), ("2", here, 2, 2), ("3", there, 4, 0)):
        article = ArticleFactory(number=number, name="Sak")
        put_in_stock(store, article, count)
        Balance.objects.filter(article=article).update(reserved=held)
    ArticleFactory(number="4", name="Sak", is_stocked=False)
    assert found(get(client, q="sak", i_lager="ja")) == ["1"]
    assert found(get(client, q="sak", i_lager="ja", lager="200")) == ["3"]
    assert len(found(get(client, q="sak", i_lager="nej"))) == 4


def test_within_a_branch_of_the_catalogue_however_deep(client):
    for code in ("12", "1222", "1206", "122203"):
        IsoClassFactory(code=code, level=len(code) // 2, title=f"Gren {code}")
    for number, code in (("1", "122203"), ("2", "1222"), ("3", "1206"), ("4", None)):
        ArticleFactory(number=number, name="Sak", iso_class_id=code)
    assert found(get(client, q="sak", gren="12")) == ["1", "2", "3"]
    assert found(get(client, q="sak", gren="1222")) == ["1", "2"]
    assert found(get(client, gren="122203")) == ["1"], "a branch needs no word"
    assert "12\u00a022\u00a003 Gren 122203</option>" in text(get(client, gren="122203"))
    assert len(found(get(client, q="sak", gren="99"))) == 4, "a branch that isn't is none"


def test_of_one_supplier(client):
    ArticleFactory(number="1", name="Sak", supplier=SupplierFactory(name="Firma Berg & Co"))
    ArticleFactory(number="2", name="Sak", supplier=SupplierFactory(name="Firma Dal"))
    assert found(get(client, q="sak", leverantor="Firma Berg & Co")) == ["1"]
    assert found(get(client, leverantor="Firma Dal")) == ["2"]
    assert len(found(get(client, q="sak", leverantor="Ingen"))) == 2


@pytest.mark.parametrize(
    ("asked", "numbers"),
    [
        ({"sittbredd": "43-46"}, "12"),
        ({"sittbredd": "45,5"}, ""),
        ({"sittbredd": "50", "sittdjup": "45"}, "3"),
        ({"sittdjup": "52–60 cm"}, "13"),
        ({"brukarvikt": "130"}, "2"),
        ({"totalbredd": "63"}, "1"),
        ({"vikt": "16,5 kg"}, "1"),
        ({"sitthojd": "40"}, ""),
    ],
)
def test_by_measures_that_can_be_set_to_what_is_typed(client, asked, numbers):
    sizes = (
        ("1", 45, (41, 56), 62, 125),
        ("2", 45, (36, 49), 64, 135),
        ("3", 50, (41, 56), 68, 125),
    )
    for number, width, depth, whole, weight in sizes:
        ArticleFactory(number=number, name="Sak", seat_width=span(width), seat_depth=span(*depth),
                       total_width=whole, user_weight=weight,
                       own_weight="16.5" if number == "1" else None)  # fmt: skip
    ArticleFactory(number="4", name="Sak")
    answer = get(client, q="sak", **asked)
    assert "".join(found(answer)) == numbers
    assert "".join(found(get(client, **asked))) == numbers, "a measure needs no word"
    if numbers and "sittbredd" in asked:
        assert 'data-label="Sittbredd">' in text(answer), "what was asked for is shown"


def test_a_measure_that_is_none_is_told_at_its_field(client):
    ArticleFactory(name="Sak")
    shown = text(get(client, q="sak", sittbredd="bred"))
    assert "Skriv ett mått som 45 eller 41–56" in shown
    assert 'value="bred"' in shown
    assert "list-table" not in shown


def test_filters_are_posted_with_the_box_counted_and_cleared(client):
    data = {"q": "sak", "typ": "tjanst", "i_lager": "ja", "gren": "", "sittbredd": "43-46"}
    answer = client.post(URL, data)
    assert answer.url == "/artiklar/?q=sak&typ=tjanst&i_lager=ja&sittbredd=43-46"
    shown = text(client.get(answer.url))
    assert '<a class="filters-off" href="/artiklar/?q=sak">Rensa 3 filter</a>' in shown
    assert "Rensa" not in text(get(client, q="sak"))


def test_an_article_leads_to_others_that_are_about_as_wide(client):
    IsoClassFactory(code="122203")
    for number, width in (("1", 45), ("2", 47), ("3", 50)):
        ArticleFactory(
            number=number, iso_code="122203", iso_class_id="122203", seat_width=span(width)
        )
    IsoClassFactory(code="1222", level=2)
    shown = text(client.get("/artiklar/1/"))
    (url,) = re.findall(r'<a href="([^"]*)">Andra med sittbredd 43–47', shown)
    assert found(client.get(url.replace("&amp;", "&"))) == ["1", "2"]


@pytest.mark.parametrize("column", ["name", "supplier", "-price", "available"])
def test_filters_hold_also_where_more_are_found_than_anybody_counts(client, monkeypatch, column):
    for n in range(8):
        article = ArticleFactory(number=f"{n}", name="Sak", seat_width=span(40 + n))
        PriceFactory(article=article, amount=n + 1)
        put_in_stock(WarehouseFactory(), article, n + 1)
    asked = {"q": "sak", "i_lager": "ja", "sittbredd": "41-46", "sortera": column}
    exact = found(get(client, **asked))
    assert sorted(exact) == list("123456")
    monkeypatch.setattr(ArticleTable, "counted_to", 3)
    monkeypatch.setattr(ArticleTable, "per_page", 3)
    assert found(get(client, **asked)) == exact[:3]


# --- the page around it ---


def test_an_article_knows_the_way_back_to_what_was_sought(client):
    ArticleFactory(number="900001", name="Sak")
    shown = text(get(client, q="sak", typ="huvudhjalpmedel", sida=1))
    (link,) = re.findall(r'href="(/artiklar/900001/\?[^"]*)"', shown)
    page = text(client.get(link.replace("&amp;", "&")))
    assert 'href="/artiklar/?q=sak&amp;typ=huvudhjalpmedel&amp;sida=1">sak, 1 träff</a>' in page


def test_order_on_each_row_but_not_for_what_is_discontinued(client):
    ArticleFactory(number="900001", name="Sak")
    ArticleFactory(number="900002", name="Sak", is_discontinued=True)
    page = text(get(client, q="sak"))
    assert "/bestallning/artikel/900001/" in page
    assert "/bestallning/artikel/900002/" not in page


def test_the_box_is_posted_and_the_result_has_an_address(client):
    answer = client.post(URL, {"q": " cross %", "typ": "alla", "lager": "100"})
    assert answer.url == "/artiklar/?q=+cross+%25&lager=100"


@pytest.mark.parametrize("typed", ["19460405-7312", "194604057312", "460405-7312", "4604057312"])
def test_a_personal_number_in_the_wrong_box_goes_no_further(client, typed):
    answer = client.post(URL, {"q": typed})
    assert answer.status_code == 422
    assert typed not in text(answer)
    assert "Det ser ut som ett personnummer" in text(answer)
    assert not answer.has_header("Location")


def test_chosen_columns_are_kept_for_the_user(client):
    ArticleFactory(name="Sak", supplier=SupplierFactory(name="Firma Berg"))
    assert "Firma Berg</td>" not in text(get(client, q="sak"))
    client.post("/kolumner/", {"tabell": "artiklar", "kolumn": ["supplier"], "nasta": "/"})
    page = text(get(client, q="sak"))
    assert "Firma Berg</td>" in page
    assert "sortera=iso_code" not in page


def test_lately_viewed_articles_stay_at_hand(client):
    made = [ArticleFactory(name=f"Sak {i}") for i in range(5)]
    for article in made:
        client.get(f"/artiklar/{article.number}/")
    client.get(f"/artiklar/{made[2].number}/")
    lately = [a.number for a in get(client).context["lately"]]
    assert lately == [made[2].number, made[4].number, made[3].number]
    gone = {"nummer": made[2].number, "q": "sak"}
    answer = client.post("/artiklar/senast-visade/ta-bort/", gone)
    assert answer.url == "/artiklar/?q=sak"
    assert made[2].number not in [a.number for a in get(client).context["lately"]]


def asked(client, **query) -> int:
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert get(client, **query).status_code == 200
    bare = ("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT")
    return len([q for q in queries if not q["sql"].startswith(bare)])


def test_the_queries_are_few_and_do_not_grow_with_the_rows(client):
    for _ in range(2):
        put_in_stock(WarehouseFactory(), ArticleFactory(name="Sak"), 1)
    few = asked(client, q="sak")
    for _ in range(30):
        put_in_stock(WarehouseFactory(), ArticleFactory(name="Sak"), 1)
    assert asked(client, q="sak") == few
    assert few <= 8
    assert asked(client, q="sak", sida=2, sortera="-available") == few


@pytest.mark.parametrize(
    "column",
    ["name", "-name", "number", "supplier", "-supplier", "price", "-price", "type", "available"],
)
@pytest.mark.parametrize("few", [1, 1000])
def test_more_than_anybody_counts_are_read_in_the_same_order(client, monkeypatch, column, few):
    monkeypatch.setattr(search, "FEW", few)
    today, day = timezone.localdate(), dt.timedelta(days=1)
    suppliers = [SupplierFactory(name=name) for name in ("Öst AB", "ab Väst", "Åre AB")]
    for n, name in enumerate(("Ö sak", "a sak", "Å sak", "z sak", "B sak", "ä sak")):
        form = BillingFormFactory() if n % 2 else BillingFormFactory(name="Köp", rule="sale")
        supplier = suppliers[n % 3] if n else None
        article = ArticleFactory(name=name, supplier=supplier, billing_form=form)
        for amount, when in ((900 - n, -9), (n % 3 + 1, -1), (500 + n, 1)) if n != 3 else ():
            PriceFactory(article=article, amount=amount, valid_from=today + when * day)
    exact = found(get(client, q="sak", sortera=column))
    monkeypatch.setattr(ArticleTable, "counted_to", 4)
    monkeypatch.setattr(ArticleTable, "per_page", 2)
    first = get(client, q="sak", sortera=column)
    assert "Fler än 4 artiklar" in text(first)
    assert found(first) + found(get(client, q="sak", sortera=column, sida=2)) == exact[:4]
    assert found(get(client, q="sak", sortera=column, sida=3)) == exact[2:4], "the last that is"


@pytest.mark.parametrize("counted_to", [1, 2])
def test_what_is_sought_is_planned_for_just_its_words(
    client, monkeypatch, nothing_prepared, counted_to
):
    """A plan for whatever is bound looks for a common word in all of the index, and takes a second."""
    monkeypatch.setattr(ArticleTable, "counted_to", counted_to)
    monkeypatch.setattr(ArticleTable, "per_page", 1)
    ArticleFactory.create_batch(2, name="Rullstol")
    for _ in range(4):
        assert len(found(get(client, q="rullstol", sortera="supplier"))) == 1
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements")
        prepared = [row[0] for row in cursor.fetchall()]
    assert prepared
    assert not [statement for statement in prepared if "search_text LIKE" in statement]


def test_the_search_text_is_what_the_index_is_on(client):
    """Names are upper-cased by the database, so that case and index agree for every letter."""
    article = ArticleFactory(name="straße ÿ Ångström")
    article.refresh_from_db()
    assert re.search("ÅNGSTRÖM", article.search_text)
    assert found(get(client, q="straße")) == [article.number]
    assert Article.objects.count() == 1
