"""KHS receives a pickup order: what came, in what state, and what was not on it."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from activities import services as activities
from activities.models import Activity
from articles.stock import Ledger
from individuals import services as individuals
from individuals.models import BlockReason, Component, Individual
from organisation import access_log
from organisation.models import User
from recipients import held, lending
from recipients.cases import EventKind, forget_at_end, lock_cases, set_status, tell
from recipients.models import Loan, Recipient
from sesam.errors import DomainError

from .. import differences
from ..models import (
    PickupLine,
    PickupOrder,
    PickupReceipt,
    PickupStatus,
    ReceivedState,
)
from . import arrivals, goods
from .arrivals import Arrived, Extra, Got
from .preparing import REASONS


@dataclass
class _Work:
    """What one receiving has locked."""

    pickup: PickupOrder
    user: User
    now: dt.datetime
    ledger: Ledger
    pieces: dict[int, Individual]
    reasons: dict[str, BlockReason] = field(default_factory=dict)


@transaction.atomic
def receive(
    pickup: PickupOrder,
    got: Iterable[Got],
    *,
    user: User,
    extras: Iterable[Extra] = (),
    finish: bool = False,
    seen: int | None = None,
) -> PickupOrder:
    """Take in what came; the loans end. With ``finish`` the rest is given up and stays where it is.

    ``seen`` is how many receipts there were when the page was shown: if there are more by now,
    nothing happens. ``DomainError.line`` is the pickup line's id or the loan's,
    ``DomainError.field`` the ``Extra.field`` whose number it is about.
    """
    got, extras = list(got), list(extras)
    others = arrivals.resolve(pickup, extras)
    lending.lock([pickup.recipient_id, *(a.loan.recipient_id for a in others if a.loan)])
    elsewhere = _open_lines_elsewhere(pickup, others)
    pickup = lock_cases([pickup, *(line.pickup for line in elsewhere)])[pickup.pk]
    if pickup.activity is not None:
        activities.lock_activity(pickup.activity)
    _check(pickup, got, others, finish, seen)
    arrived = [*arrivals.from_lines(pickup, got), *others]
    _lock_loans(arrived, {line.pickup.case_number for line in elsewhere} | {pickup.case_number})
    work = _begin(pickup, arrived, user)
    loose = _sort_out_parts(arrived)
    for thing in arrived:
        _take_in(work, thing)
    individuals.unfit(loose, work.now)
    work.ledger.save()
    if finish:
        pickup.lines.filter(is_open=True).update(is_open=False)
    _tell_elsewhere(work, elsewhere)
    _log_strangers(work, arrived)
    _end(work, pickup, bool(arrived))
    differences.note(pickup, *(line.pickup for line in elsewhere))
    return pickup


def receipts_so_far(pickup: PickupOrder) -> int:
    """How many receipts there are: what a page remembers, to be told apart."""
    return PickupReceipt.objects.filter(line__pickup=pickup).count()


def _open_lines_elsewhere(pickup: PickupOrder, others: list[Arrived]) -> list[PickupLine]:
    ids = [a.loan.pk for a in others if a.loan]
    return list(
        PickupLine.objects.filter(loan__in=ids, is_open=True)
        .exclude(pickup=pickup)
        .select_related("pickup__recipient", "article", "loan")
    )


def _check(
    pickup: PickupOrder,
    got: list[Got],
    others: list[Arrived],
    finish: bool,
    seen: int | None,
) -> None:
    if seen is not None and receipts_so_far(pickup) != seen:
        raise DomainError(
            "Mer har tagits emot sedan du öppnade sidan. Kontrollera raderna nedan, de visar vad som"
            " återstår, och skicka igen."
        )
    if pickup.has_ended:
        raise DomainError(f"Hämtordern är redan {pickup.get_status_display().lower()}.")
    if not got and not others and not finish:
        raise DomainError("Ange skick på minst en rad, eller vad mer som kom.")
    came = [(one.state, one.quantity) for one in got] + [(x.state, x.quantity) for x in others]
    if any(state not in ReceivedState.values for state, _ in came):
        raise DomainError("Välj ett skick ur listan.")
    if any(quantity < 1 for _, quantity in came):
        raise DomainError("Ange minst 1 på varje rad.")
    chosen = [a.loan.pk for a in others if a.loan]
    on_it = set(pickup.lines.filter(is_open=True, loan__in=chosen).values_list("loan", flat=True))
    if len(set(chosen)) != len(chosen) or on_it:
        raise DomainError("Samma hjälpmedel står på två rader. Ta bort det ena.")


def _lock_loans(arrived: list[Arrived], own_pickups: set[str]) -> None:
    loans = lending.lock_loans(a.loan.pk for a in arrived if a.loan)
    wanted: dict[int, int] = {}
    for thing in arrived:
        if thing.loan:
            thing.loan = loans[thing.loan.pk]
            wanted[thing.loan.pk] = wanted.get(thing.loan.pk, 0) + thing.quantity
    typed = {a.loan.pk: a.field for a in arrived if a.loan and a.field}
    for pk, quantity in wanted.items():
        try:
            goods.check_held(loans[pk], quantity, own_pickups=own_pickups)
        except DomainError as fault:
            raise DomainError(fault.message, field=typed.get(pk), line=pk) from fault


def _begin(pickup: PickupOrder, arrived: list[Arrived], user: User) -> _Work:
    places = {
        (pickup.warehouse_id, a.article.pk)
        for a in arrived
        if a.article.is_stocked or a.individual_id
    }
    ledger = Ledger(places, user=user, case_number=pickup.case_number, note="Hämtorder")
    pieces = individuals.lock(a.individual_id for a in arrived if a.individual_id)
    typed = {a.individual_id: a.field for a in arrived if a.individual_id and a.field}
    for piece in pieces.values():
        if piece.warehouse_id or piece.status == Individual.Status.SCRAPPED:
            raise DomainError(
                f"Individ {piece.number} är {piece.get_status_display().lower()} och kan inte tas"
                " emot.",
                field=typed.get(piece.pk),
            )
    strangers = [a.individual_id for a in arrived if a.individual_id and a.loan is None]
    if Loan.objects.filter(individual__in=strangers, ended_at=None).exists():
        raise DomainError("En individ har lämnats ut under tiden. Försök igen.")
    known = BlockReason.objects.filter(code__in=REASONS.values())
    reasons = {reason.code: reason for reason in known}
    return _Work(pickup, user, timezone.now(), ledger, pieces, reasons)


def _sort_out_parts(arrived: list[Arrived]) -> list[Component]:
    """Which components no longer sit on their aid; the others stay on and move no stock."""
    came = {a.loan.pk: a for a in arrived if a.loan}
    loose = []
    belonging = held.parts_of([a.loan for a in came.values() if a.loan])
    nested: set[int] = set()
    for main, its_parts in belonging.items():
        for part in its_parts:
            nested.add(part.pk)
            sits = part.sits_as
            if sits is None:
                continue
            thing, aid = came.get(part.pk), came[main]
            gone = (ReceivedState.SCRAPPED, ReceivedState.MISSING)
            if (
                thing is not None
                and part.individual_id is None
                and thing.quantity == part.held
                and aid.state not in gone
                and thing.state in (aid.state, ReceivedState.TO_STOCK)
            ):
                thing.stays_on = True
            else:
                loose.append(sits)
    for pk, thing in came.items():
        alone = thing.loan is not None and pk not in nested and thing.quantity == thing.loan.held
        if alone and thing.loan and (sits := thing.loan.sits_as):
            loose.append(sits)
    return loose


def _take_in(work: _Work, thing: Arrived) -> None:
    """One thing moves: its loan, the goods, the record of it."""
    piece = work.pieces.get(thing.individual_id) if thing.individual_id else None
    moves = (thing.article.is_stocked or piece is not None) and not thing.stays_on
    repair: Activity | None = None
    place = (work.pickup.warehouse_id, thing.article.pk)
    if thing.state == ReceivedState.MISSING:
        if piece:
            individuals.lose([piece])
    elif moves and thing.state == ReceivedState.SCRAPPED:
        goods.come_in_scrapped(work.ledger, place, thing.quantity, piece)
    elif moves:
        goods.come_in(work.ledger, place, thing.quantity, piece, work.pickup.warehouse)
        if thing.state == ReceivedState.TO_REPAIR:
            repair = activities.repair_received(
                thing.article,
                thing.quantity,
                piece,
                warehouse=work.pickup.warehouse,
                unit=work.pickup.unit,
                user=work.user,
                ledger=work.ledger,
                said=f"Mottagen på hämtorder {work.pickup.case_number}. Undersök och laga.",
            )
        elif reason := REASONS.get(ReceivedState(thing.state)):
            goods.hold_back(
                work.ledger,
                place,
                thing.quantity,
                piece,
                reason=work.reasons[reason],
                case_number=work.pickup.case_number,
            )
    if thing.loan:
        if thing.state == ReceivedState.MISSING:
            lending.write_off(thing.loan, thing.quantity, work.now)
        else:
            lending.take_back(thing.loan, thing.quantity, work.now)
    _record(work, thing, moves, repair)


def _record(work: _Work, thing: Arrived, moves: bool, repair: Activity | None) -> None:
    line = thing.line
    if line is None:
        line = PickupLine.objects.create(
            pickup=work.pickup,
            loan=thing.loan,
            article=thing.article,
            individual_id=thing.individual_id,
            quantity=thing.quantity,
            is_open=False,
            is_extra=True,
        )
    waits = moves and thing.state in REASONS and repair is None
    PickupReceipt.objects.create(
        line=line,
        quantity=thing.quantity,
        state=thing.state,
        warehouse=work.pickup.warehouse,
        at=work.now,
        by=work.user,
        finished_at=None if waits else work.now,
        activity=repair,
    )
    if line.is_open and line.received == line.quantity:  # type: ignore[attr-defined]  # counted with it
        line.is_open = False
        line.save(update_fields=["is_open"])


def _tell_elsewhere(work: _Work, elsewhere: list[PickupLine]) -> None:
    """The aid stood on another pickup order too: it needn't be fetched any more."""
    for line in elsewhere:
        loan = line.loan
        if loan is None:
            continue
        loan.refresh_from_db()
        if loan.ended_at is None:
            came = line.receipts.aggregate(sum=Sum("quantity"))["sum"] or 0
            line.quantity = min(line.quantity, came + loan.held)
            line.save(update_fields=["quantity"])
            continue
        line.is_open = False
        line.save(update_fields=["is_open"])
        other = line.pickup
        number = work.pickup.case_number
        text = f"{line.article.name} kom med hämtorder {number}"
        tell(other, work.user, EventKind.RECEIVED, text)
        if not other.lines.filter(is_open=True).exists():
            set_status(other, PickupStatus.RECEIVED)
            other.received_at = work.now
            other.save(update_fields=["status", "received_at"])
            forget_at_end(other)


def _log_strangers(work: _Work, arrived: list[Arrived]) -> None:
    """Everybody else whose aid came has had their data changed too."""
    strangers = {a.loan.recipient_id for a in arrived if a.loan} - {work.pickup.recipient_id}
    if not strangers:
        return
    keys = Recipient.objects.filter(pk__in=strangers).order_by("pk").values_list("key", flat=True)
    for key in keys:
        access_log.record(
            work.user,
            access_log.Action.CHANGE,
            key,
            detail="Hjälpmedel kom med en annan mottagares hämtorder",
            case_number=work.pickup.case_number,
        )


def _end(work: _Work, pickup: PickupOrder, something: bool) -> None:
    done = not pickup.lines.filter(is_open=True).exists()
    anything = something or receipts_so_far(pickup) > 0
    if done and not anything:
        raise DomainError("Inget är mottaget. Makulera hämtordern i stället.")
    set_status(pickup, PickupStatus.RECEIVED if done else PickupStatus.PARTLY_RECEIVED)
    if done:
        pickup.received_at = work.now
    pickup.save(update_fields=["status", "received_at"])
    forget_at_end(pickup)
    tell(pickup, work.user, EventKind.RECEIVED, "Mottagen" if done else "Delvis mottagen")
    if done:
        _end_activity(work, pickup)


def _end_activity(work: _Work, pickup: PickupOrder) -> None:
    """What was to be fetched has come: the activity that fetched it is done."""
    if pickup.activity is None or pickup.activity.has_ended:
        return
    activities.report(
        pickup.activity,
        user=work.user,
        token=uuid.uuid4(),
        text=f"Mottagen på hämtorder {pickup.case_number}.",
        close=True,
    )
