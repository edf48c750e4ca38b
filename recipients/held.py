"""What a recipient holds and can give back, and which parts go with an aid."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from django.db.models import QuerySet

from articles.models import ArticleType
from individuals.models import Component, Individual
from sesam.standing import standing

from .models import Loan, Recipient


def returnable() -> QuerySet[Loan]:
    """What is held and can come back: consumables can't."""
    return Loan.objects.filter(ended_at=None).exclude(article__type=ArticleType.CONSUMABLE)


def held_aids(recipient: Recipient) -> list[Loan]:
    """All that the recipient can give back, newest first."""
    return _held(recipient=recipient.pk)


@standing
def _held(*, recipient: Any) -> QuerySet[Loan]:
    aids = returnable().filter(recipient=recipient)
    return aids.select_related("article", "individual", "component")


def parts_of(loans: Iterable[Loan]) -> dict[int, list[Loan]]:
    """The parts of each loan that are held by themselves: what sits on its piece, and what was
    delivered as its component and sits nowhere else. One query."""
    mains = list(loans)
    sitting = Component.objects.filter(
        individual__in=[loan.individual_id for loan in mains if loan.individual_id],
        removed_at=None,
    )
    # Found by one index each; an «or» over both would read all loans there are.
    either = Loan.objects.filter(component__in=sitting).values("pk").order_by()
    either = either.union(Loan.objects.filter(part_of__in=mains).values("pk").order_by())
    parts = returnable().filter(pk__in=either)
    return parts_among(
        mains, parts.select_related("article", "individual", "component").order_by("pk")
    )


def parts_among(loans: Collection[Loan], held: Iterable[Loan]) -> dict[int, list[Loan]]:
    """Of what is held, the parts of each loan."""
    found: dict[int, list[Loan]] = {loan.pk: [] for loan in loans}
    by_piece = {loan.individual_id: loan.pk for loan in loans if loan.individual_id}
    for part in held:
        on = part.sits_as
        owner = by_piece.get(on.individual_id) if on else part.part_of_id
        if owner in found:
            found[owner].append(part)
    return found


def fate(loan: Loan) -> str:
    """What became of an aid that isn't held any more: «är redan återlämnat»."""
    if loan.individual and loan.individual.status == Individual.Status.SCRAPPED:
        return "är skrotat"
    return "är anmält som saknat" if loan.lost else "är redan återlämnat"
