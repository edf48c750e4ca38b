"""What KHS's side asks of pickup orders: the queue, and what was typed when goods came."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q, QuerySet
from django.http import QueryDict

from activities.models import Activity
from organisation.models import User
from organisation.queues import State
from recipients.held import held_aids
from recipients.models import Loan
from sesam.errors import DomainError
from sesam.known import known

from . import differences
from .life import with_turns
from .models import (
    PickupOrder,
    PickupReceipt,
    PickupStatus,
    ReceivedState,
)
from .services import Extra, Got

EXTRA_ROWS = 3  # numbers that can be typed at once for what didn't stand on the order


def queue(pickups: QuerySet[PickupOrder]) -> QuerySet[PickupOrder]:
    """``pickups`` with all that a row of the queue shows."""
    return with_turns(pickups).annotate(waits=waiting())  # type: ignore[no-redef]  # declared by the model


def waiting() -> Q:
    """Something of it is being cleaned or repaired."""
    receipts = PickupReceipt.objects.order_by().values("line__pickup")
    # Few of all there were, and each part has its index.
    return Q(pk__in=receipts.filter(finished_at=None).union(receipts.filter(_repaired())))


def _repaired() -> Q:
    """Receipts whose repair isn't done."""
    return Q(activity__isnull=False) & ~Q(activity__status__in=known(Activity.ENDED))


STATES: dict[str, State] = {
    "akut": ("Akut", lambda pickups: pickups.due().filter(is_urgent=True)),
    "vantar": ("Rengörs eller repareras", lambda pickups: pickups.filter(waiting())),
    "skillnader": ("Skillnader", lambda pickups: pickups.filter(differs=True)),
}
"""What hurries, waits or went wrong; ended ones too."""


def in_state(state: str) -> QuerySet[PickupOrder]:
    """The pickup orders in one of ``STATES``."""
    return STATES[state][1](PickupOrder.objects.all())


def to_make_ready(pickup: PickupOrder) -> QuerySet[PickupReceipt]:
    """What of it is being cleaned or repaired."""
    waits = Q(finished_at=None) | _repaired()
    receipts = PickupReceipt.objects.filter(waits, line__pickup=pickup)
    return receipts.select_related("line__article", "line__individual", "activity")


# --- receiving -----------------------------------------------------------------------------


@dataclass
class ReceivingRow:
    """A line that something is left of, or another aid of the recipient's; what was typed."""

    name: str
    title: str
    article_number: str
    individual: str
    left: int
    line_id: int | None = None
    loan_id: int | None = None
    is_part: bool = False
    state: str = ""
    typed: str = ""
    error: str = ""

    @property
    def state_name(self) -> str:
        return f"skick-{self.name}"

    @property
    def quantity_name(self) -> str:
        return f"antal-{self.name}"


@dataclass
class TypedNumber:
    """A number that was typed for something that didn't stand on the order."""

    index: int
    number: str = ""
    quantity: str = "1"
    state: str = ""
    error: str = ""

    @property
    def field(self) -> str:
        return f"nummer-{self.index}"


@dataclass
class ReceivingSheet:
    """The receiving page."""

    lines: list[ReceivingRow]
    others: list[ReceivingRow]
    found: list[TypedNumber]
    finish: bool = False
    error: str = ""

    @property
    def has_errors(self) -> bool:
        return bool(
            self.error
            or any(row.error for row in (*self.lines, *self.others))
            or any(typed.error for typed in self.found)
        )


def sheet(pickup: PickupOrder) -> ReceivingSheet:
    """What is left to receive, and what else the recipient holds."""
    rows = [row for row in differences.course_of(pickup) if row.line.is_open]
    on_it = {row.line.loan_id for row in rows}
    others = [loan for loan in held_aids(pickup.recipient) if loan.pk not in on_it]
    return ReceivingSheet(
        [
            ReceivingRow(
                name=f"rad-{row.line.pk}",
                title=row.line.title,
                article_number=row.line.article.number,
                individual=row.line.individual.number if row.line.individual else "",
                left=row.left,
                line_id=row.line.pk,
                is_part=row.line.came_with_id is not None,
                typed=str(row.left),
            )
            for row in rows
        ],
        [_other(loan) for loan in others],
        [TypedNumber(index) for index in range(1, EXTRA_ROWS + 1)],
    )


def _other(loan: Loan) -> ReceivingRow:
    return ReceivingRow(
        name=f"lan-{loan.pk}",
        title=loan.title,
        article_number=loan.article.number,
        individual=loan.individual.number if loan.individual else "",
        left=loan.held,
        loan_id=loan.pk,
        typed=str(loan.held),
    )


def read(page: ReceivingSheet, data: QueryDict) -> tuple[list[Got], list[Extra]]:
    """What was typed, kept in ``page``. A row with an error gives nothing."""
    page.finish = bool(data.get("avsluta"))
    _keep(page.lines, data)
    _keep(page.others, data)
    for row in page.found:
        row.number = data.get(row.field, "").strip()
        row.quantity = data.get(f"nummer-antal-{row.index}", "").strip() or "1"
        row.state = data.get(f"nummer-skick-{row.index}", "")
    got = [Got(r.line_id, int(r.typed), r.state) for r in _chosen(page.lines) if r.line_id]
    extras = [
        Extra(int(r.typed), r.state, loan_id=r.loan_id) for r in _chosen(page.others) if r.loan_id
    ]
    for row in page.found:
        if not row.number:
            continue
        if row.state not in ReceivedState.values or row.state == ReceivedState.MISSING:
            row.error = "Välj skick."
        elif not _whole(row.quantity, 9999):
            row.error = "Ange antalet med siffror, minst 1."
        else:
            extras.append(Extra(int(row.quantity), row.state, number=row.number, field=row.field))
    return got, extras


def is_received_so(pickup: PickupOrder, data: QueryDict, seen: int, user: User) -> bool:
    """Whether ``user`` has received just this since there were ``seen`` receipts: the form came
    twice. Asked of what was sent, not of what ``read`` made of it: its rows may be gone from the
    page by now, or want less."""
    since = list(
        PickupReceipt.objects.filter(line__pickup=pickup).select_related("line")[max(seen, 0) :]
    )
    if seen < 0 or any(receipt.by_id != user.pk for receipt in since):
        return False
    pickup = PickupOrder.objects.get(pk=pickup.pk)
    finish = bool(data.get("avsluta"))
    if finish and pickup.status != PickupStatus.RECEIVED:
        return False
    if not since:  # only the rest was given up
        last = pickup.events.last()
        if not finish or last is None or last.user_id != user.pk:
            return False
    # An extra's number may be a piece's former one, and has no row to be told by: its state does.
    came = Counter(
        receipt.state
        if receipt.line.is_extra
        else (f"{receipt.line_id}", f"{receipt.quantity}", receipt.state)
        for receipt in since
    )
    asked: Counter[str | tuple[str, str, str]] = Counter()
    for name, state in data.items():
        kind, _, key = name.removeprefix("skick-").partition("-")
        if not name.startswith("skick-") or not state:
            continue
        if kind == "rad":  # of one alone no number is asked
            asked[(key, str(data.get(f"antal-rad-{key}", "1")).strip(), str(state))] += 1
        else:
            asked[str(state)] += 1
    for index in range(1, EXTRA_ROWS + 1):
        if data.get(f"nummer-{index}", "").strip():
            asked[data.get(f"nummer-skick-{index}", "")] += 1
    return came == asked


def place_fault(page: ReceivingSheet, fault: DomainError) -> None:
    """Put what the service said where it belongs; what is left belongs to the page."""
    for found in page.found:
        if found.field == fault.field:
            found.error = fault.message
            return
    for row in (*page.lines, *page.others):
        if fault.line is not None and fault.line in (row.line_id, row.loan_id):
            row.error = fault.message
            return
    page.error = fault.message


def _keep(rows: Iterable[ReceivingRow], data: QueryDict) -> None:
    for row in rows:
        row.state = data.get(row.state_name, "")
        row.typed = data.get(row.quantity_name, row.typed).strip()
        if row.state and row.state not in ReceivedState.values:
            row.state, row.error = "", "Välj ett skick ur listan."
        elif row.state and not _whole(row.typed, row.left):
            row.error = f"Ange ett heltal från 1 till {row.left}."


def _chosen(rows: Iterable[ReceivingRow]) -> list[ReceivingRow]:
    return [row for row in rows if row.state and not row.error]


def _whole(typed: str, most: int) -> bool:
    return typed.isascii() and typed.isdigit() and len(typed) < 9 and 1 <= int(typed) <= most
