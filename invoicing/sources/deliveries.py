"""What was handed out: a sale, a project's offer, a used piece, or nothing. (Rents: ``rents``.)"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Exists, OuterRef, Q

from articles.models import ArticleType, BillingForm, Project, Responsibility
from orders.models import LineDelivery, Order, OrderLine, ProjectMove
from orders.stages import Stage
from recipients.models import Loan

from .. import rules
from ..books import Prices
from ..drafts import Draft, Problem, of_article
from ..models import Charge, ChargeKind, ShareTable
from .window import Window, charged_as, day_of

_RENT = BillingForm.Rule.RENT


def drafts(window: Window) -> list[Draft]:
    rows = list(_uncharged(window))
    prices = Prices(row.line.article_id for row in rows)
    used = _used_before(rows)
    offers = _offers(row.line for row in rows)
    found = []
    for row in rows:
        owed = _Delivered(row, window, prices, row.pk in used, offers).owed()
        if owed is not None:
            found.append(owed)
    return found


def _uncharged(window: Window) -> Iterator[LineDelivery]:
    rented = Charge.objects.filter(loan=OuterRef("loan"), kind=ChargeKind.RENT)
    rows = LineDelivery.objects.filter(
        ~charged_as("delivery:"),
        ~Exists(rented),
        delivery__at__gte=window.since,
        delivery__at__lt=window.until,
    ).select_related(
        "delivery__order__unit",
        "delivery__order__prescriber",
        "delivery__order__destination",
        "line__article",
        "line__billing_form",
        "line__put_for",
        "individual",
    )
    return rows.order_by("pk").iterator(chunk_size=2000)


def _used_before(rows: list[LineDelivery]) -> set[int]:
    """Those of the rows whose piece somebody had before."""
    before = Loan.objects.filter(
        Q(delivered_at__lt=OuterRef("delivery__at")),
        individual=OuterRef("individual"),
    )
    marked = [row.pk for row in rows if row.individual_id]
    found = LineDelivery.objects.filter(Exists(before), pk__in=marked)
    return set(found.values_list("pk", flat=True))


def _offers(lines: Iterator[OrderLine]) -> dict[int, Decimal | None]:
    """What was offered last for each project among the lines."""
    ids = {line.pk for line in lines if line.project}
    moves = ProjectMove.objects.filter(line__in=ids, stage=Stage.OFFER_RECEIVED).order_by("pk")
    return dict(moves.values_list("line", "amount"))


def priced(line: OrderLine, prices: Prices, order: Order) -> Decimal | None:
    """The list price that was copied when it was sent; else the article's of that day, which KHS
    may have filled in since."""
    if line.list_price is not None:
        return line.list_price
    return prices.at(line.article_id, day_of(order.sent_at)).list_price


@dataclass
class _Delivered:
    row: LineDelivery
    window: Window
    prices: Prices
    used_before: bool
    offers: dict[int, Decimal | None]

    def owed(self) -> Draft | None:
        """None for what is rented, and where there is a problem."""
        line, order = self.row.line, self.row.delivery.order
        rule = line.billing_form.rule
        if line.seller_id is None:
            return self._problem("saknar säljare", article=False)
        if rule == BillingForm.Rule.NONE:
            return self._free("Ingen debitering")
        if order.destination is not None:
            return self._replenished(order)
        if line.put_for and line.put_for.project == Project.WITH_OFFER:
            return self._free("Ingår i projektets offert")
        if line.project == Project.WITH_OFFER:
            return self._project()
        if self._is_anothers_used():
            return self._used()
        if rule == _RENT:
            if self.row.loan_id is None:
                return self._problem("hyrs ut men är inget lån", article=False)
            return None
        return self._sold()

    def _is_anothers_used(self) -> bool:
        line = self.row.line
        return (
            self.used_before
            and line.article.responsibility == Responsibility.B
            and line.seller_id != line.payer_id
            and line.seller_id not in self.window.conditions.centres
        )

    def _replenished(self, order: Order) -> Draft | None:
        line = self.row.line
        is_aid = line.article.type != ArticleType.CONSUMABLE
        if is_aid and line.article.responsibility == Responsibility.A:
            return self._free("A-hjälpmedel i eget förråd är KHS tills någon får det")
        assert order.destination is not None  # noqa: S101  asked before
        return self._sold(buyer=order.destination.owner_id)

    def _sold(self, buyer: int | None = None) -> Draft | None:
        price = priced(self.row.line, self.prices, self.row.delivery.order)
        if price is None:
            return self._problem("saknar listpris")
        return self._draft(ChargeKind.SALE, rules.sale(self.row.quantity, price), buyer=buyer)

    def _used(self) -> Draft | None:
        price = priced(self.row.line, self.prices, self.row.delivery.order)
        piece = self.row.individual
        if price is None:
            return self._problem("saknar listpris")
        if piece is None or piece.purchased_on is None:
            self.window.problems.append(
                Problem(
                    f"Individ {piece} har använts förut och saknar inköpsdatum, så värdet kan inte"
                    " räknas.",
                    admin_page="individuals_individual",
                    admin_pk=piece.pk if piece else None,
                )
            )
            return None
        years = rules.whole_months(piece.purchased_on, self._day) // 12
        shares = self.window.shares(ShareTable.Kind.USED, self._day)
        return self._draft(
            ChargeKind.USED, rules.used_value(self.row.quantity, price, years, shares)
        )

    def _project(self) -> Draft | None:
        offer = self.offers.get(self.row.line_id)
        if offer is None:
            return self._problem("är ett projekt vars offert saknar belopp", article=False)
        share = offer * self.row.quantity / self.row.line.quantity
        return self._draft(ChargeKind.PROJECT, rules.sale(1, rules.rounded(share)))

    def _free(self, why: str) -> Draft:
        order = self.row.delivery.order
        buyer = order.destination.owner_id if order.destination else None
        return self._draft(ChargeKind.FREE, rules.nothing(self.row.quantity, why), buyer=buyer)

    @property
    def _day(self) -> dt.date:
        return day_of(self.row.delivery.at)

    def _problem(self, what: str, *, article: bool = True) -> Draft | None:
        """Note it, and charge nothing."""
        line, number = self.row.line, self.row.delivery.order.case_number
        self.window.problems.append(
            Problem(
                f"{line.article} på beställning {number} {what}.",
                case_number="" if article else number,
                admin_page="articles_article" if article else "",
                admin_pk=line.article_id if article else None,
            )
        )
        return None

    def _draft(self, kind: ChargeKind, owed: rules.Owed, *, buyer: int | None = None) -> Draft:
        line, order = self.row.line, self.row.delivery.order
        return Draft(
            source_key=f"delivery:{self.row.pk}",
            kind=kind,
            day=self._day,
            seller_id=line.seller_id or 0,
            buyer_id=buyer or line.payer_id,
            owed=owed,
            individual_number=self.row.individual.number if self.row.individual else "",
            loan_id=self.row.loan_id,
            **of_order(order),
            **of_article(line.article),
        )


def of_order(order: Order) -> dict[str, Any]:
    """What a draft says of its order. Needs the prescriber loaded."""
    return {
        "case_number": order.case_number,
        "unit_id": order.unit_id,
        "prescriber_code": order.prescriber.orderer_code,
    }
