"""«Lagersaldorapport»: all that stands in a store, as a PDF. The whole catalogue as an Excel sheet.
And what articles clear away."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone

from organisation.models import User, Warehouse
from sesam import awaited, documents, jobs, printouts, replica
from sesam.models import Printout

from . import catalogue_excel, catalogue_import, stores
from .models import Article, CatalogueImport

LOOKS_KEPT = dt.timedelta(days=7)
ROWS_AT_ONCE = 2000  # of the catalogue
ROWS_A_PAGE = 40  # about: it only says how far the work has come


def file_name(store: Warehouse) -> str:
    return f"lagersaldo-{store.number}-{timezone.localdate():%Y-%m-%d}.pdf"


def order_store_report(store: Warehouse, *, user: User, back_url: str) -> Printout:
    """Order the report; ``back_url`` is where the page of it leads back to."""
    return printouts.order(
        store_report,
        owner=user,
        title=f"Lagersaldorapport {store}",
        name=file_name(store),
        back_url=back_url,
        store_id=store.pk,
    )


@jobs.task(name="articles.store_report", called="lagersaldorapport")
def store_report(printout_id: int, store_id: int) -> None:
    """Articles with something on hand, by name."""
    with printouts.making(printout_id) as work:
        store = Warehouse.objects.select_related("owner").get(pk=store_id)
        rows = replica.read(lambda: list(stores.by_name(stores.balances(store))))
        work.progress(5)
        with work.pages(5, 90, expected=-(-len(rows) // ROWS_A_PAGE)):
            content = documents.pdf(
                "articles/store_report_paper.html",
                {"store": store, "rows": rows, "pieces": sum(row["on_hand"] for row in rows)},
                title=f"Lagersaldo {store}",
                request_user=work.printout.owner,
                personal=False,
            )
        work.save(content)


def order_catalogue(*, user: User, back_url: str) -> Printout:
    """Order the whole catalogue as a sheet: a region's takes longer than a page may."""
    return printouts.order(
        catalogue,
        owner=user,
        title="Artikelkatalogen som Excel",
        name=f"artikelkatalog-{timezone.localdate():%Y-%m-%d}.xlsx",
        back_url=back_url,
    )


@jobs.task(name="articles.catalogue", called="artikelkatalogen som Excel")
def catalogue(printout_id: int) -> None:
    """All articles, by number, in the form that the import takes."""
    with printouts.making(printout_id) as work:
        articles = Article.objects.select_related("supplier", "billing_form").prefetch_related(
            "prices"
        )
        count = max(1, articles.count())

        def told() -> Iterator[Article]:
            for n, article in enumerate(articles.order_by("number").iterator(ROWS_AT_ONCE)):
                if n % ROWS_AT_ONCE == 0:
                    work.progress(90 * n // count)
                yield article

        work.save(replica.read(lambda: catalogue_excel.write(told())))


def send_in_catalogue(upload: Any, *, user: User) -> CatalogueImport:
    """Take in a sheet and order its dry run: a region's takes longer than a page may."""
    with transaction.atomic():
        sheet = catalogue_import.receive(upload, user=user)
        read_catalogue.defer(sheet_id=sheet.pk)
    return sheet


def read_catalogue_again(sheet: CatalogueImport) -> None:
    with transaction.atomic():
        if catalogue_import.read_again(sheet):
            read_catalogue.defer(sheet_id=sheet.pk)


def import_catalogue(sheet: CatalogueImport) -> None:
    """Order the import of a sheet whose dry run was seen."""
    with transaction.atomic():
        if catalogue_import.confirm(sheet):
            apply_catalogue.defer(sheet_id=sheet.pk)


@jobs.task(name="articles.read_catalogue", called="provläsning av artikelkatalogen")
def read_catalogue(sheet_id: int) -> None:
    """What a sheet would do."""
    with _at_work(sheet_id) as work:
        catalogue_import.dry_run(work)


@jobs.task(name="articles.apply_catalogue", called="inläsning av artikelkatalogen")
def apply_catalogue(sheet_id: int) -> None:
    """Do what a sheet says, if that is still confirmed."""
    with _at_work(sheet_id) as work:
        if work.record.confirmed_at:
            catalogue_import.apply(work)


@contextmanager
def _at_work(sheet_id: int) -> Iterator[awaited.Work[CatalogueImport]]:
    sheet = CatalogueImport.objects.select_related("user").get(pk=sheet_id)
    work = awaited.Work(sheet)
    with awaited.working(work, owner=sheet.user, failed=catalogue_import.FAILED):
        yield work


@jobs.hourly
def remove_import_files() -> int:
    """Remove catalogue sheets a day after they were sent in; that they were stays known."""
    old = CatalogueImport.objects.exclude(file="").filter(
        created_at__lt=timezone.now() - printouts.KEPT
    )
    removed = 0
    for pk in old.values_list("pk", flat=True):
        with transaction.atomic():
            sheet = CatalogueImport.objects.select_for_update().get(pk=pk)
            name, sheet.file, sheet.report = str(sheet.file), "", None
            sheet.save(update_fields=["file", "report"])
        default_storage.delete(name)
        removed += 1
    return removed
