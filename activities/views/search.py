"""«Sök aktivitet»: those of one's units, by time and unit."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from organisation.behalf import units_of, usual_unit
from organisation.models import Unit, User
from organisation.permissions import CARE, UserRequest, roles
from sesam.form_fields import RecordField, record_choice

from ..life import with_turns
from ..models import Activity
from ..tables import FoundActivitiesTable
from .cases import no_store

PERIODS = {
    "vecka": ("Senaste veckan", 7),
    "manad": ("Senaste månaden", 31),
    "kvartal": ("Senaste 3 månaderna", 92),
    "ar": ("Senaste året", 366),
}


class SearchForm(forms.Form):
    """How far back, and of which unit."""

    tid = forms.ChoiceField(
        label="Skapade", choices=[(name, label) for name, (label, _) in PERIODS.items()],
        required=False,
    )  # fmt: skip
    tjanststalle = RecordField(
        Unit.objects.none(), label="Tjänsteställe", empty_label="Alla mina", required=False
    )

    def __init__(self, data: Mapping[str, Any] | None, *, user: User) -> None:
        super().__init__(data)
        units = record_choice(self, "tjanststalle")
        units.queryset = units_of(user)
        units.initial = usual_unit(user, units_of(user))


@roles(*CARE)
@no_store
@require_safe
def search(request: UserRequest) -> HttpResponse:
    """The list."""
    form = SearchForm(request.GET or {"tid": "kvartal"}, user=request.user)
    form.is_valid()
    said = form.cleaned_data if hasattr(form, "cleaned_data") else {}
    days = PERIODS.get(said.get("tid") or "kvartal", PERIODS["kvartal"])[1]
    found = Activity.objects.for_user(request.user).filter(
        created_at__gte=timezone.now() - dt.timedelta(days=days)
    )
    if unit := said.get("tjanststalle"):
        found = found.filter(unit=unit)
    table = FoundActivitiesTable.fetch(request, with_turns(found))
    return render(request, "activities/search.html", {"form": form, "table": table})
