"""«Fakturaspecifikationer»: the report, a specification, its rows, its Excel sheet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.db import connections
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_POST, require_safe

from organisation import access_log
from organisation.models import User
from organisation.permissions import CONTROLLER, KHS, UserRequest, has_role, roles
from sesam import planned, printouts
from sesam.errors import DomainError
from sesam.tables import Asked

from . import jobs, services, specification
from .access import find_invoice, invoices_of, payers_of
from .forms import AnswerForm, CreditForm, ReasonForm, ReportForm, asked_for
from .models import Charge, ChargeKind, Invoice, InvoiceKind, Question
from .months import name_of
from .rules import first_of
from .tables import ChargeTable, RowFacts, how_far, place_of

FILTER = ("betalare", "fran", "till", "typ")


@dataclass(frozen=True)
class Listed:
    """An invoice of the report: what it says beside its number, its sum as the payer sees it (what
    they sell is less), and how many of its rows wait for KHS's answer."""

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
    rows = found.select_related("seller", "buyer", "credits").order_by("number")
    # Of all invoices: asked of these alone, PostgreSQL looks through all rows that they have.
    questioned = Question.objects.filter(answered_at=None).order_by()
    counts = dict(questioned.values_list("charge__invoice").annotate(count=Count("pk")))
    listed = [_listed(one, ours, query, counts.get(one.pk, 0)) for one in rows]
    return Report(form, listed, query)


def _listed(invoice: Invoice, ours: set[int] | None, query: str, questions: int) -> Listed:
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
        questions,
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
    return _specification_page(request, find_invoice(request.user, number))


def _specification_page(
    request: UserRequest,
    invoice: Invoice,
    *,
    chosen: Charge | None = None,
    form: Any = None,
) -> HttpResponse:
    cut = request.GET.get("summor", "")
    cut = cut if cut in specification.CUTS else "iso"
    before = specification.month_before(invoice)
    chosen = chosen or _chosen(request, invoice)
    table = _table(request, invoice, before, cut)
    is_khs = has_role(request.user, KHS)
    form = form or (_khs_form(chosen) if is_khs else ReasonForm())
    asked = _asked(request, invoice, chosen, form) if chosen else {}
    if chosen and any(row.pk == chosen.pk for row in table.rows):
        table.facts.question = render_to_string(
            "invoicing/_question_body.html", {**asked, "in_row": True}, request
        )
        table.facts.open, asked = chosen.pk, {}
    difference = specification.difference(invoice, before)
    context = {
        "invoice": invoice,
        "kind": InvoiceKind(invoice.kind).label,
        "period": name_of(first_of(invoice.date)).lower(),
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
        "filtered": _filtered(request, cut, before),
        "zero_rows": specification.how_many_zero(invoice),
        "shows_zero": "noll" in request.GET,
        "zero_url": table.url(noll=None if "noll" in request.GET else 1, sida=None),
        "all_url": table.url(**{"del": None, "andring": None, "q": None, "sida": None}),
        "words": _words(request),
        "is_khs": is_khs,
        "form": form,
        **asked,
    }
    status = 422 if form.errors else 200
    return render(request, "invoicing/detail.html", context, status=status)


def _khs_form(chosen: Charge | None) -> CreditForm:
    return AnswerForm() if hasattr(chosen, "question") else CreditForm()


def _asked(request: UserRequest, invoice: Invoice, chosen: Charge, form: Any) -> dict[str, Any]:
    """What is drawn of the chosen row, and where its forms go: with the address's query, which
    leads back to the same rows."""
    credited_on = _credited([chosen]).get(chosen.pk, "")
    query = request.GET.copy()
    query["fraga"] = str(chosen.pk)
    closed = request.GET.copy()
    closed.pop("fraga", None)
    page = reverse("invoicing:detail", args=[invoice.number])
    return {
        "invoice": invoice,
        "chosen": chosen,
        "credited_on": credited_on,
        "how_far": how_far(chosen, bool(credited_on)),
        "is_khs": has_role(request.user, KHS),
        "asks": isinstance(form, ReasonForm),
        "form": form,
        "query": query.urlencode(),
        "close_url": f"{page}?{closed.urlencode()}{place_of(chosen)}",
    }


def _credited(rows: list[Charge]) -> dict[int, str]:
    """On which credit invoice each of the rows stands that is credited."""
    credits = Charge.objects.filter(
        kind=ChargeKind.CREDIT, of__in=[row.pk for row in rows]
    ).exclude(invoice__run__finished_at=None)
    found = credits.values_list("of", "invoice__number").order_by()
    return {row: number for row, number in found if row and number}


def _words(request: UserRequest) -> str:
    return request.GET.get("q", "").replace("\0", "").strip()[:60]


def _chosen(request: UserRequest, invoice: Invoice) -> Charge | None:
    asked = request.GET.get("fraga", "")
    if not (asked.isascii() and asked.isdigit() and len(asked) < 19):
        return None
    return _rows(Charge.objects.filter(invoice=invoice, pk=int(asked))).first()


def _rows(charges: QuerySet[Charge]) -> QuerySet[Charge]:
    return charges.select_related(
        "case", "unit", "invoice", "question__asked_by", "question__handler", "correction"
    )


def _table(request: UserRequest, invoice: Invoice, before: Invoice | None, cut: str) -> ChargeTable:
    """Of tens of thousands of rows only those of the page are read whole."""
    rows: QuerySet[Charge] = Charge.objects.filter(invoice=invoice)
    change, part = request.GET.get("andring", ""), request.GET.get("del", "").replace("\0", "")
    if change in specification.CHANGES and before is not None:
        rows = specification.of_change(invoice, before, change)
    if part:
        rows = specification.of_part(rows, cut, part)
    if "noll" not in request.GET:
        rows = rows.exclude(amount=0)
    if words := _words(request):
        rows = rows.filter(
            Q(text__icontains=words)
            | (Q(case__number__startswith=words) | Q(individual_number__startswith=words))
            & ~specification.is_hidden()
        )
    total = None
    if not (change or words):
        total = specification.how_many(invoice, cut, part, zero="noll" in request.GET)
    if total is None:
        # A plan for any invoice looks for what changed row by row: 13 ms became 52.
        with planned.for_its_values(connections[rows.db]):
            table = ChargeTable.fetch(request, rows.values("pk"), row=lambda pk: pk)
    else:
        table = ChargeTable.found(request, keys_of_page(rows, total), total=total)
    whole = _rows(Charge.objects.all()).in_bulk(table.rows)
    table.rows = [whole[pk] for pk in table.rows]
    table.facts = RowFacts(
        invoice=invoice,
        hidden=specification.hidden_cases(row.case_number for row in table.rows),
        credited=_credited(table.rows),
        for_khs=has_role(request.user, KHS),
    )
    return table


def keys_of_page(rows: QuerySet[Charge], total: int) -> Callable[[Asked], tuple[list[Any], int]]:
    """Of an invoice's rows, all or those of one of its sums. By case they are read from their index, up to the page; what stands
    last, as ``unless_hidden`` sorts it, is looked for when one comes there."""

    def find(asked: Asked) -> tuple[list[Any], int]:
        if asked.column.name != ChargeTable.order:
            sorted_rows = asked.ordered(rows, ChargeTable.tie)
            return asked.cut(sorted_rows.values_list("pk", flat=True)), total
        last = Q(case=None) | specification.is_hidden()
        by_case = rows.exclude(last).order_by(
            "-case_number" if asked.falling else "case_number", "pk"
        )
        found = asked.cut(by_case.values_list("pk", flat=True))
        if lacks := asked.per_page - len(found):
            others = rows.filter(last).order_by("pk").values_list("pk", flat=True)
            begin = max(0, asked.offset - (total - others.count()))
            found += others[begin : begin + lacks]
        return found, total

    return find


def _filtered(request: UserRequest, cut: str, before: Invoice | None) -> str:
    """What the rows are narrowed to, in words."""
    asked = request.GET.get("andring", "") if before else ""
    change = specification.CHANGES.get(asked, "")
    if asked == "avslutade":
        change = f"{change}: rader på förra månadens faktura"
    part = request.GET.get("del", "")
    label = specification.CUTS[cut][0]
    named = specification.names(cut, [_key(cut, part)]) if part else {}
    other = specification.NO_GROUP if part == specification.WORK else "okänt val"
    shown = named.get(_key(cut, part), other if part else "")
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
    return _specification_page(request, charge.invoice, chosen=charge, form=form)


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
    if form.is_valid() and not {"kreditera", "avsla"} & set(request.POST):
        form.add_error("answer", "Välj om raden krediteras eller inte.")
    if form.is_valid():
        try:
            services.answer(
                question,
                user=request.user,
                credit="kreditera" in request.POST,
                text=form.cleaned_data["answer"],
                right_amount=form.cleaned_data["right_amount"],
            )
        except DomainError as fault:
            form.add_error(fault.field or "answer", fault.message)
        else:
            messages.success(request, "Svaret är skickat.")
            return _back(request, charge)
    return _specification_page(request, charge.invoice, chosen=charge, form=form)


@roles(KHS)
@require_POST
def credit_row(request: UserRequest, number: str, row: int) -> HttpResponse:
    charge = _row(request.user, number, row)
    form = CreditForm(request.POST)
    if form.is_valid():
        try:
            services.credit_row(
                charge, user=request.user, right_amount=form.cleaned_data["right_amount"]
            )
        except DomainError as fault:
            if fault.field is None:
                messages.error(request, fault.message)
                return _back(request, charge)
            form.add_error(fault.field, fault.message)
        else:
            messages.success(request, "Raden krediteras när nästa månad körs.")
            return _back(request, charge)
    if hasattr(charge, "question") and charge.question.is_open:  # since the page was opened
        wrong, form = form.errors.get("right_amount"), AnswerForm(request.POST)
        if wrong and "right_amount" not in form.errors:
            form.add_error("right_amount", wrong.as_data())
    return _specification_page(request, charge.invoice, chosen=charge, form=form)


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
