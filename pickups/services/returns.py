"""«Retur»: aids come back to an own store at once; and what was a mistake is undone."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from articles.models import Responsibility
from articles.stock import Kind, Ledger, Shortage
from individuals import services as individuals
from individuals.models import Component, Individual
from organisation import access_log
from organisation.behalf import check_unit
from organisation.models import Unit, User, Warehouse
from recipients import held, lending
from recipients.models import CareRelation, Loan, Recipient
from sesam.errors import DomainError
from sesam.locks import lock_rows

from ..models import Return, ReturnLine
from . import goods


@dataclass(frozen=True)
class Back:
    """A row of the form: how much of a loan comes back, and whether it is thrown away."""

    loan_id: int
    quantity: int
    scrap: bool = False


class Unconfirmed(DomainError):
    """Something is scrapped, or an A aid goes into an own store, and nobody has said yes to it."""


@transaction.atomic
def give_back(
    recipient: Recipient,
    backs: Iterable[Back],
    *,
    user: User,
    unit: Unit,
    warehouse: Warehouse,
    key: uuid.UUID,
    seen: Collection[int] | None = None,
    confirmed: bool = False,
    at: dt.datetime | None = None,
) -> Return:
    """End the loans and put the goods in the store; sent again, the return that is there.

    ``confirmed`` says that the user has been told, and wants, that A aids go into the store and
    what is scrapped is thrown away; without it ``Unconfirmed`` is raised for either. ``at`` is
    when it came, where that isn't now (the demo's closed months).

    Parts that are among ``backs`` come along, the others stay with the recipient. ``seen`` are
    the loans that the form showed: a part that was fitted since stops it. ``DomainError.line``
    is the loan's id.
    """
    lending.lock([recipient.pk])
    if done := Return.objects.filter(key=key).first():
        if done.recipient_id != recipient.pk:
            raise DomainError("Formuläret hör till en annan retur. Öppna det igen.")
        return done
    backs = list({back.loan_id: back for back in backs}.values())
    _check(user, unit, warehouse, backs)
    loans = lending.lock_loans(back.loan_id for back in backs)
    loans = {pk: loan for pk, loan in loans.items() if loan.recipient_id == recipient.pk}
    for back in backs:
        goods.check_held(loans.get(back.loan_id), back.quantity)
    belonging = held.parts_of(loans.values())
    goods.check_seen(loans, belonging, seen)
    if not confirmed:
        _check_ordinary(backs, loans)

    now = at or timezone.now()
    made = Return.objects.create(
        key=key, recipient=recipient, unit=unit, warehouse=warehouse, at=now, by=user
    )
    ledger = Ledger(goods.places(warehouse, loans.values()), user=user, note="Retur", at=now)
    pieces = individuals.lock(x.individual_id for x in loans.values() if x.individual_id)
    chosen = {back.loan_id: back for back in backs}
    owned = {part.pk: (main, part) for main, its in belonging.items() for part in its}
    stay_on = {pk for pk, (main, part) in owned.items() if _stays_on(chosen, main, part)}
    lines: dict[int, ReturnLine] = {}
    loose = _taken_off(chosen, loans, owned, stay_on)
    for back in backs:
        loan = loans[back.loan_id]
        if loan.pk not in stay_on:
            _move(ledger, warehouse, back, loan, pieces)
        lending.take_back(loan, back.quantity, now)
        lines[loan.pk] = ReturnLine(
            of=made,
            loan=loan,
            quantity=back.quantity,
            scrapped=back.scrap,
            was_fitted=loan.pk in stay_on,
        )
    individuals.unfit(loose, now)
    ledger.save()
    _save_lines(lines, {pk: main for pk, (main, _) in owned.items()})
    CareRelation.objects.get_or_create(recipient=recipient, unit=unit, case_number=None)
    access_log.record(user, access_log.Action.CHANGE, recipient.key, detail="Retur")
    return made


def _check(user: User, unit: Unit, warehouse: Warehouse, backs: list[Back]) -> None:
    check_unit(user, unit)
    if warehouse.is_central or not unit.own_stores.filter(pk=warehouse.pk, is_active=True).exists():
        raise DomainError("Välj ett av tjänsteställets egna förråd.", field="warehouse")
    if not backs:
        raise DomainError("Välj minst ett hjälpmedel att lämna tillbaka.")


def _check_ordinary(backs: list[Back], loans: dict[int, Loan]) -> None:
    scrapped = any(back.scrap for back in backs)
    a_aids = any(loan.article.responsibility == Responsibility.A for loan in loans.values())
    if scrapped or a_aids:
        raise Unconfirmed(
            "Inget är returnerat än. Kontrollera längst ned vad som händer med varje hjälpmedel,"
            " och bekräfta."
        )


def _stays_on(chosen: dict[int, Back], main: int, part: Loan) -> bool:
    """Whether the part goes on sitting on its aid: both come back whole, and neither is
    scrapped. A marked part stands on the shelf as a piece of its own."""
    a, b = chosen.get(main), chosen.get(part.pk)
    return (
        a is not None
        and b is not None
        and part.sits_as is not None
        and part.individual_id is None
        and b.quantity == part.held
        and not a.scrap
        and not b.scrap
    )


def _taken_off(
    chosen: dict[int, Back],
    loans: dict[int, Loan],
    owned: dict[int, tuple[int, Loan]],
    stay_on: set[int],
) -> list[Component]:
    """Parts that no longer sit on their aid: the aid leaves without them, or they without it."""
    loose = [
        sits for pk, (_, part) in owned.items() if pk not in stay_on and (sits := part.sits_as)
    ]
    for pk, loan in loans.items():
        alone = pk not in owned and chosen[pk].quantity == loan.held
        if alone and (sits := loan.sits_as):
            loose.append(sits)
    return loose


def _move(
    ledger: Ledger, warehouse: Warehouse, back: Back, loan: Loan, pieces: dict[int, Individual]
) -> None:
    piece = pieces[loan.individual_id] if loan.individual_id else None
    if not loan.article.is_stocked and piece is None:
        return
    place = (warehouse.pk, loan.article_id)
    if back.scrap:
        goods.come_in_scrapped(ledger, place, back.quantity, piece)
    else:
        goods.come_in(ledger, place, back.quantity, piece, warehouse)


def _save_lines(lines: dict[int, ReturnLine], came_with: dict[int, int]) -> None:
    """All lines, and then each part's aid: two queries."""
    ReturnLine.objects.bulk_create(lines.values())
    for loan, line in lines.items():
        line.came_with = lines.get(came_with.get(loan, 0))
    ReturnLine.objects.bulk_update(lines.values(), ["came_with"])


@transaction.atomic
def undo(made: Return, *, user: User) -> Return:
    """Take the return back, the same day: new movements, and the loans go on. Twice is once."""
    lending.lock([made.recipient_id])
    rows = Return.objects.filter(pk=made.pk).select_related("recipient", "warehouse", "unit")
    (made,) = lock_rows(rows)
    if made.undone_at:
        return made
    if not goods.same_day(made.at):
        raise DomainError("En retur kan bara ångras samma dag. Gör en ny beställning i stället.")
    lines = list(made.lines.select_related("loan__article"))
    loans = lending.lock_loans(line.loan_id for line in lines)
    ledger = Ledger(goods.places(made.warehouse, loans.values()), user=user, note="Ångrad retur")
    pieces = individuals.lock(x.individual_id for x in loans.values() if x.individual_id)
    for line in lines:
        loan = loans[line.loan_id]
        if not line.was_fitted:
            _check_comes_loose(loan)
            _move_back(ledger, made, line, loan, pieces)
        lending.lend_again(loan, line.quantity)
    ledger.save()
    _fit_again(made)
    made.undone_at, made.undone_by = timezone.now(), user
    made.save(update_fields=["undone_at", "undone_by"])
    access_log.record(user, access_log.Action.CHANGE, made.recipient.key, detail="Ångrade retur")
    return made


def _check_comes_loose(loan: Loan) -> None:
    """What came back whole after this return, sitting on its aid, can't be lent again without it."""
    if loan.ended_at and loan.sits_as:
        raise DomainError(
            f"{goods.named(loan)} har kommit tillbaka med sitt hjälpmedel sedan dess, så den här"
            " returen kan inte ångras.",
            line=loan.pk,
        )


def _move_back(
    ledger: Ledger, made: Return, line: ReturnLine, loan: Loan, pieces: dict[int, Individual]
) -> None:
    place = (made.warehouse_id, loan.article_id)
    piece = pieces[loan.individual_id] if loan.individual_id else None
    if piece is None and not loan.article.is_stocked:
        return
    number = piece.number if piece else ""
    if line.scrapped:
        if piece and piece.status != Individual.Status.SCRAPPED:
            raise DomainError(f"{goods.named(loan)} har ändrats sedan dess.", line=loan.pk)
        ledger.add(place, line.quantity, Kind.SCRAP, individual_number=number)
    elif piece:
        here = piece.status == Individual.Status.IN_STOCK
        if not here or piece.warehouse_id != made.warehouse_id:
            raise DomainError(
                f"{goods.named(loan)} står inte längre i {made.warehouse}, så returen kan inte"
                " ångras.",
                line=loan.pk,
            )
        if piece.blocked:
            ledger.block(place, -1)
    try:
        ledger.take(place, line.quantity, Kind.RETURN, individual_number=number)
    except Shortage as shortage:
        raise DomainError(
            f"{goods.named(loan)}: bara {shortage.available} st finns kvar i {made.warehouse}, så"
            " returen kan inte ångras.",
            line=loan.pk,
        ) from shortage
    if piece:
        individuals.hand_out([piece])


def _fit_again(made: Return) -> None:
    """What the return took off its aid sits there again, if the recipient has both."""
    open_loans = Loan.objects.filter(recipient=made.recipient_id, ended_at=None)
    aids = open_loans.filter(individual__isnull=False)
    taken_off = open_loans.filter(
        component__removed_at=made.at, component__individual__in=aids.values("individual")
    )
    lending.fit_again(taken_off.select_related("component"))
