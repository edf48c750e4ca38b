"""Which parts belong to an aid that is to come back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from articles.models import ArticleType
from individuals.models import Component, Individual
from recipients.models import Loan, Recipient

from .models import PickupLine


@dataclass(frozen=True)
class Part:
    """A part's own loan, and how it sits on the piece, where it does."""

    loan: Loan
    component: Component | None


def returnable() -> QuerySet[Loan]:
    """What is held and can come back: consumables can't."""
    return Loan.objects.filter(ended_at=None).exclude(article__type=ArticleType.CONSUMABLE)


def held(recipient: Recipient) -> list[Loan]:
    """All that the recipient can give back, newest first."""
    return list(
        returnable().filter(recipient=recipient).select_related("article", "individual", "part_of")
    )


def fate(loan: Loan) -> str:
    """What became of an aid that isn't held any more: «är redan återlämnat»."""
    if loan.individual and loan.individual.status == Individual.Status.SCRAPPED:
        return "är skrotat"
    return "är anmält som saknat" if loan.lost else "är redan återlämnat"


def on_pickups(loan_ids: Iterable[int]) -> dict[int, str]:
    """The case number of the open pickup order that an aid stands on. One query."""
    return dict(
        PickupLine.objects.filter(loan__in=list(loan_ids), is_open=True).values_list(
            "loan_id", "pickup__case_number"
        )
    )


def of_loans(loans: Iterable[Loan]) -> dict[int, list[Part]]:
    """The parts of each loan that are held by themselves: what was delivered as its component,
    and what was ordered for its piece since. Two queries."""
    mains = {loan.pk: loan for loan in loans}
    by_piece = {loan.individual_id: loan for loan in mains.values() if loan.individual_id}
    fitted: dict[int, list[Component]] = defaultdict(list)
    for component in Component.objects.filter(individual__in=by_piece, removed_at=None):
        fitted[by_piece[component.individual_id].pk].append(component)
    meant = Q(part_of__in=mains)
    for components in fitted.values():
        for component in components:
            meant |= Q(
                recipient=by_piece[component.individual_id].recipient_id,
                article=component.article_id,
                case_number=component.case_number,
                part_of=None,
            )
    parts: dict[int, list[Part]] = {pk: [] for pk in mains}
    for loan in returnable().filter(meant).select_related("article", "individual").order_by("pk"):
        owner = loan.part_of_id
        if owner is None:
            owner = next((pk for pk in mains if pk != loan.pk and _sits(fitted[pk], loan)), None)
        if owner in parts:
            sits = _sits(fitted[owner], loan)
            if sits is not None:
                fitted[owner].remove(sits)
            parts[owner].append(Part(loan, sits))
    return parts


def _sits(components: list[Component], loan: Loan) -> Component | None:
    """Which of the fitted components the loan is."""
    return next(
        (
            c
            for c in components
            if c.article_id == loan.article_id and c.case_number == loan.case_number
        ),
        None,
    )


def where_fitted(loan: Loan) -> Component | None:
    """Where a part sits that comes back without its aid."""
    pieces = Loan.objects.filter(recipient=loan.recipient_id, ended_at=None)
    return Component.objects.filter(
        removed_at=None,
        article=loan.article_id,
        case_number=loan.case_number,
        individual__in=pieces.filter(individual__isnull=False).values("individual"),
    ).first()
