"""Messages by e-mail, for whoever has chosen that.

The letter says what kind of message waits and where to read it: no case, no name, nothing about
anybody. What is about accounts comes unasked and says all (``UNASKED``). It is written down with its message and sent by a job, so nothing waits for the mail
server. Where that is gone or slow, letters wait and are tried again, at longer and longer
intervals, for three days; what it refuses for good isn't tried again.
"""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections.abc import Iterable
from smtplib import SMTPException, SMTPRecipientsRefused, SMTPResponseException
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import transaction
from django.utils import timezone

from .models import Mail, MailState, Message, MessageKind, User

CHOSEN = "mail"  # in a user's preferences: the kinds that come by e-mail too
# About accounts, to those who don't look here: always by e-mail, and all that it says.
UNASKED = frozenset({MessageKind.ACCOUNT, MessageKind.EMERGENCY})
TRIED_FOR = dt.timedelta(days=3)
LONGEST_WAIT = dt.timedelta(hours=1)
CLAIMED_FOR = dt.timedelta(minutes=5)  # who takes letters and ends before they are sent
AT_ONCE = 20
CLOSING = 421  # the server's answer when it ends the connection
TURN = 40  # seconds that one turn of the job may take: the next one begins within a minute
_log = logging.getLogger(__name__)

GONE = "E-postservern svarar inte."
BUSY = "E-postservern tog inte emot brevet just nu."
REFUSED = "E-postservern tar inte emot adressen."


def is_on() -> bool:
    """Whether there is a server to send by."""
    return bool(settings.MAIL_ON)


def chosen_by(user: User) -> frozenset[str]:
    """The kinds of messages that come to the user by e-mail too."""
    return frozenset(user.preferences.get(CHOSEN, ())) & frozenset(MessageKind.values)


def comes_by_mail(message: Message) -> bool:
    return message.kind in UNASKED or message.kind in chosen_by(message.user)


def put_off(messages: Iterable[Message]) -> None:
    """Write down those that go by e-mail too, in the transaction that made them."""
    if is_on():
        Mail.objects.bulk_create(
            Mail(message=message)
            for message in messages
            if message.user.email and comes_by_mail(message)
        )


def last_fault(user: User) -> Mail | None:
    """What went wrong with the user's latest letter, if anything did."""
    letters = Mail.objects.filter(message__user=user).exclude(
        state=MailState.WAITING, attempts=0, fault=""
    )
    last = letters.select_related("message").order_by("-pk").first()
    return last if last is not None and last.state != MailState.SENT else None


def send_waiting() -> int:
    """Send what is due, for so long as a turn may take; returns how many were sent. A connection
    that is lost costs the letter at hand a try, and no other."""
    if not is_on():
        return 0
    sent, ends = 0, time.monotonic() + TURN
    while time.monotonic() < ends:
        letters = _claim()
        if not letters:
            return sent
        try:
            connection = get_connection(timeout=settings.EMAIL_TIMEOUT)
            connection.open()
        except (SMTPException, OSError) as fault:
            _told(fault)
            for letter in letters:
                _try_later(letter, GONE)
            return sent
        try:
            while letters and time.monotonic() < ends:
                sent += _send(letters.pop(0), connection)
        except _ConnectionLost:
            continue
        finally:
            # What wasn't come to is due again at once.
            Mail.objects.filter(pk__in=[x.pk for x in letters]).update(next_try=timezone.now())
            _close(connection)
    return sent


@transaction.atomic
def _claim() -> list[Mail]:
    """The letters that have waited longest, which nobody else takes meanwhile."""
    due = Mail.objects.filter(state=MailState.WAITING, next_try__lte=timezone.now())
    rows = due.select_for_update(of=("self",), skip_locked=True).order_by("next_try", "pk")
    letters = list(rows.select_related("message__user")[:AT_ONCE])
    until = timezone.now() + CLAIMED_FOR
    Mail.objects.filter(pk__in=[letter.pk for letter in letters]).update(next_try=until)
    return letters


class _ConnectionLost(Exception):
    """What wasn't come to goes by another one."""


def _send(letter: Mail, connection: Any) -> bool:
    """Whether it went. Raises ``_ConnectionLost`` once the letter is put off."""
    user = letter.message.user
    reads_it = user.is_active or letter.message.kind == MessageKind.ACCOUNT
    if not user.email or not reads_it or not comes_by_mail(letter.message):
        letter.delete()  # the user has changed their mind, or is no longer with us
        return False
    try:
        written(letter, connection).send()
    except SMTPRecipientsRefused as fault:
        codes = [code for code, _ in fault.recipients.values()]
        if all(code >= 500 for code in codes):
            _keep(letter, MailState.REFUSED, REFUSED)
        else:
            _try_later(letter, BUSY)
        if CLOSING in codes:
            raise _ConnectionLost from fault
    except SMTPResponseException as fault:
        _told(fault)
        _try_later(letter, BUSY)
        if fault.smtp_code == CLOSING:
            raise _ConnectionLost from fault
    except (SMTPException, OSError) as fault:
        _told(fault)
        _try_later(letter, GONE)
        raise _ConnectionLost from fault
    except ValueError as fault:  # an address that no letter can bear
        _told(fault)
        _keep(letter, MailState.REFUSED, REFUSED)
    else:
        letter.sent_at = timezone.now()
        _keep(letter, MailState.SENT, "")
        return True
    return False


def written(letter: Mail, connection: Any = None) -> EmailMessage:
    """The letter. Sent twice (the server took it, and the answer was lost) it has one id."""
    kind = letter.message.get_kind_display()
    where = f"{settings.PORTAL_URL.rstrip('/')}/meddelanden/" if settings.PORTAL_URL else ""
    if letter.message.kind in UNASKED:
        return _letter(letter, letter.message.title, f"{letter.message.text}\n\n", connection)
    text = (
        f"Du har fått ett meddelande i Hjälpmedelsportalen: {kind.lower()}.\n\n"
        "Logga in i portalen och öppna «Meddelanden» för att läsa det.\n"
        f"{where}\n\n"
        "Av integritetsskäl står det inte här vad meddelandet gäller. Vilka meddelanden som"
        " också kommer som e-post väljer du själv under «Meddelanden». Brevet går inte att svara"
        " på.\n"
    )
    subject = "Nytt meddelande i Hjälpmedelsportalen"
    return _letter(letter, subject, text.replace("\n\n\n", "\n\n"), connection)


def _letter(letter: Mail, subject: str, text: str, connection: Any) -> EmailMessage:
    return EmailMessage(
        subject,
        text,
        to=[letter.message.user.email],
        headers={
            "Message-ID": f"<{letter.message.key}@hjalpmedelsportalen>",
            "Auto-Submitted": "auto-generated",
        },
        connection=connection,
    )


def _try_later(letter: Mail, fault: str) -> None:
    """Within a minute, then after two, four, … and at most an hour; until three days have passed."""
    letter.attempts += 1
    if timezone.now() - letter.written_at > TRIED_FOR:
        _keep(letter, MailState.GIVEN_UP, fault)
        return
    wait = min(dt.timedelta(minutes=2 ** min(letter.attempts - 1, 10)), LONGEST_WAIT)
    letter.next_try = timezone.now() + wait
    _keep(letter, MailState.WAITING, fault)


def _keep(letter: Mail, state: MailState, fault: str) -> None:
    letter.state, letter.fault = state, fault
    letter.save(update_fields=["state", "fault", "attempts", "next_try", "sent_at"])


def try_again(letters: Iterable[Mail]) -> int:
    """KHS lets letters that didn't come through be tried once more."""
    keys = [letter.pk for letter in letters]
    stopped = Mail.objects.filter(
        pk__in=keys, state__in=(MailState.GIVEN_UP, MailState.REFUSED, MailState.WAITING)
    )
    return stopped.update(state=MailState.WAITING, next_try=timezone.now())


def forget_old() -> int:
    """Remove letters some time after they were written: those that went, those that never will, and
    those that still wait since there is no mail server any more."""
    before = timezone.now() - dt.timedelta(days=max(settings.MAIL_KEPT_DAYS, TRIED_FOR.days + 1))
    return Mail.objects.filter(written_at__lt=before).delete()[0]


def _told(fault: Exception) -> None:
    """Its kind alone: the words of a mail server quote addresses."""
    _log.warning("E-mail was not sent: %s", type(fault).__name__)


def _close(connection: Any) -> None:
    try:
        connection.close()
    except (SMTPException, OSError) as fault:
        _told(fault)
