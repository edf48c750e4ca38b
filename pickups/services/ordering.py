"""«Hämtorder»: aids are to be fetched to the aid centre; changed, planned, cancelled."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone

from organisation.behalf import check_behalf
from organisation.models import Unit, User
from recipients import held, lending, personal_data
from recipients.cases import EventKind, forget_at_end, last_event, lock_case, set_status, tell
from recipients.models import CareRelation, Loan, Recipient
from recipients.whereabouts import CONTACT
from sesam import case_numbers
from sesam.errors import DomainError
from sesam.models import CaseKind

from ..models import (
    PickupDetails,
    PickupLine,
    PickupOrder,
    PickupReason,
    PickupStatus,
)
from . import goods

DETAILS = [f.name for f in PickupDetails._meta.get_fields() if f.name != "typed_for_case"]
_NEEDED = {"street": "gatuadress", "postcode": "postnummer", "locality": "ort"}
ON_PAPER = ("comment", "contact_name", "contact_phone", "contact_mobile", "contact_email")


class TextNeedsCheck(DomainError):
    """The typed text looks as if it held personal data; ``text_confirmed`` lets it stand."""

    def __init__(self, words: list[str]) -> None:
        super().__init__(
            "Dokumentet till leverantören får inte innehålla personuppgifter. Texten har ord som"
            f" också står i mottagarens uppgifter: {', '.join(words)}. Ta bort dem, eller kryssa i"
            " att texten är kontrollerad.",
            field="text_confirmed",
        )
        self.words = words


class Protected(DomainError):
    """The person became protected while the pickup order was being written."""

    def __init__(self) -> None:
        super().__init__(
            "Mottagaren har fått skyddad identitet sedan du började. Börja om, och skriv den adress"
            " som gäller just den här hämtningen."
        )


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
) -> PickupOrder:
    """Make the pickup order; sent again, the one that is there.

    Parts that are among ``wishes`` go along, the others stay. ``seen`` are the loans that the
    form showed: a part that was fitted since stops it. So does it if ``recipient`` became protected
    since they were read (``Protected``): ``details`` hold what the record said before. Raises ``DomainError`` (``line`` = the
    loan's id, or ``field``), or ``TextNeedsCheck``.
    """
    lending.lock([recipient.pk])
    if there := PickupOrder.objects.filter(token=token, recipient=recipient).first():
        return there
    was_protected = recipient.is_protected
    recipient.refresh_from_db(fields=["is_protected"])
    if recipient.is_protected and not was_protected:
        raise Protected
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
    for name, words in _NEEDED.items():
        if not getattr(pickup, name):
            raise DomainError(f"Fyll i hämtadressen: {words} saknas.", field=name)
    if not (pickup.contact_phone or pickup.contact_mobile):
        raise DomainError("Ange minst ett telefonnummer.", field="contact_phone")
    if pickup.reason.personal_data:
        return
    found = personal_data.search(
        pickup.recipient,
        numbers=[getattr(pickup, name) for name in ON_PAPER],
        words=_typed(pickup),
        at=[pickup.co, pickup.street, pickup.door_code],
        free=pickup.comment,
        own=_own(pickup),
    )
    if found.certain:
        raise DomainError(
            "Dokumentet till leverantören får inte innehålla personuppgifter. Ta bort"
            f" {', '.join(found.certain)} ur texten; personuppgifter lämnas per telefon.",
            field="comment",
        )
    if found.possible and not pickup.text_confirmed:
        raise TextNeedsCheck(found.possible)


def _own(pickup: PickupOrder) -> list[str]:
    """Numbers and mail that are meant to be on the paper: whom to call about the pickup."""
    me, unit = pickup.ordered_by, pickup.unit
    contact = [pickup.contact_phone, pickup.contact_mobile, pickup.contact_email]
    return [*contact, me.phone, me.mobile, me.email, unit.phone]


def _typed(pickup: PickupOrder) -> list[str]:
    """What may hold words about the person; the orderer's own name and mail are no such text."""
    me = pickup.ordered_by
    own = {str(me), me.email}
    return [
        pickup.comment,
        *(text for text in (pickup.contact_name, pickup.contact_email) if text not in own),
    ]


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
    text_confirmed: bool = False,
    kind: EventKind = EventKind.CHANGED,
    what: str = "Uppgifterna ändrades",
) -> PickupOrder:
    """Change address, contact or comment while the order is open."""
    pickup = lock_case(pickup)
    if pickup.has_ended:
        raise DomainError(f"Hämtordern är {pickup.status_words} och kan inte ändras.")
    forgotten = [*pickup.WHEREABOUTS, *CONTACT] if pickup.lacks_address else []
    if forgotten:
        pickup.forget_whereabouts()
    changed = [
        name
        for name, value in details.items()
        if name in DETAILS and getattr(pickup, name) != value
    ]
    if not changed:
        return pickup
    for name in changed:
        setattr(pickup, name, details[name])
    pickup.typed_for_case = pickup.recipient.is_protected
    confirmed_stays = not any(name in ON_PAPER for name in changed)
    pickup.text_confirmed = text_confirmed or (pickup.text_confirmed and confirmed_stays)
    _check_details(pickup)
    pickup.save(update_fields=[*changed, *forgotten, "text_confirmed", "typed_for_case"])
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
