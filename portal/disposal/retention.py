"""Until when what is kept of a person must stay: the years are settings, and never fewer than a law
says (``sesam.checks``). A person may go when all of it has passed and nothing is going on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from dateutil.relativedelta import relativedelta
from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from activities.models import Activity
from deviations.models import Deviation
from orders.models import Cart, Order
from organisation import access_log
from organisation.models import AccessLogEntry
from pickups.models import PickupOrder, Return
from recipients.models import Loan, Recipient
from sesam.checks import LEAST_YEARS

from ..models import DisposalRow, KnownPerson, Outcome
from . import held
from .held import Kind, Person, person_of

_SETTING = {
    Kind.CARE: "RETENTION_CARE_YEARS",
    Kind.DEVIATION: "RETENTION_DEVIATION_YEARS",
    Kind.MONEY: "RETENTION_MONEY_YEARS",
    Kind.LOG: "ACCESS_LOG_YEARS",
}
#: Whom KHS has made an exception of is asked about again after so long.
EXCEPTED_FOR = relativedelta(years=1)
_AT_ONCE = 200


def years(kind: Kind) -> int:
    """How long it is kept: as is set, and as long as the law says whatever is set."""
    name = _SETTING[kind]
    return max(int(getattr(settings, name)), LEAST_YEARS[name])


def before(kind: Kind, today: dt.date) -> dt.date:
    """What was written on this day or later stays. Of money whole years are counted."""
    begins = today.replace(month=1, day=1) if kind == Kind.MONEY else today
    day: dt.date = begins - relativedelta(years=years(kind))
    return day


def last_on(person: Person, kind: Kind) -> dt.date | None:
    """The day of the last entry of the kind."""
    found = [one.last(person) for one in held.of([kind])]
    return max((day for day in found if day), default=None)


def last_look(person: Person) -> dt.date | None:
    """When a user last looked, or did something. (What jobs did is no look.)"""
    looks = AccessLogEntry.objects.filter(recipient_key=person.key, user__isnull=False)
    at = looks.order_by("-at").values_list("at", flat=True).first()
    return timezone.localdate(at) if at else None


def hindrance(person: Person, today: dt.date) -> str:
    """Why the person can't go today; empty if they can."""
    if not person.recipient.is_person:
        return "Redan avidentifierad"
    for one in held.HELD:
        if one.is_open(person):
            return one.because
    by_number = access_log.digests(person.recipient.number)
    if KnownPerson.objects.filter(ended_at=None, searched__in=by_number).exists():
        return "Personen står på listan över kända personer"
    for kind in (Kind.CARE, Kind.DEVIATION, Kind.MONEY):
        last = last_on(person, kind)
        if last and last >= before(kind, today):
            return f"{kind.value}: senaste anteckningen är från {last:%Y-%m-%d}"
    looked = last_look(person)
    if looked and looked >= before(Kind.LOG, today):
        return f"Någon tog del av uppgifterna {looked:%Y-%m-%d}"
    return ""


def due(today: dt.date) -> Iterator[tuple[Person, dt.date]]:
    """Who may go, the longest known first, each with the day of the last entry.

    The question leaves out most of those who can't; each of the rest is looked at whole.
    """
    for recipient in _likely(today).iterator(chunk_size=_AT_ONCE):
        person = person_of(recipient)
        if not hindrance(person, today):
            days = [last_on(person, kind) for kind in (Kind.CARE, Kind.DEVIATION, Kind.MONEY)]
            yield person, max(day for day in days if day)


def _likely(today: dt.date) -> QuerySet[Recipient]:
    """Persons of whom nothing is new and nothing open, as few indexes tell."""
    care = timezone.make_aware(dt.datetime.combine(before(Kind.CARE, today), dt.time()))
    log = timezone.make_aware(dt.datetime.combine(before(Kind.LOG, today), dt.time()))
    mine = Q(recipient=OuterRef("pk"))
    new = [
        Order.objects.filter(mine, sent_at__gte=care),
        Activity.objects.filter(mine, created_at__gte=care),
        PickupOrder.objects.filter(mine, created_at__gte=care),
        Return.objects.filter(mine, at__gte=care),
        Loan.objects.filter(mine, Q(delivered_at__gte=care) | Q(ended_at__gte=care)),
        *[case.objects.filter(mine).still_open() for case in (Order, Activity, PickupOrder, Deviation)],
        Cart.objects.filter(mine),
        AccessLogEntry.objects.filter(
            recipient_key=OuterRef("key"), at__gte=log, user__isnull=False
        ),
        DisposalRow.objects.filter(mine, outcome=Outcome.WAITS),
        DisposalRow.objects.filter(
            mine, outcome=Outcome.EXCEPTED, at__gte=timezone.now() - EXCEPTED_FOR
        ),
    ]  # fmt: skip
    found = Recipient.objects.filter(kind=Recipient.Kind.PERSON, created_at__lt=care)
    for one in new:
        found = found.filter(~Exists(one))
    return found.order_by("created_at", "pk")
