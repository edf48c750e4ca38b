"""Writing the access log. Every look at a person's data goes through ``record``."""

import hashlib
import hmac
import uuid

from django.conf import settings
from django.db import connection
from django.http import HttpRequest
from django.utils import timezone

from .models import AccessLogEntry

Action = AccessLogEntry.Action

# Every look writes a row, so it is written without the ORM's ceremony.
_INSERT = """
    INSERT INTO organisation_accesslogentry
        (at, user_id, unit_id, action, recipient_key, searched, detail, case_number, ip)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)
"""


def digest(searched: str) -> str:
    """A keyed checksum of what was searched for, so that the log can be asked for a number
    without holding one."""
    key = settings.SECRET_KEY.encode()
    return hmac.new(key, b"access-log:" + searched.encode(), hashlib.sha256).hexdigest()


def record(
    request: HttpRequest,
    action: AccessLogEntry.Action,
    recipient_key: uuid.UUID | None = None,
    *,
    searched: str = "",
    detail: str = "",
    case_number: str = "",
) -> None:
    """Log that the request's user did ``action`` with the recipient's data."""
    with connection.cursor() as cursor:
        cursor.execute(
            _INSERT,
            [
                timezone.now(),
                request.user.pk,
                getattr(request.user, "default_unit_id", None),
                str(action),
                recipient_key,
                digest(searched) if searched else "",
                detail[:200],
                case_number,
                request.META.get("REMOTE_ADDR") or None,
            ],
        )
