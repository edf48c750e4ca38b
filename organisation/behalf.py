"""On whose behalf somebody does a thing: the units one acts for, and who answers for it."""

import re
from collections.abc import Sequence
from typing import Any

from django import forms
from django.db import transaction
from django.db.models import QuerySet

from sesam.errors import DomainError
from sesam.form_fields import RecordField, record_choice

from .models import Unit, User
from .permissions import KHS, has_role


def units_of(user: User) -> QuerySet[Unit]:
    """The units that ``user`` may act for; KHS acts for all."""
    if has_role(user, KHS):
        return Unit.objects.filter(is_active=True)
    return user.units.filter(is_active=True)


def usual_unit(user: User, units: QuerySet[Unit]) -> Unit | None:
    """The user's own of ``units``, else the first one."""
    own = units.filter(pk=user.default_unit_id).first() if user.default_unit_id else None
    return own or units.first()


def usual_among(user: User, units: Sequence[Unit]) -> Unit | None:
    """The same of units that are read already."""
    own = next((unit for unit in units if unit.pk == user.default_unit_id), None)
    return own or next(iter(units), None)


def prescribers(unit: Unit) -> QuerySet[User]:
    """Who may be named as prescriber on a case of ``unit``."""
    return User.objects.filter(units=unit, is_active=True).distinct().order_by("last_name")


def check_unit(user: User, unit: Unit) -> None:
    """Raises ``DomainError`` (``field`` "unit") where ``user`` may not act for ``unit``."""
    if not units_of(user).filter(pk=unit.pk).exists():
        raise DomainError("Välj ett av dina tjänsteställen.", field="unit")


@transaction.atomic
def choose_unit(user: User, unit: Unit) -> None:
    """``unit`` becomes the user's active one. Raises ``DomainError`` (``field`` "unit") where it is
    none of theirs; who takes a unit from somebody has the same lock."""
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    check_unit(user, unit)
    User.objects.filter(pk=user.pk).update(default_unit=unit)


def check_behalf(user: User, unit: Unit, prescriber: User) -> None:
    """Raises ``DomainError`` (``field``) where ``user`` may not act for ``unit``, or ``prescriber``
    can't answer for it: anybody answers for what they do themselves."""
    check_unit(user, unit)
    if prescriber != user and not prescribers(unit).filter(pk=prescriber.pk).exists():
        raise DomainError("Välj en förskrivare på tjänstestället.", field="prescriber")


class PrescriberField(RecordField[User]):
    """Prescribers with their codes."""

    def label_from_instance(self, obj: User) -> str:
        return f"{obj.orderer_code} {obj}".strip()


class BehalfForm(forms.Form):
    """«Beställning till»: from which unit, and who answers for it."""

    unit = RecordField(
        Unit.objects.none(), label="Tjänsteställe", empty_label=None,
        error_messages={"invalid_choice": "Välj ett av dina tjänsteställen."},
    )  # fmt: skip
    prescriber = PrescriberField(
        User.objects.none(), label="Förskrivare", empty_label=None,
        error_messages={"invalid_choice": "Välj en aktiv förskrivare på tjänstestället."},
    )  # fmt: skip

    def __init__(self, *args: Any, user: User, store_id: int | None = None, **kwargs: Any) -> None:
        """With ``store_id`` only units whose own store that is."""
        super().__init__(*args, **kwargs)
        units = units_of(user)
        if store_id:
            units = units.filter(own_stores=store_id)
        chosen = record_choice(self, "unit")
        chosen.queryset = units
        chosen.initial = unit = self._typed(units) or usual_unit(user, units)
        people = prescribers(unit) if unit else User.objects.none()
        answers = record_choice(self, "prescriber")
        answers.queryset = people | User.objects.filter(pk=user.pk).distinct()
        answers.initial = user.pk

    def _typed(self, units: QuerySet[Unit]) -> Unit | None:
        wanted = str(self.data.get("unit") or "") if self.is_bound else ""
        return units.filter(pk=wanted).first() if re.fullmatch("[0-9]{1,18}", wanted) else None
