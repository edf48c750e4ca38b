"""How often something may be done, at a human's pace.

Counted in the database, so that it holds over processes, restarts and signing out; one statement takes
a turn or finds none left, so that two at once can't pass a limit together. So many an hour come
evenly, of which a fifth may be taken at once by who has taken none for a while.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable
from typing import Any, TypeVar

from django.db import connection
from django.http import HttpRequest
from django.utils import timezone

from . import jobs
from .models import Allowance

AT_ONCE = 5  # one part in so many of an hour's
View = TypeVar("View", bound=Callable[..., object])

# The row says until when what was taken is spent: each turn moves that on by its share of the hour.
_TAKE = """
    INSERT INTO sesam_allowance AS had (key, spent_until) VALUES (%(key)s, %(now)s + %(each)s)
    ON CONFLICT (key) DO UPDATE SET spent_until = greatest(had.spent_until, %(now)s) + %(each)s
    WHERE greatest(had.spent_until, %(now)s) + %(each)s <= %(now)s + %(ahead)s
    RETURNING key
"""


def wait(key: str, an_hour: int) -> int:
    """Take a turn of the ``an_hour`` that ``key`` has: 0; or in how many seconds there is one.
    With ``an_hour`` 0 there is no limit."""
    if not an_hour:
        return 0
    now, each = timezone.now(), dt.timedelta(hours=1) / an_hour
    ahead = each * max(1, an_hour // AT_ONCE)
    # Of two at once the one that asked first may come to its turn last.
    slack = min(each / 2, dt.timedelta(seconds=0.5))
    with connection.cursor() as cursor:
        values: dict[str, Any] = {"key": key, "now": now, "each": each, "ahead": ahead + slack}
        cursor.execute(_TAKE, values)
        if cursor.fetchone():
            return 0
    spent_until = Allowance.objects.filter(key=key).values_list("spent_until", flat=True).first()
    left = (spent_until or now) + each - ahead - now
    return max(1, math.ceil(left.total_seconds()))


@jobs.hourly
def forget_allowances() -> int:
    """Remove those that nothing is spent of any more."""
    return Allowance.objects.filter(spent_until__lt=timezone.now()).delete()[0]


def gives_file(view: View) -> View:
    """Marks a view that answers with a file to take away: how many a user fetches is limited
    (``organisation.downloads``, which knows who asks)."""
    view.gives_file_by = ("GET",)  # type: ignore[attr-defined]  # decorators around it hand it on
    return view


def asks_for_file(request: HttpRequest) -> bool:
    """Whether it is a file that the request is answered with."""
    at = request.resolver_match
    return at is not None and request.method in getattr(at.func, "gives_file_by", ())


def gives_file_by_post(view: View) -> View:
    """The same of a form that is answered with a file."""
    view.gives_file_by = ("POST",)  # type: ignore[attr-defined]
    return view
