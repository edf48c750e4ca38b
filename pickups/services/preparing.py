"""What came in to be cleaned or repaired, and is fit to be handed out again."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from articles.stock import Ledger
from individuals import services as individuals
from individuals.models import BlockReason
from organisation.models import User
from recipients.cases import EventKind, tell
from sesam.locks import lock_rows

from ..models import PickupReceipt, ReceivedState

REASONS = {
    ReceivedState.TO_CLEANING: BlockReason.Code.CLEANING,
    # Of what came before repairs had activities.
    ReceivedState.TO_REPAIR: BlockReason.Code.REPAIR,
}


@transaction.atomic
def make_available(receipt: PickupReceipt, *, user: User) -> PickupReceipt:
    """Cleaned or repaired: what was held back can be handed out. Twice is once."""
    rows = PickupReceipt.objects.filter(pk=receipt.pk)
    (receipt,) = lock_rows(
        rows.select_related("line__article", "line__pickup__recipient", "warehouse")
    )
    if receipt.finished_at:
        return receipt
    line = receipt.line
    place = (receipt.warehouse_id, line.article_id)
    ledger = Ledger([place], user=user, case_number=line.pickup.case_number)
    if line.individual_id:
        piece = individuals.lock([line.individual_id])[line.individual_id]
        reason = BlockReason.objects.get(code=REASONS[ReceivedState(receipt.state)])
        was_blocked = piece.blocked
        free = individuals.unblock(piece, reason, case_number=line.pickup.case_number)
        if free and was_blocked and piece.warehouse_id == receipt.warehouse_id:
            ledger.block(place, -1)
    else:
        ledger.block(place, -receipt.quantity)
    ledger.save()
    receipt.finished_at = timezone.now()
    receipt.save(update_fields=["finished_at"])
    tell(line.pickup, user, EventKind.PREPARED, f"{line.article.name} kan lämnas ut igen")
    return receipt
