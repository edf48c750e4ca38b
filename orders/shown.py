"""Lines as pages show them, of an order in progress and of a sent one alike."""

from collections.abc import Iterable
from decimal import Decimal

from django.db.models import QuerySet

from articles.models import BillingForm

from .models import CartLine, Order, OrderAttachment, OrderLine

Line = CartLine | OrderLine


def set_sum(line: Line, price: Decimal | None, form: BillingForm) -> None:
    """``line.sum`` is kr without VAT (None: no price), a month's if ``line.is_rent``."""
    line.is_rent = form.rule == BillingForm.Rule.RENT
    line.sum = price * line.quantity if price is not None else None


def without_free_text(order: Order, lines: Iterable[OrderLine]) -> None:
    """Comments of a case that must not tell where a protected person is; nothing is saved."""
    if order.address_masked:
        for line in lines:
            line.comment = ""


def files(order: Order) -> QuerySet[OrderAttachment]:
    """What was attached, unless it might tell where a protected person is."""
    return order.attachments.none() if order.address_masked else order.attachments.all()


def totals(lines: Iterable[Line]) -> dict[str, Decimal]:
    """Sales and rents are never added up with each other."""
    made = {"sales": Decimal(0), "rents": Decimal(0)}
    for line in lines:
        made["rents" if line.is_rent else "sales"] += line.sum or 0
    return made


def components_after(lines: list[Line]) -> list[Line]:
    """Each line with its components right after it."""
    mains = [line for line in lines if line.component_of_id is None]
    return [x for m in mains for x in [m, *(c for c in lines if c.component_of_id == m.pk)]]
