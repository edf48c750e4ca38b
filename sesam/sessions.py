"""Sessions that end half an hour after the latest request, and that requests don't wipe.

A session is written when something in it changed, which signing in and out does. Its end is moved
by a statement of its own, at most once a minute: Django's ``SESSION_SAVE_EVERY_REQUEST`` would
write the whole copy that the request began with back over what another has written meanwhile.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, cast

from django.conf import settings
from django.contrib.sessions.backends import db
from django.contrib.sessions.middleware import SessionMiddleware
from django.contrib.sessions.models import Session
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from .standing import standing

RENEWED_EVERY = dt.timedelta(minutes=1)


class SessionStore(db.SessionStore):
    """Knows when the session that was read ends."""

    ends_at: dt.datetime | None = None

    def _get_session_from_db(self) -> Session | None:
        row = next(iter(_living(key=self.session_key, now=timezone.now())), None)
        if row is None:
            self._session_key = None  # what the browser says opens nothing
        self.ends_at = row.expire_date if row else None
        return row

    def renew(self) -> bool:
        """Move the end, where that wasn't done within the minute; whether it was moved now."""
        fresh = self.get_expiry_date()
        if self.ends_at is None or fresh - self.ends_at < RENEWED_EVERY:
            return False
        still = Session.objects.filter(
            session_key=self.session_key, expire_date__gt=timezone.now()
        )  # signed out in another tab: stays so
        return still.update(expire_date=fresh) == 1


@standing
def _living(*, key: Any, now: Any) -> QuerySet[Session]:
    return Session.objects.filter(session_key=key, expire_date__gt=now)


class SlidingSessions(SessionMiddleware):
    """Django's, and each request that reads a session moves its end."""

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        session = cast(SessionStore, request.session)
        written = session.modified
        response = super().process_response(request, response)
        if not written and response.status_code < 500 and session.renew():
            response.set_cookie(
                settings.SESSION_COOKIE_NAME,
                session.session_key or "",
                max_age=session.get_expiry_age(),
                domain=settings.SESSION_COOKIE_DOMAIN,
                path=settings.SESSION_COOKIE_PATH,
                secure=settings.SESSION_COOKIE_SECURE,
                httponly=settings.SESSION_COOKIE_HTTPONLY,
                samesite=settings.SESSION_COOKIE_SAMESITE,  # type: ignore[arg-type]  # any text there
            )
        return response
