"""The one way onto a shelf: what is registered, returned, received, filled up or found again. Before
anybody can be promised it, it is asked whether it must be held back, in the same transaction.

An app above adds what it knows in its ``places.py`` (``ask``).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from articles.stock import Ledger
from organisation.models import Warehouse

from . import watching
from .models import Block, BlockReason, Individual


@dataclass(frozen=True)
class Hold:
    """Why the piece with that key isn't to be handed out; ``code`` is a ``BlockReason.Code``."""

    piece: int
    code: str
    case_number: str | None = None


#: Gets the keys of pieces that have just come to stand in a warehouse, locked with their balances; gives
#: why those are to be held back that aren't already. It may write and lock what comes after pieces.
Ask = Callable[[Collection[int]], Iterable[Hold]]
_asked: list[Ask] = []


def ask(why_held: Ask) -> None:
    """Have ``why_held`` asked of whatever comes to stand in a warehouse."""
    if why_held not in _asked:
        _asked.append(why_held)


def stand(pieces: list[Individual], warehouse: Warehouse, ledger: Ledger) -> None:
    """They come to stand in ``warehouse``; what is, or must be, held back isn't available there. Needs
    locked rows, and the goods added to ``ledger``, which the caller saves afterwards."""
    for piece in pieces:
        piece.status = Individual.Status.IN_STOCK
        piece.warehouse = warehouse
    Individual.objects.bulk_update(pieces, ["status", "warehouse"])
    for piece in pieces:
        if piece.blocked:
            ledger.block((warehouse.pk, piece.article_id), 1)
    hold_back(pieces, ledger)


def hold_back(pieces: list[Individual], ledger: Ledger, *, are_new: bool = False) -> None:
    """Block what must not be handed out of what has just come to stand in a warehouse: what a recall
    looks for, and what apps above say. ``are_new``: they have just come to be."""
    free = [piece for piece in pieces if not piece.blocked]
    watching.ask(pieces, are_new=are_new)
    for piece in free:
        if piece.blocked and piece.warehouse_id is not None:
            ledger.block((piece.warehouse_id, piece.article_id), 1)
    by_key = {piece.pk: piece for piece in pieces}
    holds = [hold for why_held in _asked for hold in why_held(by_key.keys())]
    if not holds:
        return
    codes = {hold.code for hold in holds}
    reasons = {reason.code: reason for reason in BlockReason.objects.filter(code__in=codes)}
    for hold in holds:
        piece = by_key[hold.piece]
        if not piece.blocked and piece.warehouse_id is not None:
            ledger.block((piece.warehouse_id, piece.article_id), 1)
        piece.blocked = True
    Block.objects.bulk_create(
        Block(individual_id=hold.piece, reason=reasons[hold.code], case_number=hold.case_number)
        for hold in holds
    )


def why_not_available(pieces: Iterable[int], *, but: Collection[str] = ()) -> list[str]:
    """A sentence for each of the pieces, by key, that stands on a shelf and is held back; ``but`` are
    codes of reasons that whoever asks knows."""
    held = Block.objects.filter(
        individual__in=list(pieces), individual__status__in=Individual.ON_SHELF, until=None
    ).exclude(reason__code__in=but)
    rows = held.select_related("reason", "individual").order_by("individual__number", "since", "pk")
    found: dict[str, list[str]] = {}
    for block in rows:
        found.setdefault(block.individual.number, []).append(str(block.reason))
    return [
        f"Individ {number} är spärrad och kan inte lämnas ut: {', '.join(dict.fromkeys(reasons))}."
        for number, reasons in found.items()
    ]
