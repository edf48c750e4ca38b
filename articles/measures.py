"""What an article measures, and the rule that reads measures out of its name.

A measure that can be set is from one value to another («41–56»), one that can't from itself to
itself. The rule is the demo's: its names follow a habit, «sb45 sd41-56 sh39-50 brukervekt125».
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django import forms
from psycopg.types.range import Range

from .models import Article, ArticleType

Span = Range[Decimal]
MOST = Decimal(999)


@dataclass(frozen=True)
class Measure:
    """``name`` is the article's field; ``letter`` stands at it in the drawing."""

    name: str
    label: str
    unit: str
    letter: str = ""
    #: In one value or from one to another?
    is_span: bool = True

    def text(self, value: Any) -> str:
        """«41–56 cm»."""
        return f"{written(value)}\u00a0{self.unit}"


MEASURES = (
    Measure("seat_width", "Sittbredd", "cm", "a"),
    Measure("seat_depth", "Sittdjup", "cm", "b"),
    Measure("seat_height", "Sitthöjd", "cm", "c"),
    Measure("back_height", "Rygghöjd", "cm", "d"),
    Measure("total_width", "Totalbredd", "cm", is_span=False),
    Measure("user_weight", "Maxvikt", "kg", is_span=False),
    Measure("own_weight", "Vikt", "kg", is_span=False),
)
BY_NAME = {measure.name: measure for measure in MEASURES}


def span(low: Decimal | int, high: Decimal | int | None = None) -> Span:
    return Range(Decimal(low), Decimal(low if high is None else high), "[]")


def _number(value: Decimal) -> str:
    return f"{value:.1f}".removesuffix(".0").replace(".", ",")


def written(value: Any) -> str:
    """«41–56», «45», «16,5»: as it is typed, without its unit."""
    if value is None or value == "":
        return ""
    if isinstance(value, Range):
        ends = [_number(Decimal(str(end))) for end in (value.lower, value.upper)]
        return "–".join(dict.fromkeys(ends))
    return _number(Decimal(value))


_TYPED = re.compile(r"(\d{1,3}(?:[.,]\d)?)(?:\s*[-–]\s*(\d{1,3}(?:[.,]\d)?))?(?:\s*(?:cm|kg))?")
WRONG = "Skriv ett mått som 45 eller 41–56, med högst en decimal."


def parse(typed: str) -> Span:
    """What somebody typed; raises ``ValueError`` for what is no measure."""
    found = _TYPED.fullmatch(typed.strip())
    if not found:
        raise ValueError(WRONG)
    low, high = (_decimal(part or found[1]) for part in found.groups())
    if not 0 < low <= high <= MOST:
        raise ValueError(WRONG)
    return span(low, high)


def _decimal(digits: str) -> Decimal:
    return Decimal(digits.replace(",", "."))


class SpanField(forms.Field):
    """«45» or «41–56»."""

    def __init__(self, **more: Any) -> None:
        # What the model's field gives to the form's field of Django's own.
        for name in ("base_field", "default_bounds", "range_kwargs"):
            more.pop(name, None)
        super().__init__(**more)
        self.widget.attrs |= {"autocomplete": "off", "maxlength": "20"}

    def prepare_value(self, value: Any) -> Any:
        return written(value) if isinstance(value, Range) else value

    def to_python(self, value: Any) -> Any:
        if isinstance(value, Range) or not (value or "").strip():
            return value or None
        try:
            return parse(value)
        except ValueError as error:
            raise forms.ValidationError(str(error), code="invalid") from error

    def has_changed(self, initial: Any, data: Any) -> bool:
        return written(initial) != (data or "").strip()


# --- out of the name ---------------------------------------------------------------------

_VALUE = r"(\d{1,3}(?:[.,]\d)?)(?:-(\d{1,3}(?:[.,]\d)?))?"
# Not where it is part of a word, nor where the value goes on: «sb44/34» are two, «b70x60» is none.
_AFTER = r"(?: ?(?:cm|kg))?(?![\w/×]| ?[–-])"


@dataclass(frozen=True)
class _Sign:
    """What stands before a measure in a name, and between what the measure is to be believed."""

    name: str
    pattern: re.Pattern[str]
    least: int
    most: int


def _sign(name: str, word: str, least: int, most: int) -> _Sign:
    return _Sign(
        name, re.compile(rf"(?<![\w/.,-]){word}{_VALUE}{_AFTER}", re.IGNORECASE), least, most
    )


_SIGNS = (
    _sign("seat_width", "sb ?", 10, 100),
    _sign("seat_depth", "sd ?", 10, 100),
    _sign("seat_height", "sh ?", 10, 120),
    _sign("back_height", "rh ?", 10, 120),
    _sign("total_width", "b", 10, 250),
    _sign("user_weight", "brukervekt ?", 10, 500),
    _sign("own_weight", "vekt ?", 1, 300),
)
#: A spare part's name says what it fits, not what it measures.
_MEASURED = (ArticleType.MAIN, ArticleType.ACCESSORY)


def read(name: str, article_type: str) -> dict[str, Any]:
    """The measures that an article's name tells, by field. What it tells in two ways, or beyond
    belief, isn't read."""
    if article_type not in _MEASURED:
        return {}
    found = {}
    for sign in _SIGNS:
        told = {
            (_decimal(match[1]), _decimal(match[2] or match[1]))
            for match in sign.pattern.finditer(name)
        }
        if len(told) != 1:
            continue
        ((low, high),) = told
        is_span = BY_NAME[sign.name].is_span
        if sign.least <= low <= high <= sign.most and (is_span or low == high):
            found[sign.name] = span(low, high) if is_span else low
    return found


def fill(article: Article) -> list[str]:
    """Read what the name tells of the measures that the article doesn't have; says which."""
    told = read(article.name, article.type)
    empty = [name for name in told if getattr(article, name) is None]
    for name in empty:
        setattr(article, name, told[name])
    return empty
