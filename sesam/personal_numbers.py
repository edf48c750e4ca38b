"""Numbers that people and care units are found by, checked as they are typed.

Personal numbers (personnummer) and coordination numbers (samordningsnummer, 60 added to the
day) have twelve digits here: the century can't be guessed for people over a hundred. Rules:
Folkbokföringslag (1991:481) § 18 and § 18 a. python-stdnum gives the check digit; its own
``se.personnummer`` knows no coordination numbers and tells errors less finely apart.
"""

import datetime as dt
import re
from dataclasses import dataclass

from django.utils import timezone
from stdnum import luhn

from .errors import DomainError

FIELD = "nummer"
_SEPARATORS = re.compile(r"[\s\-\u2010-\u2015\u2212+.]")
_DIGITS = re.compile(r"[0-9]+")
_LOOKS_PERSONAL = re.compile(r"(?:1[89]|20)?\d{2}[01]\d\d{2}[-+ ]?\d{4}")
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
    """Whether somebody seems to have typed a personal number, right or wrong.

    For boxes that take other things: such text must not end up in an address or a log.
    """
    return _LOOKS_PERSONAL.fullmatch(typed.strip()) is not None or (
        len(_SEPARATORS.sub("", typed)) in (10, 12)
        and _LOOKS_PERSONAL.fullmatch(_SEPARATORS.sub("", typed)) is not None
    )


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
