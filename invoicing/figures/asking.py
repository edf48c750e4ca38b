"""Which figures somebody sees, and which of them they ask for. KHS sees all, a controller those of
their payers, a prescriber those of their units."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.http import Http404, QueryDict
from django.utils.functional import cached_property

from articles.models import IsoClass
from organisation.models import Payer, Unit, User, Warehouse
from organisation.permissions import CONTROLLER, KHS, has_role
from sesam.form_fields import choice

from ..models import Figure, Measure

PERIODS = {"12": "Senaste 12 månaderna", "24": "Senaste 24 månaderna", "36": "Senaste 36 månaderna"}
#: How cost is cut: the name in the address, its label, the figure's field.
CUTS = {
    "iso": ("ISO-grupp", "iso_group"),
    "betalare": ("Betalare", "payer"),
    "enhet": ("Tjänsteställe", "unit"),
}


@dataclass(frozen=True)
class Scope:
    """What a user sees. ``by_payer``: whether they are told of payers."""

    payers: list[Payer]
    units: list[Unit]
    sees: Q
    by_payer: bool


def scope_of(user: User) -> Scope:
    if has_role(user, KHS):
        return Scope(list(Payer.objects.all()), list(Unit.objects.order_by("name")), Q(), True)
    if has_role(user, CONTROLLER):
        payers = list(user.payers.all())
        units = Unit.objects.filter(payer__in=payers).order_by("name")
        return Scope(payers, list(units), Q(payer__in=payers), True)
    units = user.units.order_by("name")
    stores = Warehouse.objects.filter(units__in=units)
    return Scope([], list(units), Q(unit__in=units) | Q(store__in=stores), False)


class FiguresForm(forms.Form):
    """Shown by GET: the address keeps what is chosen, and names nothing personal."""

    tid = forms.ChoiceField(label="Tid", choices=list(PERIODS.items()), required=False)
    betalare = forms.ChoiceField(label="Betalare", required=False)
    enhet = forms.ChoiceField(label="Tjänsteställe", required=False)
    iso = forms.ChoiceField(label="ISO-grupp", required=False)

    def __init__(self, data: Any, *, scope: Scope) -> None:
        super().__init__(data)
        groups = IsoClass.objects.filter(level=1).order_by("code").values_list("code", "title")
        known: dict[str, Iterable[tuple[str, str]]] = {
            "betalare": [(payer.code, payer.name) for payer in scope.payers],
            "enhet": [(unit.code, unit.name) for unit in scope.units],
            "iso": [(code, f"{code} {title}") for code, title in groups],
        }
        every = {"betalare": "Alla betalare", "enhet": "Alla tjänsteställen", "iso": "Alla grupper"}
        for name, choices in known.items():
            field = choice(self, name)
            field.choices = [("", every[name]), *choices]
            field.error_messages["invalid_choice"] = f"Välj {str(field.label).lower()} ur listan."
        choice(self, "tid").error_messages["invalid_choice"] = "Välj tid ur listan."
        if len(scope.payers) < 2:
            del self.fields["betalare"]
        if len(scope.units) < 2:
            del self.fields["enhet"]


@dataclass(frozen=True)
class Asked:
    """What is asked for, of what may be seen. ``efter`` is the cut of cost."""

    scope: Scope
    form: FiguresForm
    cut: str
    months: int
    payer: Payer | None
    unit: Unit | None
    iso: str

    @classmethod
    def of(cls, user: User, data: QueryDict) -> Asked:
        """404 where somebody else's payer or unit is asked for."""
        scope = scope_of(user)
        form = FiguresForm(_without_empty(data), scope=scope)
        payer = _found(scope.payers, data.get("betalare", ""))
        unit = _found(scope.units, data.get("enhet", ""))
        asked = form.cleaned_data if form.is_valid() else {}
        cut = data.get("efter", "iso")
        return cls(
            scope,
            form,
            cut if cut in cls.cuts_of(scope) else "iso",
            int(asked.get("tid") or 12),
            payer,
            unit,
            asked.get("iso", ""),
        )

    @staticmethod
    def cuts_of(scope: Scope) -> dict[str, str]:
        """Whose payer is one has nothing to tell apart by it."""
        several = len(scope.payers) > 1
        return {name: label for name, (label, _) in CUTS.items() if name != "betalare" or several}

    @property
    def cuts(self) -> dict[str, str]:
        return self.cuts_of(self.scope)

    @cached_property
    def query(self) -> str:
        """What the address says of it, without the cut."""
        asked = QueryDict(mutable=True)
        for name in self.form.fields:
            if value := self.form[name].value():
                asked[name] = value
        return asked.urlencode()

    @property
    def who(self) -> str:
        """Whose figures they are, in words."""
        if self.unit:
            return self.unit.name
        if self.payer:
            return self.payer.name
        names = self.scope.payers if self.scope.by_payer else self.scope.units
        if len(names) == 1:
            return str(names[0])
        return "Alla betalare" if self.scope.by_payer else "Mina tjänsteställen"

    def figures(
        self, measure: Measure, since: dt.date | None = None, *, by_iso: bool = True
    ) -> QuerySet[Figure]:
        """Those of the measure that may be seen and are asked for; some are counted without ISO
        group."""
        found = Figure.objects.filter(self.scope.sees, measure=measure).order_by()
        if since:
            found = found.filter(month__gte=since)
        if self.payer:
            found = found.filter(payer=self.payer)
        if self.unit:
            stores = self.unit.own_stores.values("pk")
            found = found.filter(Q(unit=self.unit) | Q(store__in=stores))
        if self.iso and by_iso:
            found = found.filter(iso_group=self.iso)
        return found


def _without_empty(data: QueryDict) -> QueryDict:
    found = data.copy()
    for name in list(found):
        if not found[name]:
            del found[name]
    return found


def _found(records: list[Any], code: str) -> Any:
    """The one with the code; None where none is asked for."""
    if not code:
        return None
    for record in records:
        if record.code == code:
            return record
    raise Http404
