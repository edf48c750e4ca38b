"""Named questions are asked of a read replica, where the settings name one (``DATABASE_REPLICA_URL``).

Figures, sheets, the review of the access log and what the night counts read much and write little; each
asks by ``read``::

    rows = replica.read(lambda: list(found))

Nobody misses what they have just written: before it is asked, the primary says how far it has written,
and the replica is asked only once it has come as far. One that hasn't within ``DATABASE_REPLICA_LAG``
seconds, or that doesn't answer, is left out for a while, and the primary is asked instead; so it is where
the replica fails in the middle. Whatever is written goes to the primary, the access log with it.
"""

from __future__ import annotations

import logging
import select
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from contextvars import ContextVar
from typing import Any, TypeVar

from django.conf import settings
from django.db import DatabaseError, InterfaceError, OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from prometheus_client.core import GaugeMetricFamily
from psycopg import pq

from . import metrics

NAME = "replica"
PATIENCE = 1.0  # seconds that it may take to say how far it has come
_POLL = 0.01
# What an app writes while it is read: how far a job has come, who has signed in, how often somebody asked.
_PRIMARYS = frozenset({"sesam", "sessions", "procrastinate", "axes", "otp_totp"})
_TIMED_OUT = "57014"  # the question takes too long; of the primary it would too

_log = logging.getLogger(__name__)
_asking: ContextVar[bool] = ContextVar("asking_replica", default=False)
T = TypeVar("T")
READS = metrics.counter("portal_replica_reads", "Named questions, by who was asked", ["server"])


class Router:
    """Django's: which connection a model's questions go to."""

    def db_for_read(self, model: Any, **hints: Any) -> str:
        elsewhere = _asking.get() and model._meta.app_label not in _PRIMARYS
        return NAME if elsewhere else "default"

    def db_for_write(self, model: Any, **hints: Any) -> str:
        return "default"

    def allow_relation(self, one: Any, other: Any, **hints: Any) -> bool:
        return True  # the same rows

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        return db != NAME


def is_named() -> bool:
    return NAME in settings.DATABASES


def connection() -> BaseDatabaseWrapper:
    """Where a question in plain SQL goes: inside of ``read`` it may be the replica's connection."""
    return connections[NAME if _asking.get() else "default"]


def read(ask: Callable[[], T]) -> T:
    """What ``ask`` finds. It only reads, all at once (no queryset that is asked later), and may be called
    twice."""
    if not is_named() or _asking.get():
        return ask()
    if _state.may_be_asked():
        asked = _asking.set(True)
        try:
            found = ask()
        except (OperationalError, InterfaceError) as fault:
            if getattr(fault.__cause__, "sqlstate", None) == _TIMED_OUT:
                raise
            _state.leave_out(fault)
        else:
            READS.labels("replica").inc()
            return found
        finally:
            _asking.reset(asked)
    READS.labels("primary").inc()
    return ask()


# --- whether it may be asked ---


class Unfit(Exception):
    """Why it isn't asked."""


class Lags(Unfit):
    """``seconds``: how old the last change is that it has."""

    def __init__(self, seconds: float) -> None:
        super().__init__("it lags")
        self.seconds = seconds


class _State:
    """What this process knows of it."""

    def __init__(self) -> None:
        self._left_out_until = 0.0
        self._is_out = False
        self._trying = threading.Lock()

    def may_be_asked(self) -> bool:
        if not self._is_out:
            return self._try()
        if time.monotonic() < self._left_out_until or not self._trying.acquire(blocking=False):
            return False
        try:  # one finds out, for all
            return self._try()
        finally:
            self._trying.release()

    def _try(self) -> bool:
        written = _written_so_far()
        try:
            lag(written)
        except (Unfit, DatabaseError, InterfaceError) as fault:
            self.leave_out(fault)
            return False
        if self._is_out:
            self._is_out = False
            _log.warning("The replica is asked again")
        return True

    def leave_out(self, fault: BaseException) -> None:
        with suppress(Exception):
            connections[NAME].close()
        if not self._is_out:
            why = str(fault) if isinstance(fault, Unfit) else type(fault).__name__
            _log.warning("The replica is left out, the primary is asked instead: %s", why)
        self._left_out_until = time.monotonic() + settings.DATABASE_REPLICA_RETRY
        self._is_out = True


_state = _State()


def _written_so_far() -> str | None:
    """How far the primary has written what is kept; None where what should be it is no primary."""
    with connections["default"].cursor() as cursor:
        cursor.execute(
            "SELECT CASE WHEN NOT pg_is_in_recovery() THEN pg_current_wal_flush_lsn() END::text"
        )
        (written,) = cursor.fetchone()
        return str(written) if written else None


def lag(written: str | None) -> float:
    """Seconds until the replica had all that was ``written``. Raises ``Unfit`` where that takes too long
    or it is no replica."""
    if written is None:
        raise Unfit("the primary isn't one")
    began = time.monotonic()
    while True:
        is_replica, has_come, age = _says(written)
        if not is_replica:
            raise Unfit("it is no replica (DATABASE_REPLICA_URL)")
        waited = time.monotonic() - began
        if has_come:
            return waited
        if waited >= settings.DATABASE_REPLICA_LAG:
            raise Lags(max(age, waited))
        time.sleep(_POLL)


def is_replica() -> bool | None:
    """Whether the server is one; None where it doesn't answer."""
    try:
        return _says("0/0")[0]
    except (Unfit, DatabaseError, InterfaceError):
        return None
    finally:
        with suppress(Exception):
            connections[NAME].close()


_QUESTION = (
    "SELECT pg_is_in_recovery(), pg_is_in_recovery() AND"
    " pg_last_wal_replay_lsn() >= '{}'::pg_lsn,"
    " coalesce(extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()), 0)"
)


def _says(written: str) -> tuple[bool, bool, float]:
    """Whether it is a replica, whether it has come so far, and how old the last change is that it has."""
    wrapper = connections[NAME]
    is_kept = wrapper.connection is not None
    wrapper.ensure_connection()
    try:
        return _answer(wrapper.connection.pgconn, written)
    except OperationalError:
        if not is_kept:
            raise
        wrapper.close()  # the server has been away meanwhile
        wrapper.ensure_connection()
        return _answer(wrapper.connection.pgconn, written)


def _answer(asked: Any, written: str) -> tuple[bool, bool, float]:
    """Waited for no longer than ``PATIENCE``: a server that has stopped in the middle closes nothing."""
    try:
        asked.send_query(_QUESTION.format(written).encode())
        end = time.monotonic() + PATIENCE
        while asked.flush() or asked.is_busy():
            left = end - time.monotonic()
            if left <= 0 or not select.select([asked.socket], [], [], left)[0]:
                asked.finish()
                raise Unfit("it doesn't answer")
            asked.consume_input()
        found = asked.get_result()
        while asked.get_result() is not None:
            pass
    except Exception as fault:  # psycopg's own
        if isinstance(fault, Unfit):
            raise
        raise OperationalError(type(fault).__name__) from None
    if found is None or found.status != pq.ExecStatus.TUPLES_OK:
        raise OperationalError("it answers with an error")
    recovers, come, seconds = (found.get_value(0, n) or b"" for n in range(3))
    return recovers == b"t", come == b"t", float(seconds)


# --- what Prometheus is told ---


class _Told:
    """Where a replica is named: asked each time, as the database is."""

    def describe(self) -> list[Any]:
        return []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        if not is_named():
            return
        try:
            is_used, seconds = _state_now()
        except (DatabaseError, InterfaceError):  # of the primary: told by itself
            return
        says = "Whether named questions are asked of the replica"
        yield GaugeMetricFamily("portal_replica_used", says, value=int(is_used))
        if seconds is not None:
            says = "How old what the replica shows is"
            yield GaugeMetricFamily("portal_replica_lag_seconds", says, value=seconds)


def _state_now() -> tuple[bool, float | None]:
    """Whether it may be asked, and how far it lags, where it answers and is one."""
    written = _written_so_far()
    try:
        return True, lag(written)
    except Lags as fault:
        return False, fault.seconds
    except (Unfit, DatabaseError, InterfaceError):
        with suppress(Exception):
            connections[NAME].close()
        return False, None


metrics.add(_Told())
