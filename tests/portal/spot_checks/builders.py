"""Looks in the access log at chosen times, and a month's spot check of them."""

import datetime as dt
from contextlib import contextmanager

from django.db import connection, transaction
from django.utils import timezone

from organisation.models import AccessLogEntry, User
from organisation.permissions import LOGGRANSKARE
from portal.models import Risk, SpotCheck, SpotCheckLook, SpotCheckPlan
from portal.spot_checks import services
from recipients.models import CareRelation, Recipient
from tests.factories import RecipientFactory, UserFactory

MONTH = dt.date(2026, 10, 1)
Action = AccessLogEntry.Action
NOTHING = {"random": 0, "per_unit": 0, **dict.fromkeys(Risk.values, 0)}


@contextmanager
def long_ago():
    """Rows may be given another time."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        yield cursor
        cursor.execute("SET LOCAL session_replication_role = origin")


def look(user: User, person: Recipient | None, at: str = "2026-10-13 10:00", *, unit=..., **facts):
    """A row of the log from that time."""
    unit = user.default_unit if unit is ... else unit
    facts = {"action": Action.VIEW, "detail": "Mottagarens sida", **facts}
    AccessLogEntry.objects.bulk_create(
        [AccessLogEntry(user=user, unit=unit, recipient_key=person and person.key, **facts)]
    )
    entry = AccessLogEntry.objects.latest("id")
    with long_ago() as cursor:
        cursor.execute(
            "UPDATE organisation_accesslogentry SET at = %s WHERE id = %s",
            [timezone.make_aware(dt.datetime.fromisoformat(at)), entry.pk],
        )
    entry.refresh_from_db()
    return entry


def planned(**numbers) -> SpotCheckPlan:
    """Only what is named is drawn."""
    return SpotCheckPlan.objects.create(**{**NOTHING, **numbers})


def drawn(**numbers) -> list[SpotCheckLook]:
    """The month's draw by a plan."""
    planned(**numbers)
    services.draw(MONTH)
    return list(SpotCheck.objects.get().looks.all())


def patient(family_name: str = "Zetterqvist", unit=None, **facts) -> Recipient:
    """Somebody whom a unit has a case with, where one is named."""
    person = RecipientFactory(family_name=family_name, **facts)
    if unit:
        CareRelation.objects.create(recipient=person, unit=unit)
    return person


def reviewer(**facts) -> User:
    return UserFactory(roles=[LOGGRANSKARE], **{"default_unit": None, **facts})


def checked(count: int = 1, **numbers) -> SpotCheck:
    """A drawn month of so many looks."""
    user = UserFactory(last_name="Sjö", username=f"sjo{count}")
    for day in range(1, count + 1):
        look(user, patient(), f"2026-10-{day:02} 10:00")
    drawn(random=count, **numbers)
    return SpotCheck.objects.get()
