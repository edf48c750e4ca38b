"""Every change of a loan that has begun. Called by the services of the apps above, in their
transactions: first ``lock`` the recipients, then their loans."""

import datetime as dt
from collections.abc import Iterable

from .models import Loan, Recipient


def lock(ids: Iterable[int]) -> None:
    """Lock the recipients, in the one order. Whoever ends or begins a loan does this first."""
    rows = Recipient.objects.filter(pk__in=set(ids)).order_by("pk")
    list(rows.select_for_update(no_key=True, of=("self",)).values_list("pk"))


def lock_loans(ids: Iterable[int]) -> dict[int, Loan]:
    """The loans, locked, with article, piece and recipient. After their recipients."""
    rows = Loan.objects.filter(pk__in=set(ids)).order_by("pk").select_for_update(of=("self",))
    return {loan.pk: loan for loan in rows.select_related("article", "individual", "recipient")}


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


def lend_again(loan: Loan, quantity: int) -> None:
    """A return is undone: so much of it is held again. Needs a locked row."""
    loan.returned -= quantity
    loan.ended_at = None
    loan.save(update_fields=["returned", "ended_at"])
