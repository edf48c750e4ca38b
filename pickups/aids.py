"""Held aids as rows of the forms here: what stands on a pickup order can't be chosen again."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.html import format_html_join
from django.utils.safestring import SafeString, mark_safe

from recipients import ticked
from recipients.models import Recipient
from recipients.ticked import HeldAidRow

from .services import on_pickups

SCRAP, CONFIRMED = "skrota", "bekrafta"
HIDDEN = mark_safe(" hidden")


@dataclass
class ReturnRow(HeldAidRow):
    """An aid that comes back, to the store or to be thrown away."""

    scrap: bool = False

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


def return_rows(
    recipient: Recipient, chosen: Collection[int] = (), *, any_aid: bool = False
) -> list[ReturnRow]:
    """All that the recipient holds; see ``recipients.ticked.held_aid_rows``."""
    return ticked.held_aid_rows(
        recipient, chosen, row=ReturnRow, taken_by=_on_pickups, any_aid=any_aid
    )


def _on_pickups(loans: Iterable[int]) -> dict[int, str]:
    return {loan: f"hämtorder {number}" for loan, number in on_pickups(loans).items()}


def type_return(rows: list[ReturnRow], data: Mapping[str, Any]) -> list[ReturnRow]:
    """The rows as they were typed; «Skrota» chooses the aid too."""
    ticked.type_rows(rows, data)
    scrap = ticked.values_of(data, SCRAP)
    for row in rows:
        row.scrap = str(row.loan.pk) in scrap
        row.chosen = (row.chosen or row.scrap) and row.is_free
    return rows


def fates(rows: Iterable[ReturnRow], told: Collection[int]) -> SafeString:
    """A line for each aid of what happens to it; those that are ``told`` are shown."""
    return format_html_join(
        "",
        '<li data-fate-of="{}"{}>{}: <span data-fate>{}</span></li>',
        ((row.key, HIDDEN if row.loan.pk not in told else "", row.label, row.fate) for row in rows),
    )


def to_confirm(rows: Iterable[ReturnRow]) -> str:
    """What must be confirmed before it happens: A aids into an own store, and what is scrapped.
    Empty for none. The form sends it back with its tick, so that a tick holds for what was shown."""
    return " ".join(
        f"{'a' if row.is_a else ''}{'s' if row.scrap else ''}{row.loan.pk}"
        for row in rows
        if row.chosen and (row.is_a or row.scrap)
    )
