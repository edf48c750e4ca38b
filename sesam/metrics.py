"""``/metrics`` for Prometheus, where the settings let somebody ask: how many requests of which view,
how long they took, and what waits. Views are named as the code names them: no path, no id of anything,
nobody's number.

Each process of the web server counts for itself in a file (``PROMETHEUS_MULTIPROC_DIR``, made by
gunicorn.conf.py), and whichever is asked adds them up. A file belongs to a place in the row of
workers, not to a process: who follows one that has ended goes on with its file, so that there are
never more of them than workers. What waits is asked of the database.
"""

from __future__ import annotations

import fcntl
import hmac
import ipaddress
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.db import Error, connection, connections, transaction
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest, values
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.multiprocess import MultiProcessCollector

from . import draining, primary
from .client_ip import client_ip

_FOLDER = os.environ.get("PROMETHEUS_MULTIPROC_DIR", "")
_METHODS = ("GET", "HEAD", "POST")  # others are made up by whoever asks
_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20)
_held: dict[int, tuple[int, Any]] = {}


def _place() -> int:
    """This process's place in the row: the first that no living process holds."""
    pid = os.getpid()
    if pid not in _held:
        number = 0
        while True:
            file = (Path(_FOLDER) / f"place-{number}").open("a")
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.close()
                number += 1
                continue
            _held[pid] = (number, file)
            break
    return _held[pid][0]


if _FOLDER:
    values.ValueClass = values.MultiProcessValue(_place)  # type: ignore[no-untyped-call]

_ours = CollectorRegistry()
_counted: dict[str, Any] = {"registry": _ours}
REQUESTS = Counter("portal_requests", "Requests answered", ["view", "method", "status"], **_counted)
SECONDS = Histogram(
    "portal_request_seconds", "How long they took", ["view"], buckets=_BUCKETS, **_counted
)
QUERIES = Counter("portal_queries", "Statements sent to the database", ["view"], **_counted)
QUERY_SECONDS = Counter(
    "portal_query_seconds", "How long its answers were waited for", ["view"], **_counted
)
IN_USE = Gauge(
    "portal_threads_in_use",
    "Threads that answer something just now",
    multiprocess_mode="sum",
    **_counted,
)


def counter(name: str, says: str, labels: list[str]) -> Counter:
    """Something more that each process counts."""
    return Counter(name, says, labels, **_counted)


class _Statements:
    """Django's wrapper of every statement of a request."""

    def __init__(self) -> None:
        self.count, self.seconds = 0, 0.0

    def __call__(
        self,
        execute: Callable[..., Any],
        sql: Any,
        params: Any,
        many: bool,
        context: dict[str, Any],
    ) -> Any:
        began = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            self.count += 1
            self.seconds += time.perf_counter() - began


@contextmanager
def every_statement(wrapper: Callable[..., Any]) -> Iterator[None]:
    """Django's ``execute_wrapper``, of all connections: a replica's too."""
    with ExitStack() as wrapped:
        for each in connections.all():
            wrapped.enter_context(each.execute_wrapper(wrapper))
        yield


class Counted:
    """Middleware, outside of all others."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        if not is_on():
            raise MiddlewareNotUsed
        self.get_response = get_response
        IN_USE.set(0)  # whoever had this place before may have been killed

    def __call__(self, request: HttpRequest) -> HttpResponse:
        began = time.perf_counter()
        asked = _Statements()
        with IN_USE.track_inprogress(), every_statement(asked):
            response = self.get_response(request)
        view = view_of(request)
        REQUESTS.labels(view, method_of(request), str(response.status_code)).inc()
        SECONDS.labels(view).observe(time.perf_counter() - began)
        QUERIES.labels(view).inc(asked.count)
        QUERY_SECONDS.labels(view).inc(asked.seconds)
        return response


def method_of(request: HttpRequest) -> str:
    return str(request.method) if request.method in _METHODS else "other"


def view_of(request: HttpRequest) -> str:
    """What the code calls it; no part of the address."""
    found = request.resolver_match
    if found is not None:
        return found.view_name or "unnamed"
    return "static" if request.path.startswith(settings.STATIC_URL) else "none"


def is_on() -> bool:
    return bool(settings.METRICS_TOKEN or settings.METRICS_ADDRESSES)


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """What Prometheus asks for. Nothing is here unless the settings say who may ask."""
    if not is_on():
        return HttpResponse(status=404)
    if not _may_ask(request):
        return HttpResponse("Not for you.\n", status=403, content_type="text/plain")
    registry = CollectorRegistry()
    if _FOLDER:
        MultiProcessCollector(registry, _FOLDER)  # type: ignore[no-untyped-call]
    told = generate_latest(registry if _FOLDER else _ours) + generate_latest(_node)
    told += generate_latest(_waiting)
    return HttpResponse(told, content_type=CONTENT_TYPE_LATEST)


def _may_ask(request: HttpRequest) -> bool:
    """The token, where there is one, and from one of the addresses, where these are named."""
    if settings.METRICS_TOKEN:
        said = request.headers.get("Authorization", "")
        if not hmac.compare_digest(said.encode(), f"Bearer {settings.METRICS_TOKEN}".encode()):
            return False
    if not settings.METRICS_ADDRESSES:
        return True
    ip = client_ip(request)
    return ip is not None and any(
        ipaddress.ip_address(ip) in ipaddress.ip_network(network)
        for network in settings.METRICS_ADDRESSES
    )


# --- what waits ---

_gauges: list[tuple[str, str, str]] = [
    (
        "portal_jobs_waiting",
        "Jobs that could be done now",
        "SELECT count(*) FROM procrastinate_jobs"
        " WHERE status = 'todo' AND (scheduled_at IS NULL OR scheduled_at <= now())",
    ),
    (
        "portal_jobs_oldest_seconds",
        "How long the oldest of them has waited",
        "SELECT coalesce(extract(epoch FROM clock_timestamp() - min(greatest(e.at, j.scheduled_at))), 0)"
        " FROM procrastinate_jobs j JOIN procrastinate_events e ON e.job_id = j.id"
        " AND e.type IN ('deferred', 'deferred_for_retry')"
        " WHERE j.status = 'todo' AND (j.scheduled_at IS NULL OR j.scheduled_at <= now())",
    ),
    (
        "portal_jobs_failed",
        "Jobs that failed, in the last day",
        "SELECT count(*) FROM procrastinate_jobs WHERE status = 'failed'",
    ),
    (
        "portal_database_connections",
        "Connections of the portal's own to its database",
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND usename = current_user",
    ),
    (
        "portal_database_connections_busy",
        "… of which something is asked just now",
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND usename = current_user AND state <> 'idle'",
    ),
    (
        "portal_database_connections_waiting",
        "… of which wait for another's change",
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND usename = current_user AND wait_event_type = 'Lock'",
    ),
    (
        "portal_database_connections_most",
        "How many the server takes, from all",
        "SELECT current_setting('max_connections')::int",
    ),
]


def gauge(name: str, says: str, question: str) -> None:
    """Something more that the database knows: one number, in no time."""
    _gauges.append((name, says, question))


class _Waiting:
    """Asked of the database each time; whether it answers is one of the answers."""

    def describe(self) -> list[Any]:
        return []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        found = _asked()
        yield GaugeMetricFamily("portal_database_up", "Whether it answers", value=int(bool(found)))
        reads = GaugeMetricFamily("portal_database_read_only", "Whether no server takes writes")
        reads.add_metric([], int(primary.is_read_only()))
        yield reads
        for name, says, _ in _gauges if found else ():
            yield GaugeMetricFamily(name, says, value=found[name])


def _asked() -> dict[str, float]:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = '3s'")
            told = {}
            for name, _, question in _gauges:
                cursor.execute(question)
                told[name] = float(cursor.fetchone()[0])
            return told
    except Error:
        return {}


_waiting = CollectorRegistry()
_waiting.register(_Waiting())


def add(collector: Any) -> None:
    """Something more that is asked for each time."""
    _waiting.register(collector)


class _Node:
    """How this web server was started."""

    def describe(self) -> list[Any]:
        return []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        threads = float(os.environ.get("PORTAL_THREADS") or 1)
        yield GaugeMetricFamily("portal_threads", "Threads that answer people", value=threads)
        stopping = float(draining.is_on())
        yield GaugeMetricFamily("portal_stopping", "Whether it is told to stop", value=stopping)


_node = CollectorRegistry()
_node.register(_Node())
