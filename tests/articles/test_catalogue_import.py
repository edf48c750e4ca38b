"""The catalogue from Excel: a dry run, a report of each bad row, and the same again is nothing."""

from datetime import date, timedelta
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from openpyxl import Workbook, load_workbook

from articles import catalogue_excel, catalogue_import
from articles.jobs import apply_catalogue
from articles.models import Article, CatalogueImport, Price, Supplier
from organisation.permissions import KHS
from sesam import jobs
from tests.factories import (
    ArticleFactory,
    BillingFormFactory,
    IsoClassFactory,
    PriceFactory,
    UserFactory,
)
from tests.jobs import run_jobs, waiting

pytestmark = pytest.mark.django_db
URL = "/admin/articles/article/importera/"
HEADS = ("Artikelnummer", "Benämning", "Artikeltyp", "Debiteringsform")


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


@pytest.fixture
def khs(browser_of):
    BillingFormFactory(name="Hyra")
    return browser_of(UserFactory(roles=[KHS], is_staff=True))


def sheet(*rows, heads=HEADS) -> SimpleUploadedFile:
    book = Workbook()
    book.active.append(heads)
    for row in rows:
        book.active.append(row)
    out = BytesIO()
    book.save(out)
    return SimpleUploadedFile("katalog.xlsx", out.getvalue())


def dry_run(client, upload) -> tuple[str, str]:
    """The address of the report, and what it says."""
    report = send_in(client, upload)
    run_jobs()
    return report, shown_on(client, report)


def send_in(client, upload) -> str:
    """The address where the report will be."""
    answer = client.post(URL, {"file": upload})
    assert answer.status_code == 302, answer.content.decode()
    return answer.headers["Location"]


def shown_on(client, report: str) -> str:
    return client.get(report).content.decode()


def confirm(client, report: str) -> str:
    """What the report says when what it told of is done."""
    client.post(report)
    run_jobs()
    return shown_on(client, report)


def take_over(client, upload) -> str:
    report, _ = dry_run(client, upload)
    return confirm(client, report)


def refused(client, upload) -> str:
    answer = client.post(URL, {"file": upload})
    assert answer.status_code == 422
    assert not CatalogueImport.objects.exists()
    assert not waiting()
    return answer.content.decode()


def test_a_dry_run_changes_nothing_and_the_import_does_what_it_said(khs):
    ArticleFactory(number="43027", name="Cross 6")
    upload = sheet(
        (43027, "Cross 6 lång", None, None),
        ("000123", "Käpp", "Tillbehör/komponent", "hyra"),
    )
    report, shown = dry_run(khs, upload)
    assert "Importera 2 artiklar" in shown
    assert "Cross 6 lång" in shown
    assert Article.objects.count() == 1
    assert "1 ny och 1 ändrad artikel" in confirm(khs, report)
    assert Article.objects.get(number="43027").name == "Cross 6 lång"
    new = Article.objects.get(number="000123")
    assert (new.type, new.billing_form.name) == ("accessory", "Hyra")
    assert "CROSS 6 LÅNG" in Article.objects.get(number="43027").search_text


def test_the_same_sheet_again_changes_nothing(khs):
    IsoClassFactory(code="1222", level=2)
    heads = (*HEADS, "Leverantör", "ISO-kod", "Hyra per månad exkl. moms", "Pris från", "Utgått")
    row = ("500", "Stol", "Huvudhjälpmedel", "Hyra", "Ny AB", "12 22 99", "148,50",
           date(2026, 1, 1), "Nej")  # fmt: skip
    take_over(khs, sheet(row, heads=heads))
    before = list(Article.objects.values())
    assert (before[0]["iso_code"], before[0]["iso_class_id"]) == ("122299", "1222")
    _, again = dry_run(khs, sheet(row, heads=heads))
    assert "Filen ändrar ingenting" in again
    assert "Ny AB" not in again
    take_over(khs, sheet(row, heads=heads))
    assert list(Article.objects.values()) == before
    assert (Price.objects.count(), Supplier.objects.count()) == (1, 1)


def test_the_exported_catalogue_is_taken_back_without_a_change(khs):
    IsoClassFactory(code="12", level=1)
    odd = ArticleFactory(name='=1+1 "citat", 100% _a', iso_code="129999", iso_class_id="12",
                         extended_info="Rad ett\nRad två", is_marked=True)  # fmt: skip
    ArticleFactory(supplier=None, supplier_number="", is_discontinued=True)
    PriceFactory(article=odd, amount="148.50")
    PriceFactory(article=odd, amount="99.00", valid_from=date(2020, 1, 1))
    waited_for = khs.post("/admin/articles/article/exportera/")["Location"]
    assert "väntar på sin tur" in khs.get(waited_for).content.decode()
    run_jobs()
    answer = khs.get(f"{waited_for}fil/")
    assert "artikelkatalog-" in answer["Content-Disposition"]
    content = b"".join(answer.streaming_content)
    written = load_workbook(BytesIO(content)).active
    assert [cell.data_type for cell in written["B"][1:]] == ["s", "s"], "text, never a formula"
    _, report = dry_run(khs, SimpleUploadedFile("k.xlsx", content))
    assert "Filen ändrar ingenting" in report
    assert "Rader med fel" not in report


def test_a_regions_catalogue_is_not_too_long():
    columns = catalogue_excel._columns((catalogue_excel.NUMBER,))
    rows = iter([(str(n),) for n in range(40_000)])
    assert len(list(catalogue_excel._lines(rows, columns))) == 40_000


def test_each_bad_row_is_named_with_what_is_wrong_and_the_others_go_in(khs):
    IsoClassFactory(code="12", level=1)
    marked = ArticleFactory(is_marked=True)
    PriceFactory(article=marked, amount="10.00", valid_from=date(2026, 1, 1))
    heads = (*HEADS, "ISO-kod", "Antal per förpackning", "Individmärkt", "Hyra per månad exkl. moms",
             "Pris från")  # fmt: skip
    good = ("1", "Rätt", "Tjänst", "Hyra")
    bad = [
        ((None, "Utan nummer", "Tjänst", "Hyra"), "Artikelnumret saknas"),
        (("1", "En gång till", "Tjänst", "Hyra"), "finns redan längre upp"),
        (("1 2", "Mellanslag", "Tjänst", "Hyra"), "siffror eller bokstäver"),
        (("2", None, "Tjänst", "Hyra"), "Måste fyllas i för en ny artikel"),
        (("3", "Fel typ", "Cykel", "Hyra"), "«Cykel» är inget av"),
        (("4", "Fel form", "Tjänst", "Gratis"), "Det finns: "),
        (("5", "Fel ISO", "Tjänst", "Hyra", "99"), "finns inte i ISO 9999"),
        (("6", "Fel ISO", "Tjänst", "Hyra", "123"), "två, fyra eller sex siffror"),
        (("7", "Fel antal", "Tjänst", "Hyra", None, 0), "heltal från 1"),
        (("8", "N" * 201, "Tjänst", "Hyra"), "Högst 200 tecken"),
        (("9", "Fel val", "Tjänst", "Hyra", None, None, "kanske"), "Ja eller Nej"),
        ((marked.number, None, None, None, None, None, "Nej"), "Kan inte ändras"),
        (("10", "Pris", "Tjänst", "Hyra", None, None, None, "12,345", "2026-01-01"), "decimaler"),
        (("11", "Pris", "Tjänst", "Hyra", None, None, None, "-1", "2026-01-01"), "Ange ett pris"),
        (("12", "Pris", "Tjänst", "Hyra", None, None, None, "5"), "fylls i tillsammans"),
        (("13", "Pris", "Tjänst", "Hyra", None, None, None, "5", "i går"), "datum som"),
    ]  # fmt: skip
    clash = (marked.number, None, None, None, None, None, None, "11", date(2026, 1, 1))
    upload = sheet(good, *(row for row, _ in bad), heads=heads)
    _, shown = dry_run(khs, upload)
    for line, (_, says) in enumerate(bad, start=3):
        assert f'<td data-label="Rad" class="num">{line}</td>' in shown
        assert says in shown, says
    upload.seek(0)
    done = take_over(khs, upload)
    assert "1 ny och 0 ändrade" in done
    assert "16 fel lämnades utanför" in done
    assert set(Article.objects.values_list("number", flat=True)) == {"1", marked.number}
    assert "annat pris från 2026-01-01" in dry_run(khs, sheet(clash, heads=heads))[1]


def test_a_price_has_two_amounts_and_the_one_that_is_not_named_holds_on(khs):
    article = ArticleFactory()
    PriceFactory(article=article, list_price="5000", rent="120", valid_from=date(2026, 1, 1))
    PriceFactory(article=article, list_price="7000", rent="170", valid_from=date(2027, 1, 1))
    heads = ("Artikelnummer", "Listpris exkl. moms", "Hyra per månad exkl. moms", "Pris från")
    take_over(khs, sheet((article.number, None, 148, date(2026, 7, 1)), heads=heads))
    new = Price.objects.get(valid_from=date(2026, 7, 1))
    assert (new.list_price, new.rent) == (5000, 148)
    same = sheet((article.number, 5000, None, date(2026, 7, 1)), heads=heads)
    assert "Filen ändrar ingenting" in dry_run(khs, same)[1]
    other = sheet((article.number, 5001, 148, date(2026, 7, 1)), heads=heads)
    assert "annat pris från 2026-07-01" in dry_run(khs, other)[1]
    without = sheet((article.number, None, None, date(2026, 8, 1)), heads=heads)
    assert "fylls i tillsammans" in dry_run(khs, without)[1]


def test_empty_cells_and_articles_left_out_stay_as_they_are(khs):
    kept = ArticleFactory(extended_info="Står kvar", supplier_number="X-1")
    other = ArticleFactory(name="Inte i filen")
    heads = ("artikelnummer", "Benämning", "Utökad artikelinformation")
    take_over(khs, sheet((kept.number, "Nytt namn", None), heads=heads))
    kept.refresh_from_db()
    other.refresh_from_db()
    assert (kept.name, kept.extended_info, kept.supplier_number) == (
        "Nytt namn", "Står kvar", "X-1",
    )  # fmt: skip
    assert other.name == "Inte i filen"


def test_discontinued_by_the_sheet(khs):
    article = ArticleFactory()
    take_over(khs, sheet((article.number, "Ja"), heads=("Artikelnummer", "Utgått")))
    article.refresh_from_db()
    assert article.is_discontinued


def test_what_is_no_catalogue_is_refused(khs):
    assert "Välj en fil" in khs.post(URL, {}).content.decode()
    assert "kan inte läsas" in refused(khs, SimpleUploadedFile("a.xlsx", b"inget"))
    assert "kan inte läsas" in refused(khs, SimpleUploadedFile("a.xlsx", b"PK\x03\x04" + b"0" * 80))
    assert "tom" in refused(khs, SimpleUploadedFile("a.xlsx", b""))
    assert "«Färg» finns inte" in refused(khs, sheet(heads=("Artikelnummer", "Färg")))
    assert "saknar kolumnen" in refused(khs, sheet(heads=("Benämning",)))
    assert "två gånger" in refused(khs, sheet(heads=("Artikelnummer", "artikelnummer")))


def test_sent_twice_it_is_imported_once(khs):
    report, _ = dry_run(khs, sheet(("1", "Stol", "Tjänst", "Hyra")))
    confirm(khs, report)
    assert "redan importerad" in khs.post(report).content.decode()
    assert CatalogueImport.objects.get().new == 1


def test_the_import_is_worked_out_anew_when_it_is_done(khs):
    report, _ = dry_run(khs, sheet(("1", "Stol", "Tjänst", "Hyra")))
    ArticleFactory(number="1", name="Någon annan hann före")
    done = confirm(khs, report)
    assert "0 nya och 1 ändrad artikel" in done
    assert Article.objects.get(number="1").name == "Stol"


def test_another_of_khs_cannot_see_it_and_nobody_else_comes_in(khs, client, browser_of):
    report, _ = dry_run(khs, sheet(("1", "Stol", "Tjänst", "Hyra")))
    other = browser_of(UserFactory(roles=[KHS], is_staff=True))
    assert other.get(report).status_code == 404
    for user in (client, browser_of(UserFactory(is_staff=True))):
        for url in (URL, report, "/admin/articles/article/exportera/"):
            assert user.get(url).status_code in (302, 403)
            assert user.post(url).status_code in (302, 403)
    assert not waiting()


def test_the_file_goes_after_a_day_and_the_note_of_it_stays(khs, media):
    report, _ = dry_run(khs, sheet(("1", "Stol", "Tjänst", "Hyra")))
    CatalogueImport.objects.update(created_at=timezone.now() - timedelta(hours=25))
    jobs.clear_all()
    assert list((media / "imports").iterdir()) == []
    assert "Filen är borttagen" in khs.get(report).content.decode()
    assert khs.post(report).status_code == 422


@pytest.mark.parametrize("rows", [2, 40])
def test_the_number_of_queries_is_the_same_for_any_number_of_rows(
    khs, rows, django_assert_max_num_queries
):
    report, _ = dry_run(khs, sheet(*((str(i), f"Stol {i}", "Tjänst", "Hyra") for i in range(rows))))
    khs.post(report)
    with django_assert_max_num_queries(28):
        run_jobs()
    with django_assert_max_num_queries(12):
        khs.get(report)


# --- the jobs that do it, and the page where they are waited for ---

STOOL = ("1", "Stol", "Tjänst", "Hyra")


def test_the_page_says_how_far_the_reading_has_come_and_then_what_it_found(khs):
    report = send_in(khs, sheet(STOOL))
    first = shown_on(khs, report)
    assert "väntar på sin tur" in first
    assert f'hx-get="{report}"' in first and "Uppdatera" in first
    CatalogueImport.objects.update(progress=40)
    assert "provläses, 40&nbsp;procent" in khs.get(report, HTTP_HX_REQUEST="true").content.decode()
    run_jobs()
    assert khs.get(report, HTTP_HX_REQUEST="true").headers["HX-Refresh"] == "true"
    assert "Importera 1 artikel" in shown_on(khs, report)


def test_the_job_says_how_far_it_has_come(khs, monkeypatch):
    seen, save = [], CatalogueImport.save
    monkeypatch.setattr(catalogue_excel, "ROWS_BETWEEN", 10)
    monkeypatch.setattr(
        CatalogueImport, "save", lambda self, **kw: (seen.append(self.progress), save(self, **kw))
    )
    take_over(khs, sheet(*((str(n), f"Stol {n}", "Tjänst", "Hyra") for n in range(40))))
    reading, importing = seen[1 : seen.index(100) + 1], seen[seen.index(100) + 2 :]
    for told in (reading, importing):
        assert told == sorted(told) and len(set(told)) > 4 and told[-1] == 100


def test_nothing_is_imported_before_it_was_read_and_confirmed(khs):
    report = send_in(khs, sheet(STOOL))
    answer = khs.post(report)
    assert answer.status_code == 422
    assert "måste provläsas" in answer.content.decode()
    run_jobs()
    assert not Article.objects.exists()
    assert "är klar" not in shown_on(khs, report)


def test_two_clicks_on_import_make_one_import(khs):
    report, _ = dry_run(khs, sheet(STOOL))
    for _ in range(2):
        assert khs.post(report).status_code == 302
    assert [name for name, _ in waiting()] == ["articles.apply_catalogue"]
    page = shown_on(khs, report)
    assert "Importen väntar på sin tur" in page
    assert "Importera 1 artikel" not in page


def test_an_import_that_is_run_twice_imports_once(khs):
    report, _ = dry_run(khs, sheet(STOOL))
    khs.post(report)
    ((_, arguments),) = waiting()
    run_jobs()
    Article.objects.update(name="Ändrad sedan dess")
    apply_catalogue.func(**arguments)
    assert Article.objects.get().name == "Ändrad sedan dess"
    assert "1 ny och 0 ändrade" in shown_on(khs, report)


def test_an_import_that_seemed_lost_and_was_begun_anew_is_not_done_unasked(khs, monkeypatch):
    report, _ = dry_run(khs, sheet(STOOL))
    khs.post(report)
    ((_, arguments),) = waiting()
    read = catalogue_import._lines

    def slowly(sheet, progress):
        CatalogueImport.objects.update(touched_at=timezone.now() - timedelta(minutes=11))
        khs.post(report, {"again": "1"})
        return read(sheet, progress)

    with monkeypatch.context() as slow:
        slow.setattr(catalogue_import, "_lines", slowly)
        apply_catalogue.func(**arguments)

    assert not Article.objects.exists()
    run_jobs()
    assert "Importera 1 artikel" in shown_on(khs, report)


def test_a_reading_or_an_import_that_breaks_says_so_and_can_be_tried_again(khs, monkeypatch):
    report = send_in(khs, sheet(STOOL))
    with monkeypatch.context() as broken:
        broken.setattr(catalogue_import, "plan", lambda lines: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            run_jobs()
    assert "blev inte klart" in shown_on(khs, report)
    assert khs.post(report).status_code == 422
    khs.post(report, {"again": "1"})
    run_jobs()
    assert "Importera 1 artikel" in shown_on(khs, report)
    khs.post(report)
    with monkeypatch.context() as broken:
        broken.setattr(Price.objects, "bulk_create", lambda *args, **kw: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            run_jobs()
    failed = shown_on(khs, report)
    assert "inget är ändrat i katalogen" in failed and "Försök igen" in failed
    assert not Article.objects.exists()
    khs.post(report, {"again": "1"})
    run_jobs()
    assert "1 ny och 0 ändrade" in confirm(khs, report)


def test_a_job_that_was_lost_is_told_of_after_ten_minutes(khs):
    report = send_in(khs, sheet(STOOL))
    CatalogueImport.objects.update(touched_at=timezone.now() - timedelta(minutes=11))
    assert "Försök igen" in shown_on(khs, report)


def test_a_sheet_with_too_many_rows_is_told_of_where_it_was_waited_for(khs, monkeypatch):
    monkeypatch.setattr(catalogue_excel, "MOST_ROWS", 1)
    _, shown = dry_run(khs, sheet(STOOL, ("2", "Pall", "Tjänst", "Hyra")))
    assert "fler än 1 rader" in shown
    assert "Läs in en annan fil" in shown


def test_reading_again_compares_with_the_catalogue_as_it_is_now(khs):
    report, _ = dry_run(khs, sheet(STOOL))
    ArticleFactory(number="1", name="Någon annan hann före")
    khs.post(report, {"again": "1"})
    run_jobs()
    assert '<td data-label="Ändring">Ändras</td>' in shown_on(khs, report)
    assert not waiting()


def test_who_imported_what_stands_among_the_imports(khs):
    take_over(khs, sheet(STOOL))
    page = khs.get(URL).content.decode()
    assert "katalog.xlsx" in page
    assert str(CatalogueImport.objects.get().user) in page
