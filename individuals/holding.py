"""Marked pieces that a case holds back: blocked, wherever they are; and let go when it ends.

The stock is told of those that stand on a shelf. Balances are locked before the pieces.
"""

from __future__ import annotations

from collections.abc import Iterable

from articles.stock import Ledger, Place, Shortage
from organisation.models import User
from sesam.errors import DomainError

from . import services
from .models import BlockReason, Individual


class HeldPieces:
    """Pieces that one transaction has locked, with the balances of where they stand.

    ``places`` are balances that it needs besides. Nothing is written of these before ``save``.
    Raises ``DomainError`` where a piece was moved in the same instant.
    """

    def __init__(
        self,
        ids: Iterable[int],
        *,
        user: User | None,
        places: Iterable[Place] = (),
        case_number: str | None = None,
    ) -> None:
        ids = list(ids)
        found = Individual.objects.filter(pk__in=ids, warehouse__isnull=False)
        stands = {pk: (w, a) for pk, w, a in found.values_list("pk", "warehouse_id", "article_id")}
        self.ledger = Ledger({*places, *stands.values()}, user=user, case_number=case_number)
        self.pieces = services.lock(ids)
        for pk, piece in self.pieces.items():
            if piece.warehouse_id != (stands[pk][0] if pk in stands else None):
                raise DomainError(f"Individ {piece.number} har just flyttats. Försök igen.")

    def block(
        self, code: str, *, case_number: str | None, only: Iterable[Individual] | None = None
    ) -> None:
        """None of them, or of ``only`` these, is handed out while the case is open. Raises
        ``DomainError`` for one that an order has reserved."""
        reason = BlockReason.objects.get(code=code)
        pieces = list(self.pieces.values() if only is None else only)
        for piece in pieces:
            if piece.warehouse_id and not piece.blocked:
                place = (piece.warehouse_id, piece.article_id)
                try:
                    self.ledger.block(place, 1)
                except Shortage:
                    raise DomainError(
                        f"Individ {piece.number} är lovad till en beställning och kan inte spärras."
                    ) from None
        services.block(pieces, reason, case_number=case_number)

    def release(self, code: str, *, case_number: str) -> None:
        """The case's blocks end; what another case blocks stays blocked."""
        reason = BlockReason.objects.get(code=code)
        for piece in self.pieces.values():
            self._freed(piece, services.unblock(piece, reason, case_number=case_number))

    def release_all(self, code: str, pieces: Iterable[int]) -> None:
        """Every block for that reason ends of those pieces; what is blocked for another stays so."""
        for pk in pieces:
            self._freed(self.pieces[pk], services.unblock_all(self.pieces[pk], code))

    def _freed(self, piece: Individual, is_free: bool) -> None:
        if is_free and piece.blocked and piece.warehouse_id:
            self.ledger.block((piece.warehouse_id, piece.article_id), -1)
        piece.blocked = not is_free

    def save(self) -> None:
        self.ledger.save()
