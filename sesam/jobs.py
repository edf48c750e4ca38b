"""Background jobs: what a request must not wait for.

Jobs lie in the portal's own PostgreSQL (procrastinate), so a job that is put off inside a
transaction is there if and only if the transaction was. ``make run`` and docker-compose start
the worker: ``manage.py worker``. An app's jobs stand in its ``jobs.py``::

    @jobs.task(name="articles.store_report", called="lagersaldorapport")
    def store_report(printout_id: int, store_id: int) -> None: ...

    store_report.defer(printout_id=…, store_id=…)      # arguments must be JSON

What is to be cleared away regularly is registered with ``@jobs.hourly``; the worker calls it,
and so does ``manage.py clear_old`` where no worker runs.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from django.contrib.sessions.models import Session
from django.db import connection
from django.utils import timezone
from procrastinate.contrib.django import app
from procrastinate.tasks import Task

from . import asking, file_store, tracing
from .models import DialogState

FINISHED_KEPT = dt.timedelta(days=1)
_log = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")

_hourly: list[Callable[[], int]] = []
_called: dict[str, str] = {}
#: What all that is cleared away by the hour is called.
CLEARING = "rensning"


def task(
    *, name: str, called: str, queueing_lock: str | None = None
) -> Callable[[Callable[P, R]], Task[P, R, P]]:
    """Register a job; what it does is logged under its name (and its starter's, see
    ``printouts.making``). ``called`` is what people read of it: «Jobb: lagersaldorapport»."""
    _called[name] = called

    def register(work: Callable[P, R]) -> Task[P, R, P]:
        @wraps(work)
        def run(*args: P.args, **kwargs: P.kwargs) -> R:
            with asking.by(asking.Asking(job=name)), tracing.job(name), file_store.kept():
                return work(*args, **kwargs)

        return app.task(name=name, queueing_lock=queueing_lock)(run)

    return register


def hourly(clear: Callable[[], int]) -> Callable[[], int]:
    """Register something that clears old things away and says how many they were."""
    _hourly.append(clear)
    _called[_name_of(clear)] = CLEARING
    return clear


def _name_of(clear: Callable[[], int]) -> str:
    """As it stands in what is logged, which has room for so much."""
    return f"{clear.__module__}.{clear.__name__}"[-60:]


def words(job: str) -> str:
    """What people read of a job that something was logged under; as it is, where there is none any more."""
    return _called.get(job, job)


@hourly
def remove_old_dialogs() -> int:
    """Remove dialogs that nobody has touched for a day."""
    old = DialogState.objects.filter(touched_at__lt=timezone.now() - DialogState.KEPT)
    return old.delete()[0]


@hourly
def remove_ended_sessions() -> int:
    """Remove sessions that have ended: they hold what their users looked at."""
    return Session.objects.filter(expire_date__lt=timezone.now()).delete()[0]


_FINISHED = """
    DELETE FROM procrastinate_jobs WHERE status IN ('succeeded', 'failed', 'cancelled', 'aborted')
    AND NOT EXISTS (
        SELECT FROM procrastinate_events WHERE job_id = procrastinate_jobs.id AND at > %s)
"""


@hourly
def remove_finished_jobs() -> int:
    """Remove jobs a day after they ended, well or badly."""
    with connection.cursor() as cursor:
        cursor.execute(_FINISHED, [timezone.now() - FINISHED_KEPT])
        return int(cursor.rowcount)


def clear_all() -> dict[str, int]:
    """Call all that is registered; one that fails doesn't keep the others from it."""
    done = {}
    for clear in _hourly:
        name = f"{clear.__module__}.{clear.__name__}"
        try:
            with asking.by(asking.Asking(job=_name_of(clear))):
                done[name] = clear()
        except Exception:
            _log.exception("%s failed", name)
    return done


@app.periodic(cron="41 3 * * *")
@task(name="sesam.sweep_files", called=CLEARING, queueing_lock="sesam.sweep_files")
def sweep_files(timestamp: int) -> None:
    """Every night: files that no row names, left by what was killed."""
    try:
        if removed := file_store.sweep():
            _log.info("%s files that no row named are swept away", removed)
    except file_store.TooMany as told:
        _log.error("%s", str(told))  # counts alone


@app.periodic(cron="17 * * * *")
@task(name="sesam.clear_old", called=CLEARING, queueing_lock="sesam.clear_old")
def clear_old(timestamp: int) -> None:
    """What the worker does every hour."""
    clear_all()
