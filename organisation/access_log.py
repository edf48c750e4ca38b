"""Writing the access log. Every look at a person's data goes through ``record``."""

import hashlib
import hmac
import uuid

from django.conf import settings
from django.http import HttpRequest

from .models import AccessLogEntry

Action = AccessLogEntry.Action


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
    AccessLogEntry.objects.create(
        user=request.user,
        unit_id=request.user.default_unit_id,
        action=action,
        recipient_key=recipient_key,
        searched=digest(searched) if searched else "",
        detail=detail[:200],
        case_number=case_number,
        ip=request.META.get("REMOTE_ADDR") or None,
    )
