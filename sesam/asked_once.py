"""What several parts of one page ask of the database, asked once a request: a tab's count and «Nu»,
which don't know of each other. Of what only shows: a request that changes it asks by itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast
from weakref import WeakKeyDictionary

from django.db.models import Model
from django.http import HttpRequest

Answer = TypeVar("Answer")
_answers: WeakKeyDictionary[HttpRequest, dict[tuple[object, ...], object]] = WeakKeyDictionary()


def once(
    request: HttpRequest, ask: Callable[..., Answer], about: Model, for_whom: Model | None = None
) -> Answer:
    """What ``ask`` answers of the record ``about``; where that hangs on who asks, for whom."""
    known = _answers.setdefault(request, {})
    told = (about,) if for_whom is None else (about, for_whom)
    key = (ask, *((type(record), record.pk) for record in told))
    if key not in known:
        known[key] = ask(*told)
    return cast(Answer, known[key])
