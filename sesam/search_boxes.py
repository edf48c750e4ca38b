"""No personal number in an address, whichever box it was typed in.

Boxes ask by POST and are shown by GET, so that a number can be refused before it comes into an
address; for boxes that aren't ours (the back office's registers) ``Boxes`` does that. Who asks
by GET all the same is sent to the address without it, which the answer doesn't repeat.
"""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
    JsonResponse,
    QueryDict,
)

from .dialogs import leave
from .personal_numbers import looks_personal

NOT_TYPED = "/logga-in/siths/svar/"  # the identity provider's own, which may look like anything
ASKED = "_fraga"  # in the POST of a box that is to be shown by GET
REFUSED = (
    "Det ser ut som ett personnummer. Det är borttaget ur sökningen. Mottagare söker du på sidan"
    " Mottagare, i rutan för personnummer."
)


class Boxes:
    """Middleware, inside those of sign-in and messages."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method == "POST" and request.path.startswith("/admin/"):
            if ASKED in request.POST:
                return self._ask(request)
        elif request.path == NOT_TYPED:
            pass
        elif request.method in ("GET", "HEAD") and request.META.get("QUERY_STRING"):
            kept = _without_numbers(request.GET)
            if kept is not None:
                return self._refuse(request, kept)
        return self.get_response(request)

    @staticmethod
    def _ask(request: HttpRequest) -> HttpResponse:
        """What was posted, as an address; without a number of a person."""
        asked = request.POST.copy()
        for name in (ASKED, "csrfmiddlewaretoken"):
            asked.pop(name, None)
        kept = _without_numbers(asked)
        if kept is not None:
            messages.error(request, REFUSED)
        return HttpResponseRedirect(_address(request, asked if kept is None else kept))

    @staticmethod
    def _refuse(request: HttpRequest, kept: QueryDict) -> HttpResponse:
        if request.headers.get("X-Requested-With") == "XMLHttpRequest":  # a box that completes
            return JsonResponse({"results": [], "pagination": {"more": False}})
        messages.error(request, REFUSED)
        return leave(request, _address(request, kept))


def _without_numbers(asked: QueryDict) -> QueryDict | None:
    """What was asked without what holds a number; None if nothing does."""
    numbers = {
        name
        for name, values in asked.lists()
        if looks_personal(name) or any(looks_personal(value) for value in values)
    }
    if not numbers:
        return None
    kept = asked.copy()
    for name in numbers:
        del kept[name]
    return kept


def _address(request: HttpRequest, query: QueryDict) -> str:
    return request.path + (f"?{query.urlencode()}" if query else "")
