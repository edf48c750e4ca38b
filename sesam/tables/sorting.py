"""Sort keys that several lists use."""

from __future__ import annotations

from typing import Any

from django.db.models import Case, CharField, F, Func, TextField, Value, When
from django.db.models.expressions import Combinable


def sv(key: str | Combinable) -> Func:
    """In Swedish order, å ä ö last (see sesam/migrations/0002_sv_sortkey.py)."""
    by = F(key) if isinstance(key, str) else key
    return Func(by, function="sv_sortkey", output_field=TextField())


def by_number(name: str) -> tuple[Any, ...]:
    """Numbers kept as text: 9 before 10."""
    return (Func(F(name), function="length"), F(name))


def by_label(name: str, choices: Any) -> Func:
    """A value with choices, by what people read."""
    whens = (When(**{name: value}, then=Value(label)) for value, label in choices)
    return sv(Case(*whens, output_field=CharField()))
