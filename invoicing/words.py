"""How a charge explains itself: its rule in words, with the numbers that it was reckoned from."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from functools import lru_cache
from typing import Any

from sesam.days import MONTHS
from sesam.templatetags.sesam import tal

from .models import Charge, ChargeKind


def told(charge: Charge) -> str:
    """«Hyra 12 av 30 dagar: 95,00 × 12/30». Needs the invoice loaded."""
    return explained(charge, charge.invoice.date)


def explained(charge: Any, date: dt.date) -> str:
    """The same of a charge or its columns, on an invoice of ``date``."""
    words = _of(charge)
    if charge.kind != ChargeKind.CREDIT and charge.month < date.replace(day=1):
        words += f" ({MONTHS[charge.month.month - 1]} {charge.month.year}, sent registrerat)"
    return words


def _of(charge: Any) -> str:
    inputs = charge.inputs
    price = _price(charge.unit_price)
    many = f"{_number(charge.quantity)} × {price}"
    match charge.kind:
        case ChargeKind.SALE:
            return f"Försäljning {many}"
        case ChargeKind.MATERIAL:
            return many
        case ChargeKind.PROJECT:
            return f"Enligt offert {price}"
        case ChargeKind.CALLOUT:
            return f"Framkörning {price}"
        case ChargeKind.TIME:
            return f"{_number(charge.quantity)} tim × {price}"
        case ChargeKind.RETURN:
            what = many if charge.quantity != 1 else price
            return f"Återlämnat efter {inputs['months']} mån: {what} × {inputs['percent']} %"
        case ChargeKind.USED:
            what = many if charge.quantity != 1 else price
            return f"Begagnat, {inputs['years']} år: {what} × {inputs['percent']} %"
        case ChargeKind.LOST:
            what = many if charge.quantity != 1 else price
            return f"{inputs['why']}, {inputs['years']} år: {what} × {inputs['percent']} %"
        case ChargeKind.RENT:
            return _rent(inputs, price)
        case ChargeKind.MENDED:
            was = tal(Decimal(inputs["was"]), 2)
            return f"Rätt belopp i stället för {was} på faktura {inputs['invoice']}"
        case ChargeKind.CREDIT:
            return f"Krediterar raden på faktura {inputs['invoice']}"
        case _:
            return str(inputs["why"])


def _rent(inputs: dict[str, Any], price: str) -> str:
    parts, of = inputs["parts"], inputs["of"]
    quantity = sum(count for count, _ in parts)
    if not parts:
        words = "Hyra 0 dagar"
    elif all(days == of for _, days in parts):
        words = f"Hyra, hel månad: {price if quantity == 1 else f'{quantity} × {price}'}"
    elif len(parts) == 1:
        ((count, days),) = parts
        many = "" if count == 1 else f"{count} × "
        words = f"Hyra {days} av {of} dagar: {many}{price} × {days}/{of}"
    else:
        days = " + ".join(f"{count} × {days}" for count, days in parts)
        words = f"Hyra {days} av {of} dagar: {price} × ({days})/{of}"
    if inputs.get("credited"):
        return f"{words}, månaden är redan krediterad"
    if "charged" in inputs:
        return f"{words}, minus debiterat {tal(Decimal(inputs['charged']), 2)}"
    return words


@lru_cache(maxsize=2048)  # a specification has many rows and few prices
def _price(value: Decimal) -> str:
    return tal(value, 2)


@lru_cache(maxsize=256)
def _number(value: Decimal) -> str:
    """«2», «1,25»."""
    return tal(int(value)) if value == int(value) else tal(value, 2)
