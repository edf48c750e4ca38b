"""The lists of the recipient's page. Rows are dicts: they are only drawn, forty at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import F, Func, QuerySet, TextField, Value
from django.db.models.functions import Coalesce, NullIf
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from sesam.tables import (
    CodeColumn,
    Column,
    DateColumn,
    NumberColumn,
    PanelColumn,
    Table,
    TickColumn,
)
from sesam.templatetags.sesam import icon_html

from .models import Loan

PER_PAGE = 50

_FIELDS = ("pk", "case_number", "delivered_at", "ended_at")
_ORDER: dict[str, tuple[str | Func, ...]] = {
    "article": ("article__number",),
    "name": (Func("shown_title", function="sv_sortkey", output_field=TextField()), "shown_title"),
    "individual": ("individual__number",),
    "quantity": ("shown_quantity",),
    "order": ("case_number",),
    "delivered": ("delivered_at",),
    "ended": ("ended_at",),
}


class LoanTable(Table):
    """«Hjälpmedel»: what the recipient holds."""

    article = CodeColumn("Artikelnr", accessor="article__number", priority=2)
    name = PanelColumn("Benämning", accessor="shown_title")
    individual = Column("Individ", accessor="individual__number", priority=2, css="code")
    quantity = NumberColumn("Antal", accessor="shown_quantity", initial_sort_descending=True)
    order = Column("Beställning", accessor="case_number", priority=3, css="code")
    delivered = DateColumn("Levererad", accessor="delivered_at", initial_sort_descending=True)

    class Meta:
        order_by = "-delivered"
        empty_text = "Inga hjälpmedel"

    noun = ("hjälpmedel", "hjälpmedel")
    empty_hint = "Det som har levererats till mottagaren visas här tills det har lämnats tillbaka."


@dataclass(frozen=True)
class LoanTag:
    """What a higher app knows of a held aid: «Hämtorder 26480003». ``is_busy``: can't be ticked."""

    label: str
    url: str = ""
    icon: str = "truck"
    is_busy: bool = True


class HeldTickColumn(TickColumn):
    """A box for every aid; one that is on its way already can't be chosen again."""

    def render(self, value: Any, record: Any, table: HeldTable) -> SafeString:
        tags = table.tags.get(record["pk"])
        if tags and any(tag.is_busy for tag in tags):
            return format_html(
                '<input class="form-check-input" type="checkbox" disabled '
                'aria-label="{} kan inte väljas">',
                record["shown_title"],
            )
        return super().render(value, record)


class HeldNameColumn(PanelColumn):
    """The name, and what is known of the aid besides."""

    def render(self, value: Any, record: Any, table: HeldTable) -> SafeString:
        name = super().render(value, record, table)
        tags = table.tags.get(record["pk"])
        return format_html("{}{}", name, _drawn(tags)) if tags else name


def _drawn(tags: list[LoanTag]) -> SafeString:
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


class HeldTable(LoanTable):
    """«Hjälpmedel», where apps above can do something with what is ticked and know things."""

    tick = HeldTickColumn("Välj", form="bulk", label="shown_title")
    name = HeldNameColumn("Benämning", accessor="shown_title")

    class Meta:
        order_by = "-delivered"
        empty_text = "Inga hjälpmedel"
        sequence = ("tick", "...")

    tags: dict[int, list[LoanTag]] = {}


class ConsumableTable(LoanTable):
    """«Förbrukningsartiklar»: delivered and never returned."""

    class Meta:
        order_by = "-delivered"
        empty_text = "Inga förbrukningsartiklar"

    noun = ("förbrukningsartikel", "förbrukningsartiklar")
    empty_hint = "Förbrukningsartiklar som har levererats till mottagaren visas här."


class ReturnedTable(LoanTable):
    """«Återlämnat»: what has come back, in whole or in part."""

    ended = DateColumn("Återlämnad", accessor="ended_at", initial_sort_descending=True)

    class Meta:
        order_by = "-ended"
        empty_text = "Inget återlämnat"

    noun = ("återlämnat hjälpmedel", "återlämnade hjälpmedel")
    empty_hint = "Hjälpmedel som mottagaren har lämnat tillbaka visas här."


def build(
    table: type[LoanTable],
    loans: QuerySet[Loan],
    request: HttpRequest,
    *,
    total: int,
    quantity: Any,
) -> LoanTable:
    """The list of a recipient's ``loans`` as the address asks for it: sorted and cut by one
    query."""
    sort = table.sorting(request)
    last = max(1, -(-total // PER_PAGE))
    page = min(table.page_number(request), last)
    rows = []
    if total:
        rows = list(_sorted(loans, sort, quantity)[(page - 1) * PER_PAGE : page * PER_PAGE])
    return table(rows=rows, total=total, page=page, per_page=PER_PAGE, request=request)


def _sorted(loans: QuerySet[Loan], sort: str, quantity: Any) -> QuerySet[Loan, dict[str, Any]]:
    order = []
    for part in _ORDER[sort.removeprefix("-")]:
        by = F(part) if isinstance(part, str) else part
        falling = sort.startswith("-")
        order.append(by.desc(nulls_last=True) if falling else by.asc(nulls_last=True))
    return (
        loans.annotate(
            shown_title=Coalesce(
                NullIf("name", Value("")), "article__name", output_field=TextField()
            ),
            shown_quantity=quantity,
        )
        .order_by(*order, "-pk")
        .values(*_FIELDS, "shown_title", "shown_quantity", "article__number", "individual__number")
    )
