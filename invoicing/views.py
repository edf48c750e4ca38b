"""«Fakturaspecifikationer»: the report, a specification, its rows, its Excel sheet."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_POST, require_safe

from organisation import access_log
from organisation.models import User
from organisation.permissions import CONTROLLER, KHS, UserRequest, has_role, roles
from sesam import printouts
from sesam.errors import DomainError

from . import jobs, services, specification
from .access import find_invoice, invoices_of, payers_of
from .forms import AnswerForm, ReasonForm, ReportForm, asked_for
from .models import Charge, Invoice, InvoiceKind
from .tables import ChargeTable, RowFacts

FILTER = ("betalare", "fran", "till", "typ")


@dataclass(frozen=True)
class Listed:
    """An invoice of the report: what it says beside its number, and its sum as the payer sees it:
    what they sell is less."""

    invoice: Invoice
    words: str
    amount: Decimal
    questions: int
    url: str


@dataclass(frozen=True)
class Report:
    form: ReportForm
    rows: list[Listed]
    query: str

    @property
    def net(self) -> Decimal:
        return sum((row.amount for row in self.rows), Decimal(0))

    @property
    def all_kinds(self) -> str:
        """The address with every «Fakturatyp» chosen."""
        data = {name: self.form[name].value() or "" for name in ("betalare", "fran", "till")}
        return urlencode([*data.items(), *(("typ", kind) for kind in InvoiceKind.values)])


def _report(request: UserRequest) -> Report:
    found = invoices_of(request.user)
    form = ReportForm(asked_for(request.GET, found), payers=payers_of(request.user))
    query = urlencode([(name, value) for name in FILTER for value in request.GET.getlist(name)])
    if not form.is_valid():
        return Report(form, [], query)
    asked = form.cleaned_data
    if asked["fran"]:
        found = found.filter(date__gte=asked["fran"])
    if asked["till"]:
        found = found.filter(date__lte=asked["till"])
    if asked["typ"]:
        found = found.filter(kind__in=asked["typ"])
    payer = form.payers.get(asked["betalare"])
    ours = {payer.pk} if payer else None
    if payer:
        found = found.filter(Q(seller=payer) | Q(buyer=payer))
    elif not has_role(request.user, KHS):
        ours = {payer.pk for payer in form.payers.values()}
    rows = found.select_related("seller", "buyer", "credits").annotate(
        questions=Count("charges__question")
    )
    return Report(
        form, [_listed(invoice, ours, query) for invoice in rows.order_by("number")], query
    )


def _listed(invoice: Invoice, ours: set[int] | None, query: str) -> Listed:
    sells = ours is not None and invoice.buyer_id not in ours
    kind = InvoiceKind(invoice.kind).label
    if ours is None:
        words = f"{kind} · {invoice.seller} till {invoice.buyer}"
    elif sells:
        words = f"{kind} · säljer till {invoice.buyer}"
    else:
        words = f"{kind} · {invoice.seller}"
    if invoice.credits:
        words += f", av {invoice.credits.number}"
    url = reverse("invoicing:detail", args=[invoice.number])
    return Listed(
        invoice,
        words,
        -invoice.total if sells else invoice.total,
        invoice.questions,  # type: ignore[attr-defined]  # counted with it
        f"{url}?{query}" if query else url,
    )


@roles(CONTROLLER, KHS)
@require_safe
def report(request: UserRequest) -> HttpResponse:
    """«Öppna rapport»: the invoices of a payer and a time."""
    found = _report(request)
    status = 200 if found.form.is_valid() else 422
    context = {"report": found, "by_payer": not has_role(request.user, KHS)}
    return render(request, "invoicing/report.html", context, status=status)


@roles(CONTROLLER, KHS)
@require_safe
def detail(request: UserRequest, number: str) -> HttpResponse:
    """A specification."""
    return _page(request, find_invoice(request.user, number))


def _page(
    request: UserRequest,
    invoice: Invoice,
    *,
    chosen: Charge | None = None,
    form: Any = None,
    error: str = "",
) -> HttpResponse:
    cut = request.GET.get("summor", "")
    cut = cut if cut in specification.CUTS else "iso"
    before = specification.month_before(invoice)
    chosen = chosen or _chosen(request, invoice, before)
    table = _table(request, invoice, before)
    is_khs = has_role(request.user, KHS)
    difference = specification.difference(invoice, before)
    context = {
        "invoice": invoice,
        "kind": InvoiceKind(invoice.kind).label,
        "report": _report(request),
        "by_payer": not is_khs,
        "cuts": [
            {"label": label, "url": table.url(summor=name, sida=None), "active": name == cut}
            for name, (label, _) in specification.CUTS.items()
        ],
        "sums": [
            (part, table.url(summor=cut, sida=None, andring=None, **{"del": part.value}))
            for part in specification.sums(invoice, cut)
        ],
        "difference": difference,
        "changes": [
            (change, table.url(andring=change.value, sida=None, **{"del": None}))
            for change in (difference.changes if difference else [])
        ],
        "table": table,
        "filtered": _filtered(request, cut),
        "zero_rows": invoice.charges.filter(amount=0).count(),
        "shows_zero": "noll" in request.GET,
        "zero_url": table.url(noll=None if "noll" in request.GET else 1, sida=None),
        "all_url": table.url(**{"del": None, "andring": None, "q": None, "sida": None}),
        "words": _words(request),
        "is_khs": is_khs,
        "chosen": chosen,
        "close_url": table.url(fraga=None),
        "form": form or (AnswerForm() if is_khs else ReasonForm()),
        "error": error,
    }
    status = 422 if error or (form is not None and form.errors) else 200
    return render(request, "invoicing/detail.html", context, status=status)


def _words(request: UserRequest) -> str:
    return request.GET.get("q", "").replace("\0", "").strip()[:60]


def _chosen(request: UserRequest, invoice: Invoice, before: Invoice | None) -> Charge | None:
    asked = request.GET.get("fraga", "")
    if not (asked.isascii() and asked.isdigit() and len(asked) < 19):
        return None
    return _rows(Charge.objects.filter(invoice=invoice, pk=int(asked))).first()


def _rows(charges: QuerySet[Charge]) -> QuerySet[Charge]:
    return charges.select_related(
        "unit", "invoice", "question__asked_by", "question__handler", "correction"
    )


def _table(request: UserRequest, invoice: Invoice, before: Invoice | None) -> ChargeTable:
    rows: QuerySet[Charge] = Charge.objects.filter(invoice=invoice)
    change, part = request.GET.get("andring", ""), request.GET.get("del", "")
    cut = request.GET.get("summor", "iso")
    if change in specification.CHANGES and before is not None:
        rows = specification.of_change(invoice, before, change)
    if part and cut in specification.CUTS:
        rows = specification.of_part(rows, cut, part.replace("\0", ""))
    if "noll" not in request.GET:
        rows = rows.exclude(amount=0)
    if words := _words(request):
        rows = rows.filter(
            Q(case__number__startswith=words)
            | Q(text__icontains=words)
            | Q(individual_number__startswith=words)
        )
    table = ChargeTable.fetch(request, _rows(rows))
    is_khs = has_role(request.user, KHS)
    table.facts = RowFacts(
        hidden=specification.hidden_cases(row.case_number for row in table.rows),
        with_links=is_khs,
        asks="Kreditera" if is_khs else "Ifrågasätt",
    )
    return table


def _filtered(request: UserRequest, cut: str) -> str:
    """What the rows are narrowed to, in words."""
    change = specification.CHANGES.get(request.GET.get("andring", ""), "")
    if change and request.GET.get("andring") == "avslutade":
        return f"{change}: rader på förra månadens faktura"
    part = request.GET.get("del", "")
    label = specification.CUTS[cut][0]
    named = specification.names(cut, [_key(cut, part)]) if part else {}
    shown = named.get(_key(cut, part), specification.NO_GROUP if part == specification.WORK else "")
    return ", ".join(filter(None, [change, f"{label}: {shown}" if shown else ""]))


def _key(cut: str, part: str) -> Any:
    if cut != "enhet":
        return part
    return int(part) if part.isascii() and part.isdigit() and len(part) < 19 else None


@roles(CONTROLLER, KHS)
@require_POST
def excel(request: UserRequest, number: str) -> HttpResponse:
    """The specification as a sheet: to the page where it is waited for."""
    invoice = find_invoice(request.user, number)
    access_log.record(
        request.user, access_log.Action.DOWNLOAD, detail=f"Fakturaspecifikation {invoice.number}"
    )
    return redirect(printouts.url_of(jobs.order_sheet(invoice, user=request.user)))


def _row(user: User, number: str, row: int) -> Charge:
    invoice = find_invoice(user, number)
    found = _rows(Charge.objects.filter(invoice=invoice, pk=row)).first()
    if found is None:
        raise Http404
    return found


def _back(request: UserRequest, charge: Charge) -> HttpResponse:
    query = request.GET.copy()
    query["fraga"] = str(charge.pk)
    url = reverse("invoicing:detail", args=[charge.invoice.number])
    return redirect(f"{url}?{query.urlencode()}")


@roles(CONTROLLER)
@require_POST
def ask(request: UserRequest, number: str, row: int) -> HttpResponse:
    """«Ifrågasätt raden»."""
    charge = _row(request.user, number, row)
    form = ReasonForm(request.POST)
    if form.is_valid():
        try:
            services.ask(charge, user=request.user, reason=form.cleaned_data["reason"])
        except DomainError as fault:
            form.add_error("reason", fault.message)
        else:
            messages.success(request, "Raden är ifrågasatt. KHS svarar med ett meddelande.")
            return _back(request, charge)
    return _page(request, charge.invoice, chosen=charge, form=form)


@roles(KHS)
@require_POST
def answer(request: UserRequest, number: str, row: int) -> HttpResponse:
    """KHS looks into a questioned row, credits it or says why not."""
    charge = _row(request.user, number, row)
    question = getattr(charge, "question", None)
    if question is None:
        raise Http404
    if "utred" in request.POST:
        services.inquire(question, user=request.user)
        return _back(request, charge)
    form = AnswerForm(request.POST)
    if form.is_valid():
        try:
            services.answer(
                question,
                user=request.user,
                credit="kreditera" in request.POST,
                text=form.cleaned_data["answer"],
            )
        except DomainError as fault:
            form.add_error("answer", fault.message)
        else:
            messages.success(request, "Svaret är skickat.")
            return _back(request, charge)
    return _page(request, charge.invoice, chosen=charge, form=form)


@roles(KHS)
@require_POST
def credit_row(request: UserRequest, number: str, row: int) -> HttpResponse:
    charge = _row(request.user, number, row)
    try:
        services.credit_row(charge, user=request.user)
    except DomainError as fault:
        messages.error(request, fault.message)
    else:
        messages.success(request, "Raden krediteras när nästa månad körs.")
    return _back(request, charge)


@roles(KHS)
@require_POST
def credit(request: UserRequest, number: str) -> HttpResponse:
    """All of it."""
    invoice = find_invoice(request.user, number)
    try:
        rows = services.credit_invoice(invoice, user=request.user)
    except DomainError as fault:
        messages.error(request, fault.message)
    else:
        words = "1 rad krediteras" if rows == 1 else f"{rows} rader krediteras"
        messages.success(request, f"{words} när nästa månad körs.")
    return redirect("invoicing:detail", invoice.number)
