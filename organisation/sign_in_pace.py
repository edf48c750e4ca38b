"""How fast sign-ins may be tried, beside the lock of a name for an address (``django-axes``).

One password tried on many names, or one name from many addresses, never meets that lock. So
failures are counted for a name and for an address, in the database; above the limits each further
try waits for its turn: the first answer says in how many seconds, and then one try is taken.

Nobody waits inside the server: that would hold a thread, and a handful of threads serve
everybody. And a turn belongs to the pair of name and address, at most ``SIGN_IN_WAIT_MAX``
seconds away, which trying too early doesn't move: so neither a stranger at another address
nor somebody busy with other names behind the same one keeps a person out.
"""

import datetime as dt
import hashlib
import hmac
import logging
import unicodedata

from django.conf import settings
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils import timezone

from sesam.client_ip import client_network

from .models import SignInFailure, SignInTurn, User

NAME_WINDOW = dt.timedelta(hours=1)
ADDRESS_WINDOW = dt.timedelta(minutes=15)
SHORTEST = 5  # seconds
KEPT = dt.timedelta(days=1)
_log = logging.getLogger(__name__)


def failed(request: HttpRequest, name: str) -> None:
    """Count a password that was looked at and was wrong."""
    SignInFailure.objects.create(
        name=_digest(name), address=client_network(request), at=timezone.now()
    )


def wait(request: HttpRequest, name: str) -> int:
    """In how many seconds ``name`` may be tried from the request's address; 0: now, once."""
    now, pair = timezone.now(), {"name": _digest(name), "address": client_network(request)}
    by_name = SignInFailure.objects.filter(name=pair["name"], at__gt=now - NAME_WINDOW).count()
    by_address = SignInFailure.objects.filter(
        address=pair["address"], at__gt=now - ADDRESS_WINDOW
    ).count()
    over = max(by_name - settings.SIGN_IN_NAME_LIMIT, by_address - settings.SIGN_IN_ADDRESS_LIMIT)
    if over < 0:
        return 0
    seconds = _turn(pair, now, min(max(over, SHORTEST), settings.SIGN_IN_WAIT_MAX))
    _log.warning(
        "Slowed sign-in of %s from %s, %s: %d failures of the name in an hour, %d from the address"
        " in a quarter",
        _known(name),
        pair["address"] or "no address",
        f"{seconds} s to wait" if seconds else "its turn",
        by_name,
        by_address,
    )
    return seconds


def _turn(pair: dict[str, str], now: dt.datetime, seconds: int) -> int:
    """Take the pair's turn if it has come (0), else how long it is to it; one is given."""
    taken, _ = SignInTurn.objects.filter(**pair, opens_at__lte=now).delete()
    if taken:
        return 0
    try:
        with transaction.atomic():
            turn = SignInTurn.objects.filter(**pair).first() or SignInTurn.objects.create(
                **pair, opens_at=now + dt.timedelta(seconds=seconds)
            )
    except IntegrityError:  # given in the same instant
        return seconds
    return max(1, round((turn.opens_at - now).total_seconds()))


def forget_old() -> int:
    """Remove what is older than a day; how many rows."""
    before = timezone.now() - KEPT
    failures, _ = SignInFailure.objects.filter(at__lt=before).delete()
    turns, _ = SignInTurn.objects.filter(opens_at__lt=before).delete()
    return failures + turns


def _digest(name: str) -> str:
    """Names are counted by a keyed checksum: people type other things there too."""
    plain = unicodedata.normalize("NFKC", name).casefold()
    key = settings.SECRET_KEY.encode()
    return hmac.new(key, b"sign-in:" + plain.encode(), hashlib.sha256).hexdigest()


def _known(name: str) -> str:
    """The user, by id; what else was typed stands in no log."""
    pk = User.objects.filter(username=name).values_list("pk", flat=True).first()
    return f"user {pk}" if pk else "an unknown name"
