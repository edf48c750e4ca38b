"""What the identity provider is asked, and what its answers must hold.

The questions are mozilla-django-oidc's; PyJWT checks signature, times, issuer and audience; level,
and that both answers are about the same person, are looked at here. The database isn't touched:
all of it runs in a thread of its own, so that whoever waits for a provider that hangs waits
``OIDC_PATIENCE`` seconds and no longer. ``OIDC_AT_ONCE`` are asked after at once, so that it takes
no more threads from those who are signed in.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import jwt
import requests
from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from mozilla_django_oidc.auth import OIDCAuthenticationBackend
from mozilla_django_oidc.utils import generate_code_challenge

from organisation.models import SithsTry

from . import refusals
from .refusals import Refused

CLOCKS_DIFFER = 30  # seconds, at most
_TIMES = ("exp", "iat")
_DEMANDED = (*_TIMES, "iss", "aud", "sub", "nonce")
ASKED = (
    "employeeHsaId",
    "given_name",
    "family_name",
    "commissionHsaId",
    "commissionName",
    "commissionPurpose",
    "healthCareUnitHsaId",
    "healthCareUnitName",
    "healthCareProviderHsaId",
)


@dataclass(frozen=True)
class Person:
    """Whom the provider vouches for. ``care_unit`` is the HSA-id of the chosen assignment's."""

    hsa_id: str
    care_unit: str
    id_token: str


# --- the way there and out ----------------------------------------------------------------------


def door(attempt: SithsTry, redirect_uri: str) -> str:
    """Where the browser goes to sign in."""
    essential = {"essential": True}
    claims = {
        "id_token": {"acr": {**essential, "values": settings.OIDC_LEVELS}},
        "userinfo": dict.fromkeys(ASKED, essential),
    }
    # Whose session ended by itself may have left the computer, and is still signed in there.
    anew = {"prompt": settings.OIDC_PROMPT} if settings.OIDC_PROMPT else {}
    return _with(
        settings.OIDC_OP_AUTHORIZATION_ENDPOINT,
        response_type="code",
        scope="openid",
        client_id=settings.OIDC_RP_CLIENT_ID,
        redirect_uri=redirect_uri,
        state=attempt.state,
        nonce=attempt.nonce,
        code_challenge=generate_code_challenge(attempt.verifier, "S256"),
        code_challenge_method="S256",
        claims=json.dumps(claims, separators=(",", ":")),
        ui_locales="sv",
        **anew,
    )


def way_out(id_token: str, back: str) -> str:
    """Where the browser goes to sign out there too; empty where the provider has no such page."""
    if not settings.OIDC_OP_LOGOUT_ENDPOINT:
        return ""
    return _with(
        settings.OIDC_OP_LOGOUT_ENDPOINT,
        id_token_hint=id_token,
        client_id=settings.OIDC_RP_CLIENT_ID,
        post_logout_redirect_uri=back,
    )


def _with(address: str, **parameters: str) -> str:
    return f"{address}{'&' if '?' in address else '?'}{urlencode(parameters)}"


# --- asking -------------------------------------------------------------------------------------


class Busy(Exception):
    """Others are being asked after, and it gets on."""


class Turn:
    """One of the few that may ask the provider at once."""

    asked: Future[Person] | None = None

    def ask(self, attempt: SithsTry, code: str, redirect_uri: str) -> Person:
        """Who it is. Raises ``Refused``."""
        self.asked = _threads.submit(_Provider().person, attempt, code, redirect_uri)
        # However late that is: what hangs takes one turn, not one for everybody who tries.
        self.asked.add_done_callback(lambda _: _turns.release())
        try:
            person = self.asked.result(timeout=settings.OIDC_PATIENCE)
        except (TimeoutError, requests.Timeout):
            _hangs.set()
            raise Refused(refusals.SLOW) from None
        except Refused:
            _hangs.clear()
            raise
        _hangs.clear()
        return person


_turns = threading.BoundedSemaphore(settings.OIDC_AT_ONCE)
_threads = ThreadPoolExecutor(settings.OIDC_AT_ONCE, thread_name_prefix="siths")
_hangs = threading.Event()  # the last who asked got no answer
_QUEUE = 1.0  # seconds in the queue, while it moves


@contextmanager
def turn() -> Iterator[Turn]:
    """Raises ``Busy``, or ``Refused`` while the provider hangs."""
    if not _turns.acquire(timeout=0 if _hangs.is_set() else _QUEUE):
        if _hangs.is_set():
            raise Refused(refusals.SLOW)
        raise Busy
    mine = Turn()
    try:
        yield mine
    finally:
        if mine.asked is None:
            _turns.release()


class _Provider(OIDCAuthenticationBackend):  # type: ignore[misc]  # it has no types
    """Asks by the library, and says which of all things was wrong."""

    def person(self, attempt: SithsTry, code: str, redirect_uri: str) -> Person:
        """Raises ``Refused``, or ``requests.Timeout``."""
        try:
            return self._person(attempt, code, redirect_uri)
        except requests.Timeout:
            raise
        except requests.RequestException as fault:
            gone = fault.response is not None and fault.response.status_code == 400
            raise Refused(refusals.CODE if gone else refusals.BROKEN) from None
        except (ValueError, TypeError, KeyError, AttributeError, SuspiciousOperation):
            # No answer of that protocol, or one that the library finds suspicious.
            raise Refused(refusals.BROKEN) from None

    def _person(self, attempt: SithsTry, code: str, redirect_uri: str) -> Person:
        tokens = self.get_token(
            {
                "client_id": self.OIDC_RP_CLIENT_ID,
                "client_secret": self.OIDC_RP_CLIENT_SECRET,
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": redirect_uri,
                "code_verifier": attempt.verifier,
            }
        )
        id_token = str(tokens["id_token"])
        try:
            token = self.verify_token(id_token, nonce=attempt.nonce)
        except SuspiciousOperation:  # all else is told apart below
            raise Refused(refusals.NONCE) from None
        info = self.get_userinfo(tokens["access_token"], id_token, token)
        if info["sub"] != token["sub"]:
            raise Refused(refusals.PERSON)
        hsa_id = _said("employeeHsaId", info, token)
        if token.get("acr") not in settings.OIDC_LEVELS:
            raise Refused(refusals.LEVEL, hsa_id=hsa_id)
        if not hsa_id:
            raise Refused(refusals.NO_HSA_ID)
        return Person(hsa_id, _said("healthCareUnitHsaId", info, token), id_token)

    def retrieve_matching_jwk(self, token: str) -> jwt.PyJWK:
        try:
            key: jwt.PyJWK = super().retrieve_matching_jwk(token)
            return key
        except (SuspiciousOperation, jwt.PyJWTError, KeyError):  # no key of that name, or no name
            raise Refused(refusals.SIGNATURE) from None

    def _verify_jws(self, payload: str, key: jwt.PyJWK) -> dict[str, Any]:
        """The library's, which looks neither at issuer nor audience, nor that times are there."""
        if jwt.get_unverified_header(payload).get("alg") != self.OIDC_RP_SIGN_ALGO:
            raise Refused(refusals.SIGNATURE)
        try:
            token: dict[str, Any] = jwt.decode(
                payload,
                key,
                algorithms=[self.OIDC_RP_SIGN_ALGO],
                audience=self.OIDC_RP_CLIENT_ID,
                issuer=settings.OIDC_OP_ISSUER,
                leeway=CLOCKS_DIFFER,
                options={"require": list(_DEMANDED)},
            )
        except jwt.PyJWTError as fault:
            raise Refused(_wrong_with(fault)) from None
        audiences = token["aud"] if isinstance(token["aud"], list) else [token["aud"]]
        used_by = token.get("azp", self.OIDC_RP_CLIENT_ID if len(audiences) == 1 else "")
        if used_by != self.OIDC_RP_CLIENT_ID:
            raise Refused(refusals.AUDIENCE)
        return token


def _wrong_with(fault: jwt.PyJWTError) -> refusals.Refusal:
    if isinstance(fault, jwt.MissingRequiredClaimError):
        return {
            "iss": refusals.ISSUER,
            "aud": refusals.AUDIENCE,
            "sub": refusals.PERSON,
            "nonce": refusals.NONCE,
        }.get(fault.claim, refusals.TIMES)
    for kind, why in (
        (jwt.ExpiredSignatureError, refusals.EXPIRED),
        (jwt.ImmatureSignatureError, refusals.TIMES),
        (jwt.InvalidIssuedAtError, refusals.TIMES),
        (jwt.InvalidIssuerError, refusals.ISSUER),
        (jwt.InvalidAudienceError, refusals.AUDIENCE),
    ):
        if isinstance(fault, kind):
            return why
    return refusals.SIGNATURE


def _said(name: str, info: dict[str, Any], token: dict[str, Any]) -> str:
    """A claim, which may stand in either answer. Raises ``Refused`` where they differ."""
    values = {str(x[name]).replace("\0", "").strip() for x in (info, token) if x.get(name)}
    if len(values) > 1:
        raise Refused(refusals.PERSON)
    return values.pop()[:100] if values else ""
