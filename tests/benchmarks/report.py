"""``python -m tests.benchmarks.report``: «Lagersaldorapport» of 1 000 rows, its time and memory.

The whole job as the worker does it, from the database to the kept file, in a process of its own,
so that its peak of memory is the report's and what Django and WeasyPrint need to begin with.
"""

import os
import resource
import tempfile
import time

ROWS = 1000


def main() -> None:
    os.environ |= {"DB_NAME": "benchmark_papers", "DB_AS_OWNER": "1"}
    os.environ |= {"DEMO": "1", "DEBUG": "0", "HTTPS": "0"}
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sesam.settings")
    os.environ["MEDIA_ROOT"] = tempfile.mkdtemp()
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import transaction

    call_command("migrate", verbosity=0)
    with transaction.atomic():
        measure()
        transaction.set_rollback(True)


def measure() -> None:
    from articles import jobs, stores
    from tests.factories import ArticleFactory, BufferFactory, UserFactory, put_in_stock

    store, user = BufferFactory(), UserFactory()
    for number in range(ROWS):
        article = ArticleFactory(name=f"Stemmeforsterker VOX UNO til mikrofon {number}")
        put_in_stock(store, article, 3)
    assert stores.balances(store).count() == ROWS
    printout = jobs.order_store_report(store, user=user, back_url="/")
    before = _peak()
    began = time.perf_counter()
    jobs.store_report(printout.pk, store.pk)
    taken = time.perf_counter() - began
    printout.refresh_from_db()
    assert printout.file, "no report was made"
    print(
        f"Lagersaldorapport of {ROWS} rows: {taken:.1f} s, {printout.file.size / 1024:.0f} kB;"
        f" memory at most {_peak():.0f} MB, {before:.0f} MB before it began"
    )


def _peak() -> float:
    """The most memory that the process has had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
