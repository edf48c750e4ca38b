"""Accounts that nobody uses: first a warning by mail, then inactive, then ended.

The months are settings, the region's own rule. Whoever has been inactive can be made active again in
the back office; whoever has ended has lost roles and units too, and is given them anew. Left alone are
the demo's accounts and those with a one-time code (``emergency``), which are there to be unused.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable

from dateutil.relativedelta import relativedelta
from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Greatest
from django.utils import timezone
from django_otp.plugins.otp_totp.models import TOTPDevice

from . import messages
from .models import MessageKind, Unit, User
from .role_names import ROLE_NAMES

_log = logging.getLogger(__name__)


def look_after() -> int:
    """Warn, make inactive and end whose time it is; how many. What the worker does every hour."""
    done = 0
    if months := settings.ACCOUNT_INACTIVE_MONTHS:
        active = Q(is_active=True)
        done += _each(_to_warn(months, User.Warning.PAUSE).filter(active), _warn_of_pause)
        done += _each(_unused(months).filter(active, _warned(User.Warning.PAUSE)), _pause)
    if months := settings.ACCOUNT_END_MONTHS:
        # Who was made inactive by hand is not warned: somebody has decided that.
        inactive = Q(is_active=False, ended_at=None)
        by_us = Q(paused_at__isnull=False)
        done += _each(_to_warn(months, User.Warning.END).filter(inactive, by_us), _warn_of_end)
        due = ~by_us | _warned(User.Warning.END)
        done += _each(_unused(months).filter(inactive, due), _end)
    return done


def reopen(user: User) -> None:
    """Made active by hand: the months begin anew. The caller saves."""
    user.reopened_at = timezone.now()
    user.paused_at = user.ended_at = user.warned_at = None
    user.ended_as = user.warned_of = ""


# --- who ----------------------------------------------------------------------------------------


def _unused(months: int, *, but: dt.timedelta = dt.timedelta(0)) -> QuerySet[User]:
    """Those who haven't signed in for so many months, but for so many days."""
    return (
        User.objects.annotate(used_at=Greatest("last_login", "date_joined", "reopened_at"))
        .filter(used_at__lte=timezone.now() - relativedelta(months=months) + but, is_demo=False)
        .exclude(pk__in=TOTPDevice.objects.values("user"))
    )


def _to_warn(months: int, of: User.Warning) -> QuerySet[User]:
    not_yet = ~Q(warned_of=of) | Q(warned_at__lte=F("used_at"))
    return _unused(months, but=_notice()).filter(not_yet)


def _warned(of: User.Warning) -> Q:
    """Long enough ago, also where the rule or the worker came late."""
    since = timezone.now() - _notice()
    return Q(warned_of=of, warned_at__gt=F("used_at"), warned_at__lte=since)


def _notice() -> dt.timedelta:
    return dt.timedelta(days=settings.ACCOUNT_WARNING_DAYS)


def _each(found: QuerySet[User], change: Callable[[User], None]) -> int:
    """Each under its lock: somebody may be signing in right now."""
    done = 0
    for pk in list(found.values_list("pk", flat=True)):
        with transaction.atomic():
            user = found.select_for_update(of=("self",), no_key=True).filter(pk=pk).first()
            if user is not None:
                change(user)
                done += 1
    return done


# --- what ---------------------------------------------------------------------------------------


def _warn_of_pause(user: User) -> None:
    day = timezone.localdate() + _notice()
    _tell(
        user,
        User.Warning.PAUSE,
        "Ditt konto blir snart inaktivt",
        "Du har inte loggat in i Hjälpmedelsportalen på länge. Kontot blir inaktivt"
        f" {day:%Y-%m-%d} om du inte loggar in före dess.",
    )


def _warn_of_end(user: User) -> None:
    day = timezone.localdate() + _notice()
    _tell(
        user,
        User.Warning.END,
        "Ditt konto avslutas snart",
        "Ditt konto i Hjälpmedelsportalen är inaktivt, eftersom du inte har loggat in på länge. Det"
        f" avslutas {day:%Y-%m-%d}. Behöver du det i ditt arbete, kontakta systemförvaltaren på KHS"
        " före dess.",
    )


def _tell(user: User, of: User.Warning, title: str, text: str) -> None:
    messages.send(user, title=title, text=text, kind=MessageKind.ACCOUNT)
    user.warned_of, user.warned_at = of, timezone.now()
    user.save(update_fields=["warned_of", "warned_at"])


def _pause(user: User) -> None:
    user.is_active, user.paused_at = False, timezone.now()
    user.save(update_fields=["is_active", "paused_at"])
    _log.info("Account of user %d made inactive: not used for long", user.pk)


def _end(user: User) -> None:
    """What it was is kept as words, and cases and the log name it; it may nothing any longer."""
    roles = ", ".join(ROLE_NAMES.get(name, name) for name in sorted(user.roles))
    usual = Q(pk=user.default_unit_id)
    worked_at = Unit.objects.filter(usual | Q(users=user)).distinct().order_by("name")
    units = ", ".join(worked_at.values_list("name", flat=True))
    user.ended_at = timezone.now()
    user.ended_as = "; ".join(filter(None, (roles, units)))[:500]
    user.is_staff = user.is_superuser = user.is_technician = False
    user.default_unit = None
    user.set_unusable_password()
    user.save(
        update_fields=(
            "ended_at", "ended_as", "is_staff", "is_superuser", "is_technician", "default_unit",
            "password",
        )
    )  # fmt: skip
    for held in (user.groups, user.units, user.payers):
        held.clear()
    _log.info("Account of user %d ended: not used for long", user.pk)
