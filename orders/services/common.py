"""What every service of orders needs: the lock, the status, the event."""

from collections.abc import Iterable

from django.db.models import QuerySet
from django.utils import timezone

from organisation import access_log
from organisation.models import Source, User
from recipients.models import Recipient
from sesam.errors import DomainError

from ..models import (
    CONTACT,
    ENDED,
    NEXT_STATUS,
    WHEREABOUTS,
    Order,
    OrderEvent,
    OrderLine,
    OrderStatus,
    ProjectMove,
)


def locked_recipient(pk: int | None) -> Recipient | None:
    if pk is None:
        return None
    return Recipient.objects.select_for_update(no_key=True, of=("self",)).get(pk=pk)


def status_of(lines: Iterable[OrderLine]) -> OrderStatus:
    """The status that follows from the lines: from the KHS lines where there are any."""
    lines = list(lines)
    deciding = [line for line in lines if line.source == Source.CENTRAL] or lines
    if all(line.cancelled == line.quantity for line in deciding):
        return OrderStatus.CANCELLED
    if all(line.open == 0 for line in deciding):
        return OrderStatus.DELIVERED
    if any(line.delivered for line in deciding):
        return OrderStatus.PARTLY_DELIVERED
    return OrderStatus.REGISTERED


def set_status(order: Order, status: OrderStatus) -> None:
    if status == order.status:
        return
    if status not in NEXT_STATUS[order.status]:
        raise DomainError(
            f"En beställning som är «{order.get_status_display()}» kan inte ändras så."
        )
    order.status = status


def locked_order(order: Order) -> Order:
    """The order, locked, after its recipient."""
    locked_recipient(order.recipient_id)
    return (
        Order.objects.select_for_update(of=("self",))
        .select_related("recipient", "destination", "unit")
        .get(pk=order.pk)
    )


def forget_at_end(order: Order) -> None:
    """What was typed for a protected person's case goes when the case ends."""
    if order.has_ended and order.is_protected:
        forget_typed(Order.objects.filter(pk=order.pk))


def forget_typed(orders: QuerySet[Order]) -> int:
    """Empty, of those among ``orders`` that have ended and are a protected person's, what tells
    where the person is or was; returns how many they were."""
    ended = orders.filter(status__in=ENDED, recipient__is_protected=True)
    OrderLine.objects.filter(order__in=ended).exclude(comment="").update(comment="")
    ProjectMove.objects.filter(line__order__in=ended).exclude(note="").update(note="")
    empty = dict.fromkeys([*WHEREABOUTS, *CONTACT, "extra_info"], "")
    return ended.exclude(**empty).update(**empty)


def tell(
    order: Order,
    user: User,
    text: str,
    *,
    action: access_log.Action = access_log.Action.CHANGE,
) -> None:
    """What happened, in the case's history and, if it is somebody's case, in the access log."""
    OrderEvent.objects.create(order=order, at=timezone.now(), user=user, text=text[:300])
    if order.recipient is not None:
        access_log.record(
            user, action, order.recipient.key, detail=text, case_number=order.case_number
        )
