"""Who is on the way to the identity provider and back: a row each, for the browser that began."""

from __future__ import annotations

import hashlib
import secrets

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from organisation.models import SithsTry

from .refusals import STATE, Refused

COOKIE = "siths"
PATH = "/logga-in/siths/"


def begin(request: HttpRequest, after: str) -> tuple[SithsTry, str]:
    """A new try, and what the browser's cookie is to say (one for all its tabs)."""
    browser = request.COOKIES.get(COOKIE, "") or secrets.token_urlsafe(32)
    made = SithsTry.objects.create(
        state=secrets.token_urlsafe(32),
        nonce=secrets.token_urlsafe(32),
        verifier=secrets.token_urlsafe(64),
        browser=_digest(browser),
        after=after,
    )
    return made, browser


def remember(response: HttpResponse, browser: str) -> None:
    response.set_cookie(
        COOKIE,
        browser,
        max_age=SithsTry.KEPT,
        path=PATH,
        httponly=True,
        secure=bool(settings.SESSION_COOKIE_SECURE),
        samesite="Lax",
    )


@transaction.atomic
def take(request: HttpRequest) -> SithsTry:
    """The try that the provider's answer is to, which is taken once. Raises ``Refused``."""
    mine = SithsTry.objects.filter(
        state=request.GET.get("state", ""),
        browser=_digest(request.COOKIES.get(COOKIE, "")),
        began_at__gt=timezone.now() - SithsTry.KEPT,
    )
    found = mine.select_for_update().first()
    if found is None:
        raise Refused(STATE)
    SithsTry.objects.filter(pk=found.pk).delete()
    return found


def forget_old() -> int:
    """Remove those that nobody came back from; how many."""
    before = timezone.now() - SithsTry.KEPT
    return SithsTry.objects.filter(began_at__lt=before).delete()[0]


def _digest(browser: str) -> str:
    return hashlib.sha256(browser.encode()).hexdigest()
