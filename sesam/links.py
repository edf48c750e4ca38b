"""Addresses of many things at once."""

from collections.abc import Callable
from functools import cache
from typing import Any
from urllib.parse import quote

from django.urls import reverse


@cache
def links(name: str, sample: Any = "-KEY-") -> Callable[[Any], str]:
    """The addresses of a list's rows: reversed once, not per row.

    ``sample`` is a key that the address takes, where a text isn't one.
    """
    before, after = reverse(name, args=[sample]).split(str(sample))
    return lambda key: f"{before}{_quoted(str(key))}{after}"


def _quoted(key: str) -> str:
    """Most are a number of figures or an opaque id."""
    plain = key.isascii() and key.replace("-", "").isalnum()
    return key if plain else quote(key)
