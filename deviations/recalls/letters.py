"""Letters about a recall, as one document to print: one to each holder, or one to each unit. A
protected person's goes to their own unit and names nobody; so does that of somebody who has died, or
has no address."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone

from organisation import access_log
from organisation.models import Unit
from recipients.models import Loan, Recipient
from sesam import documents, printouts

from ..models import DeedLetters, Recall, RecallDeed, RecallItem
from . import telling

TITLE = "Brev om återkallelse"


@dataclass
class Letter:
    """To a holder, at home, or to a unit; about these rows."""

    unit: Unit
    recipient: Recipient | None = None
    items: list[RecallItem] = field(default_factory=list)

    @property
    def to(self) -> list[str]:
        """The lines of the address."""
        if self.recipient is not None:
            return [self.recipient.name, *self.recipient.address_lines()]
        return [self.unit.name, *self.unit.address_lines()]


def plan(recall_id: int, chosen: Collection[int], kind: str) -> list[Letter]:
    """Which letters there are to write of the chosen, about what nobody has confirmed. A fixed number
    of queries."""
    rows = RecallItem.objects.filter(recall=recall_id, pk__in=chosen).left().with_facts()
    items = list(rows.order_by("unit__name", "pk"))
    pieces = [item.individual_id for item in items if item.individual_id]
    lent = Loan.objects.filter(individual__in=pieces, ended_at=None)
    loans = {x.individual_id: x for x in lent.select_related("recipient__payer", "unit")}
    to_holders: dict[tuple[int, int], Letter] = {}
    to_units: dict[int, Letter] = {}
    for item in items:
        loan = loans.get(item.individual_id) if item.individual_id else item.loan
        if loan is not None and loan.ended_at is not None:
            loan = None
        unit = loan.unit if loan else item.unit
        if unit is None:
            continue
        person = loan.recipient if loan else None
        if kind == DeedLetters.HOLDER and person is not None and may_write_to(person):
            key = person.pk, unit.pk
            to_holders.setdefault(key, Letter(unit, person)).items.append(item)
        else:
            to_units.setdefault(unit.pk, Letter(unit)).items.append(item)
    return [*to_holders.values(), *to_units.values()]


def may_write_to(person: Recipient) -> bool:
    """Whether a letter can go to their home."""
    if person.is_protected or person.deceased_on is not None:
        return False
    return bool(person.street and person.postcode and person.locality)


@transaction.atomic
def write_for(deed: RecallDeed) -> int:
    """What the deed's letters are about counts as told; returns how many letters there are."""
    recall = telling.lock_ongoing(deed.recall)
    list(recall.items.select_for_update(of=("self",)).filter(pk__in=deed.chosen).order_by("pk"))
    found = plan(recall.pk, deed.chosen, deed.letters)
    telling.mark_lettered(
        recall, [item for letter in found for item in letter.items], user=deed.ordered_by
    )
    return len(found)


def print_for(deed: RecallDeed, work: printouts.Work) -> None:
    """The document of the deed's letters, as everything stands when it is made."""
    recall = Recall.objects.get(pk=deed.recall_id)
    found = plan(recall.pk, deed.chosen, deed.letters)
    for letter in found:
        if letter.recipient is not None:
            access_log.record(
                deed.ordered_by,
                access_log.Action.PRINT,
                letter.recipient.key,
                detail=TITLE,
                case_number=recall.case_number,
            )
    work.progress(10)
    with work.pages(10, 95, expected=len(found)):
        content = documents.render(_html(recall, found))
    work.save(content)


def _html(recall: Recall, found: Iterable[Letter]) -> str:
    return render_to_string(
        "deviations/recalls/letters.html",
        {
            "title": f"{TITLE} {recall.case_number}",
            "recall": recall,
            "letters": [
                {"to": x.to, "unit": x.unit, "to_holder": x.recipient is not None,
                 "rows": [_row(item) for item in x.items]}
                for x in found
            ],
            "aid_centre": settings.AID_CENTRE,
            "today": timezone.localdate(),
        },
    )  # fmt: skip


def _row(item: RecallItem) -> dict[str, object]:
    """Of the article by the catalogue: a loan's own name may be what somebody typed about a person."""
    piece = item.individual
    return {
        "number": item.article.number,
        "name": item.article.name,
        "individual": piece.number if piece else "",
        "serial": piece.serial_number if piece else "",
        "quantity": item.quantity if piece or not item.loan else item.loan.held,
    }


def by_way(found: Iterable[Letter]) -> tuple[int, int]:
    """How many go to holders, and how many to units."""
    counted: dict[bool, int] = defaultdict(int)
    for letter in found:
        counted[letter.recipient is not None] += 1
    return counted[True], counted[False]
