"""A status in a question, written there instead of bound.

What is asked again on a connection is prepared, and PostgreSQL soon plans it once for whatever may
be bound. Of a bound status it doesn't know that few rows have it, nor that a partial index holds
just these: the back office's counts of what is open then read all that there ever was.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from django.db.models import CharField, Value

_WORD = re.compile(r"[a-z_]*")


class Known(Value):
    """One of the code's own words: a ``TextChoices`` value, nothing that somebody typed."""

    def __init__(self, word: str) -> None:
        if not _WORD.fullmatch(word):
            raise ValueError(f"{word!r} is no word of the code's own.")
        super().__init__(str(word), output_field=CharField())

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[str | int, ...]]:
        return f"'{self.value}'", ()


def known(words: Iterable[str]) -> list[Known]:
    """For ``field__in=``."""
    return [Known(word) for word in words]
