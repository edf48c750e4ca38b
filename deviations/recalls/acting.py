"""«I ett steg»: cases, messages and letters of the chosen items, by a job. A deed is safe to carry out
again: what it has made stays the one that is there."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from activities import presets as activity_presets
from activities.models import (
    Activity,
    ActivityType,
    Priority,
    WhoseAddress,
)
from activities.services import Registration
from activities.services import register as register_activity
from organisation.models import Unit, User
from pickups import presets as pickup_presets
from pickups.models import PickupOrder, PickupReason
from pickups.services import Wish, on_pickups, order_pickup
from recipients import held, lending
from recipients.cases import EventKind, lock_case, tell
from recipients.models import Loan, Recipient
from sesam import awaited
from sesam.errors import DomainError

from .. import jobs
from ..models import DeedLetters, DeedWork, Recall, RecallDeed, RecallItem, RecallStatus
from . import letters, telling

MOST_REQUEST = 2000


@dataclass(frozen=True)
class Wanted:
    """What is to be done of the chosen."""

    work: DeedWork
    sends_message: bool
    letters: DeedLetters
    type: ActivityType | None = None
    priority: Priority | None = None
    request: str = ""


@dataclass
class Plan:
    """What there is to do of the chosen now: by whom each holder's cases are made, and of what none
    is, with why."""

    groups: dict[tuple[int, int], list[RecallItem]] = field(default_factory=dict)
    left_out: list[tuple[RecallItem, str]] = field(default_factory=list)


def types() -> QuerySet[ActivityType]:
    """The kinds of work that can be asked for of many at once: without a document of their own."""
    about = ActivityType.About
    found = ActivityType.objects.filter(
        is_active=True,
        attachment_name="",
        fetches=False,
        about__in=(about.HELD, about.MAYBE),
        used_by=ActivityType.UsedBy.ALL,
    )
    return found.select_related("instruction", "supplier")


@transaction.atomic
def order(
    recall: Recall, items: Collection[int], wanted: Wanted, *, user: User, key: uuid.UUID
) -> RecallDeed:
    """Have it done; sent again, the one that is there. Raises ``DomainError`` with the field."""
    recall = lock_case(recall)
    if there := RecallDeed.objects.filter(key=key, ordered_by=user).first():
        return there
    if recall.status != RecallStatus.ONGOING:
        raise DomainError(f"Återkallelsen är {recall.status_words}: inget mer kan göras med den.")
    if not (wanted.work or wanted.sends_message or wanted.letters):
        raise DomainError("Välj minst en sak som ska göras.", field="work")
    if wanted.work and not wanted.request.strip():
        raise DomainError("Skriv vad som ska göras.", field="request")
    if wanted.work == DeedWork.ACTIVITY and (wanted.type is None or wanted.priority is None):
        raise DomainError("Välj aktivitetstyp och prioritet.", field="type")
    known = list(recall.items.filter(pk__in=items).order_by("pk").values_list("pk", flat=True))
    if not known or len(known) != len(set(items)):
        raise DomainError("Välj exemplar ur listan.")
    is_activity = wanted.work == DeedWork.ACTIVITY
    deed = RecallDeed.objects.create(
        key=key,
        recall=recall,
        ordered_by=user,
        created_at=timezone.now(),
        work=wanted.work,
        type=wanted.type if is_activity else None,
        priority=wanted.priority if is_activity else None,
        request=wanted.request.strip()[:MOST_REQUEST],
        sends_message=wanted.sends_message,
        letters=wanted.letters,
        chosen=known,
    )
    jobs.carry_out.defer(deed_id=deed.pk)
    return deed


def order_again(deed: RecallDeed) -> None:
    """The job was lost, or stopped by a fault; what it has made stays."""
    with transaction.atomic():
        deed = RecallDeed.objects.select_for_update(of=("self",)).get(pk=deed.pk)
        if deed.done_at or awaited.waits(deed):
            return
        awaited.begin(deed)
        jobs.carry_out.defer(deed_id=deed.pk)


def carry_out(work: awaited.Work[RecallDeed]) -> None:
    """The job: cases by holder, each in a transaction of its own; then messages, then letters."""
    deed = work.record
    if deed.done_at:
        return
    recall = Recall.objects.select_related("ordered_by").get(pk=deed.recall_id)
    left_out: list[tuple[RecallItem, str]] = []
    deed.made = deed.told = deed.lettered = 0
    if deed.work:
        planned = plan(deed.recall_id, deed.chosen, work=DeedWork(deed.work), deed=deed)
        left_out += planned.left_out
        for n, ((recipient, unit), items) in enumerate(planned.groups.items()):
            try:
                deed.made += _make(deed, recipient, unit, [item.pk for item in items])
            except DomainError as fault:
                left_out += [(item, fault.message) for item in items]
            work.progress(80 * (n + 1) // len(planned.groups))
    if deed.sends_message:
        reached = telling.tell_units(recall, deed.chosen, user=deed.ordered_by)
        deed.told = reached.units
        left_out += reached.left_out
    work.progress(90)
    if deed.letters:
        deed.lettered = letters.write_for(deed)
        printout = jobs.order_letters(deed) if deed.lettered else None
        deed.printout = printout.key if printout else None
    deed.left_out = [list(one) for one in dict.fromkeys((item.pk, why) for item, why in left_out)]
    with transaction.atomic():
        if done := _done(deed):
            tell(lock_case(recall), deed.ordered_by, EventKind.CHANGED, done)
        work.finish("made", "told", "lettered", "left_out", "printout")


def _done(deed: RecallDeed) -> str:
    """«5 aktiviteter och 7 brev skapades»; of messages it is told when they are sent."""
    return f"{' och '.join(deed.papers)} skapades" if deed.papers else ""


def plan(
    recall_id: int, chosen: Collection[int], *, work: DeedWork, deed: RecallDeed | None = None
) -> Plan:
    """Whose cases are to be made: by recipient and unit, what they have now. A fixed number of
    queries. What ``deed`` has made itself counts as still to be made."""
    items = list(
        RecallItem.objects.filter(recall=recall_id, pk__in=chosen).with_facts().order_by("pk")
    )
    pieces = [item.individual_id for item in items if item.individual_id]
    open_loans = {
        loan.individual_id: loan
        for loan in Loan.objects.filter(individual__in=pieces, ended_at=None).select_related(
            "recipient", "unit"
        )
    }
    going = _going([item.case_number for item in items if item.case_number])
    found, groups = Plan(), defaultdict(list)
    for item in items:
        loan = open_loans.get(item.individual_id) if item.individual_id else item.loan
        if why := _why_not(item, loan, work, going, deed):
            found.left_out.append((item, why))
        elif loan is not None:
            groups[loan.recipient_id, loan.unit_id].append(item)
    found.groups = dict(groups)
    return found


def _going(numbers: Sequence[str]) -> set[str]:
    """Those of the cases that are still to be done."""
    found: set[str] = set()
    for kind in (Activity, PickupOrder):
        rows = kind._default_manager.still_open().filter(case_number__in=numbers)
        found |= set(rows.values_list("case_number", flat=True))
    return found


def _why_not(
    item: RecallItem,
    loan: Loan | None,
    work: DeedWork,
    going: Collection[str],
    deed: RecallDeed | None,
) -> str:
    if item.is_scrapped:
        return "Är skrotad."
    if item.answer and item.answer != "not_found":
        return f"Är redan bekräftad: {item.get_answer_display().lower()}."
    if item.case_number in going and not (deed and _is_own(deed, item.case_number or "")):
        return f"Åtgärdas redan i ärende {item.case_number}."
    if loan is None or loan.ended_at is not None:
        if item.is_ours:
            return "Står i KHS lager: KHS åtgärdar det där och bekräftar själv."
        if telling.standing_in(item):
            return (
                "Står i ett eget förråd: tjänstestället bekräftar när det har fått ett meddelande."
            )
        return "Finns inte hos någon mottagare."
    person = loan.recipient
    if work == DeedWork.ACTIVITY and person.deceased_on is not None:
        return "Mottagaren har avlidit: skapa en hämtorder i stället."
    if work == DeedWork.PICKUP and person.is_protected:
        return (
            "Mottagaren har skyddad identitet: skapa hämtordern från mottagarens sida, med en adress"
            " som gäller just den."
        )
    return ""


def _is_own(deed: RecallDeed, number: str) -> bool:
    """Whether the deed made the case, before its job was lost."""
    for kind in (Activity, PickupOrder):
        made = kind._default_manager.filter(case_number=number)
        for token, whose, unit in made.values_list("token", "recipient", "unit"):
            if token == _token(deed, whose, unit):
                return True
    return False


def _token(deed: RecallDeed, recipient: int, unit: int) -> uuid.UUID:
    return uuid.uuid5(deed.key, f"{recipient}-{unit}")


@transaction.atomic
def _make(deed: RecallDeed, recipient: int, unit: int, items: Collection[int]) -> int:
    """The case of what one recipient has through one unit, as everything stands now; 1, or 0 where
    nothing is left to do. Raises ``DomainError``."""
    lending.lock([recipient])
    recall = telling.lock_ongoing(deed.recall)
    rows = recall.items.select_for_update(of=("self",)).filter(pk__in=items).order_by("pk")
    list(rows)
    work = DeedWork(deed.work)
    # What has become protected, died, been answered or returned since is seen here.
    planned = plan(recall.pk, items, work=work, deed=deed)
    mine = planned.groups.get((recipient, unit), [])
    if not mine:
        raise DomainError(planned.left_out[0][1] if planned.left_out else "Har just flyttats.")
    person = Recipient.objects.select_related("payer", "store").get(pk=recipient)
    at = Unit.objects.get(pk=unit)
    if not at.is_active:
        raise DomainError("Tjänstestället används inte längre: skapa ärendet från mottagaren.")
    loans = _loans_of(mine)
    token = _token(deed, recipient, unit)
    if work == DeedWork.ACTIVITY:
        number = _activity(deed, person, at, loans, token).case_number
    else:
        number = _pickup(deed, person, at, loans, token).case_number
    for item in mine:
        item.case_number = number
    RecallItem.objects.bulk_update(mine, ["case"])
    return 1


def _loans_of(items: Iterable[RecallItem]) -> list[Loan]:
    pieces = [item.individual_id for item in items if item.individual_id]
    counted = [item.loan_id for item in items if not item.individual_id and item.loan_id]
    found = Loan.objects.filter(ended_at=None).select_related("article", "individual")
    return [*found.filter(individual__in=pieces), *found.filter(pk__in=counted)]


def _contact(deed: RecallDeed, unit: Unit, loans: Sequence[Loan]) -> dict[str, str]:
    """Whom to call: who prescribed it, at the unit; KHS where it has no telephone."""
    return {
        "contact_name": loans[0].prescriber_name[:120],
        "contact_phone": unit.phone or deed.ordered_by.phone,
        "contact_mobile": "" if unit.phone else deed.ordered_by.mobile,
    }


def _activity(
    deed: RecallDeed, person: Recipient, unit: Unit, loans: Sequence[Loan], token: uuid.UUID
) -> Activity:
    """Of a protected person no address is known: their prescriber is called first."""
    kind, priority = deed.type, deed.priority
    if kind is None or priority is None:
        raise DomainError("Välj aktivitetstyp och prioritet.")
    whose = activity_presets.address_of(kind, person)
    if person.is_protected:
        whose = WhoseAddress.NONE
    return register_activity(
        Registration(
            type=kind,
            priority=priority,
            unit=unit,
            instruction=None if person.is_protected else kind.instruction,
            recipient=person,
            loans=[loan.pk for loan in loans],
            details={
                **activity_presets.address(whose, recipient=person, unit=unit),
                **_contact(deed, unit, loans),
                "address_of": whose,
                "contact_prescriber": person.contact_prescriber or person.is_protected,
                "request": deed.request,
            },
        ),
        user=deed.ordered_by,
        token=token,
    )


def _pickup(
    deed: RecallDeed, person: Recipient, unit: Unit, loans: Sequence[Loan], token: uuid.UUID
) -> PickupOrder:
    """With the parts that go along."""
    belonging = held.parts_of(loans)
    taken = on_pickups(part.pk for parts in belonging.values() for part in parts)
    parts = [x for parts in belonging.values() for x in parts if x.pk not in taken]
    details = {
        **pickup_presets.details(
            person, reason=(reason := _reason(loans)), unit=unit, user=deed.ordered_by
        ),
        **_contact(deed, unit, loans),
        "comment": deed.request,
    }
    return order_pickup(
        person,
        [Wish(loan.pk, loan.held) for loan in [*loans, *parts]],
        user=deed.ordered_by,
        unit=unit,
        prescriber=deed.ordered_by,
        reason=reason,
        details=details,
        token=token,
    )


def _reason(loans: Sequence[Loan]) -> PickupReason:
    """The one that the aids allow; of several the first."""
    reasons = list(PickupReason.objects.filter(is_active=True))
    if only := pickup_presets.reason_for(loans, reasons):
        return only
    named = [x for x in reasons if any(x.names(loan.article) for loan in loans)]
    if chosen := named or [x for x in reasons if not x.iso_codes]:
        return chosen[0]
    raise DomainError("Ingen hämtorderorsak gäller för hjälpmedlet.")
