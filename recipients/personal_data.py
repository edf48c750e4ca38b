"""Whether typed text holds something from a person's record.

Numbers and addresses of mail can be nothing else than that person's and are refused; a name or a
street may be another word, so the user is asked and may let it stand.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import phonenumbers
from phonenumbers import Leniency

from sesam.addresses import written
from sesam.errors import DomainError
from sesam.personal_numbers import looks_personal, struck_out
from sesam.words import listed

from .cases import AddressedCase
from .models import Recipient
from .whereabouts import CONTACT

_IN_A_ROW, _WHOLE = 3, 99  # words
_SHORTEST = 3  # shorter words of a name or street are too common to tell anything


@dataclass(frozen=True)
class PersonalData:
    """What was found, as written in the record, by how sure it is."""

    certain: list[str]
    possible: list[str]

    def __bool__(self) -> bool:
        return bool(self.certain or self.possible)


def search(
    recipient: Recipient,
    *,
    numbers: Iterable[str],
    words: Iterable[str],
    at: Iterable[str] = (),
    free: str = "",
    own: Iterable[str] = (),
) -> PersonalData:
    """What of the person's record stands in the texts: numbers and mail are looked for in
    ``numbers``, names and places in ``words``. ``at``: where the aid is fetched, typed for the
    case, which the record may not know. ``free`` is text in which numbers and mail of anybody
    else than ``own`` are asked about too."""
    text = "\n".join(numbers)
    digits = re.sub(r"[\s\-–+()/]", "", text)
    folded = text.casefold()
    typed = set(re.findall(r"\w+", "\n".join(words).casefold()))
    certain = [shown for shown, number in _numbers(recipient) if number in digits]
    certain += [value for value in (recipient.email, recipient.door_code) if _stands(value, folded)]
    possible = []
    for value in (
        recipient.given_name,
        recipient.family_name,
        recipient.co,
        recipient.street,
        recipient.locality,
        *at,
    ):
        for word in re.findall(r"\w+", value):
            telling = len(word) >= _SHORTEST and not word.isdigit()
            if telling and word.casefold() in typed and word not in possible:
                possible.append(word)
    if recipient.postcode and recipient.postcode in digits:
        possible.append(written(recipient.postcode))
    possible += _told(recipient, "\n".join(words))
    possible += [x for x in others(free, besides=own) if x not in certain]
    return PersonalData(list(dict.fromkeys(certain)), possible)


def others(text: str, *, besides: Iterable[str]) -> list[str]:
    """Personal numbers, telephone numbers of any country and addresses of mail in the text,
    whosever they are."""
    known = {_bare(value) for value in besides if value}
    found = ["ett personnummer"] if looks_personal(text) else []
    plain = struck_out(text, " ")
    for region, leniency in (("SE", Leniency.VALID), (None, Leniency.POSSIBLE)):
        matches = phonenumbers.PhoneNumberMatcher(plain, region, leniency=leniency)
        found += [match.raw_string for match in matches]
    found += _MAIL.findall(plain)
    return [x for x in dict.fromkeys(found) if _bare(x) not in known]


_MAIL = re.compile(r"[^\s@<>,;:()]+@[^\s@<>,;:()]+\.[^\W\d]{2,}")


def _bare(value: str) -> str:
    """A number by its last digits, however its country is written; else small letters."""
    digits = re.sub(r"\D", "", value)
    return digits[-8:] if len(digits) > 5 and "@" not in value else value.casefold()


def _numbers(recipient: Recipient) -> list[tuple[str, str]]:
    """Numbers that name the person, however they are written."""
    number = recipient.number
    found = []
    if recipient.is_person:
        # Twelve digits hold ten, ten hold the four last; the birth date stands before them.
        found += [("personnumret", number[2:]), ("födelsedatumet", number[:8])]
    for phone in (recipient.phone, recipient.mobile):
        bare = re.sub(r"\D", "", phone)
        if len(bare) > 5:
            found.append((phone, bare))
            if bare.startswith("0"):
                found.append((phone, "46" + bare[1:]))
    return found


def _told(recipient: Recipient, text: str) -> list[str]:
    """Who pays, and what was written about how to find the home: single words of it are
    everybody's, so the payer's whole name counts, and three words in a row of the rest."""
    typed = _spaced(text)
    found = []
    payer = recipient.payer.name if recipient.payer else ""
    for value, least in ((payer, _WHOLE), (recipient.instructions, _IN_A_ROW)):
        its = _spaced(value).split()
        size = min(least, len(its))
        runs = (" ".join(its[i : i + size]) for i in range(len(its) - size + 1) if size)
        found += [run for run in runs if f" {run} " in f" {typed} "][:1]
    return found


def _spaced(text: str) -> str:
    """The words alone, in small letters."""
    return " ".join(re.findall(r"\w+", text.casefold()))


def _stands(value: str, folded: str) -> bool:
    return len(value) >= _SHORTEST and value.casefold() in folded


class TextNeedsCheck(DomainError):
    """The typed text looks as if it held personal data; ``text_confirmed`` lets it stand."""

    def __init__(self, words: list[str]) -> None:
        super().__init__(
            "Dokumentet till leverantören får inte innehålla personuppgifter. Texten har ord som"
            f" också står i mottagarens uppgifter: {', '.join(words)}. Ta bort dem, eller kryssa i"
            " att texten är kontrollerad.",
            field="text_confirmed",
        )
        self.words = words


def check_paper(case: AddressedCase, texts: Iterable[str], *, confirmed: bool) -> None:
    """What may stand on a paper without personal data: nothing of the person's record in ``texts``
    (names of the case's fields) and in whom to call. Raises ``DomainError``, with the first of
    ``texts`` as its field, or ``TextNeedsCheck``."""
    names = list(texts)
    if case.recipient is None:
        return
    me, unit = case.ordered_by, case.unit
    free = "\n".join(getattr(case, name) for name in names)
    contact = [case.contact_phone, case.contact_mobile, case.contact_email]
    # The orderer's own name and mail are no such text, nor are the numbers meant to be called.
    mine = {str(me), me.email} if me else set()
    found = search(
        case.recipient,
        numbers=[free, *(getattr(case, name) for name in CONTACT)],
        words=[free, *(t for t in (case.contact_name, case.contact_email) if t not in mine)],
        at=[case.co, case.street, case.door_code],
        free=free,
        own=[
            *contact,
            *([me.phone, me.mobile, me.email] if me else []),
            *([unit.phone] if unit else []),
        ],
    )
    if found.certain:
        raise DomainError(
            "Dokumentet till leverantören får inte innehålla personuppgifter. Ta bort"
            f" {listed(found.certain)} ur texten; personuppgifter lämnas per telefon.",
            field=names[0],
        )
    if found.possible and not confirmed:
        raise TextNeedsCheck(found.possible)


def blacked_out(texts: Iterable[str], *, recipient: Recipient | None, by: str = "…") -> list[str]:
    """The texts for a paper without personal data: everything in them that the person's record says
    too, and everybody's personal numbers, telephone numbers and addresses of mail, is ``by``."""
    told = list(texts)
    free = "\n".join(told)
    found = others(free, besides=())
    if recipient is not None:
        numbers = [number for _, number in _numbers(recipient)]
        whole = search(recipient, numbers=[free], words=[free], free=free)
        found += [*whole.certain, *whole.possible, *numbers]
    patterns = [_anywhere(item) for item in found]
    out = []
    for text in told:
        text = struck_out(text, by)
        for pattern in patterns:
            text = pattern.sub(by, text)
        out.append(text)
    return out


def _anywhere(item: str) -> re.Pattern[str]:
    """The words of ``item``, or its digits, however they are set apart."""
    if item.isdigit():
        return re.compile(r"(?<!\d)" + r"[\s\-–+()/.]*".join(item) + r"(?!\d)")
    words = (re.escape(word) for word in re.findall(r"[^\s]+", item))
    return re.compile(r"(?<!\w)" + r"\W+".join(words) + r"(?!\w)", re.IGNORECASE)
