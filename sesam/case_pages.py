"""From a case number alone to its page.

An app that owns a kind of case registers the name of its detail URL in its ``places.py``, and who
may open which.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from .models import CaseKind, CaseNumber

_pages: dict[str, str] = {}
_openable: dict[str, Callable[[Any, list[str]], set[str]]] = {}


def register(kind: CaseKind, url_name: str, openable: Callable[[Any, list[str]], set[str]]) -> None:
    """``url_name`` takes the case number as its only argument; ``openable`` says which of the
    numbers a user may open."""
    _pages[kind] = url_name
    _openable[kind] = openable


@dataclass(frozen=True, slots=True)
class CasePage:
    """A case that somebody may open."""

    number: str
    kind: CaseKind
    url: str


def open_to(user: Any, numbers: list[str]) -> list[CasePage]:
    """Those of the numbers whose page ``user`` may open, in their order. A query a kind, and one."""
    rows = CaseNumber.objects.filter(pk__in=numbers).values_list("number", "kind")
    kinds = {number: CaseKind(kind) for number, kind in rows}
    may: set[str] = set()
    for kind in {*kinds.values()} & {*map(CaseKind, _pages)}:
        may |= _openable[kind](user, [x for x in numbers if kinds.get(x) == kind])
    return [
        CasePage(number, kinds[number], reverse(_pages[kinds[number]], args=[number]))
        for number in numbers
        if number in may
    ]


def url_for(number: str) -> str | None:
    """The page of a case number; None for a number that names nothing. One query."""
    kind = CaseNumber.objects.filter(pk=number).values_list("kind", flat=True).first()
    return reverse(_pages[kind], args=[number]) if kind in _pages else None


def url_of(kind: CaseKind, number: str) -> str | None:
    """The page of a case whose kind is known. No query."""
    return reverse(_pages[kind], args=[number]) if kind in _pages else None
