"""From a case number alone to its page.

An app that owns a kind of case registers the name of its detail URL in its ``places.py``, and who
may open which.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from .life_line import LifeLine
from .models import CaseKind, CaseNumber

#: How far the case of that number has come, for a user who may see it; else None.
LifeOf = Callable[[Any, str], LifeLine | None]

_pages: dict[str, str] = {}
_openable: dict[str, Callable[[Any, list[str]], set[str]]] = {}
_lives: dict[str, LifeOf] = {}


def register(
    kind: CaseKind,
    url_name: str,
    openable: Callable[[Any, list[str]], set[str]],
    *,
    life: LifeOf,
) -> None:
    """``url_name`` takes the case number as its only argument; ``openable`` says which of the
    numbers a user may open."""
    _pages[kind] = url_name
    _openable[kind] = openable
    _lives[kind] = life


def life_of(kind: CaseKind, number: str, user: Any) -> LifeLine | None:
    """How far a case has come, where ``user`` may see that."""
    return _lives[kind](user, number) if kind in _lives else None


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
