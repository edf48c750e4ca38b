"""Held aids as rows of a form: which are chosen, how many of them, what was typed.

What a return, a pickup order or an activity starts from. What may not be chosen, because another
case has it, the app above says.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from django.urls import reverse
from django.utils.datastructures import MultiValueDict
from django.utils.http import urlencode

from articles.models import Responsibility

from . import held
from .models import Loan, Recipient

CHOSEN, SEEN = "valda", "visad"


@dataclass
class HeldAidRow:
    """An aid, and what was typed at it. ``part_of`` is the aid it belongs to, if that is held;
    ``taken_by`` the case that it stands on, in words; ``is_free`` whether it can be chosen."""

    loan: Loan
    part_of: int | None = None
    taken_by: str = ""
    is_free: bool = True
    chosen: bool = False
    typed: str = ""
    error: str = ""
    has_parts: bool = False

    @property
    def key(self) -> str:
        """The loan's id as text: a template would put a number through the language's format."""
        return str(self.loan.pk)

    @property
    def quantity_name(self) -> str:
        return f"antal-{self.loan.pk}"

    @property
    def is_counted(self) -> bool:
        """Whether a part of it can be chosen."""
        return self.loan.held > 1

    @property
    def is_a(self) -> bool:
        return self.loan.article.responsibility == Responsibility.A

    @property
    def label(self) -> str:
        """What tells it from the recipient's other aids."""
        piece = self.loan.individual
        return f"{self.loan.title} {piece.number}" if piece else self.loan.title

    @property
    def quantity(self) -> int:
        """What was typed; 0 if it is no number, which the service refuses."""
        typed = self.typed.strip()
        return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 9 else 0


AidRow = TypeVar("AidRow", bound=HeldAidRow)


def held_aid_rows(
    recipient: Recipient,
    chosen: Collection[int] = (),
    *,
    row: type[AidRow],
    taken_by: Callable[[Iterable[int]], Mapping[int, str]],
    any_aid: bool = False,
) -> list[AidRow]:
    """All that the recipient holds as rows of the kind ``row``, the chosen aids ticked together
    with their parts.

    Chosen aids stand first, parts right after their aid. ``taken_by`` says of loans on which case
    they stand: these can't be chosen, but with ``any_aid``. A fixed number of queries.
    """
    loans = held.held_aids(recipient)
    taken = taken_by(loan.pk for loan in loans)
    belonging = held.parts_among(loans, loans)
    owner = {part.pk: main for main, found in belonging.items() for part in found}
    rows = [
        row(
            loan,
            part_of=owner.get(loan.pk),
            taken_by=taken.get(loan.pk, ""),
            is_free=any_aid or loan.pk not in taken,
            chosen=loan.pk in chosen or owner.get(loan.pk) in chosen,
            typed=str(loan.held),
            has_parts=bool(belonging[loan.pk]),
        )
        for loan in loans
    ]
    for one in rows:
        one.chosen = one.chosen and one.is_free
    parts: dict[int | None, list[AidRow]] = {}
    for one in rows:
        parts.setdefault(one.part_of, []).append(one)
    mains = parts.get(None, [])
    # What was ticked on the way here stands first; sorting keeps the order otherwise.
    mains.sort(key=lambda main: not _is_wanted(main, parts, chosen))
    return [one for main in mains for one in _with_parts(main, parts)]


def _is_wanted(
    main: AidRow, parts: Mapping[int | None, list[AidRow]], chosen: Collection[int]
) -> bool:
    return any(row.loan.pk in chosen for row in [main, *parts.get(main.loan.pk, ())])


def _with_parts(main: AidRow, parts: Mapping[int | None, list[AidRow]]) -> list[AidRow]:
    mine = parts.get(main.loan.pk, ())
    return [main, *(one for row in mine for one in _with_parts(row, parts))]


def type_rows(rows: list[AidRow], data: Mapping[str, Any]) -> list[AidRow]:
    """The rows as they were typed."""
    chosen = values_of(data, CHOSEN)
    for row in rows:
        row.chosen = str(row.loan.pk) in chosen and row.is_free
        value = data.get(row.quantity_name)
        if isinstance(value, str):
            row.typed = value
    return rows


def check_quantities(rows: Iterable[HeldAidRow]) -> bool:
    """Whether of each chosen aid there is as much as was typed; else its row says what there is."""
    for row in rows:
        if row.chosen and not 1 <= row.quantity <= row.loan.held:
            row.error = f"Ange ett antal från 1 till {row.loan.held}."
            if row.quantity > row.loan.held:
                row.error = (
                    f"{row.loan.title}: mottagaren har {row.loan.held} st,"
                    " så fler kan inte lämnas tillbaka."
                )
    return not any(row.error for row in rows)


def values_of(data: Mapping[str, Any], name: str) -> set[str]:
    """What came under a name, once or several times."""
    if isinstance(data, MultiValueDict):
        return set(data.getlist(name))
    value = data.get(name, [])
    return {value} if isinstance(value, str) else set(value)


def loan_ids(values: Iterable[str]) -> set[int]:
    """The loans that an address or a form names; nonsense is left out."""
    return {int(v) for v in values if v.isascii() and v.isdigit() and len(v) < 19}


def seen_loans(data: Mapping[str, Any]) -> set[int]:
    """The loans that the form showed when it was sent."""
    return loan_ids(values_of(data, SEEN))


def why_gone(rows: list[AidRow], data: Mapping[str, Any]) -> str:
    """What was chosen and can't be had any more: somebody else was quicker."""
    chosen = values_of(data, CHOSEN)
    lost = loan_ids(chosen - {str(row.loan.pk) for row in rows})
    ended = Loan.objects.filter(pk__in=lost, ended_at__isnull=False)
    told = [f"{x.title} {held.fate(x)}." for x in ended.select_related("article", "individual")]
    told += [
        f"{row.loan.title} står redan på {row.taken_by}."
        for row in rows
        if str(row.loan.pk) in chosen and not row.is_free
    ]
    if told:
        return f"{' '.join(told)} Kontrollera resten och försök igen."
    return "Ett valt hjälpmedel finns inte längre hos mottagaren." if lost else ""


def address_with(page: str, loan: Loan) -> str:
    """A page of the recipient's that begins something, with one of their aids chosen."""
    return f"{reverse(page, args=[loan.recipient.key])}?{urlencode({CHOSEN: loan.pk})}"
