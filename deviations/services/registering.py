"""«Avvikelse/reklamation»: what happened is registered, and what it happened with is held back."""

from __future__ import annotations

import datetime as dt
import uuid
from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from articles.models import BillingForm
from individuals.holding import HeldPieces
from individuals.models import Individual
from orders.services import Promised
from organisation.behalf import check_unit
from organisation.models import Unit, User
from recipients import dialog_files, lending
from recipients.case_details import check_not_protected_since
from recipients.cases import EventKind, lock_case, tell
from recipients.held import fate
from recipients.models import CareRelation, DialogFile, Loan, Recipient
from sesam import case_numbers
from sesam.errors import DomainError
from sesam.models import CaseKind
from sesam.seen import Seen
from sesam.templatetags.sesam import datum
from sesam.working_days import add_working_days

from ..models import (
    Consequence,
    Deviation,
    DeviationAttachment,
    DeviationCategory,
    DeviationItem,
    EventType,
)
from ..models.deviations import GRAVE
from .holding import hold_back

#: What is typed of the event itself; the place and the account may tell where somebody is.
ACCOUNT = ("place", "what_happened", "done_at_once", "kept_where")
EVENT = (
    *ACCOUNT, "event_type", "category", "happened_on", "happened_at", "consequence", "is_kept",
)  # fmt: skip
COMPLAINT = ("outcome", "handling", "batch", "delivery_note", "freight_note", "late_reason")
CONTACT = ("contact_name", "contact_phone", "contact_mobile", "contact_email")
OLDEST = dt.timedelta(days=20 * 366)


@dataclass(frozen=True)
class Wish:
    """How much of a loan it is about."""

    loan_id: int
    quantity: int = 1


@transaction.atomic
def register(
    *,
    user: User,
    unit: Unit,
    details: dict[str, Any],
    token: uuid.UUID,
    recipient: Recipient | None = None,
    wishes: Iterable[Wish] = (),
    piece: Individual | None = None,
    about: str | None = None,
    block: bool = False,
    files: Iterable[DialogFile] = (),
) -> Deviation:
    """Make the deviation; sent again, the one that is there.

    It is about aids that ``recipient`` holds, about a ``piece`` in a store, or about nothing that
    can be named. ``block`` holds marked pieces back until KHS lets them go; one of an event with
    serious consequences is always held back. Raises ``DomainError`` (``line`` = the loan's id, or
    ``field``), or ``Protected``.
    """
    is_grave = details.get("consequence") in GRAVE
    promised = Promised([piece.pk] if piece and is_grave else [])
    promised.lock([recipient.pk] if recipient else [])
    if there := Deviation.objects.filter(token=token, ordered_by=user).first():
        return there
    if recipient:
        check_not_protected_since(recipient)
    check_unit(user, unit)
    wanted = {wish.loan_id: wish for wish in wishes}
    loans = lending.lock_loans(wanted) if wanted else {}
    for wish in wanted.values():
        _check_held(loans.get(wish.loan_id), wish.quantity, recipient)
    names = (*EVENT, *COMPLAINT, *CONTACT)
    deviation = Deviation(
        token=token,
        recipient=recipient,
        unit=unit,
        ordered_by=user,
        about_id=about,
        created_at=timezone.now(),
        account_typed_safely=recipient is not None and recipient.is_protected,
        **{name: details[name] for name in names if name in details},
    )
    check_event(deviation)
    deviation.due_on = due(deviation)
    if deviation.event_type == EventType.COMPLAINT:
        _check_in_time(deviation, loans.values())
    if not (deviation.contact_phone or deviation.contact_mobile):
        raise DomainError("Ange minst ett telefonnummer.", field="contact_phone")
    pieces = [loan.individual_id for loan in loans.values() if loan.individual_id]
    pieces += [piece.pk] if piece else []
    held = HeldPieces(pieces, user=user)
    for one in held.pieces.values():
        _check_piece(one, in_store=piece is not None)
    deviation.case_number = case_numbers.take(CaseKind.DEVIATION)
    deviation.save(force_insert=True)
    _insert_items(deviation, wanted, loans, piece)
    DeviationAttachment.objects.bulk_create(
        dialog_files.hand_over(files, DeviationAttachment, deviation=deviation)
    )
    tell(deviation, user, EventKind.CREATED, f"{deviation.definite} registrerades")
    if pieces and (block or is_grave):
        hold_back(deviation, held, user=user, promised=promised if is_grave else None)
    held.save()
    if recipient:
        CareRelation.objects.create(
            recipient=recipient, unit=unit, case_number=deviation.case_number
        )
    return deviation


def due(deviation: Deviation) -> dt.date:
    """The last day of what comes next: a grave one is received the next working day."""
    if deviation.began_at is None:
        days = 1 if deviation.is_grave else settings.DEVIATION_RECEIVE_DAYS
        return add_working_days(timezone.localdate(deviation.created_at), days)
    since = timezone.localdate(deviation.began_at)
    return add_working_days(since, settings.DEVIATION_CLOSE_DAYS)


def check_event(deviation: Deviation, *, stays: int | None = None) -> None:
    """What must hold of the event, whoever writes it; raises ``DomainError`` with its field. The
    category ``stays`` may have ended since it was chosen."""
    harmed = deviation.consequence != Consequence.NONE
    is_adverse = deviation.event_type == EventType.ADVERSE
    if deviation.event_type not in EventType.values:
        raise DomainError("Välj händelsetyp.", field="event_type")
    fitting = DeviationCategory.objects.filter(
        DeviationCategory.fitting(deviation.event_type),
        Q(is_active=True) | Q(pk=stays or 0),
        pk=deviation.category_id,
    )
    if not fitting.exists():
        raise DomainError("Välj en kategori som hör till händelsetypen.", field="category")
    if deviation.consequence not in Consequence.values:
        raise DomainError("Välj konsekvens för personen.", field="consequence")
    if is_adverse and not harmed:
        raise DomainError(
            "En negativ händelse har skadat någon. Välj hur allvarligt, eller välj Tillbud om ingen"
            " kom till skada.",
            field="consequence",
        )
    if harmed and not is_adverse:
        raise DomainError(
            "Kom någon till skada är det en negativ händelse. Välj den händelsetypen, eller"
            " konsekvensen Ingen.",
            field="consequence",
        )
    today = timezone.localdate()
    if deviation.happened_on > today:
        raise DomainError("Dagen har inte varit än.", field="happened_on")
    if deviation.happened_on < today - OLDEST:
        raise DomainError("Kontrollera årtalet.", field="happened_on")
    now = timezone.localtime()
    if deviation.happened_at and deviation.happened_on == today:
        if deviation.happened_at > now.time():
            raise DomainError("Klockan är inte så mycket än.", field="happened_at")
    if not deviation.what_happened.strip():
        raise DomainError("Skriv vad som hände.", field="what_happened")
    if deviation.is_kept and not deviation.kept_where.strip():
        raise DomainError("Skriv var produkten finns nu.", field="kept_where")


def _check_held(loan: Loan | None, quantity: int, recipient: Recipient | None) -> None:
    if loan is None or recipient is None or loan.recipient_id != recipient.pk:
        raise DomainError("Hjälpmedlet finns inte hos mottagaren. Ladda om sidan.")
    if loan.ended_at:
        raise DomainError(
            f"{loan.title} {fate(loan)} ({datum(loan.ended_at)}). Ta bort det och försök igen.",
            line=loan.pk,
        )
    if not 1 <= quantity <= loan.held:
        raise DomainError(
            f"{loan.title}: mottagaren har {loan.held} st. Ange ett antal från 1 till {loan.held}.",
            line=loan.pk,
        )


def _check_piece(piece: Individual, *, in_store: bool) -> None:
    if piece.status in (Individual.Status.SCRAPPED, Individual.Status.MISSING):
        raise DomainError(f"Individ {piece.number} är {piece.get_status_display().lower()}.")
    if in_store and piece.warehouse_id is None:
        raise DomainError(
            f"Individ {piece.number} står inte längre i ett lager. Börja om från individens sida."
        )


def _check_in_time(deviation: Deviation, loans: Iterable[Loan]) -> None:
    """A complaint that comes late says why."""
    today = timezone.localdate()
    late = [
        loan for loan in loans if timezone.localdate(loan.delivered_at) < _first_day(loan, today)
    ]
    if late and not deviation.late_reason.strip():
        loan = late[0]
        raise DomainError(
            f"{loan.title} levererades {datum(loan.delivered_at)}. Reklamationer görs inom"
            f" {_months(loan)} månader. Skriv varför den kommer senare.",
            field="late_reason",
        )


def _months(loan: Loan) -> int:
    sold = (BillingForm.Rule.SALE, BillingForm.Rule.SALE_RETURN)
    is_sold = loan.article.billing_form is not None and loan.article.billing_form.rule in sold
    return int(settings.COMPLAINT_MONTHS_SOLD if is_sold else settings.COMPLAINT_MONTHS_LENT)


def _first_day(loan: Loan, today: dt.date) -> dt.date:
    """The first day of delivery that a complaint of today is in time for."""
    year, month = divmod(today.year * 12 + today.month - 1 - _months(loan), 12)
    return dt.date(year, month + 1, min(today.day, monthrange(year, month + 1)[1]))


def _insert_items(
    deviation: Deviation, wanted: dict[int, Wish], loans: dict[int, Loan], piece: Individual | None
) -> None:
    items = [
        DeviationItem(
            deviation=deviation,
            loan=loans[pk],
            article_id=loans[pk].article_id,
            individual_id=loans[pk].individual_id,
            quantity=wish.quantity,
        )
        for pk, wish in wanted.items()
    ]
    if piece:
        items.append(
            DeviationItem(deviation=deviation, article_id=piece.article_id, individual=piece)
        )
    DeviationItem.objects.bulk_create(items)


@transaction.atomic
def change_account(
    deviation: Deviation, *, user: User, details: dict[str, Any], seen: Seen | None = None
) -> Deviation:
    """Change what was told of the event while it is open. Of somebody who became protected it is
    written anew: nothing that was typed before stays. Raises ``Overtaken`` where it doesn't say any
    more what was ``seen``."""
    deviation = lock_case(deviation)
    if deviation.has_ended:
        raise DomainError(
            f"{deviation.definite} är {deviation.state_label.lower()} och kan inte ändras."
        )
    forgotten = [*ACCOUNT, *CONTACT] if deviation.masked else []
    for name in forgotten:
        setattr(deviation, name, "")
    names = (*ACCOUNT, *CONTACT, "happened_on", "happened_at", "is_kept")
    changed = [
        name
        for name, value in details.items()
        if name in names and getattr(deviation, name) != value
    ]
    if not changed:
        return deviation
    if seen is not None:
        seen.check(deviation)
    for name in changed:
        setattr(deviation, name, details[name])
    check_event(deviation, stays=deviation.category_id)
    deviation.account_typed_safely = deviation.is_protected
    deviation.save(update_fields=[*dict.fromkeys([*changed, *forgotten]), "account_typed_safely"])
    tell(deviation, user, EventKind.CHANGED, "Uppgifterna ändrades")
    return deviation
