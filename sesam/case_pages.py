"""From a case number alone to its page.

An app that owns a kind of case registers the name of its detail URL in its ``places.py``.
"""

from django.urls import reverse

from .models import CaseKind, CaseNumber

_pages: dict[str, str] = {}


def register(kind: CaseKind, url_name: str) -> None:
    """``url_name`` takes the case number as its only argument."""
    _pages[kind] = url_name


def url_for(number: str) -> str | None:
    """The page of a case number; None for a number that names nothing. One query."""
    kind = CaseNumber.objects.filter(pk=number).values_list("kind", flat=True).first()
    return reverse(_pages[kind], args=[number]) if kind in _pages else None


def url_of(kind: CaseKind, number: str) -> str | None:
    """The page of a case whose kind is known. No query."""
    return reverse(_pages[kind], args=[number]) if kind in _pages else None
