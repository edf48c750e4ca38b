"""What a form was filled in with, in short: it goes along with the form, so that nothing is written
over what somebody else has written since it was drawn."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from django import forms
from django.http import QueryDict

from .errors import DomainError

_CHANGED = "Det här har ändrats sedan du öppnade det."
_ASKS = "Spara igen om det du har skrivit ska gälla."


class Overtaken(DomainError):
    """Somebody has written since in what the form was filled in with: in these fields."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(f"{_CHANGED} Öppna det igen.")
        self.names = tuple(names)


@dataclass(frozen=True)
class Seen:
    """What a record said when the form was drawn."""

    names: tuple[str, ...]
    mark: str

    @classmethod
    def of(cls, record: object, *names: str) -> Self:
        """What the record says now."""
        return cls(names, mark_of(record, names))

    def check(self, record: object) -> None:
        """Raises ``Overtaken`` where the record, which is locked, says something else now."""
        if self.mark != mark_of(record, self.names):
            raise Overtaken(self.names)


def mark_of(record: object, names: Sequence[str]) -> str:
    """What the record says in these fields, in short."""
    said = [str(getattr(record, name)) for name in names]
    return hashlib.sha256(repr(said).encode()).hexdigest()[:16]


class CarriesSeen(forms.BaseForm):
    """A form that carries along what it was filled in with. ``carry`` in its ``__init__``."""

    _watched: tuple[str, ...] = ()

    def carry(self, record: object, names: Sequence[str]) -> None:
        """The form shows these fields of the record."""
        self._watched = tuple(names)
        self.fields[self._name] = forms.CharField(
            required=False, widget=forms.HiddenInput, initial=mark_of(record, names)
        )

    @property
    def _name(self) -> str:
        return f"{self._watched[0]}_seen"  # of several blocks in one form each has its own

    @property
    def is_current(self) -> bool:
        """Whether what was sent was filled in with what the record says now."""
        return bool(self.data.get(self.add_prefix(self._name)) == self.fields[self._name].initial)

    def take_seen(self) -> Seen | None:
        """What was shown, out of ``cleaned_data``; None where the form didn't say."""
        if not self._watched:
            return None
        mark = self.cleaned_data.pop(self._name, "")
        return Seen(self._watched, mark) if mark else None

    def tell_overtaken(self, record: object) -> None:
        """Say what the record says now, beside what was typed; whoever sends it again means it."""
        typed = self.cleaned_data
        shown = [x for x in self._watched if x in self.fields]
        other = [x for x in shown if typed.get(x, "") != getattr(record, x)]
        stands = "; ".join(f"{self.fields[x].label} {self._words(x, record)}" for x in other)
        told = f" Nu står det: {stands}." if stands else ""
        self.add_error(None, f"{_CHANGED}{told} {_ASKS}")
        data = self.data.copy() if isinstance(self.data, QueryDict) else QueryDict(mutable=True)
        data[self.add_prefix(self._name)] = mark_of(record, self._watched)
        self.data = data

    def _words(self, name: str, record: object) -> str:
        value = getattr(record, name)
        field = self.fields[name]
        if isinstance(field, forms.ChoiceField):
            return f"«{dict(field.choices).get(field.prepare_value(value), value)}»"  # type: ignore[arg-type]
        if isinstance(value, bool):
            return "ja" if value else "nej"
        return f"«{value}»" if value not in (None, "") else "tomt"
