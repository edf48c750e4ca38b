"""Activities as the services make them."""

import datetime as dt
import uuid

from django.utils import timezone

from activities import services
from activities.maintenance import dates
from activities.maintenance.rules import months_after
from activities.models import (
    Activity,
    ActivityType,
    MaintenancePlan,
    MaintenanceSchedule,
    Priority,
)
from activities.services import Registration, Used
from articles.models import Article
from individuals.models import Individual
from organisation.permissions import KHS
from recipients.models import Loan, Recipient
from tests.factories import UserFactory
from tests.pickups.builders import prescriber, unit_with_store

DETAILS = {
    "request": "Fotstödet glappar på höger sida.",
    "address_of": "recipient",
    "street": "Storgatan 7",
    "postcode": "39231",
    "locality": "Kalmar",
    "contact_name": "Anna Förskrivare",
    "contact_phone": "08-465 004 41",
}
IN_STORE = {"request": "Byt bromsvajer.", "address_of": "none", "contact_phone": "08-465 004 41"}


def kind(words: str = "Anpassning") -> ActivityType:
    return ActivityType.objects.get(name__startswith=words)


def technician(**facts):
    return UserFactory(roles=[KHS], is_staff=True, is_technician=True, **facts)


def wanted(*loans: Loan, **facts) -> Registration:
    """What the dialog would ask for: an adjustment at home unless told otherwise."""
    if loans:
        facts.setdefault("recipient", Recipient.objects.get(pk=loans[0].recipient_id))
    chosen = facts.pop("type", None)
    home = IN_STORE if facts.get("recipient") is None else DETAILS
    return Registration(
        type=kind(chosen) if isinstance(chosen, str) else chosen or kind(),
        priority=facts.pop("priority", None) or Priority.objects.get(name="Normal"),
        unit=facts.pop("unit", None) or unit_with_store(),
        loans=[loan.pk for loan in loans],
        details={**home, **facts.pop("details", {})},
        **facts,
    )


def registered(*loans: Loan, user=None, token=None, **facts) -> Activity:
    return services.register(
        wanted(*loans, **facts), user=user or prescriber(), token=token or uuid.uuid4()
    )


def report(activity: Activity, *used: tuple[Article, int], user=None, **facts):
    facts.setdefault("text", "Bytte vajer.")
    return services.report(
        activity,
        user=user or technician(),
        token=facts.pop("token", None) or uuid.uuid4(),
        material=[Used(article, quantity) for article, quantity in used],
        **facts,
    )


def closed(activity: Activity, *used: tuple[Article, int], **facts) -> Activity:
    report(activity, *used, close=True, **facts)
    activity.refresh_from_db()
    return activity


# --- preventive maintenance ---

LONG_AGO = dt.date(2020, 1, 1)


def plan_of(article: Article | None = None, **facts) -> MaintenancePlan:
    """A year between services by KHS, unless told otherwise."""
    defaults = {"kind": "service", "months": 12, "starts_on": LONG_AGO, "article": article}
    return MaintenancePlan.objects.create(**(defaults | facts))


def due_in(days: int, piece: Individual, kind: str = "service") -> MaintenanceSchedule:
    """The piece's schedule, as if it had been looked after so that it falls due in so many days."""
    dates.reschedule([piece.pk])
    schedule = MaintenanceSchedule.objects.get(individual=piece, kind=kind)
    due = timezone.localdate() + dt.timedelta(days)
    schedule.last_on = months_after(due, -schedule.months)
    schedule.save(update_fields=["last_on"])
    dates.reschedule([piece.pk])
    schedule.refresh_from_db()
    return schedule


def made_of(schedule: MaintenanceSchedule) -> Activity:
    """The open activity that the night made of the schedule."""
    return Activity.objects.still_open().get(maintenance=schedule)
