"""What a recipient holds and can give back, and which parts go with an aid."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Q, QuerySet

from articles.models import ArticleType
from individuals.models import Individual

from .models import Loan, Recipient


def returnable() -> QuerySet[Loan]:
    """What is held and can come back: consumables can't."""
    return Loan.objects.filter(ended_at=None).exclude(article__type=ArticleType.CONSUMABLE)


def held_aids(recipient: Recipient) -> list[Loan]:
    """All that the recipient can give back, newest first."""
    aids = returnable().filter(recipient=recipient)
    return list(aids.select_related("article", "individual", "part_of", "component"))


def parts_of(loans: Iterable[Loan]) -> dict[int, list[Loan]]:
    """The parts of each loan that are held by themselves: what sits on its piece, and what was
    delivered as its component and sits nowhere else. One query."""
    mains = {loan.pk: loan for loan in loans}
    by_piece = {loan.individual_id: pk for pk, loan in mains.items() if loan.individual_id}
    sits = Q(component__individual__in=by_piece, component__removed_at=None)
    found: dict[int, list[Loan]] = {pk: [] for pk in mains}
    parts = returnable().filter(sits | Q(part_of__in=mains))
    for part in parts.select_related("article", "individual", "component").order_by("pk"):
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
