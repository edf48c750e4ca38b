"""How many files a user takes away: at a human's pace, told and logged where it is too many.

Views that give files are marked (``sesam.limits``); a turn is taken before anything is looked up, so
that the access log never says that somebody got what they were refused.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from sesam import limits

from . import access_log
from .models import User

_log = logging.getLogger(__name__)


class Downloads:
    """Middleware, inside that of sign-in."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, *_: Any) -> HttpResponse | None:
        if request.method not in getattr(view, "gives_file_by", ()):
            return None
        if not isinstance(request.user, User):  # sent to sign-in by the view
            return None
        seconds = limits.wait(f"download:{request.user.pk}", settings.DOWNLOAD_LIMIT)
        return _too_many(request, request.user, seconds) if seconds else None


def _too_many(request: HttpRequest, user: User, seconds: int) -> HttpResponse:
    _log.warning("Too many downloads by user %d: %d s to wait", user.pk, seconds)
    access_log.record(user, access_log.Action.REFUSED, detail="För många hämtade filer")
    context = {"minutes": math.ceil(seconds / 60), "limit": settings.DOWNLOAD_LIMIT}
    response = render(request, "429.html", context, status=429)
    response["Retry-After"] = str(seconds)
    return response
