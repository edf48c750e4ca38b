"""A specification as an Excel workbook: «Rader» and «Summor».

``openpyxl`` is read in where it is used: few processes need it. Rows are written as they come, so
memory stays flat; the same invoice gives the same bytes.
"""

from __future__ import annotations

import datetime as dt
import shutil
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from io import BytesIO
from typing import Any

from django.db.models import Sum

from articles import catalogue_cells as cells

from . import specification, words
from .models import ChargeKind, Invoice, InvoiceKind
from .months import name_of
from .rules import first_of

# «General»: «2» and «1,25»; «#,##0.##» would write «2,».
MONEY, NUMBER, DAY = "#,##0.00", "General", "yyyy-mm-dd"
#: Heading, width, format.
COLUMNS: tuple[tuple[str, int, str], ...] = (
    ("Ärende", 12, "@"),
    ("Datum", 12, DAY),
    ("Artikelnummer", 14, "@"),
    ("Benämning", 40, "@"),
    ("Individ", 12, "@"),
    ("Tjänsteställe", 26, "@"),
    ("Förskrivarkod", 14, "@"),
    ("Antal", 9, NUMBER),
    ("À-pris", 12, MONEY),
    ("Belopp", 13, MONEY),
    ("Moms %", 9, NUMBER),
    ("Slag", 16, "@"),
    ("ISO-grupp", 11, "@"),
    ("Så räknas det", 56, "@"),
)
AMOUNT, UNIT, KIND, ISO = "J", "F", "L", "M"
AT_ONCE = 2000
_READ = (
    "pk", "case_number", "day", "text", "individual_number", "prescriber_code", "quantity",
    "unit_price", "amount", "vat_rate", "kind", "iso_group", "month", "inputs", "article__number",
    "unit__name",
)  # fmt: skip
_KINDS = dict(ChargeKind.choices)
A4 = 9  # as Excel numbers papers
_EPOCH = (1980, 1, 1, 0, 0, 0)


def write(invoice: Invoice, progress: Callable[[int], None] = lambda done: None) -> bytes:
    """Needs the seller and buyer loaded. ``progress`` is told how many rows are written."""
    from openpyxl import Workbook
    from openpyxl.writer.excel import ExcelWriter

    book = Workbook(write_only=True)
    properties = book.properties
    properties.creator = "Hjälpmedelsportalen"
    properties.title = f"Fakturaspecifikation {invoice.number}"
    properties.created = properties.modified = dt.datetime.combine(invoice.date, dt.time())
    count = _rows_sheet(book, invoice, progress)
    _sums_sheet(book, invoice, count)
    out = BytesIO()
    ExcelWriter(book, _Timeless(out, "w")).save()  # ``book.save`` would date it now
    return out.getvalue()


def _rows_sheet(book: Any, invoice: Invoice, progress: Callable[[int], None]) -> int:
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.table import Table, TableStyleInfo

    sheet = book.create_sheet("Rader")
    sheet.freeze_panes = "A2"
    sheet.print_title_rows = "1:1"
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = A4
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    for nth, (_, width, _) in enumerate(COLUMNS, start=1):
        sheet.column_dimensions[get_column_letter(nth)].width = width
    count = invoice.charges.count()
    last = get_column_letter(len(COLUMNS))
    table = Table(displayName="Rader", ref=f"A1:{last}{max(2, count + 1)}")
    table.tableStyleInfo = TableStyleInfo(name="TableStyleLight1", showRowStripes=False)
    table._initialise_columns()
    for column, (label, _, _) in zip(table.tableColumns, COLUMNS, strict=True):
        column.name = label
    sheet.tables.add(table)  # ``add_table`` warns of columns that were added
    cell = _Cells(sheet)
    sheet.append([cell.bold(label) for label, _, _ in COLUMNS])
    sheet._values_to_row = _Row(cell).of
    for written, values in enumerate(_rows(invoice), start=1):
        sheet.append(values)
        if written % AT_ONCE == 0:
            progress(written)
    return count


def _rows(invoice: Invoice) -> Iterator[tuple[Any, ...]]:
    """By and by: no cursor is kept on the server, so ``iterator`` would fetch them all at once."""
    charges = invoice.charges.order_by("pk").values_list(*_READ, named=True)
    last = 0
    while batch := list(charges.filter(pk__gt=last)[:AT_ONCE]):
        yield from _told(batch, invoice.date)
        last = batch[-1].pk


def _told(charges: list[Any], date: dt.date) -> Iterator[tuple[Any, ...]]:
    hidden = specification.hidden_cases(charge.case_number for charge in charges)
    for charge in charges:
        is_hidden = charge.case_number in hidden
        article = charge.article__number
        yield (
            "Skyddad" if is_hidden else charge.case_number,
            charge.day,
            article,
            charge.text.removeprefix(f"{article} ") if article else charge.text,
            "" if is_hidden else charge.individual_number,
            charge.unit__name,
            charge.prescriber_code,
            charge.quantity,
            charge.unit_price,
            charge.amount,
            charge.vat_rate,
            _KINDS[charge.kind],
            charge.iso_group or specification.NO_GROUP,
            words.explained(charge, date),
        )


def _sums_sheet(book: Any, invoice: Invoice, count: int) -> None:
    """Sums as values, with the formula over the rows beside each as a check."""
    sheet = book.create_sheet("Summor")
    for letter, width in (("A", 40), ("B", 20), ("C", 20)):
        sheet.column_dimensions[letter].width = width
    sheet.page_setup.orientation = "landscape"
    cell = _Cells(sheet)
    period = name_of(first_of(invoice.date))
    head: list[tuple[str, Any, str]] = [
        ("Faktura", invoice.number, "@"),
        ("Fakturatyp", InvoiceKind(invoice.kind).label, "@"),
        ("Säljare", str(invoice.seller), "@"),
        ("Betalare", str(invoice.buyer), "@"),
        ("Period", period, "@"),
        ("Fakturadatum", invoice.date, DAY),
    ]
    if invoice.credits:
        head.append(("Krediterar faktura", invoice.credits.number, "@"))
    for label, value, shape in head:
        sheet.append([cell.bold(label), cell.of(value, shape)])
    last = max(2, count + 1)

    def rows(letter: str) -> str:
        return f"Rader!${letter}$2:${letter}${last}"

    sheet.append([])
    sheet.append([None, cell.bold("Summa"), cell.bold("Kontroll mot raderna")])
    total = f"=SUM({rows(AMOUNT)})"
    at = len(head) + 3
    sheet.append([cell.bold("Summa exkl. moms"), cell.money(invoice.total), cell.money(total)])
    sheet.append([cell.bold("Moms"), cell.money(invoice.vat)])
    sheet.append(
        [cell.bold("Att betala"), cell.money(invoice.to_pay), cell.money(f"=B{at}+B{at + 1}")]
    )
    at += 3
    for title, letter, sums in _sums(invoice):
        sheet.append([])
        sheet.append([cell.bold(title), cell.bold("Summa"), cell.bold("Kontroll mot raderna")])
        at += 2
        for label, amount in sums:
            check = f"=SUMPRODUCT(({rows(letter)}=A{at})*{rows(AMOUNT)})"
            sheet.append([cell.of(label, "@"), cell.money(amount), cell.money(check)])
            at += 1


def _sums(invoice: Invoice) -> Iterator[tuple[str, str, list[tuple[str, Decimal]]]]:
    by: dict[str, dict[str, Decimal]] = {
        ISO: defaultdict(Decimal), UNIT: defaultdict(Decimal), KIND: defaultdict(Decimal)
    }  # fmt: skip
    rows = invoice.charges.order_by().values_list("iso_group", "unit__name", "kind")
    for iso, unit, kind, amount in rows.annotate(sum=Sum("amount")):
        by[ISO][iso or specification.NO_GROUP] += amount
        by[UNIT][cells.writable(unit or "")] += amount
        by[KIND][ChargeKind(kind).label] += amount
    for title, letter in (("ISO-grupp", ISO), ("Tjänsteställe", UNIT), ("Slag", KIND)):
        yield title, letter, sorted(by[letter].items())


class _Cells:
    """Cells of a sheet. Text is text, whatever it begins with: no program runs it."""

    def __init__(self, sheet: Any) -> None:
        from openpyxl.cell import WriteOnlyCell
        from openpyxl.styles import Font

        self.new = WriteOnlyCell
        self.sheet = sheet
        self.font = Font(bold=True)
        self._styles: dict[str, Any] = {}

    def of(self, value: Any, shape: str) -> Any:
        if value is None or value == "":
            return None
        if shape != "@":
            cell = self.new(self.sheet, value=value)
        else:
            cell = self.new(self.sheet, value=cells.writable(str(value)))
            cell.data_type = "s"
        cell._style = self._style(shape)
        return cell

    def _style(self, shape: str) -> Any:
        """A format is looked up once: it takes longer than all else of a cell."""
        if shape not in self._styles:
            cell = self.new(self.sheet)
            cell.number_format = shape
            self._styles[shape] = cell._style
        return self._styles[shape]

    def money(self, value: Decimal | str) -> Any:
        """An amount, or a formula of ours."""
        from openpyxl.cell import WriteOnlyCell

        cell = WriteOnlyCell(self.sheet, value)
        cell.number_format = MONEY
        return cell

    def bold(self, label: str) -> Any:
        from openpyxl.cell import WriteOnlyCell

        cell = WriteOnlyCell(self.sheet, label)
        cell.font = self.font
        return cell


class _Row:
    """The cells of a row, made once: openpyxl writes a row before it asks for the next one, and to
    make a cell takes longer than to write it. It stands in for what openpyxl makes cells with, so
    what is written of a text is its own: never a formula."""

    def __init__(self, cells: _Cells) -> None:
        self.cells = []
        for nth, (_, _, shape) in enumerate(COLUMNS, start=1):
            cell = cells.new(cells.sheet)
            cell.data_type = {DAY: "d", "@": "s"}.get(shape, "n")
            cell._style = cells._style(shape)
            cell.column = nth
            self.cells.append((cell, shape == "@"))

    def of(self, values: Sequence[Any], nth: int) -> Iterator[Any]:
        for (cell, is_text), value in zip(self.cells, values, strict=True):
            if value is not None and value != "":
                cell.row = nth
                cell._value = cells.writable(value) if is_text else value
                yield cell


class _Timeless(zipfile.ZipFile):
    """An archive that doesn't tell when it was made."""

    def writestr(self, zinfo_or_arcname: Any, data: Any, *args: Any, **facts: Any) -> None:
        super().writestr(_entry(zinfo_or_arcname), data)

    def write(self, filename: Any, arcname: Any = None, *args: Any, **facts: Any) -> None:
        with open(filename, "rb") as source, self.open(_entry(arcname), "w") as target:
            shutil.copyfileobj(source, target, 1 << 16)


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry
