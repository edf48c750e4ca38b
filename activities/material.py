"""The rows «Material» of a report: an article's number and how many, as typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from articles.models import Article
from sesam.errors import DomainError

from .services import Used

ROWS = 3


@dataclass
class MaterialRow:
    """An article number and a quantity that were typed. ``article`` is what the number names."""

    index: int
    number: str = ""
    quantity: str = ""
    error: str = ""
    article: Article | None = None

    @property
    def number_name(self) -> str:
        return f"artikel-{self.index}"

    @property
    def quantity_name(self) -> str:
        return f"antal-{self.index}"


def rows(data: Mapping[str, Any] | None = None) -> list[MaterialRow]:
    """The rows of the form, with what was typed, looked up with one query."""
    found = [MaterialRow(index) for index in range(1, ROWS + 1)]
    if data is None:
        return found
    for row in found:
        row.number = str(data.get(row.number_name, "")).strip()[:40]
        row.quantity = str(data.get(row.quantity_name, "")).strip()[:12]
    known = Article.objects.in_bulk(
        [row.number for row in found if row.number], field_name="number"
    )
    for row in found:
        row.article = known.get(row.number)
        row.error = _fault(row)
    return found


def _fault(row: MaterialRow) -> str:
    if not row.number:
        return "Ange artikelnumret." if row.quantity else ""
    if row.article is None:
        return f"Det finns ingen artikel {row.number}."
    typed = row.quantity or "1"
    is_count = typed.isascii() and typed.isdigit() and len(typed) < 6 and int(typed) > 0
    return "" if is_count else "Ange antalet med siffror, minst 1."


def used(typed: list[MaterialRow]) -> list[Used]:
    """What the rows without a fault say."""
    return [
        Used(row.article, int(row.quantity or "1"))
        for row in typed
        if row.article and not row.error
    ]


def place_fault(typed: list[MaterialRow], fault: DomainError) -> bool:
    """Put what the service said of an article at its row; whether there is one."""
    for row in typed:
        if row.article is not None and fault.line == row.article.pk:
            row.error = fault.message
            return True
    return False
