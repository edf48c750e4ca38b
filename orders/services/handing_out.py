"""What a delivery leaves behind: pieces moved, loans begun, parts fitted."""

import datetime as dt

from articles.models import ArticleType
from individuals import services as individuals
from individuals.models import Component, Individual
from organisation.models import User
from recipients.models import Loan, Recipient

from ..models import (
    LineDelivery,
    Order,
    OrderLine,
)


def record_deliveries(
    order: Order,
    deliveries: list[tuple[OrderLine, int, list[Individual]]],
    *,
    user: User,
    now: dt.datetime,
) -> None:
    """Pieces move, loans begin, and every delivery remembers the loan it became."""
    pieces = [piece for _, _, handed in deliveries for piece in handed]
    if pieces and order.destination:
        individuals.shelve(pieces, order.destination)
    elif pieces:
        individuals.hand_out(pieces)
    rows = []
    for line, quantity, handed in deliveries:
        shares: list[tuple[Individual | None, int]] = [(piece, 1) for piece in handed]
        rows += [
            LineDelivery(line=line, quantity=count, individual=piece, at=now, by=user)
            for piece, count in shares or [(None, quantity)]
        ]
    if order.recipient:
        _begin_loans(order, order.recipient, rows, now)
    LineDelivery.objects.bulk_create(rows)
    if order.recipient:
        _fit_parts(order, rows)


def _begin_loans(
    order: Order, recipient: Recipient, rows: list[LineDelivery], now: dt.datetime
) -> None:
    """A service becomes no loan; a manual order's loan bears its comment as its name."""
    begun = []
    for row in rows:
        line = row.line
        if line.article.type == ArticleType.SERVICE:
            continue
        row.loan = Loan(
            recipient=recipient,
            article=line.article,
            individual=row.individual,
            name=line.comment[:500] if line.article.is_manual else "",
            quantity=row.quantity,
            unit_id=order.unit_id,
            prescriber_name=str(order.prescriber),
            case_number=order.case_number,
            delivered_at=now,
        )
        begun.append((row, row.loan))
    Loan.objects.bulk_create([loan for _, loan in begun])
    for row, loan in begun:
        row.loan = loan  # takes over the id that the insert gave


def _fit_parts(order: Order, rows: list[LineDelivery]) -> None:
    """Components sit on the piece they came with, accessories on the piece they were meant for.

    Into a store they go as stock: what is fitted there is the store's to decide.
    """
    parents = {row.line.component_of_id for row in rows if row.line.component_of_id}
    came_with: dict[int | None, tuple[int | None, int | None]] = {
        line: (piece, loan)
        for line, piece, loan in LineDelivery.objects.filter(line__in=parents).values_list(
            "line_id", "individual_id", "loan_id"
        )
    }
    parts, loans = [], []
    for row in rows:
        piece, loan = came_with.get(row.line.component_of_id, (None, None))
        if loan and row.loan:
            row.loan.part_of_id = loan
            loans.append(row.loan)
        target = row.line.fitted_to_id or piece
        if target:
            parts.append(
                Component(
                    individual_id=target,
                    article=row.line.article,
                    quantity=row.quantity,
                    case_number=order.case_number,
                )
            )
    Loan.objects.bulk_update(loans, ["part_of"])
    if parts:
        individuals.fit(parts)
