"""What goes wrong outside the portal and isn't its fault: each has an answer that says so.

``DatabaseFaults`` turns a database (or a files' store) that doesn't answer, or that another user's change
keeps busy, into a Swedish page (for htmx: its words) with the right status, and what nobody can choose in the back
office into a 400. ``NoNullBytes`` refuses the one character that PostgreSQL can't keep, wherever it
comes in.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.core.signals import got_request_exception
from django.db import DataError, Error, InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from . import primary
from .file_store import StoreDown

log = logging.getLogger(__name__)
Respond = Callable[[HttpRequest], HttpResponse]


@dataclass(frozen=True)
class Fault:
    """``undone``: the database has taken back all that the request did."""

    status: int
    title: str
    text: str
    undone: bool = False


BUSY = Fault(
    409,
    "Någon annan ändrar samma sak",
    "Uppgifterna är upptagna av någon annans ändring. Det du skickade är inte utfört. Vänta några"
    " sekunder och försök igen.",
    undone=True,
)
SLOW = Fault(
    503,
    "Det tog för lång tid",
    "Svaret dröjde längre än det får. Det du skickade är inte utfört. Sökte du, så skriv fler"
    " ord; försök annars igen om en stund.",
)
DOWN = Fault(
    503,
    "Portalen når inte sin databas",
    "Det går oftast över på någon minut: ladda då om sidan. Skickade du något nyss kan det ha"
    " blivit utfört: titta efter innan du skickar det igen. En påbörjad beställning finns kvar.",
)
FILES = Fault(
    503,
    "Portalen når inte sitt fillager",
    "Filen kan inte hämtas eller sparas just nu. Försök igen om en stund. Det går oftast över på någon"
    " minut, och allt annat i portalen fungerar.",
)
READ_ONLY = Fault(
    503,
    "Portalen kan inte spara just nu",
    "Databasen tar inte emot några ändringar. Det du skickade är inte utfört. Försök igen om någon"
    " minut.",
    undone=True,
)
# By SQLSTATE: lock not available, deadlock, serialization failure; statement timeout;
# a standby, or a primary that was told to be read alone.
_KNOWN = {"55P03": BUSY, "40P01": BUSY, "40001": BUSY, "57014": SLOW, "25006": READ_ONLY}
# What a value is answered with that no link or field gives: «iso_class=abc», the year 10 ** 20.
_FOREIGN = (DataError, OverflowError, ValidationError, ValueError)
# No connection, the server stops or starts, it has no connection left.
_GONE = ("08", "57P", "533")


def of(error: BaseException) -> Fault | None:
    """What an error of the database or of the files' store is, if it isn't the portal's own fault."""
    if isinstance(error, StoreDown):
        return FILES
    if not isinstance(error, Error):
        return None
    state = getattr(error.__cause__, "sqlstate", None)
    if state in _KNOWN:
        return _KNOWN[state]
    gone = state is None or state.startswith(_GONE)
    return DOWN if gone and isinstance(error, OperationalError | InterfaceError) else None


def answer(request: HttpRequest, error: BaseException) -> HttpResponse | None:
    """The page for it; None if the error is to be a 500."""
    fault = of(error)
    if fault is None:
        return None
    # Its text is never shown or logged: it quotes what the row holds.
    log.warning("%s %s", type(error).__name__, getattr(error.__cause__, "sqlstate", None))
    if fault is READ_ONLY:
        primary.tell()
        primary.look_elsewhere()
    # Both without the request: the frame of a page asks the database for names and counts.
    headers = {"Cache-Control": "no-store, private", "Retry-After": "5"}
    if request.headers.get("HX-Request"):
        headers |= {"X-Fault": "1", "Content-Type": "text/plain; charset=utf-8"}
        text = f"{fault.title}. {fault.text}"  # portal.js says it beside what was typed
    else:
        again = _again(request) if fault.undone else None
        text = render_to_string("503.html", {"fault": fault, "again": again})
    return HttpResponse(text, status=fault.status, headers=headers)


def _again(request: HttpRequest) -> dict[str, Any] | None:
    """What was posted, for a button that sends it once more. Files and passwords can't be."""
    if request.method != "POST" or request.FILES or any("pass" in name for name in request.POST):
        return None
    fields = [(name, value) for name, values in request.POST.lists() for value in values]
    return {"to": request.get_full_path(), "fields": fields}


class DatabaseFaults:
    """Middleware, outside of all that asks the database."""

    def __init__(self, get_response: Respond) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        # An error in a middleware has been made a 500 on its way here.
        error = getattr(request, "_uncaught", None)
        if response.status_code == 500 and error is not None:
            return answer(request, error) or response
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        at = request.resolver_match
        if at is not None and at.app_name == "admin" and isinstance(error, _FOREIGN):
            # Django's own lists and choosers hand the database what stands in the address.
            log.warning("Refused at %s", request.path, exc_info=error)
            return _refused()
        return answer(request, error)


def _keep(sender: Any, request: HttpRequest | None = None, **kwargs: Any) -> None:
    if request is not None:
        request._uncaught = sys.exc_info()[1]  # type: ignore[attr-defined]  # kept for the request


got_request_exception.connect(_keep, dispatch_uid="sesam.faults")


class NoNullBytes:
    """Middleware: a NUL in an address, a cookie or a field is answered with 400."""

    def __init__(self, get_response: Respond) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        cookies = "".join(request.COOKIES.values())
        if "\0" in request.path or "\0" in cookies or _null_in(request.GET.lists()):
            return _refused()
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *view: Any) -> HttpResponse | None:
        # Not earlier: only now is it an address that anybody listens at.
        return _refused() if _null_in(request.POST.lists()) else None


def _null_in(fields: Any) -> bool:
    return any("\0" in name or any("\0" in value for value in values) for name, values in fields)


def _refused() -> HttpResponse:
    return HttpResponse(render_to_string("400.html"), status=400)
