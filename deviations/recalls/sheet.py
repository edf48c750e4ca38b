"""The recall's list as a sheet, for the authority and the manufacturer: of nobody's data. Notes stay out:
they are what somebody typed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from individuals.models import Individual
from recipients.models import Loan

from ..models import Found, Recall, RecallItem

HEADS = ("Individ", "Serienummer", "Batch/lot", "Artikelnr", "Benämning", "Antal", "Säkerhet",
         "Hittad på", "Fanns", "Finns nu", "Betalare", "Tjänsteställe", "Läge", "Svar", "Besvarad",
         "Kontaktad", "Kontaktad genom", "Påminnelser", "Ärende")  # fmt: skip
AT_A_TIME = 500


def rows(recall: Recall) -> Iterator[tuple[int, list[Any]]]:
    """The rows, each with how many there are."""
    found = recall.items.with_facts().order_by("article__number", "pk")
    count = found.count()
    for start in range(0, count, AT_A_TIME):
        some = list(found[start : start + AT_A_TIME])
        pieces = [item.individual_id for item in some if item.individual_id]
        lent = Loan.objects.filter(individual__in=pieces, ended_at=None)
        loans = {x.individual_id: x for x in lent.select_related("recipient__payer", "unit")}
        for item in some:
            loan = loans.get(item.individual_id) if item.individual_id else item.loan
            if loan is not None and loan.ended_at is not None:
                loan = None
            yield count, _cells(item, loan)


def _cells(item: RecallItem, loan: Loan | None) -> list[Any]:
    piece = item.individual
    # (Also of a loan that has ended: whose unit it is tells where the person lives.)
    whose = loan or item.loan
    hidden = whose is not None and whose.recipient.is_protected
    payer = whose.recipient.payer if whose else None
    unit = loan.unit if loan else item.unit
    return [
        piece.number if piece else "",
        piece.serial_number if piece else "",
        piece.lot if piece else "",
        item.article.number,
        item.article.name,
        item.quantity,
        item.get_sureness_display(),
        item.get_by_display(),
        item.get_found_display(),
        _now(item, loan),
        "Skyddad identitet" if hidden else (str(payer) if payer else ""),
        "" if hidden or unit is None else unit.name,
        item.state.label,
        item.get_answer_display() if item.answer else "",
        item.answered_at,
        item.told_at,
        item.get_told_how_display() if item.told_how else "",
        item.reminders,
        item.case_number or "",
    ]


def _now(item: RecallItem, loan: Loan | None) -> str:
    if loan is not None:
        return Found.HELD.label
    piece: Individual | None = item.individual
    if piece is not None:
        return str(piece.warehouse) if piece.warehouse else piece.get_status_display()
    if item.warehouse is not None:
        return str(item.warehouse)
    return "Återlämnad"
