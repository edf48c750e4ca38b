"""The Excel sheet of a specification: what it says, what it doesn't run, and that it adds up."""

import datetime as dt
import shutil
import subprocess
from decimal import Decimal
from io import BytesIO

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from openpyxl import load_workbook

from articles.models import Article
from invoicing import sheets
from invoicing.models import Charge
from organisation.models import Unit
from recipients.models import Recipient
from tests.factories import RecipientFactory
from tests.pickups.builders import lend

from .builders import NOVEMBER, OCTOBER, article, on, run_month

pytestmark = pytest.mark.django_db
NASTY = ["=1+1", "+46", "-1", "@SUM(A1)", "\t=1", "=cmd|' /C calc'!A0", "a\x01b"]


@pytest.fixture
def invoice():
    with on("2026-10-12"):
        person = RecipientFactory()
        lend(person, article(price="93.00", number="012345", iso_code="122203"), 2)
        lend(person, article("sale", "1290.50", iso_code="181210"))
        lend(person, article("sale", "10.00", is_marked=True))
    return run_month(OCTOBER)[0]


def book(invoice, **facts):
    return load_workbook(BytesIO(sheets.write(invoice)), **facts)


def test_numbers_days_and_codes_are_what_they_are(invoice):
    rows = list(book(invoice)["Rader"].iter_rows(values_only=True))
    assert rows[0][:5] == ("Ärende", "Datum", "Artikelnummer", "Benämning", "Individ")
    rent = next(row for row in rows if row[11] == "Hyra")
    assert isinstance(rent[0], str)
    assert rent[1] == dt.datetime(2026, 10, 12)
    assert (rent[2], rent[7], rent[8], rent[9]) == ("012345", 2, 93, 120)
    assert rent[13] == "Hyra 20 av 31 dagar: 2 × 93,00 × 20/31"


def test_the_sheet_is_ready_to_read_and_print(invoice):
    sheet = book(invoice)["Rader"]
    assert sheet.freeze_panes == "A2"
    assert sheet.print_title_rows in ("1:1", "$1:$1")
    assert sheet.page_setup.orientation == "landscape"
    (table,) = sheet.tables.values()
    assert table.ref == "A1:N4"
    assert table.autoFilter is not None
    assert sheet.column_dimensions["D"].width == 40
    assert sheet["J2"].number_format == "#,##0.00"
    assert sheet["H2"].number_format == sheet["K2"].number_format == "General"  # «2», not «2,»


def test_sums_are_values_with_their_check_beside_them(invoice):
    sheet = book(invoice)["Summor"]
    told = {row[0].value: row for row in sheet.iter_rows() if row[0].value}
    assert Decimal(str(told["Summa exkl. moms"][1].value)) == invoice.total
    assert told["Summa exkl. moms"][2].value == "=SUM(Rader!$J$2:$J$4)"
    by_kind = {name: told[name][1].value for name in ("Hyra", "Försäljning")}
    assert by_kind == {"Hyra": 120, "Försäljning": 1300.5}


def test_no_program_runs_what_somebody_wrote(invoice):
    for nth, charge in enumerate(Charge.objects.order_by("pk")):
        Article.objects.filter(pk=charge.article_id).update(name=NASTY[nth])
    for text in NASTY:
        Unit.objects.update(name=text)
        Charge.objects.first().unit.refresh_from_db()
        sheet = book(invoice)["Rader"]
        for cells in sheet.iter_rows(min_row=2):
            for cell in cells:
                assert cell.data_type != "f", cell.value
        sums = book(invoice)["Summor"]
        ours = ("=SUM(", "=SUMPRODUCT(", "=B")
        formulas = [c.value for row in sums.iter_rows() for c in row if c.data_type == "f"]
        assert formulas
        assert all(value.startswith(ours) for value in formulas)


def test_the_same_invoice_gives_the_same_bytes(invoice):
    with on("2026-11-02"):
        first = sheets.write(invoice)
    with on("2027-01-15"):
        assert sheets.write(invoice) == first


def test_a_sheet_of_more_rows_asks_no_more(invoice):
    with CaptureQueriesContext(connection) as few:
        sheets.write(invoice)
    with on("2026-11-12"):
        for _ in range(4):
            lend(RecipientFactory(), article("sale", "10.00"))
    (more,) = run_month(NOVEMBER)
    assert more.charges.count() > invoice.charges.count()
    with CaptureQueriesContext(connection) as many:
        sheets.write(more)
    assert len(many) == len(few)


def test_who_became_protected_stands_in_no_sheet(invoice):
    Recipient.objects.update(is_protected=True)
    told = {str(cell) for row in book(invoice)["Rader"].values for cell in row}
    assert not told & set(Charge.objects.values_list("case__number", flat=True))
    assert not told & (set(Charge.objects.values_list("individual_number", flat=True)) - {""})


@pytest.mark.skipif(not shutil.which("soffice"), reason="LibreOffice isn't installed")
def test_libreoffice_reckons_the_same_sums(invoice, tmp_path):
    file = tmp_path / "faktura.xlsx"
    file.write_bytes(sheets.write(invoice))
    subprocess.run(
        ["soffice", "--headless", "--convert-to", "xlsx:Calc MS Excel 2007 XML", "--outdir",
         str(tmp_path / "ut"), str(file)],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    sums = load_workbook(tmp_path / "ut" / "faktura.xlsx", data_only=True)["Summor"]
    checked = [(row[1], row[2]) for row in sums.values if isinstance(row[2], int | float)]
    assert len(checked) >= 5
    assert all(abs(value - check) < 0.005 for value, check in checked)
