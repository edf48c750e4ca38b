"""Taking over a catalogue sheet: what it would change, and the change itself.

A row names its article by number. Filled cells are taken over, empty ones leave what is there,
and articles that the sheet doesn't name stay as they are. A new or changed name is read for the
measures that the article has none of (``measures.read``); the report says which came so. Rows with faults are left out, each
with its reason; so the same sheet once more changes nothing.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from organisation.models import User
from sesam import awaited
from sesam.errors import DomainError

from . import catalogue_excel as excel
from . import measures, stock
from .models import Article, ArticleType, BillingForm, CatalogueImport, IsoClass, Price, Supplier

_LABELS = {column.field: column.label for column in excel.COLUMNS}
_NEEDED = ("name", "type", "billing_form")
_AMOUNTS = ("list_price", "rent")
_LOCK = 7_270_001
#: How many rows of each kind the report shows in full.
SHOWN = 200
FAILED = (
    "Arbetet med filen blev inte klart, och inget är ändrat i katalogen. Försök igen, eller"
    " kontakta systemförvaltaren på KHS."
)
READING = 60  # per cent of the work, about: the rest is comparing and writing


@dataclass
class Change:
    """An article that the sheet makes or changes. ``labels`` are the columns that differ; of a new
    one those that its name was read for."""

    article: Article
    is_new: bool
    labels: list[str]
    fields: set[str] = field(default_factory=set)
    price: Price | None = None


@dataclass
class Plan:
    """What a sheet would do."""

    changes: list[Change] = field(default_factory=list)
    unchanged: int = 0
    faults: list[tuple[int, str, str, str]] = field(default_factory=list)
    new_suppliers: list[str] = field(default_factory=list)

    @property
    def new(self) -> list[Change]:
        return [change for change in self.changes if change.is_new]

    @property
    def changed(self) -> list[Change]:
        return [change for change in self.changes if not change.is_new]


class _Known:
    """What the database has of what the sheet names. A fixed number of queries."""

    def __init__(self, lines: list[excel.SheetLine], *, to_write: bool) -> None:
        numbers = sorted({line.number for line in lines if line.number})
        articles = Article.objects.filter(number__in=numbers).select_related(
            "supplier", "billing_form"
        )
        self.articles = {article.number: article for article in articles}
        self.prices: dict[int, list[Price]] = defaultdict(list)  # of each article, the newest first
        for price in Price.objects.filter(article__number__in=numbers):
            self.prices[price.article_id].append(price)
        self.forms = {form.name.lower(): form for form in BillingForm.objects.all()}
        self.suppliers = {supplier.name: supplier for supplier in Supplier.objects.all()}
        self.classes = set(IsoClass.objects.values_list("code", flat=True))
        leaving = [line.number for line in lines if line.values.get("is_stocked") is False]
        of = [self.articles[number].pk for number in leaving if number in self.articles]
        self.in_stock = stock.in_stock(of, lock=to_write)

    def nearest(self, code: str) -> str | None:
        return next((c for c in (code, code[:4], code[:2]) if c in self.classes), None)


def plan(lines: list[excel.SheetLine], *, to_write: bool = False) -> Plan:
    """What the lines would change. Writes nothing; ``to_write`` locks what that depends on."""
    made, known, seen = Plan(), _Known(lines, to_write=to_write), set()
    for line in lines:
        faults = list(line.faults)
        if line.number in seen and line.number:
            faults.append((excel.NUMBER, "Artikelnumret finns redan längre upp i filen."))
        seen.add(line.number)
        change = None if faults else _change(line, known, made, faults)
        if faults:
            made.faults += [(line.row, line.number, label, text) for label, text in faults]
        elif change is None:
            made.unchanged += 1
        else:
            made.changes.append(change)
    made.new_suppliers.sort()
    return made


def _change(
    line: excel.SheetLine, known: _Known, made: Plan, faults: list[tuple[str, str]]
) -> Change | None:
    """What the line changes; None for nothing, or when it has ``faults``."""
    values = dict(line.values)
    amounts = {name: values.pop(name) for name in _AMOUNTS if name in values}
    valid_from = values.pop("valid_from", None)
    article = known.articles.get(line.number)
    is_new = article is None
    if article is None:
        article = Article(number=line.number)
        faults += [
            (_LABELS[name], "Måste fyllas i för en ny artikel.")
            for name in _NEEDED
            if name not in values
        ]
    elif values.get("is_marked", article.is_marked) != article.is_marked:
        faults.append((_LABELS["is_marked"], "Kan inte ändras på en artikel som finns."))
    elif article.is_stocked and article.pk in known.in_stock:
        faults.append((_LABELS["is_stocked"], stock.STAYS_STOCKED))
    _resolve(values, known, faults)
    price = _price(article, amounts, valid_from, known, faults)
    if values.get("project", article.project) and (
        values.get("type", article.type) != ArticleType.SERVICE
        or values.get("is_stocked", article.is_stocked)
    ):
        faults.append((_LABELS["project"], "Bara en tjänst som inte lagerförs kan ha projekt."))
    if faults:
        return None
    supplier = values.get("supplier")
    if supplier is not None and supplier.pk is None and supplier.name not in made.new_suppliers:
        made.new_suppliers.append(supplier.name)
    differs = {name for name, value in values.items() if is_new or _differs(article, name, value)}
    for name in differs:
        setattr(article, name, values[name])
    labels = [_LABELS[name] for name in _LABELS if name in differs]
    if price is not None:
        labels += [_LABELS[name] for name in amounts]
    if is_new:  # all that the line says is new: that needs no telling
        labels = []
    if "name" in differs:
        told = measures.fill(article)
        differs.update(told)
        labels += [f"{_LABELS[name]} (ur benämningen)" for name in told]
    return Change(article, is_new, labels, differs, price) if is_new or labels else None


def _resolve(values: dict[str, Any], known: _Known, faults: list[tuple[str, str]]) -> None:
    """Names become records: billing form, supplier (a new one is made), nearest ISO class."""
    if "billing_form" in values:
        form = known.forms.get(values["billing_form"].lower())
        if form is None:
            names = ", ".join(sorted(f.name for f in known.forms.values()))
            faults.append((_LABELS["billing_form"], f"Finns inte. Det finns: {names}."))
        values["billing_form"] = form
    if "supplier" in values:
        name = values["supplier"]
        values["supplier"] = known.suppliers.setdefault(name, Supplier(name=name))
    if "iso_code" in values:
        nearest = known.nearest(values["iso_code"])
        if nearest is None:
            faults.append((_LABELS["iso_code"], f"«{values['iso_code']}» finns inte i ISO 9999."))
        values["iso_class_id"] = nearest


def _differs(article: Article, name: str, value: Any) -> bool:
    if name == "supplier":  # one that is to be made has no key yet
        return value.pk is None or bool(article.supplier_id != value.pk)
    return bool(getattr(article, name) != value)


def _price(
    article: Article,
    amounts: dict[str, Decimal],
    valid_from: dt.date | None,
    known: _Known,
    faults: list[tuple[str, str]],
) -> Price | None:
    """The price that the line adds: a new row with its own day, the old ones stand. The amount
    that it doesn't name is the one that holds before that day."""
    if not amounts and valid_from is None:
        return None
    if not amounts or valid_from is None:
        missing = "valid_from" if amounts else "list_price"
        faults.append((_LABELS[missing], "Pris eller hyra och datum fylls i tillsammans."))
        return None
    before = next((p for p in known.prices[article.pk] if p.valid_from <= valid_from), None)
    if before is None or before.valid_from < valid_from:
        held = {name: getattr(before, name, None) for name in _AMOUNTS}
        return Price(article=article, valid_from=valid_from, **(held | amounts))
    faults += [
        (_LABELS[name], f"Det finns redan ett annat pris från {valid_from}.")
        for name, amount in amounts.items()
        if getattr(before, name) != amount
    ]
    return None


# --- what is kept between the dry run and the import ---------------------------------------


@dataclass
class Report:
    """What a sheet would do, or did, for its page: all in numbers, the first rows in full."""

    new: int
    changed: int
    unchanged: int
    faults: int
    new_suppliers: list[str]
    #: Row of the sheet, article's number, column, what is wrong.
    fault_rows: list[tuple[int, str, str, str]]
    change_rows: list[ChangeRow]

    @property
    def changes(self) -> int:
        return self.new + self.changed


@dataclass
class ChangeRow:
    number: str
    name: str
    is_new: bool
    labels: list[str]


def report_of(sheet: CatalogueImport) -> Report | None:
    """What the sheet's job has found; None before that, and once the file is gone."""
    if sheet.report is None:
        return None
    rows = [ChangeRow(**row) for row in sheet.report["change_rows"]]
    return Report(**{**sheet.report, "change_rows": rows})


def _told(made: Plan) -> dict[str, Any]:
    rows = [
        ChangeRow(change.article.number, change.article.name, change.is_new, change.labels)
        for change in made.changes[:SHOWN]
    ]
    return asdict(
        Report(
            new=len(made.new),
            changed=len(made.changed),
            unchanged=made.unchanged,
            faults=len(made.faults),
            new_suppliers=made.new_suppliers,
            fault_rows=made.faults[:SHOWN],
            change_rows=rows,
        )
    )


def receive(upload: Any, *, user: User) -> CatalogueImport:
    """Keep an uploaded sheet whose heads can be read, for its dry run."""
    excel.check(upload)
    excel.read(upload, heads_only=True)
    upload.seek(0)
    return CatalogueImport.objects.create(user=user, name=upload.name[-120:], file=upload)


def read_again(sheet: CatalogueImport) -> bool:
    """Ask for another dry run. Says whether a job is to do it: not while one is at it."""
    with transaction.atomic():
        sheet = _still_open(sheet)
        if awaited.waits(sheet):
            return False
        sheet.report = sheet.confirmed_at = None
        awaited.begin(sheet, "report", "confirmed_at")
    return True


def confirm(sheet: CatalogueImport) -> bool:
    """Ask for the import that the dry run told of. Says whether a job is to do it: a second
    click finds the first one's at it."""
    with transaction.atomic():
        sheet = _still_open(sheet)
        if awaited.waits(sheet) and sheet.confirmed_at:
            return False
        if sheet.report is None or sheet.error or not sheet.done_at:
            raise DomainError("Filen måste provläsas innan den kan importeras.")
        sheet.confirmed_at = timezone.now()
        awaited.begin(sheet, "confirmed_at")
    return True


def _still_open(sheet: CatalogueImport) -> CatalogueImport:
    """The sheet, locked, if it can still be imported."""
    sheet = CatalogueImport.objects.select_for_update().get(pk=sheet.pk)
    if sheet.applied_at:
        raise DomainError("Filen är redan importerad.")
    if not sheet.file:
        raise DomainError("Filen är borttagen. Läs in den igen.")
    return sheet


def take_turn() -> None:
    """Whoever writes the catalogue, by a sheet or by hand, does it alone until the transaction
    ends: a number that another is giving is seen as taken, not met in the database."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def _lines(sheet: CatalogueImport, progress: Callable[[int], None]) -> list[excel.SheetLine]:
    if not sheet.file:
        raise DomainError("Filen är borttagen. Läs in den igen.")
    with sheet.file.open("rb") as file:
        return excel.read(file, progress=progress)


def dry_run(work: awaited.Work[CatalogueImport]) -> None:
    """Report what the sheet would change now."""
    sheet = work.record
    made = plan(_lines(sheet, lambda percent: work.progress(percent * READING // 100)))
    with transaction.atomic():
        if _still_open(sheet).confirmed_at:  # another job has read it, after this one was lost
            return
        sheet.report = _told(made)
        work.finish("report")


def apply(work: awaited.Work[CatalogueImport]) -> None:
    """Take the sheet over, in one transaction; once. What it does is worked out anew: the
    catalogue may have changed since the dry run."""
    # Read before the transaction: while that lasts nobody sees how far the work has come.
    lines = _lines(work.record, lambda percent: work.progress(percent * READING // 100))
    work.progress(READING)
    with transaction.atomic():
        sheet = _still_open(work.record)
        if not sheet.confirmed_at:  # it seemed lost while the file was read, and was begun anew
            return
        work.record = sheet
        take_turn()
        made = plan(lines, to_write=True)
        _write(made)
        sheet.applied_at = timezone.now()
        sheet.new, sheet.changed = len(made.new), len(made.changed)
        sheet.faults = len(made.faults)
        sheet.report = _told(made)
        work.finish("applied_at", "new", "changed", "faults", "report")


def _write(made: Plan) -> None:
    suppliers = [c.article.supplier for c in made.changes if c.article.supplier]
    unsaved: dict[int, Supplier] = {id(new): new for new in suppliers if new.pk is None}
    Supplier.objects.bulk_create(unsaved.values())
    for change in made.changes:
        change.article.supplier = change.article.supplier  # takes over the key that it now has
    Article.objects.bulk_create([c.article for c in made.new], batch_size=1000)
    # An article gets what its own row changes: another's column may hold what KHS wrote since.
    alike: dict[tuple[str, ...], list[Article]] = defaultdict(list)
    for change in made.changed:
        alike[tuple(sorted(name.removesuffix("_id") for name in change.fields))].append(
            change.article
        )
    for fields, articles in alike.items():
        if fields:
            Article.objects.bulk_update(articles, fields, batch_size=500)
    prices = []
    for change in made.changes:
        if change.price is not None:
            change.price.article = change.article
            prices.append(change.price)
    Price.objects.bulk_create(prices, batch_size=2000)
