"""The lists of the recipient's page."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django.db.models import F, QuerySet, TextField, Value
from django.db.models.functions import Coalesce, NullIf
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from articles.pictograms import WithPictograms
from sesam.tables import (
    CodeColumn,
    Column,
    DateColumn,
    PanelColumn,
    PiecesColumn,
    Table,
    TickColumn,
    sv,
)
from sesam.templatetags.sesam import icon_html

from .models import Loan


@dataclass(frozen=True)
class LoanTag:
    """What a higher app knows of a held aid: «Hämtorder 26480003». ``is_busy``: can't be ticked."""

    label: str
    url: str = ""
    icon: str = "truck"
    is_busy: bool = True


@dataclass(frozen=True)
class LoanFacts:
    """What a higher app says of an aid in its panel, and where its case has a page that whoever looks
    may open."""

    facts: list[dict[str, Any]]
    go_url: str = ""
    go_label: str = ""


@dataclass(slots=True)
class LoanRow:
    """A loan as the lists show it."""

    pk: int
    case_number: str
    delivered_at: dt.datetime
    ended_at: dt.datetime | None
    title: str
    shown_quantity: int
    article_number: str
    piece: str | None
    iso_code: str = ""
    article_type: str = ""
    picture: str = ""
    tags: Sequence[LoanTag] = ()

    @property
    def is_busy(self) -> bool:
        return bool(self.tags) and any(tag.is_busy for tag in self.tags)


class HeldTickColumn(TickColumn):
    """A box for every aid; one that is on its way already can't be chosen again."""

    def html(self, row: LoanRow, table: Table[Any]) -> str:
        if not row.is_busy:
            return super().html(row, table)
        return format_html(
            '<input type="checkbox" disabled aria-label="{} kan inte väljas">',
            row.title,
        )


class LoanNameColumn(PanelColumn):
    """The name with its photo or pictogram, and what is known of the aid besides."""

    def html(self, row: LoanRow, table: Table[Any]) -> str:
        drawing = table.pictogram(row) if isinstance(table, WithPictograms) else ""
        return drawing + super().html(row, table) + (_drawn(row.tags) if row.tags else "")


def _drawn(tags: Sequence[LoanTag]) -> SafeString:
    return format_html_join(
        "",
        '<span class="loan-tag">{} {}</span>',
        (
            (
                icon_html(tag.icon, 16),
                format_html('<a href="{}">{}</a>', tag.url, tag.label) if tag.url else tag.label,
            )
            for tag in tags
        ),
    )


# A held aid's product group, as the address asks for it and as it is read.
GROUP, NO_GROUP = "grupp", "Övrigt"
GROUP_OF = Coalesce(
    NullIf("article__product_group", Value("")), Value(NO_GROUP), output_field=TextField()
)


@dataclass(frozen=True)
class Group:
    """A product group that the list can be narrowed to; without a count all of them."""

    label: str
    url: str
    active: bool
    count: int | None = None


_NAME_ORDER = (sv("title"), "title")
_ARTICLE = CodeColumn("article", "Artikelnr", "article_number", sort="article__number", priority=2)
_NAME = LoanNameColumn("name", "Benämning", "title", sort=_NAME_ORDER)
_PIECE = Column(
    "individual",
    "Individ",
    "piece",
    sort="individual__number",
    nullable=True,
    priority=2,
    css="code",
)
_QUANTITY = PiecesColumn(
    "quantity", "Antal", "shown_quantity", sort="shown_quantity", falling_first=True
)
_ORDER = Column("order", "Beställning", "case_number", sort="case_number", priority=3, css="code")
_DELIVERED = DateColumn(
    "delivered", "Levererad", "delivered_at", sort="delivered_at", falling_first=True
)


class HeldSinceColumn(DateColumn):
    """On a card of what is held the only day there is needs no name."""

    named_on_cards = False


_HELD_SINCE = HeldSinceColumn(
    "delivered", "Levererad", "delivered_at", sort="delivered_at", falling_first=True
)
_ENDED = DateColumn(
    "ended", "Återlämnad", "ended_at", sort="ended_at", nullable=True, falling_first=True
)


class LoanTable(WithPictograms, Table[LoanRow]):
    """What the recipient has got from orders."""

    columns: ClassVar[tuple[Column, ...]] = (
        _ARTICLE,
        _NAME,
        _PIECE,
        _QUANTITY,
        _ORDER,
        _DELIVERED,
    )
    order = "-delivered"
    tie = ("-pk",)
    per_page = 50
    noun = ("hjälpmedel", "hjälpmedel")


class HeldTable(LoanTable):
    """«Hjälpmedel»: what is held, where apps above can do something with what is ticked."""

    columns = (
        HeldTickColumn("title"),
        _ARTICLE,
        _NAME,
        _PIECE,
        _QUANTITY,
        _ORDER,
        _HELD_SINCE,
    )
    groups: Sequence[Group] = ()
    narrowed_by = (GROUP,)
    empty_text = "Inga hjälpmedel"
    empty_hint = "Det som har levererats till mottagaren visas här tills det har lämnats tillbaka."

    def offer(self, groups: dict[str, int], chosen: str) -> None:
        """A chip for each of the ``groups`` that are held, where there are several of them."""
        if len(groups) < 2:
            return
        self.tools_template = "recipients/_groups.html"
        if chosen in groups:
            self.count_note = chosen
        self.groups = [
            Group("Alla", self._group_url(None), chosen not in groups),
            *(Group(g, self._group_url(g), g == chosen, n) for g, n in groups.items()),
        ]

    def _group_url(self, group: str | None) -> str:
        return self.url(**{GROUP: group, "sida": None, "panel": None})


class ConsumableTable(LoanTable):
    """«Förbrukningsartiklar»: delivered and never returned."""

    noun = ("förbrukningsartikel", "förbrukningsartiklar")
    empty_text = "Inga förbrukningsartiklar"
    empty_hint = "Förbrukningsartiklar som har levererats till mottagaren visas här."


class ReturnedTable(LoanTable):
    """«Återlämnat»: what has come back, in whole or in part."""

    columns = (*LoanTable.columns, _ENDED)
    order = "-ended"
    noun = ("återlämnat hjälpmedel", "återlämnade hjälpmedel")
    empty_text = "Inget återlämnat"
    empty_hint = "Hjälpmedel som mottagaren har lämnat tillbaka visas här."


def as_rows(loans: QuerySet[Loan], *, quantity: Any) -> QuerySet[Loan, Any]:
    """What a ``LoanRow`` is made of; ``quantity`` is what the list shows of each."""
    return loans.values(
        "pk",
        "case_number",
        "delivered_at",
        "ended_at",
        title=Coalesce(NullIf("name", Value("")), "article__name", output_field=TextField()),
        shown_quantity=quantity,
        article_number=F("article__number"),
        piece=F("individual__number"),
        iso_code=F("article__iso_code"),
        article_type=F("article__type"),
        picture=F("article__picture"),
    )
