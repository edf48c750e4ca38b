"""Held aids as rows of a form: which are chosen, how many of them, what was typed."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from articles.models import Responsibility
from recipients import held
from recipients.models import Loan, Recipient

from .services import on_pickups

CHOSEN, SCRAP, SEEN, CONFIRMED = "valda", "skrota", "visad", "bekrafta"


@dataclass
class Row:
    """An aid, and what was typed at it. ``part_of`` is the aid it belongs to, if that is held;
    ``pickup`` the open pickup order it stands on; ``is_free`` whether it can be chosen."""

    loan: Loan
    part_of: int | None = None
    pickup: str = ""
    is_free: bool = True
    chosen: bool = False
    scrap: bool = False
    typed: str = ""
    error: str = ""
    has_parts: bool = False

    @property
    def quantity_name(self) -> str:
        return f"antal-{self.loan.pk}"

    @property
    def is_counted(self) -> bool:
        """Whether a part of it can come back."""
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
    def going(self) -> int:
        """How many of it come back by what is chosen and typed."""
        return self.quantity if self.chosen and self.quantity <= self.loan.held else 0

    @property
    def goes_back(self) -> int:
        return 0 if self.scrap else self.going

    @property
    def goes_away(self) -> int:
        return self.going if self.scrap else 0

    @property
    def stays(self) -> int:
        return self.loan.held - self.going

    @property
    def fate(self) -> str:
        """What happens to it, in words (static/returns.js says the same)."""
        shares = [
            (self.goes_back, "till förrådet"),
            (self.goes_away, "skrotas"),
            (self.stays, "stannar hos mottagaren"),
        ]
        return ", ".join(f"{count} st {words}" for count, words in shares if count)

    @property
    def quantity(self) -> int:
        """What was typed; 0 if it is no number, which the service refuses."""
        typed = self.typed.strip()
        return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 9 else 0


def of(recipient: Recipient, chosen: Collection[int] = (), *, any_aid: bool = False) -> list[Row]:
    """All that the recipient holds, the chosen aids ticked together with their parts.

    Chosen aids stand first, parts right after their aid. What is on a pickup order can't be
    chosen, but with ``any_aid``. A fixed number of queries.
    """
    loans = held.held_aids(recipient)
    busy = on_pickups(loan.pk for loan in loans)
    belonging = held.parts_of(loans)
    owner = {part.pk: main for main, found in belonging.items() for part in found}
    made = {
        loan.pk: Row(
            loan,
            part_of=owner.get(loan.pk),
            pickup=busy.get(loan.pk, ""),
            is_free=any_aid or loan.pk not in busy,
            chosen=loan.pk in chosen or owner.get(loan.pk) in chosen,
            typed=str(loan.held),
            has_parts=bool(belonging[loan.pk]),
        )
        for loan in loans
    }
    for row in made.values():
        row.chosen = row.chosen and row.is_free
    mains = [row for row in made.values() if row.part_of is None]
    # What was ticked on the way here stands first; sorting keeps the order otherwise.
    mains.sort(key=lambda row: not _is_wanted(row, made.values(), chosen))
    return [x for main in mains for x in _with_parts(main, made.values())]


def _is_wanted(main: Row, rows: Iterable[Row], chosen: Collection[int]) -> bool:
    return main.loan.pk in chosen or any(
        row.loan.pk in chosen for row in rows if row.part_of == main.loan.pk
    )


def _with_parts(main: Row, rows: Iterable[Row]) -> list[Row]:
    mine = [row for row in rows if row.part_of == main.loan.pk]
    return [main, *(x for row in mine for x in _with_parts(row, rows))]


def typed(rows: list[Row], data: dict[str, Any]) -> list[Row]:
    """The rows as they were typed."""
    chosen, scrap = _many(data, CHOSEN), _many(data, SCRAP)
    for row in rows:
        key = str(row.loan.pk)
        row.scrap = key in scrap
        row.chosen = (key in chosen or row.scrap) and row.is_free
        value = data.get(row.quantity_name)
        if isinstance(value, str):
            row.typed = value
    return rows


def _many(data: dict[str, Any], name: str) -> set[str]:
    value = data.get(name, [])
    return {value} if isinstance(value, str) else set(value)


def ids(values: Iterable[str]) -> set[int]:
    """The loans that an address or a form names; nonsense is left out."""
    return {int(v) for v in values if v.isascii() and v.isdigit() and len(v) < 19}


def seen(data: dict[str, Any]) -> set[int]:
    """The loans that the form showed when it was sent."""
    return ids(_many(data, SEEN))


def to_confirm(rows: Iterable[Row]) -> str:
    """What must be confirmed before it happens: A aids into an own store, and what is scrapped.
    Empty for none. The form sends it back with its tick, so that a tick holds for what was shown."""
    return " ".join(
        f"{'a' if row.is_a else ''}{'s' if row.scrap else ''}{row.loan.pk}"
        for row in rows
        if row.chosen and (row.is_a or row.scrap)
    )


def gone(rows: list[Row], data: dict[str, Any]) -> str:
    """What was chosen and can't be had any more: somebody else was quicker."""
    chosen = _many(data, CHOSEN)
    lost = ids(chosen - {str(row.loan.pk) for row in rows})
    ended = Loan.objects.filter(pk__in=lost, ended_at__isnull=False)
    told = [f"{x.title} {held.fate(x)}." for x in ended.select_related("article", "individual")]
    told += [
        f"{row.loan.title} står redan på hämtorder {row.pickup}."
        for row in rows
        if str(row.loan.pk) in chosen and not row.is_free
    ]
    if told:
        return f"{' '.join(told)} Kontrollera resten och försök igen."
    return "Ett valt hjälpmedel finns inte längre hos mottagaren." if lost else ""
