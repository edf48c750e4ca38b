"""The article's page and its tabs."""

import datetime as dt

import pytest
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile

from articles.measures import span
from articles.models import ArticleDocument, Balance, Fit
from tests.factories import (
    ArticleFactory,
    BillingFormFactory,
    BufferFactory,
    PriceFactory,
    ReplacementGroupFactory,
    StandardComponentFactory,
    UnitFactory,
    UserFactory,
    WarehouseFactory,
    put_in_stock,
)
from tests.reading import read_page

pytestmark = pytest.mark.django_db


def page(client, article, **query) -> str:
    answer = client.get(f"/artiklar/{article.number}/", query)
    assert answer.status_code == 200
    return read_page(answer)


def test_one_heading_and_its_order_button(client):
    article = ArticleFactory(name="Cross <5>")
    shown = page(client, article)
    assert shown.count("<h1") == 1
    assert "Cross &lt;5&gt;" in shown
    assert f"/bestallning/artikel/{article.number}/" in shown


def test_an_unknown_number_is_not_found(client):
    for number in ("999999", "x", "9" * 300):
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
    assert "0\u00a0st, väntas 2026-12-04" in shown
    assert "tvingande" in shown
    assert shown.index("Stol 1</a>") < shown.index("den här") < shown.index("Stol 2</a>")


def test_the_warehouse_is_chosen_and_kept_between_tabs(client):
    other = WarehouseFactory(number="200", name="Västervik KHS lager")
    article = ArticleFactory()
    put_in_stock(other, article, 8)
    shown = page(client, article, lager="200")
    assert "flik=lagersaldon&amp;lager=200" in shown
    assert '<option value="200" selected>' in shown
    assert "Beställd i dag från 200 Västervik KHS lager: planerad leverans" in shown
    assert "Beställd i dag från 100 Kalmar KHS lager: inget datum än" in page(client, article)


def test_availability_in_all_of_ones_warehouses_stands_in_one_line(client, browser_of, khs_user):
    article = ArticleFactory()
    put_in_stock(WarehouseFactory(), article, 3)
    put_in_stock(WarehouseFactory(number="200", name="Västervik KHS lager"), article, 8)
    for n in range(8):
        BufferFactory(number=f"09{n:02}", name=f"Förråd {n}")
    put_in_stock(BufferFactory(number="0955", name="Förråd med"), article, 1)
    line = page(client, article).split('class="stores"')[1].split("</ul>")[0]
    assert line.count("<li>") == 2
    assert "3\u00a0st</span></span> 100 Kalmar KHS lager" in line
    assert "8\u00a0st</span></span> 200 Västervik KHS lager" in line
    many = page(browser_of(khs_user), article).split('class="stores"')[1].split("</ul>")[0]
    assert "0955 Förråd med" in many
    assert "Förråd 3" not in many, "of many stores only those that have some"


def test_the_way_back_leads_to_the_words_and_the_page_of_the_search(client):
    article = ArticleFactory()
    found = page(client, article, sok="q=cross+45&lager=100&sida=2&antal=27", flik="priser")
    crumbs = found.split('class="crumbs"')[1].split("</nav>")[0]
    assert (
        'href="/artiklar/?q=cross+45&amp;lager=100&amp;sida=2">cross 45, 27 träffar</a>' in crumbs
    )
    assert "flik=lagersaldon&amp;sok=q%3Dcross" in found
    for odd in ("", "antal=1", "x", "q=%00&antal=nej", "antal=²", "q=" + "x" * 2000):
        assert "Sök artikel</a>" in page(client, article, sok=odd)


def test_measures_stand_with_their_units_and_letters_where_the_drawing_has_them(client):
    measures = {"seat_width": span(45), "seat_depth": span(41, 56), "own_weight": "16.5"}
    chair = page(client, ArticleFactory(iso_code="122203", **measures))
    assert "<b>a</b> Sittbredd</dt><dd>45\u00a0cm" in chair
    assert "41–56\u00a0cm" in chair
    assert "16,5\u00a0kg" in chair
    stool = page(client, ArticleFactory(iso_code="093307", **measures))
    assert "<dt>Sittbredd</dt>" in stool
    assert "measure-drawing" not in stool
    assert "Mått</h2>" not in page(client, ArticleFactory())


def test_a_stand_in_whose_measure_differs_says_so(client):
    articles = [ArticleFactory(seat_width=span(w), seat_depth=span(40)) for w in (45, 45, 50)]
    ReplacementGroupFactory(articles=articles)
    shown = page(client, articles[0])
    assert shown.count("sittbredd skiljer sig") == 1
    assert "sittdjup skiljer sig" not in shown
    assert "rygghöjd" not in shown.lower()


@pytest.mark.parametrize(
    ("rule", "amounts", "says"),
    [
        ("rent", {"rent": "148", "list_price": "5480"},
         "<b>148,00\u00a0kr/mån</b> <span class=\"muted\">hyra · listpris 5\u00a0480,00\u00a0kr exkl. moms"),
        ("sale", {"list_price": "5480"}, "<b>5\u00a0480,00\u00a0kr</b> <span class=\"muted\">Köp exkl. moms"),
        ("rent", {"list_price": "5480"}, "\"><span class=\"muted\">Köp · listpris 5\u00a0480,00\u00a0kr"),
        ("sale", None, "<b>Pris saknas</b>"),
    ],
)  # fmt: skip
def test_the_price_says_what_is_charged_and_what_it_costs_to_buy(client, rule, amounts, says):
    article = ArticleFactory(billing_form=BillingFormFactory(name="Köp", rule=rule))
    if amounts:
        PriceFactory(article=article, **{"rent": None, "list_price": None} | amounts)
    assert says in page(client, article)


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


def test_prices_are_what_it_costs_to_buy_and_a_months_rent(client):
    article = PriceFactory(list_price="5480", rent="148").article
    shown = page(client, article, flik="priser")
    assert 'data-label="Hyra">148,00\u00a0kr/mån</td>' in shown
    assert 'data-label="Listpris">5\u00a0480,00\u00a0kr</td>' in shown


@pytest.mark.parametrize(
    "tab", ["information", "priser", "komponenter", "lagersaldon", "dokument", "nonsens", ""]
)
def test_every_tab_opens(client, tab):
    assert 'aria-current="page"' in page(client, ArticleFactory(), flik=tab)


def test_the_group_costs_no_query_per_article(client, django_assert_max_num_queries):
    articles = [ArticleFactory() for _ in range(10)]
    ReplacementGroupFactory(articles=articles)
    with django_assert_max_num_queries(16):
        page(client, articles[0])


# --- components and documents ---


def test_standard_components_with_how_many_and_their_availability(client):
    warehouse = WarehouseFactory()
    article, cushion = ArticleFactory(), ArticleFactory(name="Sittdyna", type="accessory")
    StandardComponentFactory(article=article, component=cushion, quantity=2)
    put_in_stock(warehouse, cushion, 7)
    shown = page(client, article, flik="komponenter")
    assert "Sittdyna</a>" in shown
    assert '<td class="num st">2</td>' in shown
    assert "7\u00a0st" in shown
    assert "100 Kalmar KHS lager" in shown


def test_other_components_are_those_that_fit_and_are_not_standard(client):
    article = ArticleFactory()
    standard, fits, other = (
        ArticleFactory(name=name, type="accessory") for name in ("Dyna", "Armstöd", "Sele")
    )
    StandardComponentFactory(article=article, component=standard)
    for part in (standard, fits):
        Fit.objects.create(main=article, part=part)
    shown = page(client, article, flik="komponenter", komponent="ovriga")
    assert "Armstöd</a>" in shown
    assert "Dyna</a>" not in shown
    assert "Sele</a>" not in shown


def test_any_component_is_found_by_its_words(client):
    article = ArticleFactory()
    ArticleFactory(name="Bord 100% ek", type="accessory")
    ArticleFactory(name="Bord 100 ek", type="spare")
    ArticleFactory(name="Bordet själv 100%", type="main")
    answer = client.post(f"/artiklar/{article.number}/", {"q": "BORD 100%"}, follow=True)
    shown = answer.content.decode()
    assert "flik=komponenter" in answer.redirect_chain[0][0]
    assert "Bord 100% ek</a>" in shown
    assert "Bord 100 ek</a>" not in shown
    assert "Bordet själv" not in shown
    assert 'value="BORD 100%"' in shown


def test_a_component_search_says_what_is_wrong_with_it(client):
    article = ArticleFactory()
    short = page(client, article, flik="komponenter", komponent="sok", q="ab")
    assert "minst tre tecken" in short
    refused = client.post(f"/artiklar/{article.number}/", {"q": "19360831-9186"})
    assert refused.status_code == 422
    assert "9186" not in read_page(refused)


@pytest.mark.parametrize("parts", [1, 12])
def test_components_cost_no_query_each(client, parts, django_assert_max_num_queries):
    article = ArticleFactory()
    for _ in range(parts):
        StandardComponentFactory(article=article)
    with django_assert_max_num_queries(14):
        page(client, article, flik="komponenter")


def test_documents_are_links_and_downloads_in_khs_order(client, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    article = ArticleFactory(number="43027")
    file = ArticleDocument.objects.create(
        article=article, title="Bruksanvisning å", size=8, position=2,
        file=ContentFile(b"%PDF-1.4", name="x"),
    )  # fmt: skip
    ArticleDocument.objects.create(
        article=article, title="Produktsida", url="https://leverantor.example/a?b=1&c=2", position=1
    )
    shown = page(client, article, flik="dokument")
    assert shown.index("Produktsida") < shown.index("Bruksanvisning å")
    assert 'href="https://leverantor.example/a?b=1&amp;c=2"' in shown
    answer = client.get(f"/artiklar/43027/dokument/{file.key}/")
    assert 'attachment; filename="43027-bruksanvisning-a.pdf"' in answer["Content-Disposition"]
    assert answer["Content-Type"] == "application/pdf"
    assert "sandbox" in answer["Content-Security-Policy"]
    other = ArticleFactory()
    assert client.get(f"/artiklar/{other.number}/dokument/{file.key}/").status_code == 404
    assert "Inga dokument" in page(client, other, flik="dokument")


def test_khs_adds_a_pdf_or_a_link_but_nothing_else(browser_of, khs_user, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    khs, article = browser_of(khs_user), ArticleFactory()
    url = f"/admin/articles/article/{article.pk}/change/"

    def add(**document):
        form = khs.get(url).context["adminform"].form
        data = {name: form[name].value() for name in form.fields if form[name].value() is not None}
        data = {name: value for name, value in data.items() if value is not False}
        for prefix in ("prices", "documents", "standard_components", "fitting_parts"):
            data |= {f"{prefix}-TOTAL_FORMS": 0, f"{prefix}-INITIAL_FORMS": 0}
        data |= {"documents-TOTAL_FORMS": 1, "documents-0-position": 0}
        data |= {"documents-0-title": "Blad", "documents-0-article": article.pk}
        return khs.post(url, data | {f"documents-0-{k}": v for k, v in document.items()})

    picture = SimpleUploadedFile("a.pdf", b"\x89PNG\r\n\x1a\n" + b"0" * 64, "application/pdf")
    for wrong in ({}, {"file": picture}, {"url": "javascript:alert(1)"},
                  {"url": "https://a.example/", "file": SimpleUploadedFile("a.pdf", b"%PDF-1.4 x\n%%EOF")}):  # fmt: skip
        assert add(**wrong).status_code == 200, wrong
        assert not ArticleDocument.objects.exists()
    assert (
        add(file=SimpleUploadedFile("Å 19121212-1212.pdf", b"%PDF-1.4 x\n%%EOF")).status_code == 302
    )
    saved = ArticleDocument.objects.get()
    assert (saved.size, "1912" in saved.file.name) == (16, False)


def test_prices_say_who_answers_and_how_it_is_charged(client):
    shown = page(client, ArticleFactory(responsibility="B"), flik="priser")
    assert "B-hjälpmedel" in shown
    assert "Hyra" in shown


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
