"""The catalogue as an Excel sheet: the columns, reading them and writing them.

``openpyxl`` is read in where it is used: it brings numpy along, and few processes need them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from io import BytesIO
from typing import IO, Any
from zipfile import BadZipFile, ZipFile

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import DatabaseError
from psycopg.types.range import Range

from sesam.errors import DomainError

from . import catalogue_cells as cells
from .measures import MEASURES, written
from .models import Article, ArticleType, Project, Responsibility

CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
#: A region's catalogue has 40 000: what is exported can be imported again.
MOST_ROWS = 60_000
ROWS_BETWEEN = 500  # that it says how far it has come
#: What a sheet may unfold to: a small file can hold a very large one.
MOST_BYTES = 300 * 1024 * 1024
BROKEN = "Filen kan inte läsas. Spara den som Excel-arbetsbok (.xlsx) och försök igen."
NUMBER = "Artikelnummer"


@dataclass(frozen=True)
class Column:
    """``read`` turns a cell into the field's value, or raises ``cells.Wrong``."""

    label: str
    field: str
    read: Callable[[Any], Any]


COLUMNS = (
    Column(NUMBER, "number", cells.article_number),
    Column("Benämning", "name", cells.text(200)),
    Column("Artikeltyp", "type", cells.choice(ArticleType.choices)),
    Column("Leverantör", "supplier", cells.text(120)),
    Column("Leverantörens artikelnummer", "supplier_number", cells.text(40)),
    Column("ISO-kod", "iso_code", cells.iso_code),
    Column("Enhet", "unit_of_measure", cells.text(12)),
    Column("Antal per förpackning", "pack_size", cells.whole(1, 100_000)),
    Column("Produktgrupp", "product_group", cells.text(60)),
    Column("Artikelansvar", "responsibility", cells.choice(Responsibility.choices)),
    Column("Debiteringsform", "billing_form", cells.text(40)),
    Column("Individmärkt", "is_marked", cells.yes_or_no),
    Column("Kan vara komponent", "may_be_component", cells.yes_or_no),
    Column("Egen beställning", "own_order_only", cells.yes_or_no),
    Column("Kräver kommentar", "requires_comment", cells.yes_or_no),
    Column("Lagerförs", "is_stocked", cells.yes_or_no),
    Column("Projekt", "project", cells.choice(Project.choices)),
    Column("Utgått", "is_discontinued", cells.yes_or_no),
    Column("Utökad artikelinformation", "extended_info", cells.text(5000)),
    *(
        Column(
            f"{measure.label}, {measure.unit}",
            measure.name,
            cells.measure if measure.is_span else cells.one_measure,
        )
        for measure in MEASURES
    ),
    Column("Listpris exkl. moms", "list_price", cells.money),
    Column("Hyra per månad exkl. moms", "rent", cells.money),
    Column("Pris från", "valid_from", cells.date),
)
BY_LABEL = {column.label.lower(): column for column in COLUMNS}


@dataclass
class SheetLine:
    """A row of the sheet: what its filled cells say, and what is wrong with them."""

    row: int
    number: str
    values: dict[str, Any]
    faults: list[tuple[str, str]]


def check(upload: UploadedFile[bytes]) -> None:
    """Refuse what is no workbook, or a too large one."""
    if not upload.size or upload.size > settings.ATTACHMENT_MAX_BYTES:
        limit = settings.ATTACHMENT_MAX_BYTES // 1024 // 1024
        raise DomainError(f"Filen är tom eller större än {limit} MB.", field="file")
    try:
        with ZipFile(BytesIO(upload.read())) as packed:
            size = sum(info.file_size for info in packed.infolist())
            is_workbook = "xl/workbook.xml" in packed.namelist()
    except BadZipFile:
        size, is_workbook = 0, False
    finally:
        upload.seek(0)
    if not is_workbook:
        raise DomainError(BROKEN, field="file")
    if size > MOST_BYTES:
        raise DomainError("Filens innehåll är för stort. Dela upp den.", field="file")


def read(
    file: IO[bytes], *, heads_only: bool = False, progress: Callable[[int], None] | None = None
) -> list[SheetLine]:
    """The sheet's rows. Raises ``DomainError`` where it isn't a catalogue at all. ``progress``
    hears now and then how many per cent are read."""
    from openpyxl import load_workbook

    try:
        book = load_workbook(file, read_only=True, data_only=True)
        sheet = book.worksheets[0]
        rows = sheet.iter_rows(values_only=True)
        columns = _columns(next(rows, ()))
        if heads_only:
            return []
        if progress is not None:
            # What is exported here doesn't say how long it is.
            rows = _counted(rows, sheet.max_row or Article.objects.count(), progress)
        return list(_lines(rows, columns))
    except (DomainError, DatabaseError):
        raise
    except Exception as error:  # what a broken file makes openpyxl raise has no end
        raise DomainError(BROKEN, field="file") from error


def _counted(
    rows: Iterator[tuple[Any, ...]], expected: int, progress: Callable[[int], None]
) -> Iterator[tuple[Any, ...]]:
    """``expected`` is about how many there are: what a sheet says of itself may be wrong."""
    for n, row in enumerate(rows):
        if n % ROWS_BETWEEN == 0:
            progress(min(100, 100 * n // max(1, expected)))
        yield row


def _columns(heads: tuple[Any, ...]) -> list[Column | None]:
    labels = [str(head).strip() if head is not None else "" for head in heads]
    unknown = [label for label in labels if label and label.lower() not in BY_LABEL]
    if unknown:
        raise DomainError(
            f"Kolumnen «{unknown[0][:60]}» finns inte. Hämta katalogen som Excel för att se"
            " vilka kolumner som finns.",
            field="file",
        )
    columns = [BY_LABEL.get(label.lower()) for label in labels]
    used = [column.label for column in columns if column]
    if NUMBER not in used:
        raise DomainError(f"Första raden saknar kolumnen «{NUMBER}».", field="file")
    if len(used) != len(set(used)):
        raise DomainError("Samma kolumn förekommer två gånger.", field="file")
    return columns


def _lines(rows: Iterator[tuple[Any, ...]], columns: list[Column | None]) -> Iterator[SheetLine]:
    read = 0
    for row, cell_values in enumerate(rows, start=2):
        if all(value is None or str(value).strip() == "" for value in cell_values):
            continue
        read += 1
        if read > MOST_ROWS:
            raise DomainError(f"Filen har fler än {MOST_ROWS} rader. Dela upp den.", field="file")
        line = SheetLine(row, "", {}, [])
        for column, value in zip(columns, cell_values, strict=False):
            if column is None or value is None or str(value).strip() == "":
                continue
            try:
                line.values[column.field] = column.read(value)
            except cells.Wrong as wrong:
                line.faults.append((column.label, str(wrong)))
        line.number = line.values.pop("number", "")
        if not line.number and not line.faults:
            line.faults.append((NUMBER, "Artikelnumret saknas."))
        yield line


def write(articles: Any) -> bytes:
    """The articles (with supplier, billing form and prices at hand) as a sheet to edit."""
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    book = Workbook(write_only=True)
    sheet = book.create_sheet("Katalog")
    sheet.freeze_panes = "A2"
    heads = []
    for column in COLUMNS:
        head = WriteOnlyCell(sheet, column.label)
        head.font = Font(bold=True)
        heads.append(head)
        sheet.column_dimensions[get_column_letter(len(heads))].width = (
            44 if column.field == "name" else 18
        )
    sheet.append(heads)
    for article in articles:
        sheet.append([_cell(sheet, _value(article, column.field)) for column in COLUMNS])
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def _value(article: Article, field: str) -> Any:
    if field in ("list_price", "rent", "valid_from"):
        prices = article.prices.all()  # the newest first
        return getattr(prices[0], field) if prices else None
    if field in ("type", "responsibility", "project"):
        return getattr(article, f"get_{field}_display")()
    if field == "supplier":
        return article.supplier.name if article.supplier else None
    if field == "billing_form":
        return article.billing_form.name
    value = getattr(article, field)
    if isinstance(value, Range):
        return value.lower if value.lower == value.upper else written(value)
    return value


def _cell(sheet: Any, value: Any) -> Any:
    if isinstance(value, bool):
        return "Ja" if value else "Nej"
    if value is None or isinstance(value, int | Decimal | dt.date):
        return value
    from openpyxl.cell import WriteOnlyCell

    cell = WriteOnlyCell(sheet, cells.writable(value))
    cell.data_type = "s"  # a name that begins with = is a name, no formula
    return cell
