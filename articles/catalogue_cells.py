"""What the cells of a catalogue sheet may hold. A reader gives the value or raises ``Wrong``."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

from . import measures

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


class Wrong(Exception):
    """The text says what the cell should hold."""


def writable(value: Any) -> str:
    """Text without the signs that a sheet can't hold."""
    return _CONTROL.sub("", str(value))


def _plain(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # 37121.0, as Excel keeps every number
    return writable(value).strip()


def text(longest: int) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        found = _plain(value)
        if len(found) > longest:
            raise Wrong(f"Högst {longest} tecken, här är det {len(found)}.")
        return found

    return read


def article_number(value: Any) -> str:
    number = _plain(value).upper()
    if not re.fullmatch(r"[0-9A-ZÅÄÖ-]{1,12}", number):
        raise Wrong("Ett artikelnummer har siffror eller bokstäver, högst tolv.")
    return number


def iso_code(value: Any) -> str:
    code = re.sub(r"[\s.\-\u00a0]", "", _plain(value))
    if not re.fullmatch(r"([0-9]{2}){1,3}", code):
        raise Wrong("En ISO-kod har två, fyra eller sex siffror. Formatera kolumnen som text.")
    return code


def choice(choices: list[tuple[Any, Any]]) -> Callable[[Any], Any]:
    known = {str(key).lower(): key for key, _ in choices}
    known |= {str(label).lower(): key for key, label in choices}
    labels = ", ".join(str(label) for _, label in choices)

    def read(value: Any) -> Any:
        found = known.get(_plain(value).lower())
        if found is None:
            raise Wrong(f"«{_plain(value)[:40]}» är inget av: {labels}.")
        return found

    return read


def yes_or_no(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    found = {"ja": True, "nej": False, "1": True, "0": False}.get(_plain(value).lower())
    if found is None:
        raise Wrong("Skriv Ja eller Nej.")
    return found


def whole(low: int, high: int) -> Callable[[Any], int]:
    def read(value: Any) -> int:
        found = _plain(value)
        if not re.fullmatch(r"[0-9]{1,9}", found) or not low <= int(found) <= high:
            raise Wrong(f"Ange ett heltal från {low} till {high}.")
        return int(found)

    return read


def money(value: Any) -> Decimal:
    found = re.sub(r"[\s\u00a0]", "", _plain(value)).replace(",", ".")
    try:
        amount = Decimal(found)
    except InvalidOperation:
        amount = Decimal(-1)
    if not amount.is_finite() or not 0 <= amount < 10**8 or amount != round(amount, 2):
        raise Wrong("Ange ett pris i kronor, med högst två decimaler.")
    return round(amount, 2)


def measure(value: Any) -> Any:
    """From one value to another: «41–56», or a number."""
    try:
        return measures.parse(_plain(value).replace(".", ","))
    except ValueError as error:
        raise Wrong(str(error)) from None


def one_measure(value: Any) -> Decimal:
    found = measure(value)
    if found.lower != found.upper:
        raise Wrong("Skriv ett tal, med högst en decimal.")
    return Decimal(found.lower)


def date(value: Any) -> dt.date:
    if isinstance(value, dt.datetime):
        return value.date()
    if isinstance(value, dt.date):
        return value
    try:
        return dt.date.fromisoformat(_plain(value))
    except ValueError:
        raise Wrong("Ange ett datum som 2026-12-01.") from None
