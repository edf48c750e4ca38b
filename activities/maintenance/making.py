"""The activities of what falls due: made, moved with their schedule, and taken back where the piece isn't
where it was."""

from __future__ import annotations

import datetime as dt
from contextlib import suppress
from typing import Any

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from individuals import services as individuals
from individuals.holding import HeldPieces
from individuals.models import Individual
from organisation.models import Unit, Warehouse
from recipients import lending
from recipients.cases import EventKind, lock_case, lock_cases, tell
from recipients.models import CareRelation, Loan, Recipient
from recipients.whereabouts import preset_address
from sesam import case_numbers
from sesam.days import day_and_month
from sesam.errors import DomainError
from sesam.locks import lock_rows
from sesam.models import CaseKind

from .. import presets
from ..models import (
    Activity,
    ActivityLine,
    ActivityType,
    MaintenancePlan,
    MaintenanceSchedule,
    Priority,
    WhoseAddress,
)
from ..models.plans import LEAD_DAYS
from ..services.changing import cancel, why_not_cancel
from . import holding
from .outdated import outdated
from .rules import GONE

#: In one night, so that it ends in time; what is late longest comes first, the rest the next night.
MOST = 2000

_OPEN = Activity.objects.still_open().filter(maintenance=OuterRef("pk"))
_WITH_DECEASED = Loan.objects.filter(
    individual=OuterRef("individual"), ended_at=None, recipient__deceased_on__isnull=False
)


def falling_due(today: dt.date) -> QuerySet[MaintenanceSchedule]:
    """What needs its activity now and has none, what is late longest first. Nobody goes to where
    somebody has died: the aid is fetched, and waits in the store for its maintenance."""
    plans = MaintenancePlan.objects.filter(is_active=True).order_by().values_list("lead_days")
    leads = {days for (days,) in plans.distinct()} | {LEAD_DAYS}
    soon = Q(plan=None, due_on__lte=today + dt.timedelta(LEAD_DAYS))
    for days in leads:
        soon |= Q(plan__lead_days=days, due_on__lte=today + dt.timedelta(days))
    latest = today + dt.timedelta(max(leads))
    found = MaintenanceSchedule.objects.filter(soon, due_on__lte=latest)
    return found.filter(~Exists(_OPEN), ~Exists(_WITH_DECEASED)).order_by("due_on", "pk")


@transaction.atomic
def make(pk: int) -> Activity | None:
    """The activity of a schedule that falls due; None where somebody was first, or it isn't due any more or
    the piece has been moved since it was found."""
    schedule = MaintenanceSchedule.objects.get(pk=pk)
    found = Loan.objects.filter(individual=schedule.individual_id, ended_at=None).first()
    lending.lock([found.recipient_id] if found else [])
    loan = lending.lock_loans([found.pk])[found.pk] if found else None
    piece = individuals.lock([schedule.individual_id])[schedule.individual_id]
    rows = MaintenanceSchedule.objects.filter(pk=pk)
    (schedule,) = lock_rows(rows.select_related("plan__supplier"))
    still_due = falling_due(timezone.localdate()).filter(pk=pk).exists()
    if schedule.due_on is None or not still_due or not _stays(piece, loan):
        return None
    activity = _activity(schedule, piece, loan, due_on=schedule.due_on)
    activity.case_number = case_numbers.take(CaseKind.ACTIVITY)
    activity.save(force_insert=True)
    ActivityLine.objects.create(
        activity=activity, loan=loan, individual=piece, article_id=piece.article_id
    )
    holding.name(piece.pk)
    what = schedule.get_kind_display()
    tell(activity, None, EventKind.CREATED, f"Skapades enligt schemat: {what.lower()}")
    if loan is not None:
        CareRelation.objects.create(
            recipient=loan.recipient, unit=loan.unit, case_number=activity.case_number
        )
    return activity


def _stays(piece: Individual, loan: Loan | None) -> bool:
    """Whether it is where it was when its loan was read."""
    if piece.status in GONE:
        return False
    if loan is not None:
        return loan.ended_at is None and loan.recipient.deceased_on is None
    return piece.status != Individual.Status.WITH_RECIPIENT


def _activity(
    schedule: MaintenanceSchedule, piece: Individual, loan: Loan | None, *, due_on: dt.date
) -> Activity:
    kind = ActivityType.objects.select_related("instruction").get(
        code=ActivityType.Code.MAINTENANCE
    )
    here = piece.warehouse
    unit = loan.unit if loan else _unit_of(here)
    done_by, store = _performer(schedule.plan, here, unit, held=loan is not None)
    recipient: Recipient | None = loan.recipient if loan else None
    activity = Activity(
        type=kind,
        priority=Priority.objects.filter(is_active=True)[0],
        instruction=kind.instruction if recipient else None,
        supplier=_supplier(schedule.plan),
        done_by=done_by,
        maintenance=schedule,
        recipient=recipient,
        unit=unit,
        warehouse=store,
        request=_request(schedule, piece),
        created_at=timezone.now(),
        due_on=due_on,
    )
    activity.take(_where_and_whom(kind, recipient, unit, loan))
    return activity


def _where_and_whom(
    kind: ActivityType, recipient: Recipient | None, unit: Unit | None, loan: Loan | None
) -> dict[str, Any]:
    """Of a protected person no address is known: it is typed for the activity."""
    if recipient is None or unit is None or loan is None:
        phone = unit.phone if unit else ""
        return {"address_of": WhoseAddress.NONE, "contact_phone": phone}
    whose = presets.address_of(kind, recipient)
    return {
        **preset_address(whose, recipient=recipient, unit=unit),
        "address_of": whose,
        "contact_name": loan.prescriber_name[:120],
        "contact_phone": unit.phone,
        "contact_prescriber": recipient.contact_prescriber,
    }


def _unit_of(here: Warehouse | None) -> Unit | None:
    """Whose own store it stands in; of what stands at KHS nobody's."""
    if here is None or here.is_central:
        return None
    return Unit.objects.filter(own_stores=here, is_active=True).order_by("code").first()


def _performer(
    plan: MaintenancePlan | None, here: Warehouse | None, unit: Unit | None, *, held: bool
) -> tuple[str, Warehouse]:
    """Who does it, and whose material it takes. What an own store is to do KHS does where there is
    none."""
    by = ActivityType.DoneBy
    central = unit.delivering_warehouse if unit else _central(here)
    if plan is not None and plan.done_by == by.SUPPLIER:
        return by.SUPPLIER, central
    if plan is not None and plan.done_by == by.STORE and unit is not None:
        own = unit.own_stores.filter(is_active=True).order_by("number").first() if held else here
        if own is not None:
            return by.STORE, own
    return by.KHS, central


def _central(here: Warehouse | None) -> Warehouse:
    if here is not None and here.is_central:
        return here
    found = Warehouse.objects.filter(kind=Warehouse.Kind.CENTRAL).order_by("-is_active", "number")
    if central := found.first() or here:
        return central
    raise DomainError("Det finns inget lager som kan utföra underhållet.")


def _supplier(plan: MaintenancePlan | None) -> Any:
    """Of one that has ended KHS sees to it."""
    return plan.supplier if plan and plan.supplier and plan.supplier.is_active else None


def _request(schedule: MaintenanceSchedule, piece: Individual) -> str:
    what = f"{schedule.get_kind_display()} av individ {piece.number} enligt schemat."
    more = schedule.plan.instructions.strip() if schedule.plan else ""
    return f"{what}\n{more}".strip()


# --- what has changed since ---


def to_follow() -> QuerySet[Activity]:
    """Open activities that aren't to be done on the day that their schedule says now."""
    rows = Activity.objects.still_open().filter(maintenance__due_on__isnull=False)
    return rows.exclude(due_on=F("maintenance__due_on")).order_by("pk")


@transaction.atomic
def follow(activity: Activity) -> bool:
    """It is to be done on the day that its schedule says now."""
    activity = lock_case(activity)
    schedule = activity.maintenance
    if activity.has_ended or schedule is None or schedule.due_on in (None, activity.due_on):
        return False
    activity.due_on = schedule.due_on
    activity.save(update_fields=["due_on"])
    day = day_and_month(schedule.due_on)
    tell(activity, None, EventKind.CHANGED, f"Klar senast {day}: schemat har ändrats")
    return True


def take_back(activity: Activity) -> bool:
    """Cancel what is outdated; where the piece still is due, ``make`` makes another there."""
    if why_not_cancel(activity):
        return False
    cancel(activity, user=None)
    return True


def lock_open(schedule: str) -> None:
    """Lock the open activity of the schedule with this key and then its piece: before the schedule, as
    who closes it does, and whoever takes the piece in. Needs a transaction."""
    if not schedule.isdecimal():
        return
    if activities := list(Activity.objects.still_open().filter(maintenance=int(schedule))):
        lock_cases(activities)
    pieces = MaintenanceSchedule.objects.filter(pk=int(schedule)).values_list("individual")
    for _ in range(3):  # once more where it was moved in the same instant
        with suppress(DomainError), transaction.atomic():
            HeldPieces([pk for (pk,) in pieces], user=None)
            return


def follow_schedule(schedule: MaintenanceSchedule) -> None:
    """What KHS has changed of a schedule is true of its open activity at once."""
    for activity in to_follow().filter(maintenance=schedule):
        follow(activity)
    for activity in outdated().filter(maintenance=schedule):
        with suppress(DomainError):  # somebody has just begun it: theirs to close
            take_back(activity)
