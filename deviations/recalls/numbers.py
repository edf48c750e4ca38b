"""Serial numbers, lots and article numbers as somebody pastes them: one after the other, single or as
ranges."""

from __future__ import annotations

import re

from individuals.watching import check_range, plain
from sesam import personal_numbers
from sesam.errors import DomainError

MOST = 2000  # of one kind in a recall
_BETWEEN = re.compile(r"[\n\r,;]+")
# A hyphen alone is a part of many numbers.
_RANGE = re.compile(r"\s+-\s+|\s*[–—]\s*|\s*\.{2,}\s*|\s+till\s+", re.IGNORECASE)


def split(text: str) -> list[str]:
    """What stands between line breaks, commas and semicolons."""
    return [part for x in _BETWEEN.split(text) if (part := " ".join(x.split()))]


def ranges(text: str, *, field: str) -> list[tuple[str, str]]:
    """The numbers and ranges of a text, each once, a single one as a range to itself. Raises
    ``DomainError`` with the field for what can't be one."""
    found: dict[tuple[str, str], tuple[str, str]] = {}
    for part in split(text):
        ends = _RANGE.split(part)
        if len(ends) > 2 or not all(ends):
            raise DomainError(
                f"«{part[:80]}» går inte att tyda. Skriv ett nummer eller ett intervall på varje"
                " rad, till exempel SN-100 eller SN-100 – SN-250.",
                field=field,
            )
        first, last = ends[0], ends[-1]
        if personal_numbers.looks_personal(first) or personal_numbers.looks_personal(last):
            raise DomainError("Det ser ut som ett personnummer.", field=field)
        try:
            check_range(first, last)
        except DomainError as fault:
            raise DomainError(fault.message, field=field) from fault
        found.setdefault((plain(first), plain(last)), (first, last))
    if len(found) > MOST:
        raise DomainError(
            f"Högst {MOST} nummer och intervall i en återkallelse. Skriv dem som intervall.",
            field=field,
        )
    return list(found.values())
