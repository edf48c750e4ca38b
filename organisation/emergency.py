"""Names and passwords, where the settings allow them (``LOCAL_PASSWORDS``).

«demo»: a name and its password will do (demo, development and tests). «break-glass»: for when the
identity provider is away, those who were given a one-time code sign in with all three, and whoever
runs the system is told. «off»: nobody.
"""

from __future__ import annotations

import logging

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django_otp.plugins.otp_totp.models import TOTPDevice

from . import messages
from .models import MessageKind, User

OFF, DEMO, BREAK_GLASS = "off", "demo", "break-glass"
_log = logging.getLogger(__name__)


def passwords_are_taken() -> bool:
    return bool(settings.LOCAL_PASSWORDS != OFF)


def code_is_asked_for() -> bool:
    return bool(settings.LOCAL_PASSWORDS == BREAK_GLASS)


def code_is_right(user: User, code: str) -> bool:
    """Whether it is the user's code of this minute, not used yet. Wrong ones are slowed down."""
    with transaction.atomic():
        mine = TOTPDevice.objects.filter(user=user, confirmed=True).select_for_update()
        return any(device.verify_token(code) for device in mine)


def new_code(user: User) -> str:
    """Give the user a one-time code, in place of what they had: the address that an app reads."""
    with transaction.atomic():
        TOTPDevice.objects.filter(user=user).delete()
        made = TOTPDevice.objects.create(user=user, name="emergency")
    _log.warning("One-time code given to user %d", user.pk)
    return str(made.config_url)


def take_code_away(user: User) -> bool:
    had = bool(TOTPDevice.objects.filter(user=user).delete()[0])
    if had:
        _log.warning("One-time code of user %d taken away", user.pk)
    return had


def told(user: User) -> None:
    """That somebody came in this way, everybody hears who runs the system: by e-mail
    too, for the way into the portal may be closed to them."""
    _log.warning("Emergency sign-in of user %d by password and one-time code", user.pk)
    others = User.objects.filter(is_superuser=True, is_active=True).exclude(pk=user.pk)
    now = timezone.localtime()
    for other in others:
        messages.send(
            other,
            kind=MessageKind.EMERGENCY,
            title=f"Reservinloggning: {user}",
            text=f"{user} ({user.username}) loggade in med lösenord och engångskod"
            f" {now:%Y-%m-%d %H:%M}. Är det inte väntat, stäng kontot.",
        )
