"""Dialogs with steps: state on the server under an opaque key that stands in the dialog's URL.

django-formtools' session wizard keeps one state for all tabs and loses what was typed on the
way back (see its ``wizard_goto_step``), so this small class stands in its place: two tabs are
two dialogs, back keeps what was typed (valid or not), a reload stays on the step.

The state is a row of its own, never the session: an overlapping request writes its old copy of a
session back. Each write names the key it means, so that two requests of one dialog don't undo
each other.
"""

from __future__ import annotations

import secrets
import uuid
from typing import Any

from django.db import connection
from django.db.models import F, Func, JSONField, TextField, Value
from django.db.models.functions import Cast
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.datastructures import MultiValueDict
from django_htmx.http import HttpResponseClientRedirect, replace_url

from .models import DialogState

MOST = 20  # dialogs of one user; the one that was touched longest ago goes first


class Dialog:
    """One open dialog of the request's user.

    ``facts`` is what it was opened with, ``about`` the opaque id of whom it is about (or None);
    ``typed(step)`` is the raw data of a step's form, as typed. Everything in it must be JSON.
    """

    def __init__(self, request: HttpRequest, state: DialogState) -> None:
        self.request = request
        self._state = state
        self.kind = state.kind
        self.key = state.key
        self.about = state.about

    @classmethod
    def start(
        cls, request: HttpRequest, kind: str, *, about: uuid.UUID | None = None, **facts: Any
    ) -> Dialog:
        """Open a new dialog, about the recipient with the opaque id ``about``."""
        mine = DialogState.objects.filter(user=request.user.pk)
        mine.filter(key__in=mine.order_by("-touched_at").values("key")[MOST - 1 :]).delete()
        state = DialogState.objects.create(
            key=secrets.token_urlsafe(9),
            user_id=request.user.pk or 0,
            kind=kind,
            about=about,
            facts=facts,
        )
        return cls(request, state)

    @classmethod
    def find(cls, request: HttpRequest, kind: str, key: str) -> Dialog:
        """An open dialog of this user; 404 for another's, or one that has ended."""
        since = timezone.now() - DialogState.KEPT
        state = DialogState.objects.filter(
            key=key.replace("\0", ""), user=request.user.pk, kind=kind, touched_at__gt=since
        ).first()
        if state is None:
            raise Http404("dialog")
        return cls(request, state)

    @property
    def facts(self) -> dict[str, Any]:
        return self._state.facts

    def remember(self, **facts: Any) -> None:
        """Add to what the dialog knows."""
        self._state.facts.update(facts)
        self._write(facts=_with("facts", facts))

    def typed(self, step: str) -> dict[str, Any] | None:
        """What was typed in a step, or None if it wasn't shown yet."""
        return self._state.typed.get(step)

    def type(self, step: str) -> dict[str, Any]:
        """Keep what this POST holds as the step's raw data, valid or not, and return it."""
        data = posted(self.request)
        self.keep(step, data)
        return data

    def keep(self, step: str, data: dict[str, Any]) -> None:
        """Set the step's raw data (a change of something that exists starts filled in)."""
        self._state.typed[step] = data
        self._write(typed=_with("typed", {step: data}))

    def forget(self, step: str) -> None:
        """Drop what was typed in a step, because what it answers has changed."""
        self._state.typed.pop(step, None)
        self._write(typed=_without("typed", step))

    def finish(self, **facts: Any) -> None:
        """It has become something that ``facts`` name, to be found when it is sent once more;
        what was typed is dropped."""
        self._state.facts.update(facts)
        self._state.typed = {}
        self._write(facts=_with("facts", facts), typed={})

    def lock(self) -> bool:
        """Let one request at a time go on with it, until the transaction's end, and read what it
        holds now; False if it has ended meanwhile.

        No lock on its row: who makes a person protected holds theirs and removes the rows.
        """
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [self.key])
        state = DialogState.objects.filter(pk=self.key).first()
        if state is None:
            return False
        self._state = state
        return True

    def end(self) -> None:
        """Forget the dialog."""
        DialogState.objects.filter(pk=self.key).delete()

    def _write(self, **values: Any) -> None:
        """One statement that changes what is meant, whatever others have written meanwhile."""
        DialogState.objects.filter(pk=self.key).update(**values, touched_at=timezone.now())


def _with(field: str, more: dict[str, Any]) -> Func:
    value = Value(more, output_field=JSONField())
    return Func(F(field), value, template="(%(expressions)s)", arg_joiner=" || ")


def _without(field: str, key: str) -> Func:
    name = Cast(Value(key), TextField())
    return Func(F(field), name, template="(%(expressions)s)", arg_joiner=" - ")


def posted(request: HttpRequest) -> dict[str, Any]:
    """What a POST holds, as JSON: a field's value, or a list where it came several times.

    Without NUL, which PostgreSQL holds in no text and nobody can type.
    """
    data: dict[str, Any] = {}
    for name, values in request.POST.lists():
        if name != "csrfmiddlewaretoken":
            clean = [value.replace("\0", "") for value in values]
            data[name.replace("\0", "")] = clean if len(clean) > 1 else clean[0]
    return data


def form_data(typed: dict[str, Any] | None) -> MultiValueDict[str, Any] | None:
    """What a dialog kept of a step, as a form takes it; None stays None: an unbound form."""
    if typed is None:
        return None
    return MultiValueDict({k: v if isinstance(v, list) else [v] for k, v in typed.items()})


def keep_for(user: int, request: HttpRequest, data: dict[str, Any]) -> bool:
    """Keep what was posted to a step of a dialog of ``user``, whose session has ended; False if
    the request's address is none."""
    asked = request.resolver_match.kwargs if request.resolver_match else {}
    if "key" not in asked or "step" not in asked:
        return False
    mine = DialogState.objects.filter(user=user, key=str(asked["key"]).replace("\0", ""))
    more = {str(asked["step"]): data}
    return mine.update(typed=_with("typed", more), touched_at=timezone.now()) == 1


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
