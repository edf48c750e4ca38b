"""What KHS has said is to be credited: the row, and what was charged or given back because of it. And
what is charged in its place."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from django.db.models import QuerySet

from ..drafts import Draft
from ..models import Charge, ChargeKind, Correction
from ..models.invoices import last_day
from ..rules import Owed, rounded
from .window import Window, charged_as


def drafts(window: Window) -> list[Draft]:
    """Notes on ``window`` which rows are credited now."""
    wanted = Correction.objects.exclude(charge__corrections__kind=ChargeKind.CREDIT).values(
        "charge"
    )
    rows = {charge.pk: charge for charge in _loaded().filter(pk__in=wanted)}
    depends = _loaded().filter(of__in=rows).exclude(kind=ChargeKind.CREDIT).exclude(amount=0)
    rows |= {charge.pk: charge for charge in depends.exclude(corrections__kind=ChargeKind.CREDIT)}
    window.credited = set(rows)
    found = [_draft(charge, window) for charge in rows.values()]
    for charge in _unmended():
        if charge.correction.right_amount is not None:
            found.append(_in_its_place(charge, charge.correction.right_amount, window))
    return found


def _unmended() -> QuerySet[Charge]:
    """Asked for by itself: a run that was cut off may have credited the row after its invoice of
    seller and buyer was made."""
    return (
        _loaded()
        .filter(~charged_as("mended:"), correction__right_amount__isnull=False)
        .select_related("invoice", "correction")
    )


def _loaded() -> QuerySet[Charge]:
    return Charge.objects.select_related("invoice").order_by("pk")


def right_price(charge: Charge, amount: Decimal) -> Decimal:
    """What one of the row's quantity costs at a right amount."""
    return rounded(amount / charge.quantity) if charge.quantity else amount


def _in_its_place(charge: Charge, amount: Decimal, window: Window) -> Draft:
    """The right amount, on the ordinary invoice of seller and buyer."""
    price = right_price(charge, amount)
    inputs = {"invoice": charge.invoice.number, "was": str(charge.amount)}
    return replace(
        _draft(charge, window),
        source_key=f"mended:{charge.pk}",
        kind=ChargeKind.MENDED,
        owed=Owed(charge.quantity, price, amount, inputs),
        of_id=None,
        credits_id=None,
        loan_id=None,
    )


def _draft(charge: Charge, window: Window) -> Draft:
    inputs = {"invoice": charge.invoice.number}
    amount: Decimal = -charge.amount
    return Draft(
        source_key=f"credit:{charge.pk}",
        kind=ChargeKind.CREDIT,
        day=last_day(window.month),
        seller_id=charge.seller_id,
        buyer_id=charge.buyer_id,
        owed=Owed(charge.quantity, charge.unit_price, amount, inputs),
        text=charge.text,
        article_id=charge.article_id,
        iso_group=charge.iso_group,
        individual_number=charge.individual_number,
        case_number=charge.case_number,
        unit_id=charge.unit_id,
        prescriber_code=charge.prescriber_code,
        loan_id=charge.loan_id,
        of_id=charge.pk,
        credits_id=charge.invoice_id,
        vat_rate=charge.vat_rate,
    )
