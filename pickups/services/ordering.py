"""«Hämtorder»: aids are to be fetched to the aid centre; changed, planned, cancelled."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone

from activities.models import Activity
from organisation.behalf import check_behalf
from organisation.models import Unit, User
from recipients import case_details, held, lending, personal_data
from recipients.cases import EventKind, forget_at_end, last_event, lock_case, set_status, tell
from recipients.models import CareRelation, Loan, Recipient
from sesam import case_numbers
from sesam.errors import DomainError
from sesam.models import CaseKind
from sesam.seen import Seen

from ..models import (
    PickupDetails,
    PickupLine,
    PickupOrder,
    PickupReason,
    PickupStatus,
)
from . import goods

DETAILS = [f.name for f in PickupDetails._meta.get_fields() if f.name != "typed_for_case"]
ON_PAPER = ("comment", "contact_name", "contact_phone", "contact_mobile", "contact_email")


@dataclass(frozen=True)
class Wish:
    """How much of a loan is to be fetched."""

    loan_id: int
    quantity: int


@transaction.atomic
def order_pickup(
    recipient: Recipient,
    wishes: Iterable[Wish],
    *,
    user: User,
    unit: Unit,
    prescriber: User,
    reason: PickupReason,
    details: dict[str, Any],
    token: uuid.UUID,
    text_confirmed: bool = False,
    seen: Collection[int] | None = None,
    activity: Activity | None = None,
) -> PickupOrder:
    """Make the pickup order; sent again, the one that is there. ``activity`` ends when it is
    received.

    Parts that are among ``wishes`` go along, the others stay. ``seen`` are the loans that the
    form showed: a part that was fitted since stops it. So does it if ``recipient`` became protected
    since they were read (``Protected``): ``details`` hold what the record said before. Raises ``DomainError`` (``line`` = the
    loan's id, or ``field``), or ``TextNeedsCheck``.
    """
    lending.lock([recipient.pk])
    if there := PickupOrder.objects.filter(token=token, recipient=recipient).first():
        return there
    case_details.check_not_protected_since(recipient)
    wishes = list({wish.loan_id: wish for wish in wishes}.values())
    check_behalf(user, unit, prescriber)
    if not reason.is_active:
        raise DomainError("Orsaken används inte längre. Välj en annan.", field="reason")
    if not wishes:
        raise DomainError("Välj minst ett hjälpmedel att hämta.")
    loans = lending.lock_loans(wish.loan_id for wish in wishes)
    loans = {pk: loan for pk, loan in loans.items() if loan.recipient_id == recipient.pk}
    for wish in wishes:
        goods.check_held(loans.get(wish.loan_id), wish.quantity)
    belonging = held.parts_of(loans.values())
    goods.check_seen(loans, belonging, seen)
    pickup = PickupOrder(
        token=token,
        reason=reason,
        recipient=recipient,
        unit=unit,
        warehouse=unit.delivering_warehouse,
        ordered_by=user,
        prescriber=prescriber,
        text_confirmed=text_confirmed,
        activity=activity,
        created_at=timezone.now(),
        **{name: details[name] for name in DETAILS if name in details},
    )
    pickup.typed_for_case = recipient.is_protected
    _check_details(pickup)
    pickup.case_number = case_numbers.take(CaseKind.PICKUP)
    pickup.save(force_insert=True)
    _insert_lines(pickup, wishes, loans, belonging)
    tell(pickup, user, EventKind.CREATED, "Hämtordern registrerades")
    CareRelation.objects.create(recipient=recipient, unit=unit, case_number=pickup.case_number)
    return pickup


def _check_details(pickup: PickupOrder) -> None:
    """Address, phone, and what may stand on a paper without personal data."""
    case_details.check_details(pickup, "hämtadressen")
    if not pickup.reason.personal_data:
        personal_data.check_paper(pickup, ["comment"], confirmed=pickup.text_confirmed)


def _insert_lines(
    pickup: PickupOrder,
    wishes: list[Wish],
    loans: dict[int, Loan],
    belonging: dict[int, list[Loan]],
) -> None:
    lines = {
        wish.loan_id: PickupLine(
            pickup=pickup,
            loan=loans[wish.loan_id],
            article_id=loans[wish.loan_id].article_id,
            individual_id=loans[wish.loan_id].individual_id,
            quantity=wish.quantity,
            with_components=all(p.pk in loans for p in belonging[wish.loan_id]),
        )
        for wish in wishes
    }
    PickupLine.objects.bulk_create(lines.values())
    for main, its_parts in belonging.items():
        for part in its_parts:
            if part.pk in lines:
                lines[part.pk].came_with = lines[main]
    PickupLine.objects.bulk_update(lines.values(), ["came_with"])


@transaction.atomic
def change_pickup(
    pickup: PickupOrder,
    *,
    user: User,
    details: dict[str, Any],
    seen: Seen | None = None,
    text_confirmed: bool = False,
    kind: EventKind = EventKind.CHANGED,
    what: str = "Uppgifterna ändrades",
) -> PickupOrder:
    """Change address, contact or comment while the order is open. ``seen`` is what the form was
    filled in with: ``Overtaken`` where it says something else now."""
    pickup = lock_case(pickup)
    if pickup.has_ended:
        raise DomainError(f"Hämtordern är {pickup.status_words} och kan inte ändras.")
    changed = case_details.set_details(pickup, details, names=DETAILS, seen=seen)
    if not changed:
        return pickup
    confirmed_stays = not any(name in ON_PAPER and name in details for name in changed)
    pickup.text_confirmed = text_confirmed or (pickup.text_confirmed and confirmed_stays)
    _check_details(pickup)
    pickup.save(update_fields=[*changed, "text_confirmed"])
    tell(pickup, user, kind, what)
    return pickup


@transaction.atomic
def undo_contact(pickup: PickupOrder, *, user: User, contact: bool, seen: int) -> PickupOrder:
    """Turn the contact switch of this pickup order back. Twice is once; raises ``DomainError``
    where something has happened to it since the event ``seen``."""
    pickup = lock_case(pickup)
    if pickup.contact_prescriber == contact:
        return pickup
    if last_event(pickup) != seen:
        raise DomainError(
            "Det går inte att ångra: hämtordern har ändrats sedan dess. Ändra med pennan i stället."
        )
    words = "ska" if contact else "behöver inte"
    return change_pickup(
        pickup,
        user=user,
        details={"contact_prescriber": contact},
        text_confirmed=pickup.text_confirmed,
        kind=EventKind.CONTACT,
        what=f"Förskrivare {words} kontaktas",
    )


@transaction.atomic
def plan(pickup: PickupOrder, *, user: User, day: dt.date) -> PickupOrder:
    """KHS or the supplier has set a day. Twice is once."""
    pickup = lock_case(pickup)
    if pickup.status == PickupStatus.PLANNED and pickup.planned_for == day:
        return pickup
    if pickup.status not in (PickupStatus.REGISTERED, PickupStatus.PLANNED):
        raise DomainError("Bara en hämtorder som ingen har hämtat kan planeras.")
    if day < timezone.localdate():
        raise DomainError("Välj en dag som inte har varit.", field="day")
    pickup.status, pickup.planned_for = PickupStatus.PLANNED, day
    pickup.save(update_fields=["status", "planned_for"])
    tell(pickup, user, EventKind.PLANNED, f"Planerad till {day:%Y-%m-%d}")
    return pickup


@transaction.atomic
def cancel_pickup(pickup: PickupOrder, *, user: User) -> PickupOrder:
    """«Makulera»: only while nothing is fetched; the aids can be chosen again. Twice is once."""
    pickup = lock_case(pickup)
    if pickup.status == PickupStatus.CANCELLED:
        return pickup
    if pickup.status not in (PickupStatus.REGISTERED, PickupStatus.PLANNED):
        raise DomainError(
            "Bara en hämtorder som inget är hämtat på kan makuleras. Den här är"
            f" {pickup.status_words}."
        )
    pickup.lines.filter(is_open=True).update(is_open=False)
    set_status(pickup, PickupStatus.CANCELLED)
    pickup.cancelled_at = timezone.now()
    pickup.save(update_fields=["status", "cancelled_at"])
    forget_at_end(pickup)
    tell(pickup, user, EventKind.CANCELLED, "Hämtordern makulerades")
    return pickup
