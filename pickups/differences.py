"""What differs between a pickup order and what came."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Exists, F, OuterRef, Prefetch, Q, Sum
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


@dataclass(frozen=True)
class LineCourse:
    """A line and what came of it: how many ``came``, are ``missing``, are ``left`` to come; the
    ``states`` they came in, in words. ``is_strangers``: it is another recipient's."""

    line: PickupLine
    came: int
    missing: int
    left: int
    states: list[str]
    is_strangers: bool


def course_of(pickup: PickupOrder) -> list[LineCourse]:
    """The pickup order's lines with what came of them; parts stand after their aid. A fixed number
    of queries."""
    lines = pickup.lines.select_related("article", "individual", "loan__article", "came_with")
    receipts = Prefetch("receipts", PickupReceipt.objects.select_related("activity"))
    found = [
        _course(line, pickup)
        for line in lines.prefetch_related(receipts).order_by("is_extra", "id")
    ]
    mains = [row for row in found if row.line.came_with_id is None]
    return [x for m in mains for x in [m, *(p for p in found if p.line.came_with_id == m.line.pk)]]


def _course(line: PickupLine, pickup: PickupOrder) -> LineCourse:
    received: list[PickupReceipt] = list(line.receipts.all())
    came = sum(r.quantity for r in received if r.state != ReceivedState.MISSING)
    missing = sum(r.quantity for r in received if r.state == ReceivedState.MISSING)
    return LineCourse(
        line=line,
        came=came,
        missing=missing,
        left=line.quantity - came - missing if line.is_open else 0,
        states=_states(received),
        is_strangers=bool(line.loan and line.loan.recipient_id != pickup.recipient_id),
    )


def _states(receipts: list[PickupReceipt]) -> list[str]:
    return [
        r.state_words if len(receipts) == 1 else f"{r.state_words}: {r.quantity} st"
        for r in receipts
    ]


def told(pickup: PickupOrder, rows: Iterable[LineCourse]) -> list[str]:
    """A sentence for each difference. Names nobody."""
    sentences = []
    for row in rows:
        line, what = row.line, row.line.title
        if line.individual:
            what += f", individ {line.individual.number}"
        if line.is_extra:
            sentences.append(_extra(row, what))
            continue
        if row.missing:
            sentences.append(f"{what}: {row.missing} av {line.quantity} saknas.")
        if not line.is_open and not pickup.cancelled_at:
            absent = line.quantity - row.came - row.missing
            if absent:
                sentences.append(f"{what}: {absent} av {line.quantity} kom inte.")
    return sentences


def _extra(row: LineCourse, what: str) -> str:
    if row.line.loan is None:
        return f"{what}: {row.line.quantity} st fanns inte hos någon mottagare."
    if row.is_strangers:
        return f"{what}: tillhör en annan mottagare."
    return f"{what}: {row.line.quantity} st stod inte på hämtordern."
