"""The rows of a specification."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest
from django.utils.html import format_html

from sesam import case_pages
from sesam.tables import Column, DateColumn, NumberColumn, Table
from sesam.templatetags.sesam import status_html, tal

from . import words
from .models import Charge, ChargeKind, QuestionStatus

HIDDEN = "Skyddad"


@dataclass
class RowFacts:
    """What the rows of a page need besides themselves: whose cases are hidden, whether they are
    links, and what can be done with a row («Ifrågasätt»)."""

    hidden: set[str] = field(default_factory=set)
    with_links: bool = False
    asks: str = ""


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
        url = case_pages.url_for(number) if table.facts.with_links else None
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
        url = table.url(fraga=row.pk)
        question = getattr(row, "question", None)
        if question is not None:
            return format_html(
                '<a href="{}">{}</a>', url, status_html("", question.get_status_display())
            )
        if getattr(row, "correction", None) is not None:
            return status_html("", QuestionStatus.CREDITED.label)
        if not table.facts.asks or row.kind == ChargeKind.CREDIT:
            return ""
        label = f"{table.facts.asks} {row.text}, {tal(row.amount, 2)} kr"
        return format_html('<a href="{}" aria-label="{}">{}</a>', url, label, table.facts.asks)


class ChargeTable(Table[Charge]):
    """«Rader»: what is owed, and how it is reckoned."""

    columns = (
        CaseColumn("arende", "Ärende", "case_number", sort="case_number", nullable=True),
        DateColumn("dag", "Datum", "day", sort="day", priority=2),
        Column("artikel", "Artikel", "text", sort="text", css="title"),
        PieceColumn("individ", "Individ", "individual_number", sort="individual_number",
                    priority=2),
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
