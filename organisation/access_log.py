"""Writing the access log. Every look at a person's data, and every deed, goes through here.

A deed is recorded where it is done, in the service, in the same transaction (``tell`` of orders
and pickups writes the case's event along with it); a look in the view that shows it (``look``).
From where it was asked for comes from ``sesam.asking``.
"""

import datetime as dt
import hashlib
import hmac
import uuid
from collections.abc import Iterable, Sequence

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.http import HttpRequest
from django.utils import timezone

from sesam import asking

from .models import AccessLogEntry, LookReason, User
from .slots import look_gates

Action = AccessLogEntry.Action

SYSTEM = "portalen"  # the job's name where nothing has one: a command at the server

# Every look writes a row, so it is written without the ORM's ceremony.
_INSERT = """
    INSERT INTO organisation_accesslogentry
        (at, user_id, job, unit_id, action, recipient_key, searched, reason_id, detail, case_number, ip)
    SELECT %s, %s, %s, %s, %s, recipient, %s, %s, %s, about, %s
    FROM unnest(%s::uuid[], %s::text[]) AS seen (recipient, about)
"""


class ReasonWanted(Exception):
    """Nothing of the person may be shown to who asks, who hasn't said why yet («Varför?»)."""

    def __init__(self, recipient_key: uuid.UUID) -> None:
        super().__init__(str(recipient_key))
        self.recipient_key = recipient_key


def day_began() -> dt.datetime:
    """When this day began."""
    return timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)


def digest(searched: str) -> str:
    """A keyed checksum of what was searched for, so that the log can be asked for a number
    without holding one."""
    return _digest(settings.ACCESS_LOG_KEY, searched)


def digests(searched: str) -> list[str]:
    """What ``searched`` may stand as in the log: also in rows from before the key was changed."""
    keys = [settings.ACCESS_LOG_KEY, *settings.ACCESS_LOG_KEY_FALLBACKS]
    return [_digest(key, searched) for key in keys]


def _digest(key: str, searched: str) -> str:
    return hmac.new(key.encode(), b"access-log:" + searched.encode(), hashlib.sha256).hexdigest()


def record(
    user: User | None,
    action: AccessLogEntry.Action,
    recipient_key: uuid.UUID | None = None,
    *,
    searched: str = "",
    reason: LookReason | None = None,
    detail: str = "",
    case_number: str = "",
) -> None:
    """Log that ``user`` did ``action`` with the recipient's data.

    Without a user it was whoever started the job that runs, else the job itself.
    """
    seen = [(recipient_key, case_number)]
    _write(user, action, seen, searched=searched, reason=reason, detail=detail)


def _write(
    user: User | None,
    action: AccessLogEntry.Action,
    seen: Sequence[tuple[uuid.UUID | None, str]],
    *,
    searched: str = "",
    reason: LookReason | None = None,
    detail: str = "",
) -> None:
    """A row for each of those ``seen``, by key, in the case of that number."""
    asked = asking.now()
    user_id = user.pk if user else asked.started_by
    unit_id = user.default_unit_id if user else asked.starters_unit
    job = asked.job if asked.job or user_id else SYSTEM
    with connection.cursor() as cursor:
        cursor.execute(
            _INSERT,
            [
                timezone.now(),
                user_id,
                job,
                unit_id,
                str(action),
                digest(searched) if searched else "",
                reason.pk if reason else None,
                detail[:200],
                asked.ip,
                [key for key, _ in seen],
                [case_number for _, case_number in seen],
            ],
        )


def look(
    request: HttpRequest,
    recipient_key: uuid.UUID,
    detail: str = "",
    *,
    action: AccessLogEntry.Action = Action.VIEW,
    case_number: str = "",
) -> None:
    """Log that the answer to ``request`` shows, prints or hands out the recipient's data. Raises
    ``ReasonWanted`` where who asks must say why first."""
    ask_why(request, recipient_key)
    record(_looks(request), action, recipient_key, detail=detail, case_number=case_number)


def ask_why(request: HttpRequest, recipient_key: uuid.UUID) -> None:
    """Raises ``ReasonWanted`` where who asks has no case with the person and hasn't said why they
    look. A door asks before it does anything; ``look`` asks again, whatever a door forgets."""
    if any(gate.wants_reason(request, recipient_key) for gate in look_gates):
        raise ReasonWanted(recipient_key)


def look_at_all(request: HttpRequest, recipient_keys: Iterable[uuid.UUID], detail: str) -> None:
    """The same of everybody whom a list names: a row each, in one statement. A name by itself needs
    no reason."""
    look_at_cases(request, ((key, "") for key in recipient_keys), detail)


def look_at_cases(
    request: HttpRequest, cases: Iterable[tuple[uuid.UUID, str]], detail: str
) -> None:
    """The same of a list of cases: whom each is about, and its number."""
    if seen := list(dict.fromkeys(cases)):
        _write(_looks(request), Action.VIEW, seen, detail=detail)


def _looks(request: HttpRequest) -> User:
    if isinstance(request.user, AnonymousUser):
        raise PermissionError("nobody looks at a recipient without having signed in")
    return request.user
