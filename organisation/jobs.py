"""What the organisation does beside requests: messages to many and e-mail, every minute; and what
it clears away: counted and failed sign-ins after a day, letters after a month, messages after a year."""

import datetime as dt

from axes.models import AccessAttempt, AccessFailureLog
from django.utils import timezone
from procrastinate.contrib.django import app

from sesam import jobs

from . import accounts, mail, messages, sign_in_pace
from .siths import tries

KEPT = dt.timedelta(days=1)  # longer than any pause they cause


@app.periodic(cron="* * * * *")
@jobs.task(name="organisation.post", called="utskick", queueing_lock="organisation.post")
def post(timestamp: int) -> None:
    """What the worker does every minute."""
    try:
        messages.tell_waiting()
    finally:  # what hinders a notice holds up no letters
        mail.send_waiting()


@jobs.hourly
def forget_mail() -> int:
    """Letters, whatever became of them."""
    return mail.forget_old()


@jobs.hourly
def forget_messages() -> int:
    return messages.forget_old()


@jobs.hourly
def forget_sign_ins() -> int:
    return sign_in_pace.forget_old()


@jobs.hourly
def look_after_accounts() -> int:
    return accounts.look_after()


@jobs.hourly
def forget_siths_tries() -> int:
    return tries.forget_old()


@jobs.hourly
def remove_failed_sign_ins() -> int:
    """They hold the names that people typed."""
    before = timezone.now() - KEPT
    removed = 0
    for model in (AccessAttempt, AccessFailureLog):
        removed += model.objects.filter(attempt_time__lt=before).delete()[0]
    return removed
