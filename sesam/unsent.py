"""What was typed and posted after the session had ended, or before something that has to be said
first: kept, and shown again after sign-in, or when that is said.

Who it was stands in a signed cookie. It opens nothing: it only says for whom a post is kept, and
that user alone, signed in again, gets it back in the form it was typed in. A dialog gets it into
its own state; any other page by ``?skrivet=<key>`` in its address, where ``{% field %}`` fills
the page's forms (and static/unsent.js what they don't draw). Nothing is ever sent by itself.
"""

from __future__ import annotations

import json
import secrets
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from django.conf import settings
from django.contrib.auth import get_user_model
from django.forms import BaseForm, BoundField, HiddenInput, Select, Textarea, TextInput
from django.http import HttpRequest, QueryDict
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme

from . import dialogs
from .models import DialogState

KIND = "unsent"
PARAMETER = "skrivet"
COOKIE = "senast"
_SALT = "sesam.unsent"
_DAY = int(DialogState.KEPT.total_seconds())
_MOST = 5  # of one user; the oldest goes first
_SIZE = 100_000  # characters
# What is searched for is not kept: it is typed again in a moment, and may be a person's number.
_SEARCHED = {"nummer", "q"}


# --- who it was -------------------------------------------------------------------------------


def last_user(request: HttpRequest) -> str:
    """The id of who was signed in here last and hasn't signed out; empty if nobody."""
    return str(request.get_signed_cookie(COOKIE, default="", salt=_SALT, max_age=_DAY))


def remember_user(request: HttpRequest, response: HttpResponseBase) -> None:
    """Write down who is signed in, unless it is written already."""
    mine = str(request.user.pk)
    if last_user(request) != mine:
        response.set_signed_cookie(
            COOKIE,
            mine,
            salt=_SALT,
            max_age=_DAY,
            httponly=True,
            secure=bool(settings.SESSION_COOKIE_SECURE),
            samesite="Lax",
        )


# --- keeping ----------------------------------------------------------------------------------


def keep(request: HttpRequest, response: HttpResponseBase) -> None:
    """If this POST was answered by the way to sign-in: keep it, and lead back to its page."""
    if request.method != "POST":
        return
    name = "HX-Redirect" if "HX-Redirect" in response else "Location"
    target = urlsplit(response.get(name, ""))
    doors = (settings.LOGIN_URL, reverse("admin:login"))
    if target.path not in doors or "next" not in parse_qs(target.query):
        return
    response[name] = f"{settings.LOGIN_URL}?{urlencode({'next': way_back(request)})}"


def way_back(request: HttpRequest) -> str:
    """The address of the page that was asked for or posted from; what was posted is kept for it."""
    if request.method != "POST":
        return request.get_full_path()
    place = _place(request)
    if key := _keep(request):
        place += ("&" if "?" in place else "?") + urlencode({PARAMETER: key})
    return place


def _place(request: HttpRequest) -> str:
    """The page that the form stood on, which isn't always where it is sent."""
    page = request.headers.get("HX-Current-URL") or request.headers.get("Referer") or ""
    if not url_has_allowed_host_and_scheme(page, {request.get_host()}):
        return request.get_full_path()
    parts = urlsplit(page)
    kept = QueryDict(parts.query, mutable=True)
    kept.pop(PARAMETER, None)
    return parts.path + (f"?{kept.urlencode()}" if kept else "")


def _keep(request: HttpRequest) -> str:
    """Keep what was posted for who is signed in here, or was last; its key, or nothing."""
    data = dialogs.posted(request)
    data = {name: value for name, value in data.items() if "password" not in name}
    said = any(data[name] for name in data if name not in _SEARCHED)
    signed_in = request.user.is_authenticated
    user = str(request.user.pk) if signed_in else last_user(request)
    if not (said or request.FILES) or not user or len(json.dumps(data)) > _SIZE:
        return ""
    if not get_user_model().objects.filter(pk=user, is_active=True).exists():
        return ""
    if dialogs.keep_for(int(user), request, data):
        data = {}
    mine = DialogState.objects.filter(user=int(user), kind=KIND)
    mine.filter(key__in=mine.order_by("-made_at").values("key")[_MOST - 1 :]).delete()
    made = DialogState.objects.create(
        key=secrets.token_urlsafe(9),
        user_id=int(user),
        kind=KIND,
        facts={"path": request.path, "files": bool(request.FILES), "signed_out": not signed_in},
        typed=data,
    )
    return made.key


# --- showing again ----------------------------------------------------------------------------


def of(request: HttpRequest | None) -> DialogState | None:
    """What the page's address says was kept for its user; looked up once a request."""
    if request is None or PARAMETER not in request.GET:
        return None
    if not hasattr(request, "_unsent"):
        key = request.GET[PARAMETER].replace("\0", "")
        since = timezone.now() - DialogState.KEPT
        request._unsent = DialogState.objects.filter(  # type: ignore[attr-defined]  # kept for it
            key=key, user=request.user.pk, kind=KIND, made_at__gt=since
        ).first()
    return request._unsent  # type: ignore[attr-defined, no-any-return]  # kept above


def typed(request: HttpRequest | None) -> dict[str, Any]:
    """What was posted then (as ``dialogs.posted``); empty where nothing is to be filled in."""
    state = of(request)
    return state.typed if state and request and request.method != "POST" else {}


def posted(request: HttpRequest | None) -> QueryDict | None:
    """The same as a form gets it."""
    found = typed(request)
    if not found:
        return None
    data = QueryDict(mutable=True)
    for name, value in found.items():
        data.setlist(name, value if isinstance(value, list) else [value])
    return data


def fill(request: HttpRequest | None, bound: BoundField) -> None:
    """Give a field of a fresh form what was typed in it, if it is that form that was posted."""
    if bound.form.is_bound or bound.field.disabled:
        return
    data = posted(request)
    if data is None or not _is_of(bound.form, data):
        return
    widget = bound.field.widget
    if not widget.needs_multipart_form:
        bound.initial = widget.value_from_datadict(data, {}, bound.html_name)


def _is_of(form: BaseForm, data: QueryDict) -> bool:
    """Whether it is this form that was posted: boxes that nobody ticked are all that may lack."""
    names = {bound.html_name for bound in form}
    always = {
        bound.html_name
        for bound in form
        if isinstance(bound.field.widget, TextInput | Textarea | Select | HiddenInput)
    }
    return always <= data.keys() and not names.isdisjoint(data.keys())


def sent(request: HttpRequest, response: HttpResponseBase) -> None:
    """What the page showed again has been taken in now: it isn't kept any longer."""
    if request.method == "POST" and response.status_code < 400 and (state := of(request)):
        state.delete()
        request._unsent = None  # type: ignore[attr-defined]  # kept in ``of``
