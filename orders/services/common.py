"""What several services of orders need, beside what every case has (``recipients.cases``)."""

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet

from organisation import messages
from organisation.models import Source, User
from recipients.cases import EventKind, set_status, tell
from recipients.lending import Anonymised
from recipients.models import Recipient
from sesam.standing import standing

from ..models import Order, OrderLine, OrderStatus


def locked_recipient(pk: int | None) -> Recipient | None:
    if pk is None:
        return None
    (recipient,) = _recipient(pk=pk)
    if recipient.is_anonymised:
        raise Anonymised
    return recipient


@standing
def _recipient(*, pk: Any) -> QuerySet[Recipient]:
    return Recipient.objects.select_for_update(no_key=True, of=("self",)).filter(pk=pk)


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


def stop_pick(order: Order, *, user: User | None, why: str) -> None:
    """Something came between: nothing of it is picked further, and who picks it is told. Needs the
    order locked."""
    if order.status != OrderStatus.PICKING:
        return
    set_status(order, OrderStatus.REGISTERED)
    order.save(update_fields=["status"])
    tell(order, user, EventKind.PICKING_STOPPED, f"Plockningen avbröts: {why}")
    tell_picker(
        order,
        user=user,
        title=f"Plockningen av beställning {order.case_number} är avbruten",
        text=f"{why[0].upper()}{why[1:]}. Lägg tillbaka det som du har plockat.",
    )


def tell_picker(order: Order, *, user: User | None, title: str, text: str) -> None:
    """A message to who began to pick it last, unless that is ``user``. ``text`` names nobody."""
    begun = order.events.filter(kind=EventKind.PICKING).select_related("user").last()
    if begun and begun.user and begun.user != user:
        messages.send(
            begun.user,
            title=title,
            text=text,
            case_number=order.case_number,
            about=order.recipient.key if order.recipient else None,
        )
