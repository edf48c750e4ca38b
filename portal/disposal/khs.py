"""KHS's pages: a person's archive, the lists of whose retention has ended, and what becomes of one.

The lists name nobody: whoever is on one has a code, as in the access log, and nothing is looked at.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.validators import MinValueValidator
from django.db import transaction
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.html import format_html
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods
from django_htmx.http import HttpResponseClientRefresh

from organisation import access_log
from organisation.admin import told_of_nobody
from organisation.models import AccessLogEntry
from organisation.permissions import KHS, UserRequest, roles
from recipients.forms import NumberForm
from recipients.models import CareRelation, Recipient
from recipients.views import no_store
from sesam import awaited, personal_numbers, printouts
from sesam.days import MONTHS
from sesam.errors import DomainError
from sesam.tables import Column, DateColumn, Table, link
from sesam.templatetags.sesam import status_html

from ..access_log_page import code_of
from ..models import DisposalList, DisposalRow, Outcome
from . import erasing, jobs, retention
from .held import Kind

# --- the archive --------------------------------------------------------------------------------


class PersonForm(NumberForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["nummer"].label = "Personnummer"
        self.fields["nummer"].help_text = "12 siffror, med eller utan bindestreck."


@roles(KHS)
@no_store
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def archive_page(request: UserRequest) -> HttpResponse:
    """«Registerutdrag»: whose, by number; a POST orders it and goes on to where it is waited for."""
    form = PersonForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        number = personal_numbers.parse(form.cleaned_data["nummer"])
        found = Recipient.objects.filter(number=number.digits).first()
        if found is None:
            form.add_error("nummer", _unknown(request, number.digits))
        elif not found.is_person:
            form.add_error("nummer", "Det är en vårdenhets nummer. Skriv en persons.")
        else:
            return redirect(printouts.url_of(jobs.order_archive(found, user=request.user)))
    context = {
        "form": form,
        "earlier": printouts.earlier(request.user, request.path),
        "kept": printouts.KEPT,
    }
    return render(request, "portal/archive.html", context, status=422 if form.errors else 200)


def _unknown(request: UserRequest, digits: str) -> str:
    """What the answer to somebody of whom nothing is kept is; that they were asked about is logged."""
    sought = AccessLogEntry.objects.filter(
        recipient_key=None, searched__in=access_log.digests(digits)
    ).exists()
    access_log.record(
        request.user, access_log.Action.MISS, searched=digits, detail="Registerutdrag"
    )
    if sought:
        return (
            "Portalen har inga uppgifter om personen. Någon har sökt på numret: det står i"
            " åtkomstloggen, som loggranskaren kan visa."
        )
    return "Portalen har inga uppgifter om personen."


# --- the lists ----------------------------------------------------------------------------------


def _disposal_page(
    model_admin: admin.ModelAdmin[Any],
    request: UserRequest,
    name: str,
    context: dict[str, Any],
    *,
    error: bool = False,
) -> HttpResponse:
    context |= {**model_admin.admin_site.each_context(request), "opts": model_admin.opts}
    template = f"admin/portal/disposallist/{name}.html"
    return TemplateResponse(request, template, context, status=422 if error else 200)


def month_of(the_list: DisposalList) -> str:
    return f"{MONTHS[the_list.month.month - 1].capitalize()} {the_list.month.year}"


def _counted() -> QuerySet[DisposalList]:
    def many(outcome: str) -> Count:
        return Count("rows", filter=Q(rows__outcome=outcome))

    return DisposalList.objects.select_related("approved_by").annotate(
        waiting=many(Outcome.WAITS),
        erased=many(Outcome.ERASED),
        kept=many(Outcome.KEPT),
        excepted=many(Outcome.EXCEPTED),
    )


def state_of(the_list: Any) -> str:
    """Where a list stands, in words. Needs its counts."""
    if the_list.finished_at:
        return "Genomförd"
    if the_list.approved_at:
        return "Gallringen pågår" if awaited.waits(the_list) else "Gallringen avbröts"
    return "Att godkänna" if the_list.waiting else "Inget att gallra"


def lists_view(model_admin: admin.ModelAdmin[Any], request: UserRequest) -> HttpResponse:
    """The months' lists."""
    context = {
        "title": "Gallring",
        "lists": [(one, month_of(one), state_of(one)) for one in _counted()[:60]],
        "years": {kind.value: retention.years(kind) for kind in Kind if kind != Kind.DRAFT},
    }
    return _disposal_page(model_admin, request, "lists", context)


class ApprovalForm(forms.Form):
    """The authority's decision, without which nothing is disposed of."""

    use_required_attribute = False
    reference = forms.CharField(
        label="Gallringsbeslutets diarienummer",
        max_length=60,
        error_messages={"required": "Skriv gallringsbeslutets diarienummer."},
    )
    decided_on = forms.DateField(
        label="Beslutsdatum",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={
            "required": "Skriv dagen då gallringsbeslutet fattades.",
            "invalid": "Skriv dagen som ÅÅÅÅ-MM-DD.",
        },
        validators=[MinValueValidator(dt.date(1950, 1, 1), "Så gammalt kan beslutet inte vara.")],
    )

    def clean_reference(self) -> str:
        return told_of_nobody(str(self.cleaned_data["reference"]).replace("\0", "").strip())

    def clean_decided_on(self) -> dt.date:
        day: dt.date = self.cleaned_data["decided_on"]
        if day > timezone.localdate():
            raise forms.ValidationError("Beslutet måste vara fattat: dagen har inte varit än.")
        return day


class ExceptionForm(forms.Form):
    use_required_attribute = False
    skal = forms.CharField(
        label="Varför mottagaren ska vara kvar",
        max_length=200,
        help_text="Till exempel ett pågående ärende hos en annan myndighet. Skriv inga namn.",
        error_messages={"required": "Skriv varför mottagaren ska vara kvar."},
    )

    def clean_skal(self) -> str:
        return told_of_nobody(str(self.cleaned_data["skal"]).replace("\0", "").strip())


class _DeedColumn(Column):
    """Leads to the box above the list, where the row is left out or taken back."""

    def html(self, row: DisposalRow, table: Table[Any]) -> str:
        words = {Outcome.WAITS: "Undanta", Outcome.EXCEPTED: "Ta med igen"}.get(
            Outcome(row.outcome)
        )
        if words is None or row.of.approved_at:
            return ""
        code = code_of(row.recipient.key)
        return link(f"?{ROW}={row.pk}", format_html('{} <span class="code">{}</span>', words, code))


class _OutcomeColumn(Column):
    def html(self, row: DisposalRow, table: Table[Any]) -> str:
        return status_html("", row.get_outcome_display()) if row.outcome else "Väntar"


ROW = "rad"


class DisposalTable(Table[DisposalRow]):
    columns = (
        Column("kod", "Mottagare", lambda row: code_of(row.recipient.key), css="code title"),
        DateColumn("senast", "Senaste anteckning", "last_on", sort="last_on"),
        Column("arenden", "Ärenden", "cases", sort="cases", css="num"),
        _OutcomeColumn("utfall", "Utfall", sort="outcome"),
        Column("varfor", "Varför", "why", priority=3),
        _DeedColumn("atgard", "Åtgärd"),
    )
    order = "senast"
    tie = ("pk",)
    per_page = 50
    caption = "Mottagare på listan"
    noun = ("mottagare", "mottagare")
    count_note = "äldst först"
    empty_text = "Ingen på listan"
    empty_hint = "När någons uppgifter inte längre behöver sparas kommer de på en månads lista."


def _rows(the_list: DisposalList) -> QuerySet[DisposalRow]:
    cases = (
        CareRelation.objects.filter(recipient=OuterRef("recipient"))
        .order_by()
        .values("recipient")
        .annotate(many=Count("case", distinct=True))
        .values("many")
    )
    found = the_list.rows.select_related("recipient", "of")
    return found.annotate(cases=Coalesce(Subquery(cases), 0))


def list_view(model_admin: admin.ModelAdmin[Any], request: UserRequest, pk: int) -> HttpResponse:
    """A list: who is on it, by code; exceptions, the approval, and how far its job has come."""
    the_list: Any = get_object_or_404(_counted(), pk=pk)
    approval, exception, error = ApprovalForm(), ExceptionForm(), ""
    row = _row_of(request, the_list)
    if request.method == "POST":
        try:
            if "fortsatt" in request.POST:
                jobs.order_disposal(the_list)
                return redirect(request.path)
            if row is not None:
                exception = ExceptionForm(request.POST)
                if answer := _except(request, row, exception):
                    return answer
            else:
                approval = ApprovalForm(request.POST)
                if approval.is_valid():
                    return _approve(request, the_list, approval.cleaned_data)
        except DomainError as fault:
            error = fault.message
        the_list = get_object_or_404(_counted(), pk=pk)
    waits = bool(the_list.approved_at) and not the_list.finished_at and awaited.waits(the_list)
    if request.htmx and not waits:
        return HttpResponseClientRefresh()
    stopped = bool(the_list.approved_at) and not the_list.finished_at and not waits
    context = {
        "title": f"Gallring {month_of(the_list).lower()}",
        "list": the_list,
        "month": month_of(the_list),
        "state": state_of(the_list),
        "table": DisposalTable.fetch(request, _rows(the_list)),
        "form": approval,
        "exception": exception,
        "row": row,
        "row_code": code_of(row.recipient.key) if row else "",
        "may_approve": not the_list.approved_at and the_list.waiting,
        "waits": waits,
        "failed": (the_list.error or jobs.FAILED) if stopped else "",
        "error": error,
    }
    wrong = bool(error or approval.errors or exception.errors)
    return _disposal_page(model_admin, request, "list", context, error=wrong)


def _row_of(request: HttpRequest, the_list: DisposalList) -> DisposalRow | None:
    """The row that the address names, which can still be left out or taken back."""
    asked = request.GET.get(ROW, "")
    if not (asked.isascii() and asked.isdigit() and len(asked) < 10) or the_list.approved_at:
        return None
    found = the_list.rows.filter(outcome__in=[Outcome.WAITS, Outcome.EXCEPTED], pk=asked)
    return found.select_related("recipient").first()


def _except(
    request: UserRequest, row: DisposalRow, form: ExceptionForm
) -> HttpResponseRedirect | None:
    code = code_of(row.recipient.key)
    if "ta_med" in request.POST:
        erasing.take_back_exception(row)
        messages.success(request, f"{code} är med på listan igen.")
        return redirect(request.path)
    if not form.is_valid():
        return None
    erasing.make_exception(row, user=request.user, why=form.cleaned_data["skal"])
    messages.success(request, f"{code} är undantagen och frågas om igen om ett år.")
    return redirect(request.path)


def _approve(
    request: UserRequest, the_list: DisposalList, decision: dict[str, Any]
) -> HttpResponseRedirect:
    with transaction.atomic():
        if erasing.approve(the_list, user=request.user, **decision):
            jobs.dispose.defer(list_id=the_list.pk)
    return redirect(request.path)
