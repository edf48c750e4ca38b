"""Sending an order, once."""

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from articles import prices
from articles.stock import Kind, Ledger, Shortage
from individuals import services as individuals
from individuals.models import Individual
from organisation.models import Source, User
from recipients.cases import EventKind, forget_at_end, tell
from recipients.models import CareRelation, Recipient
from sesam import case_numbers
from sesam.errors import DomainError
from sesam.models import CaseKind
from sesam.standing import standing

from .. import cart as carts
from .. import promises, rules, sellers
from ..models import (
    Cart,
    CartAttachment,
    CartLine,
    Order,
    OrderAttachment,
    OrderLine,
    OrderStatus,
)
from ..stages import Stage
from .common import locked_recipient, status_of
from .handing_out import record_delivery_of
from .projects import record_start

COPIED = [
    "kind", "recipient_id", "destination", "unit", "prescriber_id", "delivery_way", "address_of",
    "co", "street", "postcode", "locality", "door_code", "instructions",
    "recipient_phone", "recipient_mobile", "recipient_email",
    "contact_name", "contact_phone", "contact_mobile", "contact_email",
    "contact_prescriber", "extra_info", "typed_for_case",
]  # fmt: skip
COPIED_LINE = [
    "position", "article", "quantity", "source", "warehouse", "individual_id", "fitted_to_id",
    "comment", "deliver_together", "asked_article_id", "replaced_because", "follow_up_weeks",
]  # fmt: skip


@transaction.atomic
def send(cart: Cart, *, user: User) -> Order:
    """Make the order of a cart; sent again, the order that is there.

    Own-store lines are handed out at once; KHS lines reserve what is available, and the rest
    is backlog. Raises ``DomainError`` (with ``line`` = the cart line's id where one is meant)
    and then nothing has happened.
    """
    recipient = locked_recipient(cart.recipient_id)
    (_,) = _lock(cart=cart.pk, user=user.pk)
    (cart,) = _locked(cart=cart.pk)
    cart.recipient = recipient
    if cart.order:
        return cart.order
    if cart.closed_at:
        raise carts.Closed
    lines = _lines_of(cart=cart.pk)
    carts.protect(cart)
    _check_cart(cart, lines, recipient)

    places = {(line.warehouse_id, line.article_id) for line in lines if line.article.is_stocked}
    ledger = Ledger(places, user=user)
    pieces = individuals.lock(line.individual_id for line in lines if line.individual_id)
    amounts = prices.today({line.article_id for line in lines})
    now = timezone.now()

    number = case_numbers.take(CaseKind.ORDER)
    ledger.case_number = number
    order = Order(case_number=number, ordered_by=user, sent_at=now)
    for name in COPIED:
        setattr(order, name, getattr(cart, name))
    order_lines = _order_lines(order, cart, lines, recipient, amounts)
    handed_out: list[OrderLine] = []
    for line, order_line in zip(lines, order_lines, strict=True):
        try:
            if line.source == Source.OWN_STORE:
                _take_from_own_store(ledger, line, order_line, pieces)
                handed_out.append(order_line)
            elif line.article.is_stocked:
                place = (line.warehouse_id, line.article_id)
                order_line.reserved = min(ledger.available(place), line.quantity)
                ledger.reserve(place, order_line.reserved)
        except Shortage as shortage:
            raise DomainError(_gone(line, shortage.available), line=line.pk) from shortage
    promises.promise(order_lines, ledger.expected(), timezone.localdate(now))
    order.planned_delivery = promises.of_order(order_lines)
    order.status = status_of(order_lines)
    order.delivered_at = now if order.status == OrderStatus.DELIVERED else None

    order.save(force_insert=True)
    _insert_lines(order_lines)
    record_start(order_lines, user=user, now=now)
    record_delivery_of(
        order,
        [
            (line, line.quantity, [line.individual] if line.individual else [])
            for line in handed_out
        ],
        user=user,
        now=now,
        ledger=ledger,
    )
    ledger.save()
    _move_attachments(cart, order, dict(zip((line.pk for line in lines), order_lines, strict=True)))
    order.recipient = recipient
    tell(order, user, EventKind.CREATED, "Beställningen skickades")
    if recipient:
        CareRelation.objects.create(recipient=recipient, unit=cart.unit, case_number=number)
    Cart.objects.filter(pk=cart.pk).update(order=order, closed_at=now, updated_at=now, aside={})
    forget_at_end(order)
    return order


@standing
def _lock(*, cart: Any, user: Any) -> QuerySet[Cart, Any]:
    """By itself: what a question that waits joins is as it was before the wait."""
    return Cart.objects.select_for_update().filter(pk=cart, user=user).values("pk")


@standing
def _locked(*, cart: Any) -> QuerySet[Cart]:
    return Cart.objects.select_related(
        "unit__delivering_warehouse", "delivery_way", "destination", "order"
    ).filter(pk=cart)


@standing
def _lines_of(*, cart: Any) -> QuerySet[CartLine]:
    return (
        CartLine.objects.filter(cart=cart)
        .select_related("article__billing_form", "warehouse", "individual")
        .order_by(F("component_of_id").asc(nulls_first=True), "position", "id")
    )


@standing
def _files_of(*, cart: Any) -> QuerySet[CartAttachment]:
    return CartAttachment.objects.filter(cart=cart, dialog_key="").exclude(
        line__removed_at__isnull=False
    )


def _check_cart(cart: Cart, lines: list[CartLine], recipient: Recipient | None) -> None:
    """What must hold when an order is sent, whatever held when the lines were added."""
    if not lines:
        raise DomainError("Beställningen är tom. Lägg till en artikel först.")
    if recipient and recipient.deceased_on:
        raise DomainError("Mottagaren är avliden. Det går inte att beställa.")
    if cart.delivery_way is None or not cart.delivery_way.is_active:
        raise DomainError("Välj leveranssätt.", field="delivery_way")
    for line, text in rules.faults(cart.kind, lines).items():
        raise DomainError(text, line=line)
    if not any(
        [cart.recipient_phone, cart.recipient_mobile, cart.contact_phone, cart.contact_mobile]
    ):
        raise DomainError("Ange minst ett telefonnummer.", field="contact_phone")
    if cart.delivery_way.address != cart.address_of:
        # KHS has changed what the way means since it was chosen.
        text = "Leveranssättet har fått en annan adress. Kontrollera den och skicka igen."
        raise DomainError(text, field="delivery_way")
    if cart.has_address and not (cart.street and cart.postcode and cart.locality):
        raise DomainError("Fyll i leveransadressen.", field="street")


def _gone(line: CartLine, available: int) -> str:
    left = "tagits av någon annan" if available == 0 else f"minskat till {available} st"
    return (
        f"{line.article.name}: saldot i {line.warehouse} har {left}."
        " Ändra raden; resten av beställningen är kvar."
    )


def _take_from_own_store(
    ledger: Ledger, line: CartLine, order_line: OrderLine, pieces: dict[int, Individual]
) -> None:
    place = (line.warehouse_id, line.article_id)
    number = ""
    if line.article.is_marked:
        piece = pieces.get(line.individual_id or 0)
        if (
            piece is None
            or piece.status != Individual.Status.IN_STOCK
            or piece.warehouse_id != line.warehouse_id
            or piece.blocked
        ):
            raise DomainError(
                f"Individ {line.individual or ''} finns inte längre i {line.warehouse}."
                " Välj en annan; resten av beställningen är kvar.",
                line=line.pk,
            )
        order_line.individual = piece
        number = piece.number
    ledger.take(place, line.quantity, Kind.DELIVERY, individual_number=number)
    order_line.delivered = line.quantity


def _order_lines(
    order: Order,
    cart: Cart,
    lines: Iterable[CartLine],
    recipient: Recipient | None,
    amounts: dict[int, prices.Amounts],
) -> list[OrderLine]:
    payer_id = (recipient and recipient.is_person and recipient.payer_id) or cart.unit.payer_id
    made: dict[int | None, OrderLine] = {}
    for line in lines:
        costs = amounts.get(line.article_id, prices.NONE)
        new = OrderLine(
            order=order,
            payer_id=payer_id,
            seller_id=sellers.seller_id(line.article, line.warehouse, cart.unit),
            list_price=costs.list_price,
            rent=costs.rent,
            billing_form=line.article.billing_form,
            project=line.article.project,
            stage=Stage.RECEIVED if line.article.project else "",
            component_of=made.get(line.component_of_id),
        )
        for name in COPIED_LINE:
            setattr(new, name, getattr(line, name))
        made[line.pk] = new
    return list(made.values())


def _insert_lines(lines: list[OrderLine]) -> None:
    """Parents before components, so that these know their parents' ids: two inserts at most."""
    for batch in (
        [line for line in lines if line.component_of is None],
        [line for line in lines if line.component_of is not None],
    ):
        for line in batch:
            line.order = line.order
            line.component_of = line.component_of
        OrderLine.objects.bulk_create(batch)


def _move_attachments(cart: Cart, order: Order, lines: dict[int | None, OrderLine]) -> None:
    OrderAttachment.objects.bulk_create(
        OrderAttachment(
            order=order,
            line=lines.get(a.line_id),
            key=a.key,
            file=a.file.name,
            name=a.name,
            content_type=a.content_type,
            size=a.size,
            uploaded_by_id=a.uploaded_by_id,
        )
        for a in _files_of(cart=cart.pk)
    )
