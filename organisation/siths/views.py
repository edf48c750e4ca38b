"""The way to the identity provider and back."""

from __future__ import annotations

import logging
import random
from contextlib import suppress
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from organisation import views
from organisation.behalf import choose_unit, units_of
from organisation.forms import support
from organisation.models import SithsTry, User
from sesam import limits
from sesam.client_ip import client_network
from sesam.errors import DomainError

from . import provider, refusals, tries
from .provider import Busy, Person
from .refusals import Refused

_log = logging.getLogger(__name__)


@never_cache
@require_GET
def begin(request: HttpRequest) -> HttpResponse:
    """«Logga in med SITHS». Open to everybody; without a provider it leads to the password."""
    if not settings.OIDC_OP_ISSUER:
        return redirect("sign_in")
    after = views.safe_next(request)
    if request.user.is_authenticated:
        return HttpResponseRedirect(after)
    # Each who begins is a row for a quarter of an hour, also who never comes back.
    if limits.wait(f"siths:{client_network(request)}", settings.SITHS_VISIT_LIMIT):
        _log.warning(
            "Too many on the way to the identity provider from %s", client_network(request)
        )
        return _in_the_queue(request, 429)
    attempt, browser = tries.begin(request, after)
    response = HttpResponseRedirect(provider.door(attempt, _redirect_uri(request)))
    tries.remember(response, browser)
    return response


@never_cache
@require_GET
def answer(request: HttpRequest) -> HttpResponse:
    """What the provider sends the browser back with. Open to everybody."""
    if not settings.OIDC_OP_ISSUER:
        return redirect("sign_in")
    attempt: SithsTry | None = None
    try:
        with provider.turn() as turn:
            attempt = tries.take(request)
            person = turn.ask(attempt, _code(request), _redirect_uri(request))
        user = _user(person)
    except Busy:
        return _in_the_queue(request)
    except Refused as refused:
        return _refused(request, refused, attempt)
    _choose_unit(user, person)
    response = views.enter(request, user, attempt.after)
    request.session[views.ID_TOKEN] = person.id_token
    return response


def _redirect_uri(request: HttpRequest) -> str:
    return request.build_absolute_uri(reverse("siths_answer"))


def _code(request: HttpRequest) -> str:
    """What the person is asked after by; raises ``Refused`` where the provider sends none."""
    if request.GET.get("iss", settings.OIDC_OP_ISSUER) != settings.OIDC_OP_ISSUER:  # RFC 9207
        raise Refused(refusals.ISSUER)
    if error := request.GET.get("error"):
        ended = error in ("access_denied", "login_required", "interaction_required")
        raise Refused(refusals.CANCELLED if ended else refusals.BROKEN)
    if not request.GET.get("code"):
        raise Refused(refusals.CODE)
    return request.GET["code"]


def _user(person: Person) -> User:
    """The user whose HSA-id it is. Raises ``Refused``."""
    found = list(User.objects.filter(hsa_id__iexact=person.hsa_id)[:2])
    if len(found) != 1:
        raise Refused(refusals.UNKNOWN, hsa_id=person.hsa_id)
    user = found[0]
    if not user.is_active:
        unused = refusals.UNUSED if user.paused_at else refusals.INACTIVE
        why = refusals.ENDED if user.ended_at else unused
        raise Refused(why, hsa_id=person.hsa_id, user=user.pk)
    return user


def _choose_unit(user: User, person: Person) -> None:
    """The assignment's care unit is the active unit, where it is one of the user's."""
    if not person.care_unit:
        return
    unit = units_of(user).filter(hsa_id__iexact=person.care_unit).first()
    if unit is not None and unit.pk != user.default_unit_id:
        with suppress(DomainError):  # taken from them just now
            choose_unit(user, unit)
            user.default_unit = unit


def _in_the_queue(request: HttpRequest, status: int = 503) -> HttpResponse:
    """The browser asks again by itself, with the provider's answer where it has one."""
    response = render(request, "organisation/siths_queue.html", status=status)
    seconds = random.randint(1, 3)  # noqa: S311  so that they don't all come back at once
    response["Refresh"] = response["Retry-After"] = str(seconds)
    return response


def _refused(request: HttpRequest, refused: Refused, attempt: SithsTry | None) -> HttpResponse:
    why = refused.why
    whose = f" of user {refused.user}" if refused.user else ""
    _log.warning("Sign-in by SITHS%s refused: %s", whose, why.code)
    after = attempt.after if attempt else "/"
    query = f"?{urlencode({'next': after}, safe='/')}" if after != "/" else ""
    context = {
        "why": why,
        "hsa_id": refused.hsa_id,
        "support": support(),
        "at": timezone.now(),
        "again_url": reverse("sign_in") + query,
    }
    return render(request, "organisation/siths_refused.html", context, status=why.status)
