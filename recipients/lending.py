"""Every change of a loan that has begun. Called by the services of the apps above, in their
transactions: first ``lock`` the recipients, then their loans."""

import datetime as dt
from collections.abc import Iterable

from individuals import services as individuals
from individuals.models import Component
from sesam.errors import DomainError
from sesam.locks import lock_rows

from .models import Loan, Recipient


class Anonymised(DomainError):
    """Nothing is done any more for somebody of whom nothing is known."""

    def __init__(self) -> None:
        super().__init__(
            "Mottagaren är avidentifierad: uppgifterna har gallrats. Sök personen på nytt med"
            " personnummer om du ska registrera något."
        )


_WITH = ("article", "individual", "recipient", "component")


def lock(ids: Iterable[int]) -> None:
    """Lock the recipients, in the one order. Whoever ends or begins a loan does this first. Raises
    ``Anonymised``."""
    rows = Recipient.objects.filter(pk__in=set(ids)).order_by("pk")
    locked = rows.select_for_update(no_key=True, of=("self",)).values_list("pk", "kind")
    if any(kind == Recipient.Kind.ANONYMISED for _, kind in locked):
        raise Anonymised


def lock_loans(ids: Iterable[int]) -> dict[int, Loan]:
    """The loans, locked, with article, piece, recipient and how they sit. After their
    recipients."""
    rows = Loan.objects.filter(pk__in=set(ids)).order_by("pk").select_related(*_WITH)
    return {loan.pk: loan for loan in lock_rows(rows)}


def take_back(loan: Loan, quantity: int, at: dt.datetime) -> None:
    """So much of the loan has come back. Needs a locked row."""
    loan.returned += quantity
    _save(loan, at)


def write_off(loan: Loan, quantity: int, at: dt.datetime) -> None:
    """So much of it is lost: no longer held, and never shown as returned. Needs a locked row."""
    loan.lost += quantity
    _save(loan, at)


def _save(loan: Loan, at: dt.datetime) -> None:
    """A loan ends with the last of it."""
    loan.ended_at = at if loan.held == 0 else None
    loan.save(update_fields=["returned", "lost", "ended_at"])
    _count_fitted(loan)


def lend_again(loan: Loan, quantity: int) -> None:
    """A return is undone: so much of it is held again. Needs a locked row."""
    loan.returned -= quantity
    loan.ended_at = None
    loan.save(update_fields=["returned", "ended_at"])
    _count_fitted(loan)


def _count_fitted(loan: Loan) -> None:
    """As many sit on the piece as are held. What has come back whole sits as it did, or its
    return takes it off."""
    if loan.held and (component := loan.sits_as):
        individuals.count_fitted(component, loan.held)


def fit_again(parts: Iterable[Loan]) -> None:
    """Parts that were taken off sit where they sat: each as a new component, the old one stays as
    history. Needs their recipients locked, and ``component`` loaded."""
    parts = list(parts)
    fitted = []
    for part in parts:
        if sat := part.component:
            part.component = Component(
                individual_id=sat.individual_id,
                article_id=sat.article_id,
                quantity=part.held,
                case_number=sat.case_number,
            )
            fitted.append(part.component)
    individuals.fit(fitted)
    for part in parts:
        part.component = part.component  # takes over the id that the insert gave
    Loan.objects.bulk_update(parts, ["component"])
