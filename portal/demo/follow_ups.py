"""Follow-up: wheelchairs and rollators after a while, and some aids that have come to their day."""

import datetime as dt

from django.utils import timezone

from articles.models import ArticleType, IsoClass
from recipients.models import Loan

from .organisation import Places

WEEKS = {"1222": 12, "1223": 12, "1206": 8, "0433": 4}


def load(places: Places) -> None:
    """Needs the loans."""
    for code, weeks in WEEKS.items():
        IsoClass.objects.filter(code=code).update(follow_up_weeks=weeks)
    user = places.users["forskrivare"]
    held = Loan.objects.filter(
        ended_at=None, article__type=ArticleType.MAIN, unit=user.default_unit_id,
        recipient__deceased_on=None, part_of=None,
        delivered_at__lt=timezone.now() - dt.timedelta(days=40),
    )  # fmt: skip
    today = timezone.localdate()
    for days, loan in zip((-3, 0, 4, 11, 30), held.order_by("-delivered_at", "-pk"), strict=False):
        loan.follow_up_on, loan.follow_up_by = today + dt.timedelta(days=days), user
        loan.save(update_fields=["follow_up_on", "follow_up_by"])
