"""Numbers that people and care units are found by, checked as they are typed.

Personal numbers (personnummer) and coordination numbers (samordningsnummer, 60 added to the
day) have twelve digits here: the century can't be guessed for people over a hundred. Rules:
Folkbokföringslag (1991:481) § 18 and § 18 a. python-stdnum gives the check digit; its own
``se.personnummer`` knows no coordination numbers and tells errors less finely apart.
"""

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass

from django.utils import timezone
from stdnum import luhn

from .errors import DomainError

FIELD = "nummer"
_SEPARATORS = re.compile(r"[\s\-\u2010-\u2015\u2212+.]")
_DIGITS = re.compile(r"[0-9]+")
_OLDEST_YEAR = 1840  # nobody born earlier was alive when the numbers were introduced in 1947
_COORDINATION = 60


@dataclass(frozen=True)
class Number:
    """A number that may exist: only digits, twelve of a person's or four of a care unit's."""

    digits: str

    @property
    def is_person(self) -> bool:
        return len(self.digits) == 12

    @property
    def is_coordination(self) -> bool:
        return self.is_person and int(self.digits[6:8]) > _COORDINATION


def parse(typed: str, *, today: dt.date | None = None) -> Number:
    """The number that was typed, with or without hyphen and spaces.

    ``DomainError`` says in Swedish what is wrong with it and what to do.
    """
    digits = _SEPARATORS.sub("", typed)
    if not digits:
        raise _error(
            "Skriv ett personnummer med 12 siffror eller ett vårdenhetsnummer med 4 siffror."
        )
    if not _DIGITS.fullmatch(digits):
        raise _error(
            "Numret innehåller bokstäver eller andra tecken. Skriv bara siffror, med eller utan"
            " bindestreck: ÅÅÅÅMMDD-NNNN."
        )
    if len(digits) == 4:
        return Number(digits)
    if len(digits) == 10:
        raise _error("Ange 12 siffror: skriv födelseåret med fyra siffror, ÅÅÅÅMMDD-NNNN.")
    if len(digits) != 12:
        raise _error(
            f"Numret har {len(digits)} {'siffra' if len(digits) == 1 else 'siffror'}. Ett"
            " personnummer har 12 siffror och ett vårdenhetsnummer 4."
        )
    _check_date(digits, today or timezone.localdate())
    if not luhn.is_valid(digits[2:]):
        raise _error("Kontrollsiffran stämmer inte. Kontrollera att numret är rätt skrivet.")
    return Number(digits)


def birth_date(digits: str) -> dt.date:
    """The date in twelve digits; ValueError if there is no such day."""
    day = int(digits[6:8])
    if day > _COORDINATION:
        day -= _COORDINATION
    return dt.date(int(digits[:4]), int(digits[4:6]), day)


def age(digits: str, today: dt.date) -> int:
    """Whole years on ``today``."""
    born = birth_date(digits)
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def written(digits: str) -> str:
    """With the hyphen, as people write it; a care unit's as it is."""
    return f"{digits[:8]}-{digits[8:]}" if len(digits) == 12 else digits


def looks_personal(typed: str) -> bool:
    """Whether somebody seems to have typed a personal number somewhere in ``typed``, right or
    wrong, however it is written.

    For boxes that take other things: such text must not end up in an address or a log.
    """
    return next(_found(typed[:_LONGEST]), None) is not None


def struck_out(text: str, by: str) -> str:
    """``text`` with ``by`` in the place of everything that looks like a personal number."""
    parts, at = [], 0
    for start, end in _found(text):
        parts += [text[at:start], by]
        at = end
    return "".join([*parts, text[at:]]) if parts else text


# The one recogniser. Between the digits may stand what people write there, and what can't be seen;
# random ids are no numbers, whatever their digits.
_BETWEEN = r"[\s\x00-\x1f\x7f\xad\u200b-\u200f\u2010-\u2015\u2060\u2212\ufeff+./:_-]{0,3}"
_SHAPE = re.compile(
    r"(?<![0-9])"
    rf"(?:(?:1[89]|20){_BETWEEN})?[0-9]{{2}}{_BETWEEN}(?:0[0-9]|1[0-2]){_BETWEEN}[0-9]{{2}}"
    rf"{_BETWEEN}[0-9]{{4}}"
    r"(?![0-9])"
)
_RANDOM_ID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[0-9a-f]{32,}")
_LETTER = re.compile(r"[^\W\d_]")
_LONGEST = 10_000  # characters: no box takes so many, nor any address
_DIGIT = re.compile(r"[0-9]")


def _found(text: str) -> Iterator[tuple[int, int]]:
    """Where numbers stand in the text.

    Free-standing digits of the shape are taken for one even where the check digit is wrong: who
    mistyped a number meant a person. Within a word, as of a serial number, it must be right.
    """
    plain = _with_plain_digits(text)
    if len(_DIGIT.findall(plain)) < 10:
        return
    plain = _RANDOM_ID.sub(lambda found: "x" * len(found.group()), plain)
    for found in _SHAPE.finditer(plain):
        before, after = plain[: found.start()][-1:], plain[found.end() :][:1]
        if _LETTER.match(before) or _LETTER.match(after):
            digits = re.sub(r"[^0-9]", "", found.group())
            if not luhn.is_valid(digits[-10:]):
                continue
        yield found.span()


def _with_plain_digits(text: str) -> str:
    """Digits of every script as 0–9, each in its place (``１９`` as ``19``)."""
    if text.isascii():
        return text
    return "".join(c if c.isascii() or not c.isdecimal() else str(int(c)) for c in text)


def _check_date(digits: str, today: dt.date) -> None:
    try:
        born = birth_date(digits)
    except ValueError:
        born = None
    if born is None or born.year < _OLDEST_YEAR:
        raise _error(
            "Numret börjar inte med ett datum som finns. Kontrollera år, månad och dag:"
            " ÅÅÅÅMMDD-NNNN."
        )
    if born > today:
        raise _error("Födelsedatumet ligger i framtiden. Kontrollera år, månad och dag.")


def _error(message: str) -> DomainError:
    return DomainError(message, field=FIELD)
