"""What was lost or neglected, where KHS has said that it is charged: the used value."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from django.db.models import Model, QuerySet

from articles.models import BillingForm
from orders.models import LineDelivery
from pickups.models import PickupReceipt, ReceivedState, ReturnLine
from recipients.models import Recipient
from sesam.known import known

from .. import rules
from ..books import Payers, Prices
from ..drafts import Draft, Problem, of_article
from ..models import ChargeKind, LossVerdict, ShareTable
from .deliveries import of_order, priced
from .window import Window, charged_as, day_of

GONE = known([ReceivedState.SCRAPPED, ReceivedState.MISSING])  # found by ``receipt_of_a_loss``
#: What was sold is its buyer's: losing it is nobody else's loss.
LENT = [BillingForm.Rule.RENT, BillingForm.Rule.NONE]
Row = TypeVar("Row", bound=Model)
_LOADED = [
    f"loan__delivery__{name}"
    for name in (
        "delivery__order__prescriber", "delivery__order__recipient", "line__article", "individual",
    )
]  # fmt: skip


@dataclass(frozen=True)
class Loss:
    """So much of what was lent is gone. ``key`` names it in the address of its verdict."""

    key: str
    handed: LineDelivery
    quantity: int
    at: dt.datetime
    words: str
    case_number: str

    @property
    def recipient(self) -> Recipient | None:
        """Who had it."""
        return self.handed.delivery.order.recipient


def undecided(most: int | None = None, case_number: str = "") -> list[Loss]:
    """What KHS hasn't said anything about yet, the oldest first; ``most`` of them, or those of a
    case."""
    receipts, lines = _undecided(case_number)
    found = [
        *map(_of_receipt, _first(receipts.order_by("at", "pk"), most)),
        *map(_of_line, _first(lines.order_by("of__at", "pk"), most)),
    ]
    return sorted(found, key=lambda loss: loss.at)[:most]


def _first(rows: QuerySet[Row], most: int | None) -> Iterable[Row]:
    """Which they are is asked first, and all about these then, if there are any."""
    keys = list(rows.values_list("pk", flat=True)[:most])
    return rows.filter(pk__in=keys) if keys else ()


def how_many_undecided(case_number: str = "") -> int:
    return sum(rows.count() for rows in _undecided(case_number))


def waits(case_number: str) -> bool:
    """Whether KHS has something to decide on the case."""
    return any(rows.exists() for rows in _undecided(case_number))


def _undecided(case_number: str) -> tuple[QuerySet[PickupReceipt], QuerySet[ReturnLine]]:
    receipts = _receipts().filter(loss_verdict=None)
    lines = _lines().filter(loss_verdict=None)
    if case_number:
        receipts = receipts.filter(line__pickup__case_number=case_number)
        lines = lines.filter(loan__case_number=case_number)
    return receipts, lines


def find_loss(key: str) -> Loss | None:
    """The one that is called so, decided or not; None where there is none."""
    number = key[1:]
    if not (number.isascii() and number.isdigit() and len(number) < 19):
        return None
    if key[0] == "r":
        return next(map(_of_receipt, _receipts().filter(pk=int(number))), None)
    if key[0] == "l":
        return next(map(_of_line, _lines().filter(pk=int(number))), None)
    return None


def _receipts() -> QuerySet[PickupReceipt]:
    return PickupReceipt.objects.filter(
        state__in=GONE, line__loan__delivery__line__billing_form__rule__in=LENT
    ).select_related("line__pickup", *(f"line__{name}" for name in _LOADED))


def _lines() -> QuerySet[ReturnLine]:
    return ReturnLine.objects.filter(
        scrapped=True, of__undone_at=None, loan__delivery__line__billing_form__rule__in=LENT
    ).select_related("of", *_LOADED)


def _of_receipt(row: PickupReceipt) -> Loss:
    assert row.line.loan is not None  # noqa: S101  asked for by its delivery
    words = "Saknas" if row.state == ReceivedState.MISSING else "Skrotad vid mottagning"
    return Loss(
        f"r{row.pk}", row.line.loan.delivery, row.quantity, row.at, words,
        row.line.pickup.case_number,
    )  # fmt: skip


def _of_line(row: ReturnLine) -> Loss:
    return Loss(
        f"l{row.pk}", row.loan.delivery, row.quantity, row.of.at, "Skrotad vid retur",
        row.loan.case_number,
    )  # fmt: skip


def drafts(window: Window) -> list[Draft]:
    losses = list(_charged(window))
    prices = Prices(loss.handed.line.article_id for _, loss, _ in losses)
    payers = Payers(
        loss.handed.delivery.order.recipient_id
        for _, loss, _ in losses
        if loss.handed.delivery.order.recipient_id
    )
    found = []
    for key, loss, at in losses:
        draft = _draft(key, loss, at, prices, payers, window)
        if draft is not None:
            found.append(draft)
    return found


def _charged(window: Window) -> Iterator[tuple[str, Loss, dt.datetime]]:
    verdicts = LossVerdict.objects.filter(
        ~charged_as("loss:"), is_charged=True, at__gte=window.since, at__lt=window.until
    ).order_by("pk")
    receipts = _receipts().in_bulk([v.receipt_id for v in verdicts if v.receipt_id])
    lines = _lines().in_bulk([v.return_line_id for v in verdicts if v.return_line_id])
    for verdict in verdicts:
        if verdict.receipt_id in receipts:
            loss = _of_receipt(receipts[verdict.receipt_id])
        elif verdict.return_line_id in lines:
            loss = _of_line(lines[verdict.return_line_id])
        else:
            continue
        yield f"loss:{verdict.pk}", loss, verdict.at


def _draft(
    key: str, loss: Loss, at: dt.datetime, prices: Prices, payers: Payers, window: Window
) -> Draft | None:
    handed = loss.handed
    line, order = handed.line, handed.delivery.order
    price = priced(line, prices, order)
    if price is None or line.seller_id is None:
        window.problems.append(
            Problem(
                f"{line.article}, som inte kom tillbaka, saknar listpris.",
                admin_page="articles_article",
                admin_pk=line.article_id,
            )
        )
        return None
    piece, day = handed.individual, day_of(loss.at)
    new_on = (piece and piece.purchased_on) or day_of(handed.delivery.at)
    shares = window.shares(ShareTable.Kind.USED, day)
    owed = rules.used_value(loss.quantity, price, rules.whole_months(new_on, day) // 12, shares)
    owed.inputs["why"] = loss.words
    person = loss.recipient
    payer = payers.of(person, loss.at) if person is not None and person.is_person else None
    return Draft(
        source_key=key,
        kind=ChargeKind.LOST,
        day=day_of(at),
        seller_id=line.seller_id,
        buyer_id=payer or line.payer_id,
        owed=owed,
        individual_number=piece.number if piece else "",
        loan_id=handed.loan_id,
        **of_order(order),
        **of_article(line.article),
    )
