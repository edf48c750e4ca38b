"""What several parts of one page ask of the database, asked once a request: a tab's count and «Nu»,
which don't know of each other. Of what only shows: a request that changes it asks by itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast
from weakref import WeakKeyDictionary

from django.db.models import Model
from django.http import HttpRequest

Answer = TypeVar("Answer")
Record = TypeVar("Record", bound=Model)
_answers: WeakKeyDictionary[HttpRequest, dict[tuple[object, ...], object]] = WeakKeyDictionary()


def once(request: HttpRequest, ask: Callable[[Record], Answer], about: Record) -> Answer:
    """What ``ask`` answers of the record ``about``."""
    known = _answers.setdefault(request, {})
    key = (ask, type(about), about.pk)
    if key not in known:
        known[key] = ask(about)
    return cast(Answer, known[key])
