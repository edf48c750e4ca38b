"""The month's trial and its run, and a specification as Excel: jobs that a page waits for. What the
night counts: the figures of «Siffror», and loans to question."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from django.db import transaction
from django.urls import reverse
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from organisation.models import User
from sesam import awaited, jobs, printouts, replica
from sesam.models import Printout

from . import doubts, months, sheets
from .figures import counting
from .models import Invoice, MonthRun

FAILED = "Körningen avbröts av ett fel. Försök igen: det som redan är gjort görs inte om."


def order_trial(run: MonthRun) -> None:
    """Order a trial, unless one is on its way or the run is confirmed."""
    with transaction.atomic():
        run = MonthRun.objects.select_for_update(of=("self",)).get(pk=run.pk)
        if run.finished_at or awaited.waits(run):
            return
        run.trial = None
        awaited.begin(run, "trial")
        try_month.defer(run_id=run.pk)


def order_run(run: MonthRun) -> None:
    """Order the run whose trial was seen."""
    with transaction.atomic():
        if months.confirm(run):
            run_month.defer(run_id=run.pk)


@jobs.task(name="invoicing.try_month", called="provkörning av fakturering")
def try_month(run_id: int) -> None:
    with _at_work(run_id) as work:
        months.try_out(work)


@jobs.task(name="invoicing.run_month", called="fakturering")
def run_month(run_id: int) -> None:
    with _at_work(run_id) as work:
        if work.record.confirmed_at:
            months.perform(work)
            count_soon()


@contextmanager
def _at_work(run_id: int) -> Iterator[awaited.Work[MonthRun]]:
    run = MonthRun.objects.select_related("started_by").get(pk=run_id)
    work = awaited.Work(run)
    with awaited.working(work, owner=run.started_by, failed=FAILED):
        yield work


@app.periodic(cron="40 1 * * *")  # UTC
@jobs.task(
    name="invoicing.count_figures",
    called="räkning av siffror",
    queueing_lock="invoicing.count_figures",
)
def count_figures(timestamp: int = 0) -> None:
    """Every night, and when a month has been run."""
    counting.count()
    doubts.find()


def count_soon() -> None:
    """The figures are counted now, unless that waits already."""
    with suppress(AlreadyEnqueued), transaction.atomic():
        count_figures.defer()


def order_sheet(invoice: Invoice, *, user: User) -> Printout:
    """Order a specification as Excel."""
    return printouts.order(
        specification_sheet,
        owner=user,
        title=f"Fakturaspecifikation {invoice.number}",
        name=f"fakturaspecifikation-{invoice.number}.xlsx",
        back_url=reverse("invoicing:detail", args=[invoice.number]),
        invoice_id=invoice.pk,
    )


@jobs.task(name="invoicing.specification_sheet", called="fakturaspecifikation som Excel")
def specification_sheet(printout_id: int, invoice_id: int) -> None:
    with printouts.making(printout_id) as work:
        invoice = Invoice.objects.select_related("seller", "buyer", "credits").get(pk=invoice_id)
        count = max(1, invoice.charges.count())
        content = replica.read(
            lambda: sheets.write(invoice, lambda done: work.progress(5 + 85 * done // count))
        )
        work.save(content)
