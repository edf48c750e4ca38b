"""What a delivery leaves behind: its record, pieces moved, loans begun, parts fitted."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Max

from articles.models import ArticleType
from articles.stock import Ledger
from individuals import arrivals
from individuals import services as individuals
from individuals.models import Component, Individual
from organisation.models import User
from recipients.follow_ups import due_on
from recipients.models import Loan, Recipient

from ..models import Delivery, LineDelivery, Order, OrderLine

Handed = tuple[OrderLine, int, list[Individual]]  # with ``line.delivered`` counted up already


@dataclass(frozen=True)
class Share:
    """What becomes one loan: one piece, or so many of a counted article. Of a component: what
    goes with one aid (``main``)."""

    line: OrderLine
    quantity: int
    piece: Individual | None = None
    main: LineDelivery | None = None

    @property
    def fitted_to(self) -> int | None:
        """The piece that it sits on."""
        return self.line.fitted_to_id or (self.main.individual_id if self.main else None)


def record_delivery_of(
    order: Order, handed: list[Handed], *, user: User, now: dt.datetime, ledger: Ledger
) -> Delivery | None:
    """Pieces move, loans begin, parts come to sit on their piece, and the delivery remembers
    which loan each became; None if nothing was handed out.

    Into a store things go as stock: what is fitted there is the store's to decide. ``ledger`` has
    moved them; the caller saves it afterwards.
    """
    if not handed:
        return None
    pieces = [piece for _, _, its_pieces in handed for piece in its_pieces]
    if pieces and order.destination:
        arrivals.stand(pieces, order.destination, ledger)
    elif pieces:
        individuals.hand_out(pieces)
    last = order.deliveries.aggregate(last=Max("number"))["last"] or 0
    delivery = Delivery.objects.create(order=order, number=last + 1, at=now, by=user)
    aids = [one for one in handed if one[0].component_of_id is None]
    parts = [one for one in handed if one[0].component_of_id is not None]
    _record(delivery, [share for one in aids for share in _pieces_apart(*one)])
    if parts:
        _record(delivery, list(_shares_of_parts(parts)))
    return delivery


def _pieces_apart(
    line: OrderLine, quantity: int, pieces: list[Individual], main: LineDelivery | None = None
) -> list[Share]:
    if pieces:
        return [Share(line, 1, piece, main) for piece in pieces]
    return [Share(line, quantity, None, main)]


def _shares_of_parts(parts: list[Handed]) -> Iterator[Share]:
    """Each aid gets its share (``OrderLine.most_with``), the first handed out first. What some of
    them didn't get with an earlier delivery comes before the rest."""
    lines = {line.component_of_id for line, _, _ in parts}
    mains: dict[int, list[LineDelivery]] = defaultdict(list)
    for row in (
        LineDelivery.objects.filter(line__in=lines).select_related("line", "loan").order_by("pk")
    ):
        mains[row.line_id].append(row)
    for line, quantity, pieces in parts:
        given, left = line.delivered - quantity, list(pieces)
        gone = 0
        its_mains = mains[line.component_of_id or 0]
        for main in its_mains:
            gone += main.quantity
            last = main is its_mains[-1]
            upto = line.delivered if last else line.most_with(main.line, gone)
            share = min(upto, line.delivered) - given
            if share > 0:
                given += share
                yield from _pieces_apart(line, share, left[:share], main)
                left = left[share:]
        if given < line.delivered:
            yield from _pieces_apart(line, line.delivered - given, left)


def _record(delivery: Delivery, shares: list[Share]) -> None:
    rows = [
        LineDelivery(
            delivery=delivery, line=share.line, quantity=share.quantity, individual=share.piece
        )
        for share in shares
    ]
    order = delivery.order
    if order.recipient:
        _begin_loans(order, order.recipient, list(zip(shares, rows, strict=True)), delivery.at)
    LineDelivery.objects.bulk_create(rows)


def _begin_loans(
    order: Order,
    recipient: Recipient,
    handed: list[tuple[Share, LineDelivery]],
    now: dt.datetime,
) -> None:
    """A service becomes no loan; a manual order's loan bears its comment as its name."""
    begun = []
    held = _held_of(recipient, {share.fitted_to for share, _ in handed} - {None})
    for share, row in handed:
        line = share.line
        main = share.main.loan if share.main else None
        if line.article.type == ArticleType.SERVICE:
            continue
        row.loan = Loan(
            recipient=recipient,
            article=line.article,
            individual=share.piece,
            part_of=main if main and main.ended_at is None else None,
            component=_component(order, share, held),
            name=line.comment[:500] if line.article.is_manual else "",
            quantity=share.quantity,
            unit_id=order.unit_id,
            prescriber_name=str(order.prescriber),
            case_number=order.case_number,
            delivered_at=now,
            follow_up_on=None if line.component_of_id else due_on(line.follow_up_weeks, now),
            follow_up_by_id=order.prescriber_id,
        )
        begun.append((row, row.loan))
    fitted = [loan.component for _, loan in begun if loan.component]
    if fitted:
        individuals.fit(fitted)
    for _, loan in begun:
        loan.component = loan.component  # takes over the id that the insert gave
    Loan.objects.bulk_create([loan for _, loan in begun])
    for row, loan in begun:
        row.loan = loan  # likewise


def _held_of(recipient: Recipient, pieces: set[int | None]) -> set[int]:
    """Those of the pieces that the recipient has: a part whose aid went back before it came is
    held, and sits on nothing."""
    if not pieces:
        return set()
    held = Loan.objects.filter(recipient=recipient, individual__in=pieces, ended_at=None)
    return {piece for piece in held.values_list("individual_id", flat=True) if piece}


def _component(order: Order, share: Share, held: set[int]) -> Component | None:
    if share.fitted_to is None or share.fitted_to not in held:
        return None
    return Component(
        individual_id=share.fitted_to,
        article=share.line.article,
        quantity=share.quantity,
        case_number=order.case_number,
    )
