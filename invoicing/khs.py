"""KHS's pages of the months: which are run, what one would charge, and its run."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, Sum
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django_htmx.http import HttpResponseClientRefresh

from organisation import access_log
from organisation.models import Payer
from organisation.permissions import UserRequest
from recipients import ticked
from sesam import awaited, case_pages
from sesam.errors import DomainError
from sesam.templatetags.sesam import datumtid

from . import doubts, jobs, months, services
from .models import Doubt, DoubtfulLoan, Invoice, InvoiceKind, InvoiceSum, MonthRun
from .rules import first_of, next_month
from .sources import losses

MOST_LOSSES = MOST_DOUBTS = 50  # on a page


@dataclass(frozen=True)
class SumRow:
    """What a seller is owed by a buyer, beside the month before; nothing, where only that month
    had an invoice."""

    kind: str
    seller: str
    buyer: str
    count: int
    amount: Decimal
    before: Decimal | None

    @property
    def differs(self) -> Decimal | None:
        return None if self.before is None else self.amount - self.before


@dataclass(frozen=True)
class DoubtRow:
    """A loan to question. ``pickup`` is the pickup order that it stands on already."""

    doubt: DoubtfulLoan
    pickup: str
    pickup_url: str
    recipient_url: str
    prescriber: str
    may_ask: bool

    @property
    def fetch_url(self) -> str:
        """To a pickup order of it; consumables aren't fetched."""
        loan = self.doubt.loan
        if self.pickup or self.doubt.doubt == Doubt.FAST:
            return ""
        return f"{reverse('pickups:begin', args=[loan.recipient.key])}?{ticked.CHOSEN}={loan.pk}"


@dataclass(frozen=True)
class Hindrance:
    """What stops the run, and where it is mended."""

    text: str
    url: str
    label: str


def months_view(model_admin: admin.ModelAdmin[Any], request: UserRequest) -> HttpResponse:
    """The months; one that is due is begun by a POST of its first day."""
    due = due_months()
    error = ""
    if request.method == "POST":
        try:
            run = months.begin(_asked(request.POST.get("manad", "")), user=request.user)
        except DomainError as fault:
            error = fault.message
        else:
            jobs.order_trial(run)
            return redirect("admin:invoicing_monthrun_change", run.pk)
    runs = MonthRun.objects.annotate(
        count=Count("invoices", distinct=True), sum=Sum("invoices__total")
    )
    context = {
        "title": "Månadskörning",
        "due": [(month, months.name_of(month)) for month in due],
        "runs": [(run, months.name_of(run.month), _how_far(run)) for run in runs],
        "unfinished": "" if due else _unfinished(),
        "error": error,
    }
    return _invoicing_page(model_admin, request, "months", context, error=bool(error))


def _how_far(run: MonthRun) -> str:
    if run.finished_at:
        return f"Körd {datumtid(run.finished_at)}"
    if run.confirmed_at:
        return "Körs" if awaited.waits(run) else "Körningen avbröts"
    if run.trial:
        return "Provkörd"
    return "Provkörs" if awaited.waits(run) else "Provkörningen avbröts"


def _unfinished() -> str:
    """The name of the month that has to be finished first."""
    run = MonthRun.objects.exclude(confirmed_at=None).filter(finished_at=None).first()
    return months.name_of(run.month) if run else ""


def due_months() -> list[dt.date]:
    """Which months may be run now: the next one; before any was run, one of the last year's."""
    this = first_of(timezone.localdate())
    last = MonthRun.objects.exclude(confirmed_at=None).first()
    if last is None:
        return months.first_choices()
    if not last.finished_at:
        return []
    month = next_month(last.month)
    return [month] if month < this else []


def _asked(value: str) -> dt.date:
    try:
        return first_of(dt.date.fromisoformat(value))
    except ValueError:
        raise DomainError("Välj en månad ur listan.", field="month") from None


def run_view(model_admin: admin.ModelAdmin[Any], request: UserRequest, pk: int) -> HttpResponse:
    """A month: its trial, its run, its invoices. Jobs do both; meanwhile the page asks for itself
    again, and loads anew when they are done."""
    run = get_object_or_404(MonthRun, pk=pk)
    error = ""
    if request.method == "POST":
        try:
            (jobs.order_run if "kor" in request.POST else jobs.order_trial)(run)
        except DomainError as fault:
            error = fault.message
        else:
            return redirect("admin:invoicing_monthrun_change", run.pk)
        run.refresh_from_db()
    waits = not run.finished_at and awaited.waits(run)
    if request.htmx and not waits:
        return HttpResponseClientRefresh()
    failed = "" if run.finished_at else run.error
    if not failed and not run.finished_at and awaited.is_lost(run):
        failed = jobs.FAILED
    trial = run.trial or {}
    context = {
        "title": f"Månadskörning {months.name_of(run.month).lower()}",
        "run": run,
        "month": months.name_of(run.month),
        "waits": waits,
        "failed": failed,
        "error": error,
        "has_trial": bool(run.trial) and not waits,
        "rows": sums(run),
        "hindrances": [_hindrance(problem) for problem in trial.get("problems", [])],
        "inactive": trial.get("inactive", []),
        "is_first": months.first_month(run.month) == run.month,
    }
    context["total"] = sum((row.amount for row in context["rows"]), Decimal(0))
    return _invoicing_page(model_admin, request, "month", context, error=bool(error))


def sums(run: MonthRun) -> list[SumRow]:
    """Per kind, seller and buyer: of the trial; once it is run, of its invoices."""
    last = {
        (kind, seller, buyer): amount
        for kind, seller, buyer, amount in Invoice.objects.filter(
            run__month=first_of(run.month - dt.timedelta(days=1))
        )
        .values_list("kind", "seller", "buyer")
        .annotate(amount=Sum("total"))
        .order_by()
    }
    if run.finished_at:  # what was kept then: a row for each charge would be 50 000
        cuts = (InvoiceSum.Cut.KIND, InvoiceSum.Cut.FREE)
        found = InvoiceSum.objects.filter(invoice__run=run, cut__in=cuts).order_by()
        pairs = found.values_list("invoice__kind", "invoice__seller", "invoice__buyer")
        rows = list(pairs.annotate(rows=Sum("count")).annotate(sum=Sum("amount")))
    else:
        rows = [
            (row["kind"], row["seller"], row["buyer"], row["count"], Decimal(row["amount"]))
            for row in (run.trial or {}).get("rows", [])
        ]
    now: dict[tuple[str, int, int], tuple[int, Decimal]] = dict.fromkeys(last, (0, Decimal(0)))
    for kind, seller, buyer, count, amount in rows:  # a credit for each invoice it corrects
        before = now.get((kind, seller, buyer), (0, Decimal(0)))
        now[kind, seller, buyer] = (before[0] + count, before[1] + amount)
    names = dict(Payer.objects.values_list("pk", "name"))
    order = list(InvoiceKind)
    told = [
        SumRow(
            InvoiceKind(kind).label,
            names[seller],
            names[buyer],
            count,
            amount,
            last.get((kind, seller, buyer)),
        )
        for (kind, seller, buyer), (count, amount) in sorted(
            now.items(),
            key=lambda row: (
                order.index(InvoiceKind(row[0][0])),
                names[row[0][1]],
                names[row[0][2]],
            ),
        )
    ]
    return told


_TO = {
    "articles_article": "Till artikeln",
    "individuals_individual": "Till individen",
    "activities_activitytype": "Till aktivitetstypen",
    "invoicing_sharetable": "Till andelstabellerna",
}


def _hindrance(problem: dict[str, Any]) -> Hindrance:
    number, page, pk = problem["case_number"], problem["admin_page"], problem["admin_pk"]
    if page:
        url = (
            reverse(f"admin:{page}_change", args=[pk])
            if pk
            else reverse(f"admin:{page}_changelist")
        )
        return Hindrance(problem["text"], url, _TO[page])
    return Hindrance(problem["text"], case_pages.url_for(number) or "", "Till ärendet")


def _invoicing_page(
    model_admin: admin.ModelAdmin[Any],
    request: UserRequest,
    name: str,
    context: dict[str, Any],
    *,
    error: bool,
) -> HttpResponse:
    context |= {**model_admin.admin_site.each_context(request), "opts": model_admin.opts}
    return TemplateResponse(
        request, f"admin/invoicing/monthrun/{name}.html", context, status=422 if error else 200
    )


def losses_view(model_admin: admin.ModelAdmin[Any], request: UserRequest) -> HttpResponse:
    """«Saknat och skrotat»: KHS says of each thing whether it is charged; of all, or of the case in
    the address, whose page leads here and to which one comes back."""
    number = request.GET.get("arende", "").replace("\0", "")[:12]
    case_url = case_pages.url_for(number) if number else None
    if request.method == "POST":
        here = redirect(request.get_full_path())
        loss = losses.find_loss(request.POST.get("vad", ""))
        if loss is None:
            messages.info(request, "Det är inte längre att ta ställning till.")
            return here
        if not {"debitera", "inte"} & set(request.POST):
            messages.error(request, "Välj om det debiteras eller inte.")
            return here
        charge = "debitera" in request.POST
        try:
            services.decide(loss, user=request.user, charge=charge)
        except DomainError as fault:
            messages.error(request, fault.message)
        else:
            words = "debiteras när månaden körs" if charge else "debiteras inte"
            messages.success(request, f"{loss.handed.line.article} {words}.")
        return redirect(case_url) if case_url and not losses.waits(number) else here
    waiting = losses.undecided(MOST_LOSSES, number)
    access_log.look_at_cases(
        request,
        [(whom.key, loss.case_number) for loss in waiting if (whom := loss.recipient)],
        "Saknat och skrotat",
    )
    pages = case_pages.open_to(request.user, [loss.case_number for loss in waiting])
    urls = {page.number: page.url for page in pages}
    context = {
        "title": "Saknat och skrotat",
        "rows": [(loss, urls.get(loss.case_number)) for loss in waiting],
        "count": len(waiting) if len(waiting) < MOST_LOSSES else losses.how_many_undecided(number),
        "case_number": number,
        "case_url": case_url,
    }
    return _invoicing_page(model_admin, request, "losses", context, error=False)


def doubts_view(model_admin: admin.ModelAdmin[Any], request: UserRequest) -> HttpResponse:
    """«Lån att ifrågasätta»: what is held and may be costing for nothing."""
    asked = request.GET.get("varfor", "")
    asked = asked if asked in Doubt.values else ""
    if request.method == "POST":
        return _ask_prescriber(request, asked)
    found = doubts.dearest(asked, MOST_DOUBTS)
    sums = doubts.sums()
    rows = _doubt_rows(found)
    access_log.look_at_cases(
        request,
        [(one.loan.recipient.key, one.loan.case_number) for one in found],
        "Lån att ifrågasätta",
    )
    page = reverse("admin:invoicing_doubtfulloan_changelist")
    count, per_month = doubts.each_once(asked)
    every = sum(one.count for one in sums if asked in ("", one.doubt))
    context = {
        "title": "Lån att ifrågasätta",
        "rows": rows,
        "asked": asked,
        "count": count,
        "per_month": per_month,
        "are_more": len(found) < every,
        "are_twice": count < every,
        "tabs": [
            {"label": "Alla", "url": page, "active": not asked},
            *(
                {
                    "label": one.label,
                    "url": f"{page}?varfor={one.doubt}",
                    "count": one.count,
                    "active": one.doubt == asked,
                }
                for one in sums
            ),
        ],
    }
    return _invoicing_page(model_admin, request, "doubts", context, error=False)


def _doubt_rows(found: list[DoubtfulLoan]) -> list[DoubtRow]:
    pickups = doubts.pickups_of([one.loan_id for one in found])
    rows = []
    for one in found:
        number = pickups.get(one.loan_id, "")
        prescriber = doubts.prescriber_of(one)
        rows.append(
            DoubtRow(
                one,
                number,
                reverse("pickups:detail", args=[number]) if number else "",
                reverse("recipients:detail", args=[one.loan.recipient.key]),
                str(prescriber or one.loan.prescriber_name),
                prescriber is not None and one.asked_at is None,
            )
        )
    return rows


def _ask_prescriber(request: UserRequest, asked: str) -> HttpResponse:
    number = request.POST.get("lan", "")
    found = None
    if number.isascii() and number.isdigit() and len(number) < 19:
        found = doubts.doubtful().filter(pk=int(number)).first()
    if found is None:
        messages.info(request, "Lånet är inte längre ifrågasatt.")
    else:
        try:
            doubts.ask(found, user=request.user)
        except DomainError as fault:
            messages.error(request, fault.message)
        else:
            messages.success(request, "Förskrivaren har fått ett meddelande.")
    page = reverse("admin:invoicing_doubtfulloan_changelist")
    return redirect(f"{page}?varfor={asked}" if asked else page)
