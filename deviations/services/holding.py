"""Pieces that a deviation holds back. One of a grave event is held back whatever it is promised to: the
order that was sent last then waits for another."""

from __future__ import annotations

from collections.abc import Iterable

from articles.models import Balance
from individuals.holding import HeldPieces
from individuals.models import BlockReason, Individual
from individuals.services import free
from orders.models import Order
from orders.services import give_up_one, promised_last, tell_who_picks
from organisation.models import User
from recipients import lending
from recipients.cases import EventKind, lock_case, lock_cases, tell

from ..models import Deviation
from ..models.deviations import blocks_of


class Promised:
    """The orders that may have to give up what they are promised of the pieces' kind, one of each
    place, found before anything is locked; ``lock`` locks them with the other recipients."""

    def __init__(self, pieces: Iterable[int]) -> None:
        self.orders: dict[tuple[int, int], Order] = {}
        for piece in free().filter(pk__in=list(pieces)):
            if piece.warehouse_id is None:
                continue
            place = (piece.warehouse_id, piece.article_id)
            balance = Balance.objects.filter(warehouse=place[0], article=place[1]).first()
            order = promised_last(place) if balance and balance.available < 1 else None
            if order:
                self.orders[place] = order

    def lock(self, recipients: Iterable[int]) -> None:
        """Lock these recipients, and those of the orders; then the orders. Needs a transaction."""
        orders = self.orders.values()
        theirs = {order.recipient_id for order in orders if order.recipient_id}
        lending.lock({*recipients, *theirs})
        if orders:
            locked = lock_cases(list({order.pk: order for order in orders}.values()))
            self.orders = {place: locked[order.pk] for place, order in self.orders.items()}

    def yield_to(
        self, piece: Individual, held: HeldPieces, *, user: User, number: str
    ) -> Order | None:
        """Make room for the piece's block, if what is there is promised whole; the order that gives
        one up."""
        if piece.blocked or piece.warehouse_id is None:
            return None
        place = (piece.warehouse_id, piece.article_id)
        if held.ledger.available(place) < 1 and (order := self.orders.get(place)):
            why = f"individ {piece.number} utreds efter avvikelse {number}"
            give_up_one(order, place, ledger=held.ledger, user=user, why=why)
            return order
        return None


def hold_back(
    deviation: Deviation, held: HeldPieces, *, user: User, promised: Promised | None = None
) -> None:
    """None of the pieces is handed out until KHS lets it go. Without ``promised`` one that an order is
    promised stops it (``DomainError``)."""
    number = deviation.case_number
    newly = [piece for piece in held.pieces.values() if not piece.blocked]
    yielded = []
    for piece in newly:
        if promised and (order := promised.yield_to(piece, held, user=user, number=number)):
            yielded.append(order.pk)
    held.block(BlockReason.Code.INQUIRY, case_number=number)
    why = f"Den utreds efter avvikelse {number}"
    tell_who_picks(newly, user=user, why=why, but=yielded)
    told = ", ".join(sorted(piece.number for piece in held.pieces.values()))
    tell(deviation, user, EventKind.BLOCKED, f"Individ {told} spärrades")


def pieces_of(deviation: Deviation) -> list[int]:
    """The marked pieces that it is about."""
    mine = deviation.items.filter(individual__isnull=False)
    return list(mine.values_list("individual", flat=True))


def lock_with_promised(deviation: Deviation, *, holds: bool) -> tuple[Deviation, Promised | None]:
    """The locked deviation; with the orders that may have to yield where it ``holds`` its pieces back
    from now on."""
    promised = Promised(pieces_of(deviation)) if holds else None
    if promised:
        promised.lock([deviation.recipient_id] if deviation.recipient_id else [])
    return lock_case(deviation), promised


def hold_all(deviation: Deviation, user: User, promised: Promised | None) -> None:
    """Those of its pieces that aren't held back yet are from now on."""
    blocked = set(blocks_of(deviation).values_list("individual", flat=True))
    left = [pk for pk in pieces_of(deviation) if pk not in blocked]
    if left:
        held = HeldPieces(left, user=user)
        hold_back(deviation, held, user=user, promised=promised)
        held.save()
