"""What differs between a pickup order and what came."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Exists, F, OuterRef, Q, Sum
from django.db.models.functions import Coalesce

from .models import PickupLine, PickupOrder, PickupReceipt, PickupStatus, ReceivedState


def note(*pickups: PickupOrder) -> None:
    """Keep on the pickup orders whether what came isn't what was ordered: more, less, or lost.
    Whoever receives calls it last; the queue can't ask it of every pickup order there was."""
    lines = PickupLine.objects.filter(pickup=OuterRef("pk")).annotate(
        came=Coalesce(
            Sum("receipts__quantity", filter=~Q(receipts__state=ReceivedState.MISSING)), 0
        )
    )
    short = Q(is_open=False, came__lt=F("quantity")) & ~Q(pickup__status=PickupStatus.CANCELLED)
    differing = Exists(lines.filter(Q(is_extra=True) | short))
    PickupOrder.objects.filter(pk__in=[p.pk for p in pickups]).update(differs=differing)


def lines_of(pickup: PickupOrder) -> list[PickupLine]:
    """The order's lines with all that a page says of them; parts stand after their aid."""
    found = list(
        pickup.lines.select_related("article", "individual", "loan__article", "came_with")
        .prefetch_related("receipts")
        .order_by("is_extra", "id")
    )
    for line in found:
        received: list[PickupReceipt] = list(line.receipts.all())
        line.came = sum(r.quantity for r in received if r.state != ReceivedState.MISSING)
        line.missing = sum(r.quantity for r in received if r.state == ReceivedState.MISSING)
        line.left = line.quantity - line.came - line.missing if line.is_open else 0
        line.states = _states(received)
        line.is_strangers = bool(line.loan and line.loan.recipient_id != pickup.recipient_id)
    mains = [line for line in found if line.came_with_id is None]
    return [x for m in mains for x in [m, *(p for p in found if p.came_with_id == m.pk)]]


def _states(receipts: list[PickupReceipt]) -> list[str]:
    return [
        r.get_state_display() if len(receipts) == 1 else f"{r.get_state_display()}: {r.quantity} st"
        for r in receipts
    ]


def of(pickup: PickupOrder, lines: Iterable[PickupLine] | None = None) -> list[str]:
    """A sentence for each difference. Names nobody."""
    told = []
    for line in lines if lines is not None else lines_of(pickup):
        what = line.title
        if line.individual:
            what += f", individ {line.individual.number}"
        if line.is_extra:
            told.append(_extra(line, what))
            continue
        if line.missing:
            told.append(f"{what}: {line.missing} av {line.quantity} saknas.")
        if not line.is_open and not pickup.cancelled_at:
            absent = line.quantity - line.came - line.missing
            if absent:
                told.append(f"{what}: {absent} av {line.quantity} kom inte.")
    return told


def _extra(line: PickupLine, what: str) -> str:
    if line.loan is None:
        return f"{what}: {line.quantity} st fanns inte hos någon mottagare."
    if line.is_strangers:
        return f"{what}: tillhör en annan mottagare."
    return f"{what}: {line.quantity} st stod inte på hämtordern."
