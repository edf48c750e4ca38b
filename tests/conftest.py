"""What all tests share: a real PostgreSQL, and Chromium for the browser tests."""

from __future__ import annotations

import contextlib
import datetime as dt
import fcntl
import gc
import os
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from django.conf import settings
from django.db import connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.dispatch import receiver
from django.utils import timezone
from psycopg._preparing import PrepareManager

from sesam.roomy import roomy
from tests.template_database import Template, made

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

# The first of them draws no window of its own around the page, and takes a third of the time.
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser")
CHROMIUM = next(filter(None, map(shutil.which, BROWSERS)), None)
_started: list[Any] = []
_templates: list[Template] = []


def pytest_configure(config: pytest.Config) -> None:
    """Before settings are read (pytest-django reads them after this): the environment, and the
    tests' own database server. Workers of xdist inherit both from the controller."""
    os.environ["TESTING"] = "1"
    os.environ["METRICS_ADDRESSES"] = "127.0.0.1"  # so that whatever is tested is counted
    for name in ("DEBUG", "DEMO", "DB_AS_OWNER", "DATABASE_REPLICA_URL"):
        os.environ.pop(name, None)
    if "DATABASE_OWNER_URL" in os.environ:  # tests make databases, and empty tables
        os.environ["DATABASE_URL"] = os.environ.pop("DATABASE_OWNER_URL")
    # Playwright's sync API runs an event loop in the thread that the tests use the ORM in.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    if not hasattr(config, "workerinput") and not os.environ.get("DATABASE_URL"):
        from sesam.dev import local_postgres

        local_postgres.start(local_postgres.TEST)
        _started.append(local_postgres.TEST)
        os.environ["DATABASE_URL"] = local_postgres.url(local_postgres.TEST, "postgres")
    if _makes_databases_for_workers(config):
        _templates.append(Template())
    # As a request's calls: a seventh of what tests take of the processor.
    pytest.CallInfo.from_call = classmethod(roomy(pytest.CallInfo.from_call.__func__))
    # How long an example takes says how busy the machine is, and nothing about the code.
    hypothesis.settings.register_profile(
        "portal", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
    )
    hypothesis.settings.load_profile("portal")
    os.environ["DJANGO_SETTINGS_MODULE"] = "sesam.settings"
    from django.conf import settings

    assert settings.TESTING, "settings were read before the tests could set the environment"
    # What a benchmark collected beside is no test's: each of its clients would look through it.
    settings.STATIC_ROOT = str(ROOT / ".local/no-static")


def _makes_databases_for_workers(config: pytest.Config) -> bool:
    if hasattr(config, "workerinput") or not config.getoption("numprocesses", 0):
        return False
    asked = config.option
    return not asked.collectonly and (asked.create_db or not asked.reuse_db)


def pytest_unconfigure(config: pytest.Config) -> None:
    while _templates:
        _templates.pop().drop()
    if _started:
        from sesam.dev import local_postgres

        local_postgres.stop(_started.pop())


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Iterator[None]:
    """Workers collect one after the other: what follows finds compiled what the first compiled (12
    of 17 seconds of processor), while migrations have the other processor."""
    with open(__file__) as file:
        if hasattr(session.config, "workerinput") and not sys.dont_write_bytecode:
            fcntl.flock(file, fcntl.LOCK_EX)
        with _days_are_not_reckoned():
            return (yield)


@contextlib.contextmanager
def _days_are_not_reckoned() -> Iterator[None]:
    """What a module, class or parameter reckons from the clock is yesterday's once midnight passes
    between collecting and running: it's the test that asks what day it is, or a factory."""
    collecting, of_django = True, timezone.now

    def now() -> dt.datetime:
        assert not collecting, "the clock was read while tests are collected: read it in the test"
        return of_django()

    timezone.now = now
    try:
        yield
    finally:
        collecting, timezone.now = False, of_django


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test that opens a page is a browser test; without Chromium it's skipped, saying so."""
    for item in items:
        if {"page", "context", "browser"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.flaky(reruns=int(os.environ.get("BROWSER_RERUNS", "0"))))
            if CHROMIUM is None:
                item.add_marker(pytest.mark.skip(reason="no Chromium (apt-get install chromium)"))
    # Another worker steals from the end, and would make anew what a module has made for itself.
    items.sort(key=lambda item: item.get_closest_marker("not_stolen") is None)


def pytest_collection_finish() -> None:
    """What was imported stays until the end: the collector of garbage, who took an eighth of the
    time to look at it again and again, leaves it alone, and comes more seldom."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


class Kept(PrepareManager):
    """What is prepared on a connection, also once a test is rolled back: each would begin anew, and its
    questions be planned as long as they take. Tables stay as they are."""

    prepared_max = 500

    def _should_discard(self, prep: Any, results: Any) -> bool:
        dropped = [r for r in results if not (r.command_status or b"").startswith(b"ROLLBACK")]
        return super()._should_discard(prep, dropped)


def _locks_join_nothing(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
    """What waits for a lock answers of what it joins as that was before the wait (``sesam.locks``).
    What leaves out the locked waits for nobody; an array that it is told isn't others'."""
    if " FOR " in sql and re.search(r" FOR (NO KEY )?UPDATE(?!.* SKIP LOCKED)", sql):
        joined = re.search(r" JOIN (?!unnest\(%s)", sql.partition(" WHERE ")[0])
        assert not joined, f"locked and joined: {sql}"
    return execute(sql, params, many, context)


@receiver(connection_created)
def _watch(connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    kept, made = Kept(), connection.connection._prepared
    kept.prepare_threshold = made.prepare_threshold
    connection.connection._prepared = kept
    if _locks_join_nothing not in connection.execute_wrappers:
        connection.execute_wrappers.append(_locks_join_nothing)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    request: pytest.FixtureRequest, django_db_modify_db_settings: None
) -> None:
    """A worker of xdist copies the database that all migrations made (template_database)."""
    if hasattr(request.config, "workerinput") and (name := made()):
        connections.databases["default"]["TEST"]["TEMPLATE"] = name


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """A test that commits leaves the database as migrating left it, roles and delivery ways
    with it. (Django itself empties all tables, which takes half a second.)"""
    from django.test import TransactionTestCase
    from django.test.testcases import LiveServerThread

    from tests import left_connections
    from tests.as_migrated import AsMigrated

    with django_db_blocker.unblock():
        as_migrated = AsMigrated()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda self: as_migrated.put_back())
        patch.setattr(LiveServerThread, "server_class", left_connections.TakesOver)
        yield
    left_connections.close()


@pytest.fixture(autouse=True)
def _settings_as_they_were() -> Iterator[None]:
    """A test that mixes ``@override_settings`` with the fixture ``settings`` leaves the former's
    values to all that follow: the fixture is undone last, and puts back what it found."""
    before = settings._wrapped
    yield
    after, settings._wrapped = settings._wrapped, before
    assert after is before, "settings were left changed: use one way to change them in a test"


@pytest.fixture(autouse=True)
def _everybody_has_said_why(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who looks at somebody has a reason, as in most tests nobody has a case with anybody yet. Where
    a test counts questions the database is asked all the same. «asks_why» marks a test in which the
    portal asks («Varför?»)."""
    if request.node.get_closest_marker("asks_why"):
        return
    from organisation import access_log
    from organisation.slots import LookGate, look_gates
    from recipients import services, why

    def asks_nobody(asked: Any, key: Any) -> bool:
        if connection.force_debug_cursor:  # a twelfth of a page's time, for an answer unused
            for gate in look_gates:
                gate.wants_reason(asked, key)
        return False

    def found(asked: Any, key: Any) -> Any:
        return find(asked, key) if connection.force_debug_cursor else services.get(key)

    find = why.find
    monkeypatch.setattr(why, "find", found)
    monkeypatch.setattr(
        access_log, "look_gates", [LookGate(name="has-said", wants_reason=asks_nobody)]
    )


@pytest.fixture
def nothing_prepared(db: None) -> None:
    """By an earlier test, on this thread's connection."""
    with connection.cursor() as cursor:
        cursor.execute("DEALLOCATE ALL")


@pytest.fixture(autouse=True)
def _live_server_keeps_connections(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each thread that serves a browser's connection keeps one to the database, as in production,
    and leaves it to the next."""
    if "live_server" in request.fixturenames:
        monkeypatch.setitem(connections.settings["default"], "CONN_MAX_AGE", None)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Debian's Chromium, quiet: no calls home, and no sandbox where root may not have one."""
    arguments = [
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
    ]
    if os.geteuid() == 0:
        arguments.append("--no-sandbox")
    return {**browser_type_launch_args, "executable_path": CHROMIUM, "args": arguments}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    return {
        **browser_context_args,
        "locale": "sv-SE",
        "timezone_id": "Europe/Stockholm",
        "viewport": {"width": 1280, "height": 800},
    }


@pytest.fixture
def twice(live_server: Any) -> Iterator[Any]:
    """The double click of a user: their browser, and what it sends twice."""
    from django.test import Client

    from tests.at_once import Twice

    opened: list[Twice] = []

    def of(user: Any) -> tuple[Client, Twice]:
        client = Client()
        client.force_login(user, backend="organisation.backends.PortalBackend")
        opened.append(Twice(live_server, client))
        return client, opened[-1]

    yield of
    for each in opened:
        each.close()
