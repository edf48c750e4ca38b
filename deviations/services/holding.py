"""Pieces that a deviation holds back. One of a grave event is held back whatever it is promised to: the
order that was sent last then waits for another."""

from __future__ import annotations

from individuals.holding import HeldPieces
from individuals.models import BlockReason
from orders.services import Promised, tell_who_picks
from organisation.models import User
from recipients.cases import EventKind, lock_case, tell

from ..models import Deviation
from ..models.deviations import blocks_of


def hold_back(
    deviation: Deviation, held: HeldPieces, *, user: User, promised: Promised | None = None
) -> None:
    """None of the pieces is handed out until KHS lets it go. Without ``promised`` one that an order is
    promised stops it (``DomainError``)."""
    number = deviation.case_number
    newly = [piece for piece in held.pieces.values() if not piece.blocked]
    yielded = []
    for piece in newly:
        why = f"individ {piece.number} utreds efter avvikelse {number}"
        if promised and (order := promised.yield_to(piece, held.ledger, user=user, why=why)):
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
