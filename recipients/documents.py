"""«Mottagarinformation»: lists of what a recipient holds, has ordered and has going on, as PDF.

Apps above add sections to «Hjälpmedelslista» in the slot ``recipient_documents``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from sesam import documents
from sesam.templatetags.sesam import datum
from sesam.words import listed

from . import loans, masking
from .models import Loan, Recipient
from .slots import recipient_documents

TEMPLATE = "recipients/documents/list.html"
HELD = "Nuvarande hjälpmedel"


@dataclass(frozen=True)
class Kind:
    """A document that «Mottagarinformation» offers. ``file`` names no person."""

    title: str
    file: str
    whole: bool

    def says(self) -> str:
        """What stands in it."""
        held = HELD
        added = [section.label.lower() for section in recipient_documents] * self.whole
        if added and added[0].endswith(" hjälpmedel"):  # «Nuvarande och beställda hjälpmedel»
            held = f"{HELD.removesuffix(' hjälpmedel')} och {added.pop(0)}"
        return f"{listed([held, *added])}."


ALL = Kind(
    "Hjälpmedelslista",
    "hjalpmedelslista.pdf",
    whole=True,
)
PRESCRIBED = Kind(
    "Hjälpmedelslista enbart förskrivna hjälpmedel",
    "hjalpmedelslista-forskrivna.pdf",
    whole=False,
)


@dataclass(frozen=True)
class Column:
    """A column of a section; ``css`` are the base document's classes («w12 code», «num»)."""

    label: str
    css: str = ""


@dataclass
class Section:
    """A table of the list: its cells stand under ``columns`` in order."""

    heading: str
    empty: str
    columns: tuple[Column, ...]
    rows: list[list[Any]] = field(default_factory=list)

    def cells(self) -> Iterator[list[tuple[Column, Any]]]:
        """Each row's cells beside their column."""
        for row in self.rows:
            yield list(zip(self.columns, row, strict=True))


def aid_list(request: HttpRequest, recipient: Recipient, kind: Kind) -> bytes:
    """The document as a PDF file."""
    shown = masking.shown(recipient)
    sections = [_held(recipient)]
    if kind.whole:
        sections += [
            added.make(request, recipient)
            for added in recipient_documents.open_to(request, recipient)
        ]
    return documents.pdf(
        TEMPLATE,
        {"recipient": shown, "sections": sections},
        title=kind.title,
        request_user=request.user,
        personal=shown.is_person,
        show_unit=not shown.is_protected,
    )


def _held(recipient: Recipient) -> Section:
    """What the recipient holds now, newest first, components under their aid."""
    held = list(
        loans.with_components(loans.HELD.loans(recipient).select_related("article", "individual"))
    )
    at_home = {loan.pk for loan in held}
    fitted = {
        part.pk for loan in held if loan.individual for part in loan.individual.components.all()
    }
    return Section(
        HELD,
        "Inga hjälpmedel",
        (
            Column("Artikelnr", "w12 code"),
            Column("Benämning"),
            Column("Individ", "w12 code"),
            Column("Antal", "w10 num"),
            Column("Levererad", "w20 code"),
        ),
        [
            [
                loan.article.number,
                _name(loan),
                loan.individual.number if loan.individual else "",
                loan.held,
                datum(loan.delivered_at),
            ]
            for loan in held
            # A component stands under its aid; by itself when the aid has gone back.
            if loan.part_of_id not in at_home
            and (loan.individual_id or loan.component_id not in fitted)
        ],
    )


def _name(loan: Loan) -> str | SafeString:
    parts = loans.components(loan)
    if not parts:
        return loan.title
    names = ", ".join(p.name if p.quantity == 1 else f"{p.name} ({p.quantity} st)" for p in parts)
    word = "komponent" if len(parts) == 1 else "komponenter"
    return format_html('{}<p class="sub">{} {}: {}</p>', loan.title, len(parts), word, names)
