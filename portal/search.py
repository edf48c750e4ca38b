"""«Sök»: a case by its complete number; the cases of one's units by time, unit and state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from organisation.behalf import units_of, usual_unit
from organisation.models import Unit
from organisation.permissions import CARE, UserRequest, roles
from recipients import searching
from recipients.searching import LATE, PERIODS, PRESET, STATUS, TIME, UNIT, CaseSearch, Scope
from recipients.views import no_store
from sesam import case_pages, panels, personal_numbers, replica, sheets
from sesam.dialogs import leave
from sesam.form_fields import choice
from sesam.limits import gives_file

from .views import digits_of, no_case

ALL_UNITS = ANY = "alla"
MOST_ROWS = 2_000  # of a sheet, which is made while one waits


class NumberForm(forms.Form):
    """«Snabbsökning»."""

    nummer = forms.CharField(
        label="Ärendenummer",
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "numeric"}),
        error_messages={
            "required": "Skriv hela ärendenumret.",
            "max_length": "Ärendenumret har 8 siffror.",
        },
    )

    def clean_nummer(self) -> str:
        typed: str = self.cleaned_data["nummer"]
        if personal_numbers.looks_personal(typed):
            raise forms.ValidationError(
                "Det ser ut som ett personnummer. Mottagare söker du på sidan Mottagare."
            )
        digits = digits_of(typed)
        if len(digits) not in (8, 9):
            raise forms.ValidationError("Skriv hela ärendenumret, 8 siffror.")
        return digits


class FilterForm(forms.Form):
    """Of which unit, in which status, only what is late."""

    use_required_attribute = False  # each has its «all»
    tjanststalle = forms.ChoiceField(label="Tjänsteställe")
    status = forms.ChoiceField(label="Status")
    sena = forms.BooleanField(label="Bara försenade", required=False)

    def __init__(
        self, data: Mapping[str, Any], *, units: QuerySet[Unit], search: CaseSearch
    ) -> None:
        super().__init__(data)
        places = [(unit.code, str(unit)) for unit in units]
        choice(self, UNIT).choices = [(ALL_UNITS, "Alla mina"), *places]
        choice(self, STATUS).choices = [(ANY, "Alla"), *search.statuses]


@roles(*CARE)
@no_store
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def search(request: UserRequest) -> HttpResponse:
    """The page; a POST is the quick search, which opens the case."""
    if request.method != "POST":
        return _search_page(request, NumberForm(), 200)
    form = NumberForm(request.POST)
    if form.is_valid():
        number = form.cleaned_data["nummer"]
        if found := case_pages.open_to(request.user, [number]):
            return leave(request, found[0].url)
        form.add_error("nummer", no_case(number))
    return _search_page(request, form, 422)


def _scope(request: UserRequest) -> tuple[Scope, FilterForm, str]:
    """What the address asks for, the active unit unless it says another; and the period's name."""
    units = units_of(request.user)
    asked = request.GET
    period = asked.get(TIME, "")
    period = period if period in PERIODS else PRESET
    wanted = asked.get(UNIT, "").replace("\0", "")
    chosen = None
    if wanted != ALL_UNITS:
        chosen = units.filter(code=wanted).first() if wanted else None
        chosen = chosen or usual_unit(request.user, units)
    scope = Scope(
        user=request.user,
        since=searching.since(period),
        unit=chosen,
        status="" if asked.get(STATUS) == ANY else asked.get(STATUS, ""),
        late=asked.get(LATE) == "ja",
    )
    opened = searching.named(asked.get("flik", ""))
    known = scope.status in dict(opened.statuses)
    data = {
        UNIT: chosen.code if chosen else ALL_UNITS,
        STATUS: scope.status if known else ANY,
        LATE: scope.late,
    }
    form = FilterForm(data, units=units, search=opened)
    return scope, form, period


def _search_page(request: UserRequest, form: NumberForm, status: int) -> HttpResponse:
    scope, filters, period = _scope(request)
    tabs, opened = searching.case_searches.opened(request, scope)
    content = opened.build(request, scope)
    if isinstance(content, HttpResponse):
        return content
    context = {
        "form": form,
        "filters": filters,
        "tabs": tabs,
        "opened": opened.name,
        "content": content,
        "period": period,
        "late": scope.late,
        "periods": [
            {"label": label, "url": _here(request, **{TIME: name}), "active": name == period}
            for name, (label, _) in PERIODS.items()
        ],
        "excel_url": f"{reverse('search_sheet')}?{_query(request, flik=opened.name)}",
    }
    return render(request, "portal/search.html", context, status=status)


def _query(request: HttpRequest, **changes: str) -> str:
    query = request.GET.copy()
    for gone in ("sida", panels.PANEL, panels.TAB):
        query.pop(gone, None)
    for name, value in changes.items():
        query[name] = value
    return query.urlencode()


def _here(request: HttpRequest, **changes: str) -> str:
    return f"{request.path}?{_query(request, **changes)}"


@roles(*CARE)
@require_safe
@gives_file
def sheet(request: UserRequest) -> HttpResponse:
    """What the list shows, as Excel; says nothing about whom a case is about."""
    scope, _, _ = _scope(request)
    found = searching.named(request.GET.get("flik", ""))
    cases = found.narrowed(scope).order_by(f"-{found.began}", "-pk")
    keys = cases.values_list("pk")[: MOST_ROWS + 1]
    if len(replica.read(lambda: list(keys))) > MOST_ROWS:
        messages.error(
            request,
            f"Excel tar högst {MOST_ROWS} rader. Välj en kortare tid eller ett tjänsteställe.",
        )
        return HttpResponseRedirect(f"{reverse('search')}?{_query(request)}")
    rows = replica.read(
        lambda: [[cell(case) for _, cell in found.sheet] for case in found.loaded(cases)]
    )
    content = sheets.write(found.label, [head for head, _ in found.sheet], rows)
    name = f"{found.name}-{timezone.localdate()}.xlsx"
    return sheets.download(name, content)


@roles(*CARE)
@require_safe
def activities_moved(request: UserRequest) -> HttpResponse:
    """The address that the activities' own search had."""
    return redirect(f"{reverse('search')}?flik=aktiviteter")
