"""Whom a user has looked at today, to go back to: on the start page and where one searches.

By name alone, protected or not. The name of somebody already looked at that day is no new look, so
nothing is logged; where the list comes from is the access log itself, so that it's the user's own on
every machine and gone at midnight.
"""

from typing import Any

from django.db.models import Exists, Max, OuterRef
from django.http import HttpRequest

from organisation.access_log import day_began
from organisation.models import AccessLogEntry, User
from organisation.permissions import signed_in

from .models import Recipient
from .services import relations_of

MOST = 10  # the newest looks
AMONG = 100  # of so many looked at last: who has looked at more has long left the first of them


def seen_today(user: User) -> list[Recipient]:
    """The recipients whom the user has looked at today and has a care relation with, the newest
    look first; no more of them than key and name. Two queries."""
    looks = (
        AccessLogEntry.objects.filter(
            user=user,
            action=AccessLogEntry.Action.VIEW,
            at__gte=day_began(),
            recipient_key__isnull=False,
        )
        .values_list("recipient_key")
        .annotate(last=Max("at"))
        .order_by("-last")
    )
    last = dict(looks[:AMONG])
    relations = relations_of(user).filter(recipient=OuterRef("pk"))
    known = Recipient.objects.filter(Exists(relations), key__in=last)
    found = known.only("key", "given_name", "family_name")
    return sorted(found, key=lambda person: last[person.key], reverse=True)[:MOST]


def box(request: HttpRequest, obj: None = None) -> dict[str, Any]:
    """The context of ``recipients/_seen.html``."""
    return {"people": seen_today(signed_in(request))}
