"""What every service of orders needs: the lock, the status, the event."""

from collections.abc import Iterable

from django.utils import timezone

from organisation.models import Source, User
from recipients.models import Recipient
from sesam.errors import DomainError

from ..models import (
    NEXT_STATUS,
    Order,
    OrderEvent,
    OrderLine,
    OrderStatus,
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


def tell(order: Order, user: User, text: str) -> None:
    OrderEvent.objects.create(order=order, at=timezone.now(), user=user, text=text[:300])
