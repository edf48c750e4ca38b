"""How goods come in: what a return and the receiving of a pickup order have in common."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable

from django.utils import timezone

from articles.stock import Kind, Ledger, Place
from individuals import arrivals
from individuals import services as individuals
from individuals.models import BlockReason, Individual
from organisation.models import Warehouse
from recipients.held import fate
from recipients.models import Loan
from sesam.errors import DomainError
from sesam.templatetags.sesam import datum

from .common import on_pickups


def places(warehouse: Warehouse, loans: Iterable[Loan]) -> set[Place]:
    """The balances that the loans' goods move, to be locked at once."""
    return {
        (warehouse.pk, loan.article_id)
        for loan in loans
        if loan.article.is_stocked or loan.individual_id
    }


def come_in(
    ledger: Ledger, place: Place, quantity: int, piece: Individual | None, warehouse: Warehouse
) -> None:
    """Goods stand in the warehouse; a piece that is, or must be, held back doesn't become available
    by it."""
    if piece is None:
        ledger.add(place, quantity, Kind.RETURN)
        return
    ledger.add(place, 1, Kind.RETURN, individual_number=piece.number)
    arrivals.stand([piece], warehouse, ledger)


def come_in_scrapped(ledger: Ledger, place: Place, quantity: int, piece: Individual | None) -> None:
    """Goods came back and are thrown away: both are movements, the balance stays."""
    number = piece.number if piece else ""
    ledger.add(place, quantity, Kind.RETURN, individual_number=number)
    ledger.take(place, quantity, Kind.SCRAP, individual_number=number)
    if piece:
        individuals.scrap([piece])


def hold_back(
    ledger: Ledger,
    place: Place,
    quantity: int,
    piece: Individual | None,
    *,
    reason: BlockReason,
    case_number: str,
) -> None:
    """What just came in is to be cleaned or repaired first."""
    if piece is None:
        ledger.block(place, quantity)
        return
    if not piece.blocked:
        ledger.block(place, 1)
    individuals.block([piece], reason, case_number=case_number)


def check_held(loan: Loan | None, quantity: int, *, own_pickups: Iterable[str] = ()) -> None:
    """What must hold of an aid that is to come back, with the sentence that says what doesn't."""
    if loan is None:
        raise DomainError("Hjälpmedlet finns inte hos mottagaren. Ladda om sidan.")
    if loan.ended_at:
        raise DomainError(
            f"{named(loan)} {fate(loan)} ({datum(loan.ended_at)}). Ta bort det och försök igen.",
            line=loan.pk,
        )
    if quantity < 1:
        raise DomainError(f"{named(loan)}: ange minst 1.", line=loan.pk)
    if quantity > loan.held:
        raise DomainError(
            f"{named(loan)}: mottagaren har {loan.held} st, så fler kan inte lämnas tillbaka.",
            line=loan.pk,
        )
    number = on_pickups([loan.pk]).get(loan.pk)
    if number and number not in own_pickups:
        raise DomainError(
            f"{named(loan)} står redan på hämtorder {number}. Makulera den först.",
            line=loan.pk,
        )


def check_seen(
    loans: dict[int, Loan], belonging: dict[int, list[Loan]], seen: Collection[int] | None
) -> None:
    """A part that came to sit on the aid after the form was shown has had nobody's thought."""
    if seen is None:
        return
    for main, its_parts in belonging.items():
        for part in its_parts:
            if part.pk not in seen:
                raise DomainError(
                    f"{part.title} har monterats på {named(loans[main])} sedan sidan"
                    " öppnades. Välj om den följer med eller stannar, och försök igen.",
                    line=main,
                )


def named(loan: Loan) -> str:
    """The aid in a sentence: its name, and its number where it is marked."""
    return f"{loan.title} ({loan.individual.number})" if loan.individual else loan.title


def same_day(at: dt.datetime) -> bool:
    return timezone.localdate(at) == timezone.localdate()
