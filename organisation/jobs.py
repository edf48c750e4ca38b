"""What the organisation clears away: counted and failed sign-ins, after a day."""

import datetime as dt

from axes.models import AccessAttempt, AccessFailureLog
from django.utils import timezone

from sesam import jobs

from . import sign_in_pace

KEPT = dt.timedelta(days=1)  # longer than any pause they cause


@jobs.hourly
def forget_sign_ins() -> int:
    return sign_in_pace.forget_old()


@jobs.hourly
def remove_failed_sign_ins() -> int:
    """They hold the names that people typed."""
    before = timezone.now() - KEPT
    removed = 0
    for model in (AccessAttempt, AccessFailureLog):
        removed += model.objects.filter(attempt_time__lt=before).delete()[0]
    return removed
