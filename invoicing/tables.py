"""The rows of a specification."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from django.db.models import Case, F, Value, When
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from sesam import case_pages
from sesam.models import CaseKind
from sesam.tables import Column, DateColumn, NumberColumn, Table
from sesam.tables.table import DrawnRow
from sesam.templatetags.sesam import status_html, tal

from . import words
from .models import Charge, ChargeKind, Invoice, QuestionStatus
from .models.questions import HAS_BEEN_CREDITED
from .specification import is_hidden

HIDDEN = "Skyddad"


@dataclass
class RowFacts:
    """What the rows of a page need besides themselves: whose page it is, whose cases are hidden,
    which rows are credited on which invoice, and for KHS links to cases. ``open`` is the row under
    which ``question`` stands."""

    invoice: Invoice | None = None
    hidden: set[str] = field(default_factory=set)
    credited: dict[int, str] = field(default_factory=dict)
    for_khs: bool = False
    open: int | None = None
    question: str = ""


def unless_hidden(field: str) -> Case:
    """To sort by: where a protected person's row stood among the others would tell its number."""
    return Case(When(is_hidden(), then=Value(None)), default=F(field))


class CaseColumn(Column):
    """Plain text for who may open none."""

    kind = "code"

    def html(self, row: Charge, table: Table[Any]) -> str:
        assert isinstance(table, ChargeTable)  # noqa: S101
        number = row.case_number
        if not number:
            return ""
        if number in table.facts.hidden:
            return HIDDEN
        url = case_pages.url_of(CaseKind(row.case.kind), number) if table.facts.for_khs else None
        return format_html('<a href="{}">{}</a>', url, number) if url else str(number)


class PieceColumn(Column):
    kind = "code"

    def html(self, row: Charge, table: Table[Any]) -> str:
        assert isinstance(table, ChargeTable)  # noqa: S101
        hidden = row.case_number in table.facts.hidden
        return "" if hidden else str(row.individual_number)


class AmountColumn(NumberColumn):
    def text(self, value: Any) -> Any:
        return tal(value, 2)


class QuestionColumn(Column):
    """«Ifrågasätt», or how far that has come."""

    def html(self, row: Charge, table: Table[Any]) -> str:
        assert isinstance(table, ChargeTable)  # noqa: S101
        facts = table.facts
        if row.pk == facts.open:
            close = '<a class="btn btn-outline-primary" href="{}">Stäng</a>'
            return format_html(close, table.url() + place_of(row))
        link = '<a id="{}" href="{}">{}</a>'
        if status := how_far(row, row.pk in facts.credited):
            shown = status_html("", status)
            return format_html(link, place_of(row)[1:], table.url_of(row), shown)
        if row.kind == ChargeKind.CREDIT or (facts.for_khs and not row.amount):
            return ""
        deed = "Kreditera" if facts.for_khs else "Ifrågasätt"
        label = f"{deed} {row.text}, {tal(row.amount, 2)} kr"
        link = '<a id="{}" href="{}" aria-label="{}">{}</a>'
        return format_html(link, place_of(row)[1:], table.url_of(row), label, deed)


def place_of(row: Charge) -> str:
    """Where a row's link stands: who closes the row stands on it again."""
    return f"#rad-{row.pk}"


def how_far(row: Charge, is_credited: bool) -> str:
    """How far a row's question, or its crediting, has come; empty where there is none."""
    question = getattr(row, "question", None)
    is_wanted = getattr(row, "correction", None) is not None
    if is_credited and (question is None or question.status == QuestionStatus.CREDITED):
        return HAS_BEEN_CREDITED
    if question is not None:
        return str(question.get_status_display())
    return QuestionStatus.CREDITED.label if is_wanted else ""


class ChargeTable(Table[Charge]):
    """«Rader»: what is owed, and how it is reckoned."""

    columns = (
        CaseColumn("arende", "Ärende", "case_number", sort=unless_hidden("case_number"),
                   nullable=True),
        DateColumn("dag", "Datum", "day", sort="day", priority=2),
        Column("artikel", "Artikel", "text", sort="text", css="title"),
        PieceColumn("individ", "Individ", "individual_number",
                    sort=unless_hidden("individual_number"), nullable=True, priority=2),
        Column("enhet", "Tjänsteställe", lambda row: row.unit.name if row.unit else "",
               sort="unit__name", nullable=True, priority=3),
        Column("kod", "Kod", "prescriber_code", sort="prescriber_code", priority=4),
        Column("rakning", "Så räknas det", words.told),
        AmountColumn("belopp", "Belopp", "amount", sort="amount", falling_first=True),
        QuestionColumn("fraga", "Ifrågasätt", css="act"),
    )  # fmt: skip
    order = "arende"
    dom_id = "rader"
    caption = "Fakturans rader"
    noun = ("rad", "rader")
    empty_text = "Inga rader"
    empty_hint = "Inga rader på fakturan stämmer med det som är valt."

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().__init__(request, *args, **kwargs)
        self.facts = RowFacts()

    def url(self, **changes: Any) -> str:
        """On the invoice's page, also where an answer to a form of a row is drawn. No row is open
        there but the one that is named."""
        query = super().url(**{"fraga": None, **changes})
        invoice = self.facts.invoice
        return query if invoice is None else f"{_page_of(invoice)}{query}"

    def url_of(self, row: Charge) -> str:
        """Where the row is open: what has ended stands on the month before's invoice."""
        if self.facts.invoice is None or row.invoice_id == self.facts.invoice.pk:
            return self.url(fraga=row.pk)
        return f"{_page_of(row.invoice)}?fraga={row.pk}"

    @property
    def is_answer(self) -> bool:
        return super().is_answer and self.facts.open is None

    @property
    def drawn(self) -> Iterator[DrawnRow]:
        for row, drawn in zip(self.rows, super().drawn, strict=True):
            if row.pk != self.facts.open:
                yield drawn
                continue
            yield drawn._replace(css="row-link is-open")
            cell = '<td colspan="{}">{}</td>'
            question = format_html(cell, len(self.shown), self.facts.question)
            yield DrawnRow("question-row is-open", question)


def _page_of(invoice: Invoice) -> str:
    return _address(str(invoice.number))


@lru_cache(maxsize=256)
def _address(number: str) -> str:
    """Asked for by each link of a page: of a large invoice some 250."""
    return reverse("invoicing:detail", args=[number])
