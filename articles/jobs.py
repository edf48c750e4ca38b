"""«Lagersaldorapport»: all that stands in a store, as a PDF. The whole catalogue as an Excel sheet.
And what articles clear away."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone

from organisation.models import User, Warehouse
from sesam import documents, jobs, printouts
from sesam.models import Printout

from . import catalogue_excel, stores
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


@jobs.task(name="articles.store_report")
def store_report(printout_id: int, store_id: int) -> None:
    """Articles with something on hand, by name."""
    with printouts.making(printout_id) as work:
        store = Warehouse.objects.select_related("owner").get(pk=store_id)
        rows = list(stores.by_name(stores.balances(store)))
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


@jobs.task(name="articles.catalogue")
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

        work.save(catalogue_excel.write(told()))


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
            name, sheet.file = str(sheet.file), ""
            sheet.save(update_fields=["file"])
        default_storage.delete(name)
        removed += 1
    return removed
