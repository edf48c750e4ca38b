"""Lines as pages show them, of an order in progress and of a sent one alike."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Generic, TypeVar

from django.db.models import QuerySet

from articles.models import ArticleType, BillingForm
from articles.prices import Amounts
from organisation.models import Source
from sesam.standing import standing

from .models import CartLine, LineDelivery, Order, OrderAttachment, OrderLine
from .models.details import planned_words

Line = TypeVar("Line", CartLine, OrderLine)


def aids(lines: Iterable[OrderLine]) -> str:
    """What an order is of, in short: the first aid by name, and how many there are besides."""
    mains = [line.article.name for line in lines if not line.component_of_id]
    if not mains:
        return ""
    return f"{mains[0]} med {len(mains) - 1} till" if len(mains) > 1 else mains[0]


@dataclass(kw_only=True)
class LineRow(Generic[Line]):
    """A line and what a page says of it beside what it holds itself.

    ``amounts`` are those of one; ``pieces`` are the numbers of the pieces that it is about,
    ``waits_for`` the names of what it waits for where it is delivered together with others.
    """

    line: Line
    amounts: Amounts
    billing_form: BillingForm
    pieces: list[str] = field(default_factory=list)
    waits_for: list[str] = field(default_factory=list)

    @property
    def price(self) -> Decimal | None:
        """What is charged for one: kr without VAT, a month's if ``is_rent``; None without a price."""
        return self.amounts.charged(self.billing_form.rule)

    @property
    def sum(self) -> Decimal | None:
        """Kr without VAT, a month's if ``is_rent``."""
        return None if self.price is None else self.price * self.line.quantity

    @property
    def is_rent(self) -> bool:
        return bool(self.billing_form.rule == BillingForm.Rule.RENT)

    @property
    def is_own(self) -> bool:
        return self.line.source == Source.OWN_STORE


@dataclass(kw_only=True)
class CartRow(LineRow[CartLine]):
    """A line of an order in progress: ``short`` are lacking, ``planned`` is its day, just as it would
    be if it were sent now; ``expected_on`` when what is short is expected in; ``fault`` what must be
    put right first. ``aid`` is the row that it is a component of, ``parts`` how many it has."""

    short: int = 0
    planned: dt.date | None = None
    expected_on: dt.date | None = None
    fault: str = ""
    aid: CartRow | None = None
    parts: int = 0

    @property
    def may_follow_up(self) -> bool:
        """Whether somebody is to get it who can be asked how it does."""
        person = self.line.cart.recipient
        is_aid = self.aid is None and self.line.article.type == ArticleType.MAIN
        return is_aid and person is not None and person.is_person

    @property
    def comes_with_aid(self) -> bool:
        """Whether it is a component from where its aid comes from, the same day."""
        aid = self.aid
        return aid is not None and (self.line.warehouse_id, self.planned) == (
            aid.line.warehouse_id,
            aid.planned,
        )

    @property
    def planned_words(self) -> str:
        return planned_words(self.planned)


@dataclass(frozen=True)
class RemovedRow:
    """A line that was just removed, with its «Ångra»."""

    line: CartLine
    is_last: bool


@dataclass(frozen=True)
class DeskLine:
    """What is on the shelf of a line's article, and what KHS can do with the line."""

    available: int
    expected_on: dt.date | None
    backlog: int
    may_put: bool
    may_take_off: bool


@dataclass(kw_only=True)
class OrderRow(LineRow[OrderLine]):
    """A line of a sent order. ``new_day`` is the day, in words, on which it is expected now where
    that isn't the promised one; ``handed`` is what was handed out, ``desk`` is there for KHS."""

    new_day: str = ""
    handed: list[LineDelivery] = field(default_factory=list)
    desk: DeskLine | None = None


def files(order: Order) -> QuerySet[OrderAttachment]:
    """What was attached, unless it might tell where a protected person is."""
    return order.attachments.none() if order.address_masked else order.attachments.all()


def read_files(order: Order) -> list[OrderAttachment]:
    """The same, with what the order's page says of each."""
    return [] if order.address_masked else _files(order=order.pk)


@standing
def _files(*, order: Any) -> QuerySet[OrderAttachment]:
    return OrderAttachment.objects.filter(order=order).select_related("line__article")


def hides_text(order: Order) -> bool:
    """Whether something that was written of it can't be read before somebody writes it anew."""
    if not order.lacks_text:
        return False
    of_lines = order.lines.exclude(comment="")
    return bool(order.extra_info) or of_lines.exists() or order.attachments.exists()


def totals(rows: Iterable[LineRow[Any]]) -> dict[str, Decimal]:
    """Sales and rents are never added up with each other."""
    made = {"sales": Decimal(0), "rents": Decimal(0)}
    for row in rows:
        made["rents" if row.is_rent else "sales"] += row.sum or 0
    return made


def components_after(lines: list[Line]) -> list[Line]:
    """Each line with its components right after it."""
    made: list[Line] = []
    for main in lines:
        if main.component_of_id is None:
            made.append(main)
            made.extend(line for line in lines if line.component_of_id == main.pk)
    return made
