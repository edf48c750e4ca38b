"""What happens to an order between sending and delivery, apart from the goods."""

from collections import Counter
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.utils import timezone

from articles.stock import Ledger
from organisation.models import User
from organisation.permissions import KHS, has_role
from recipients.cases import EventKind, forget_at_end, lock_case, set_status, tell
from sesam.errors import DomainError
from sesam.standing import standing

from ..models import (
    Order,
    OrderHold,
    OrderLine,
    OrderStatus,
)
from ..stages import BOUGHT
from .common import stop_pick


@transaction.atomic
def type_address(order: Order, *, user: User, details: dict[str, str]) -> Order:
    """The address for this case alone, of a person who was protected after it was sent.

    What came from the register then is forgotten; ``details`` are names of ``Order.WHEREABOUTS``, and
    ``extra_info``, which might tell where the person lives too. Who comes second writes over nothing;
    sent twice is once.
    """
    order = lock_case(order)
    if not order.is_protected:
        raise DomainError("Adressen skrivs bara här för en person med skyddad identitet.")
    if order.has_ended:
        raise DomainError("Beställningen är avslutad och kan inte ändras.")
    if not order.has_address:
        raise DomainError(f"«{order.delivery_way}» har ingen leveransadress.")
    typed = {name: details.get(name, "") for name in (*order.WHEREABOUTS, "extra_info")}
    if not order.has_way_in:
        typed |= {"door_code": "", "instructions": ""}
    if _type_anew(order, typed, "Adressen"):
        tell(order, user, EventKind.ADDRESS, "Leveransadressen skrevs för ärendet")
    return order


@transaction.atomic
def type_text(order: Order, *, user: User, extra_info: str) -> Order:
    """«Övrig information» anew, on an order that goes nowhere and whose recipient was protected
    after it was sent. What stood there is forgotten, as ``type_address`` does, and what was said of
    the aids can be read again. Who comes second writes over nothing; sent twice is once."""
    order = lock_case(order)
    if not order.is_protected:
        raise DomainError("Texten skrivs bara på nytt för en person med skyddad identitet.")
    if order.has_ended:
        raise DomainError("Beställningen är avslutad och kan inte ändras.")
    if order.has_address:
        raise DomainError("Skriv leveransadressen: texten hör till den.")
    typed = dict.fromkeys(order.WHEREABOUTS, "") | {"extra_info": extra_info.strip()}
    if _type_anew(order, typed, "Texten"):
        tell(order, user, EventKind.CHANGED, "Övrig information skrevs på nytt")
    return order


def _type_anew(order: Order, typed: dict[str, str], what: str) -> bool:
    """Let what was ``typed`` take the place of all that the locked order said before its recipient
    was protected; False where that is done already. Raises where somebody wrote something else."""
    if not order.address_masked:
        if all(getattr(order, name) == value for name, value in typed.items()):
            return False
        raise DomainError(f"{what} är redan skriven för det här ärendet.")
    for name, value in typed.items():
        setattr(order, name, value)
    order.typed_for_case = True
    order.save(update_fields=[*typed, "typed_for_case"])
    return True


def why_not_cancel(order: Order, user: User) -> str:
    """Why ``user`` can't cancel the order now; empty when nothing hinders.

    A project is still registered when its purchase is made; from then on only KHS, who speaks
    with the supplier, can cancel it.
    """
    if order.status != OrderStatus.REGISTERED:
        return (
            "Bara en beställning med status Registrerad kan makuleras."
            f" Den här är {order.status_words}."
        )
    ((waits_for, is_bought),) = _hindrances(order=order.pk)
    if waits_for:
        return f"Beställningen väntar på aktivitet {waits_for}. Avsluta den först."
    if is_bought and not has_role(user, KHS):
        return (
            "Inköpet hos leverantören är gjort, så beställningen kan inte makuleras här."
            " Kontakta KHS."
        )
    return ""


@standing
def _hindrances(*, order: Any) -> QuerySet[Order, Any]:
    """The activity that it waits for, and whether something of it is bought."""
    holds = OrderHold.objects.filter(order=OuterRef("pk"), released_at=None).order_by("pk")
    bought = OrderLine.objects.filter(order=OuterRef("pk"), stage__in=BOUGHT).order_by()
    return Order.objects.filter(pk=order).order_by().values_list(
        Subquery(holds.values("case_number")[:1]), Exists(bought)
    )  # fmt: skip


@transaction.atomic
def cancel(order: Order, *, user: User) -> Order:
    """«Makulera»: only while registered; frees what was reserved. Cancelled twice is once."""
    order = lock_case(order)
    if order.status == OrderStatus.CANCELLED:
        return order
    if fault := why_not_cancel(order, user):
        raise DomainError(fault)
    lines = list(order.lines.select_related("article"))
    ledger = Ledger(
        {(line.warehouse_id, line.article_id) for line in lines if line.reserved},
        user=user,
        case_number=order.case_number,
    )
    for line in lines:
        if line.reserved:
            ledger.release((line.warehouse_id, line.article_id), line.reserved)
        line.cancelled += line.open
        line.reserved = 0
    ledger.save()
    OrderLine.objects.bulk_update(lines, ["reserved", "cancelled"])
    set_status(order, OrderStatus.CANCELLED)
    order.cancelled_at = timezone.now()
    order.save(update_fields=["status", "cancelled_at"])
    tell(order, user, EventKind.CANCELLED, "Beställningen makulerades")
    forget_at_end(order)
    return order


@transaction.atomic
def start_picking(order: Order, *, user: User) -> Order:
    """KHS has begun to pick; from now on the order can't be cancelled."""
    order = lock_case(order)
    if order.status == OrderStatus.PICKING:
        return order
    check_not_held(order)
    set_status(order, OrderStatus.PICKING)
    order.save(update_fields=["status"])
    tell(order, user, EventKind.PICKING, "Plockning påbörjad")
    return order


@transaction.atomic
def stop_picking(order: Order, *, user: User) -> Order:
    """A pick begun by mistake, or put off: the order waits again and can be cancelled.

    Nothing has moved yet; what was delivered from has another status and can't come here.
    """
    order = lock_case(order)
    if order.status == OrderStatus.REGISTERED:
        return order
    if order.status != OrderStatus.PICKING:
        raise DomainError(f"Plocket kan inte avbrytas: beställningen är {order.status_words}.")
    set_status(order, OrderStatus.REGISTERED)
    order.save(update_fields=["status"])
    tell(order, user, EventKind.PICKING_STOPPED, "Plockningen avbröts")
    return order


def check_not_held(order: Order) -> None:
    """Raises ``DomainError`` while an activity must end first."""
    if hold := order.holds.filter(released_at=None).first():
        raise DomainError(f"Beställningen väntar på aktivitet {hold.case_number}.")


@transaction.atomic
def add_note(order: Order, text: str, *, user: User) -> Order:
    """What has to be known of an order that is on its way, added to «Övrig information»."""
    order = lock_case(order)
    if order.has_ended:
        raise DomainError(f"Beställningen är redan {order.status_words}.")
    both = f"{order.extra_info}\n{text}".strip()
    if len(both) <= _MOST_INFO:  # else what somebody wrote would be cut: the event says it alone
        order.extra_info = both
        order.save(update_fields=["extra_info"])
    tell(order, user, EventKind.CHANGED, text)
    return order


_MOST_INFO = 2000


@transaction.atomic
def hold(order: Order, case_number: str, *, user: User) -> OrderHold:
    """An activity earmarks the order: it can't be delivered before ``release``. One that is being
    picked stops there."""
    order = lock_case(order)
    if order.status in (OrderStatus.DELIVERED, OrderStatus.CANCELLED):
        raise DomainError(
            f"Beställningen är redan {order.status_words} och kan inte vänta på en aktivitet."
        )
    made, _ = OrderHold.objects.get_or_create(order=order, case_number=case_number)
    stop_pick(order, user=user, why=f"beställningen väntar på aktivitet {case_number}")
    tell(order, user, EventKind.HELD, f"Väntar på aktivitet {case_number}")
    return made


@transaction.atomic
def release(order: Order, case_number: str, *, user: User, how: str = "avslutad") -> None:
    """The activity has ended; ``how`` says how."""
    order = lock_case(order)
    order.holds.filter(case_number=case_number, released_at=None).update(released_at=timezone.now())
    tell(order, user, EventKind.RELEASED, f"Aktivitet {case_number} är {how}")


def reserved_by_place() -> Counter[tuple[int, int]]:
    """What open lines hold in each place: must equal the balances' ``reserved``."""
    held: Counter[tuple[int, int]] = Counter()
    for warehouse, article, reserved in OrderLine.objects.filter(reserved__gt=0).values_list(
        "warehouse_id", "article_id", "reserved"
    ):
        held[warehouse, article] += reserved
    return held
