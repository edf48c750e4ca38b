"""Dialogs with steps: state on the server under an opaque key that stands in the dialog's URL.

django-formtools' session wizard keeps one state for all tabs and loses what was typed on the
way back (see its ``wizard_goto_step``), so this small class stands in its place: two tabs are
two dialogs, back keeps what was typed (valid or not), a reload stays on the step.
"""

from __future__ import annotations

import secrets
import time
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django_htmx.http import HttpResponseClientRedirect, replace_url

_SESSION = "dialogs"
_KEPT = 12  # dialogs of one session; the oldest goes first


class Dialog:
    """The state of one open dialog in the user's session.

    ``facts`` is what it was opened with; ``typed(step)`` is the raw data of a step's form, as
    typed. Everything in it must be JSON.
    """

    def __init__(self, request: HttpRequest, kind: str, key: str) -> None:
        self.request = request
        self.kind = kind
        self.key = key

    @classmethod
    def start(cls, request: HttpRequest, kind: str, **facts: Any) -> Dialog:
        """Open a new dialog."""
        dialogs = request.session.setdefault(_SESSION, {})
        for old in sorted(dialogs, key=lambda k: dialogs[k]["at"])[: len(dialogs) - _KEPT + 1]:
            del dialogs[old]
        key = secrets.token_urlsafe(9)
        dialogs[key] = {"kind": kind, "at": time.time(), "facts": facts, "steps": {}}
        request.session.modified = True
        return cls(request, kind, key)

    @classmethod
    def find(cls, request: HttpRequest, kind: str, key: str) -> Dialog:
        """An open dialog of this session; 404 for another's, or one that has ended."""
        state = request.session.get(_SESSION, {}).get(key)
        if state is None or state["kind"] != kind:
            raise Http404("dialog")
        return cls(request, kind, key)

    @property
    def _state(self) -> dict[str, Any]:
        return self.request.session[_SESSION][self.key]

    @property
    def facts(self) -> dict[str, Any]:
        return self._state["facts"]

    def remember(self, **facts: Any) -> None:
        """Add to what the dialog knows."""
        self._state["facts"].update(facts)
        self.request.session.modified = True

    def typed(self, step: str) -> dict[str, Any] | None:
        """What was typed in a step, or None if it wasn't shown yet."""
        return self._state["steps"].get(step)

    def type(self, step: str) -> dict[str, Any]:
        """Keep what this POST holds as the step's raw data, valid or not, and return it."""
        data = {
            name: values if len(values) > 1 else values[0]
            for name, values in self.request.POST.lists()
            if name != "csrfmiddlewaretoken"
        }
        self.keep(step, data)
        return data

    def keep(self, step: str, data: dict[str, Any]) -> None:
        """Set the step's raw data (a change of something that exists starts filled in)."""
        self._state["steps"][step] = data
        self.request.session.modified = True

    def forget(self, step: str) -> None:
        """Drop what was typed in a step, because what it answers has changed."""
        self._state["steps"].pop(step, None)
        self.request.session.modified = True

    def end(self) -> None:
        """Forget the dialog."""
        self.request.session[_SESSION].pop(self.key, None)
        self.request.session.modified = True


def leave(request: HttpRequest, url: str) -> HttpResponse:
    """Go on to a whole page, out of the dialog element where htmx shows one."""
    if getattr(request, "htmx", False):
        return HttpResponseClientRedirect(url)
    return HttpResponseRedirect(url)


def go(request: HttpRequest, url: str) -> HttpResponse:
    """Go to another step of the same dialog; htmx follows inside the dialog element."""
    return HttpResponseRedirect(url)


def show(
    request: HttpRequest, template: str, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    """Draw a step. ``context["dialog"]["url"]`` is its own address, which isn't the one that was
    sent where a later step refuses: its form goes there, and so does a reload."""
    response = render(request, template, context, status=status)
    url = context["dialog"]["url"]
    if getattr(request, "htmx", False) and request.path != url:
        return replace_url(response, url)
    return response
