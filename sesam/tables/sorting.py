"""Sort keys that several lists use."""

from __future__ import annotations

from typing import Any

from django.db.models import Case, F, Func, IntegerField, TextField, Value, When
from django.db.models.expressions import Combinable


def sv(key: str | Combinable) -> Func:
    """In Swedish order, å ä ö last (see sesam/migrations/0002_sv_sortkey.py)."""
    by = F(key) if isinstance(key, str) else key
    return Func(by, function="sv_sortkey", output_field=TextField())


def by_number(name: str) -> tuple[Any, ...]:
    """Numbers kept as text: 9 before 10."""
    return (Func(F(name), function="length"), F(name))


_SWEDISH = str.maketrans("åäö", "{|}")  # the three after z, as sv_sortkey has them


def label_places(choices: Any) -> dict[Any, int]:
    """The values of ``choices``, each with its place among the labels that people read."""
    labels = sorted(choices, key=lambda choice: str(choice[1]).lower().translate(_SWEDISH))
    return {value: place for place, (value, _) in enumerate(labels)}


def by_label(name: str, choices: Any) -> Case:
    """A value with choices, by what people read."""
    whens = (When(**{name: value}, then=Value(at)) for value, at in label_places(choices).items())
    return Case(*whens, output_field=IntegerField())
