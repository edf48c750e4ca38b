"""How many files a user takes away: at a human's pace, told and logged where it is too many.

Views that give files are marked (``sesam.limits``); a turn is taken before anything is looked up, so
that the access log never says that somebody got what they were refused.

A link or form that asks for a file is marked by ``{% download %}``: ``static/download.js`` fetches it
beside the page, where something may be typed. What it is refused with is answered as text, which the
page tells; what leads elsewhere as ``HX-Redirect``.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django_htmx.http import HttpResponseClientRedirect

from sesam import limits

from . import access_log
from .models import User

_log = logging.getLogger(__name__)

NOT_FOUND = "Filen finns inte längre, eller så hör ärendet till ett annat tjänsteställe."
NOT_ALLOWED = "Du har inte behörighet till filen."
TOO_OLD = (
    "Sidan har blivit för gammal och kunde inte skickas. Det du skrev finns kvar: kopiera det,"
    " ladda om sidan och skicka igen."
)
BROKEN = (
    "Filen kunde inte hämtas: något gick fel i portalen. Försök igen, och kontakta"
    " systemförvaltaren på KHS om det inte går."
)


class Downloads:
    """Middleware, inside that of sign-in."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not _is_beside_page(request) or not limits.asks_for_file(request):
            return response
        if response.status_code in (301, 302):
            return HttpResponseClientRedirect(response["Location"])
        # A form that is filled in wrongly is shown again.
        if response.status_code < 400 or response.status_code == 422:
            return response
        if response.get("Content-Type", "").startswith("text/plain"):
            return response
        return _text(_why_refused(request, response.status_code), response.status_code)

    def process_view(self, request: HttpRequest, *view: Any) -> HttpResponse | None:
        if not limits.asks_for_file(request):
            return None
        if not isinstance(request.user, User):  # sent to sign-in by the view
            return None
        seconds = limits.wait(f"download:{request.user.pk}", settings.DOWNLOAD_LIMIT)
        return _too_many(request, request.user, seconds) if seconds else None


def _is_beside_page(request: HttpRequest) -> bool:
    return "HX-Request" in request.headers


def _why_refused(request: HttpRequest, status: int) -> str:
    if status == 403:
        # Of Django's CsrfViewMiddleware
        return NOT_ALLOWED if getattr(request, "csrf_processing_done", False) else TOO_OLD
    return NOT_FOUND if status == 404 else BROKEN


def _too_many(request: HttpRequest, user: User, seconds: int) -> HttpResponse:
    _log.warning("Too many downloads by user %d: %d s to wait", user.pk, seconds)
    access_log.record(user, access_log.Action.REFUSED, detail="För många hämtade filer")
    title, minutes = "Du har hämtat många filer på kort tid", math.ceil(seconds / 60)
    why = (
        f"Högst {settings.DOWNLOAD_LIMIT} filer hämtas på en timme, och inte alla på en gång. Filen"
        f" är inte hämtad. Försök igen om {'en minut' if minutes == 1 else f'{minutes} minuter'}."
    )
    if _is_beside_page(request):
        response = _text(f"{title}. {why}", 429)
    else:
        response = render(request, "429.html", {"title": title, "why": why}, status=429)
    response["Retry-After"] = str(seconds)
    return response


def _text(words: str, status: int) -> HttpResponse:
    headers = {"Cache-Control": "no-store, private"}
    kind = "text/plain; charset=utf-8"
    return HttpResponse(words, status=status, content_type=kind, headers=headers)
