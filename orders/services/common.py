"""What several services of orders need, beside what every case has (``recipients.cases``)."""

from collections.abc import Iterable

from organisation.models import Source
from recipients.models import Recipient

from ..models import OrderLine, OrderStatus


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
