"""What was sold with right of return and came back: a share of what was charged is credited."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import QuerySet

from articles.models import BillingForm
from orders.models import LineDelivery
from pickups.models import PickupReceipt, ReceivedState, ReturnLine
from sesam.templatetags.sesam import datum

from .. import rules
from ..books import Prices
from ..drafts import Draft, Problem, of_article
from ..models import Charge, ChargeKind, ShareTable
from .deliveries import of_order, priced
from .window import Window, charged_as, day_of

_SOLD = BillingForm.Rule.SALE_RETURN
_LOADED = [
    f"loan__delivery__{name}"
    for name in ("delivery__order__prescriber", "line__article", "individual")
]


@dataclass(frozen=True)
class Came:
    """So much of what was handed out came back."""

    source_key: str
    handed: LineDelivery
    quantity: int
    at: dt.datetime


@dataclass(frozen=True)
class Sold:
    """What was charged for one of a delivery; ``row`` is its charge, where there is one already, or
    ``key`` the source key of what this run charges in its place."""

    price: Decimal
    seller_id: int
    buyer_id: int
    vat_rate: Decimal
    row: int | None = None
    is_credited: bool = False
    key: str = ""


def drafts(window: Window, made: Iterable[Draft]) -> list[Draft]:
    """``made`` are the drafts of deliveries of this run."""
    came = list(_came(window))
    prices = Prices(one.handed.line.article_id for one in came)
    now = {draft.source_key: draft for draft in made}
    before = _charged((_sold_as(one.handed) for one in came), window.credited)
    found = []
    for one in came:
        key = _sold_as(one.handed)
        if key in now:
            draft = now[key]
            price = rules.rounded(draft.owed.amount / draft.owed.quantity)
            rate = window.vat_rate(draft.day, draft.seller_id, draft.buyer_id)
            sold = Sold(price, draft.seller_id, draft.buyer_id, rate, key=key)
        else:
            known = before.get(key) or _sold_before_us(one.handed, prices, window)
            if known is None:
                continue
            sold = known
        found.append(_draft(one, sold, window))
    return found


def _sold_as(handed: LineDelivery) -> str:
    return f"delivery:{handed.pk}"


def _draft(one: Came, sold: Sold, window: Window) -> Draft:
    handed, day = one.handed, day_of(one.at)
    kind = ChargeKind.RETURN
    months = rules.whole_months(day_of(handed.delivery.at), day)
    shares = window.shares(ShareTable.Kind.RETURN, day)
    owed = rules.given_back(one.quantity, sold.price, months, shares)
    if sold.is_credited:
        kind = ChargeKind.FREE
        owed = rules.nothing(one.quantity, "Återlämnat: försäljningen är redan krediterad")
    return Draft(
        source_key=one.source_key,
        kind=kind,
        day=day,
        seller_id=sold.seller_id,
        buyer_id=sold.buyer_id,
        owed=owed,
        individual_number=handed.individual.number if handed.individual else "",
        loan_id=handed.loan_id,
        of_id=sold.row,
        of_key=sold.key,
        vat_rate=sold.vat_rate,
        **of_order(handed.delivery.order),
        **of_article(handed.line.article),
    )


def _came(window: Window) -> Iterator[Came]:
    """Never what was scrapped or lost."""
    returned = (
        ReturnLine.objects.filter(
            ~charged_as("return:"),
            scrapped=False,
            of__undone_at=None,
            of__at__gte=window.since,
            of__at__lt=window.until,
            loan__delivery__line__billing_form__rule=_SOLD,
        )
        .select_related("of", *_LOADED)
        .order_by("pk")
    )
    for line in returned:
        yield Came(f"return:{line.pk}", line.loan.delivery, line.quantity, line.of.at)
    received = (
        PickupReceipt.objects.filter(
            ~charged_as("receipt:"),
            at__gte=window.since,
            at__lt=window.until,
            line__loan__delivery__line__billing_form__rule=_SOLD,
        )
        .exclude(state__in=[ReceivedState.SCRAPPED, ReceivedState.MISSING])
        .select_related("line", *(f"line__{name}" for name in _LOADED))
        .order_by("pk")
    )
    for receipt in received:
        if receipt.line.loan is not None:
            handed = receipt.line.loan.delivery
            yield Came(f"receipt:{receipt.pk}", handed, receipt.quantity, receipt.at)


def _charged(keys: Iterable[str], credited_now: set[int]) -> dict[str, Sold]:
    standing = _standing({row.source_key: row for row in _rows(set(keys))})
    credited = credited_now | set(
        Charge.objects.filter(
            kind=ChargeKind.CREDIT, of__in=[row.pk for row in standing.values()]
        ).values_list("of", flat=True)
    )
    return {key: _sold(row, row.pk in credited) for key, row in standing.items()}


def _rows(keys: Iterable[str]) -> QuerySet[Charge]:
    return Charge.objects.filter(source_key__in=keys).select_related("correction")


def _standing(rows: dict[str, Charge]) -> dict[str, Charge]:
    """For each row what was charged last in its place; itself, where nothing was."""
    found = dict(rows)
    while rows:
        mended = {row.source_key: row for row in _rows(_mended_as(one) for one in rows.values())}
        rows = {
            key: mended[_mended_as(one)] for key, one in rows.items() if _mended_as(one) in mended
        }
        found |= rows
    return found


def _mended_as(row: Charge) -> str:
    return f"mended:{row.pk}"


def _sold(row: Charge, is_credited: bool) -> Sold:
    correction = getattr(row, "correction", None)
    right = correction.right_amount if correction else None
    if right is not None:  # charged by this very run
        price = rules.rounded(right / row.quantity)
        return Sold(price, row.seller_id, row.buyer_id, row.vat_rate, key=_mended_as(row))
    price = rules.rounded(row.amount / row.quantity)
    return Sold(price, row.seller_id, row.buyer_id, row.vat_rate, row.pk, is_credited)


def _sold_before_us(handed: LineDelivery, prices: Prices, window: Window) -> Sold | None:
    """Sold before charges were made here: at the price that was copied then. None where it has
    none, which is a problem."""
    line, order = handed.line, handed.delivery.order
    price = priced(line, prices, order)
    if price is None:
        window.problems.append(
            Problem(
                f"{line.article} på beställning {order.case_number} har kommit tillbaka och saknar"
                f" listpris {datum(order.sent_at)}.",
                admin_page="articles_article",
                admin_pk=line.article_id,
            )
        )
        return None
    seller, buyer = line.seller_id or line.payer_id, line.payer_id
    rate = window.vat_rate(day_of(handed.delivery.at), seller, buyer)
    return Sold(price, seller, buyer, rate)
