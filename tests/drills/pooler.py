"""Two web servers that reach their database by PgBouncer, in transaction mode."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import psycopg

from sesam.dev import local_postgres
from tests import bouncer, production
from tests.bouncer import Pooler
from tests.drills.nodes import USERS, Load, under, whole_flow
from tests.drills.parts import Node, portal, program, refused, started, until, worker
from tests.production import ROOT
from tests.visitor import Failed, Visitor

THREADS = 8  # of each of the two web servers: so many connections they keep without a pooler
SIZE = 3  # connections of the database, for all of them
SECONDS = 30  # of load
CLICK = 15  # seconds between two clicks of somebody who works
SUFFIX = "_through_a_pooler"
DROP = f"DROP DATABASE IF EXISTS test_portal{SUFFIX} WITH (FORCE)"
LONGEST_TESTS = 20 * 60  # seconds
# What changes most, two at once, and what people see of it.
TESTS = (
    "tests/orders/test_services.py",
    "tests/orders/test_views.py",
    "tests/orders/test_concurrency.py",
    "tests/pickups/test_views.py",
    "tests/pickups/test_concurrency.py",
    "tests/articles/test_catalogue_at_once.py",
)


def drill() -> None:
    """A pooler: refused without its setting, sixteen threads on three connections, the suite's tests."""
    program("pgbouncer")
    with portal("pooler", WEB_CONCURRENCY="1", WEB_THREADS=str(THREADS)) as environment:
        straight = environment["DATABASE_URL"]
        with bouncer.pooler(straight, default_pool_size=str(SIZE)) as pooler:
            through = environment | {"DATABASE_URL": pooler.url(straight)}
            print(f"without DATABASE_POOLER: {refused(through, 'DATABASE_POOLER')}")
            through["DATABASE_POOLER"] = "1"
            codes = {user: production.one_time_codes(environment, user) for user in USERS}
            nodes = [Node("a", through), Node("b", through)]
            with started(*nodes), worker(environment):
                prescriber = whole_flow(nodes, codes)
                few_connections(nodes, pooler, prescriber)
            print(production.manage(environment, "check_stock").strip() or "check_stock: nothing")
            if "ERROR" in pooler.log.read_text():
                raise Failed(f"PgBouncer tells of an error:\n{pooler.log.read_text()[-2000:]}")
    the_tests()


# --- how many connections ---


@contextmanager
def counted(pooler: Pooler) -> Iterator[list[int]]:
    """Connections of the database that a transaction had, twenty times a second."""
    busy: list[int] = []
    ended = threading.Event()

    def count() -> None:
        while not ended.wait(0.05):
            busy.append(_of_the_portal(pooler)["sv_active"])

    counts = threading.Thread(target=count)
    counts.start()
    try:
        yield busy
    finally:
        ended.set()
        counts.join()


def _of_the_portal(pooler: Pooler) -> dict:
    return next(p for p in pooler.asked("SHOW POOLS") if p["database"] == "drill_pooler")


def few_connections(nodes: list[Node], pooler: Pooler, visitor: Visitor) -> None:
    """Everybody reads and writes at once, on fewer connections than there are threads."""
    cookies = {cookie.name: cookie.value for cookie in visitor.jar}
    told = "; ".join(f"{name}={value}" for name, value in cookies.items())
    loads = [Load(node.port, told, cookies["csrftoken"]) for node in nodes]
    with ExitStack() as everybody:
        for load in loads:
            everybody.enter_context(under(load))
        until(lambda: all(len(load.taken) > 20 for load in loads), "the load's first requests")
        before, began = sum(len(load.taken) for load in loads), time.monotonic()
        with counted(pooler) as busy:
            time.sleep(SECONDS)
        rate = (sum(len(load.taken) for load in loads) - before) / (time.monotonic() - began)
    if errors := [error for load in loads for error in load.errors]:
        raise Failed(f"{len(errors)} requests failed: {errors[:5]}")
    pool = _of_the_portal(pooler)
    kept = pool["sv_active"] + pool["sv_idle"] + pool["sv_used"] + pool["sv_tested"]
    if kept > SIZE:
        raise Failed(f"{kept} connections of the database, not {SIZE}")
    clients = pool["cl_active"] + pool["cl_waiting"]
    held = statistics.mean(busy) / rate
    clicks = 1000 / CLICK
    print(
        f"load: {rate:.0f} requests a second on {clients} connections to the pooler, {kept} of the"
        f" database (at once busy: {max(busy)}, on average {statistics.mean(busy):.2f}), errors 0\n"
        f"a request has a connection of the database for {held * 1000:.0f} ms: 1 000 who click every"
        f" {CLICK} s need {clicks * held:.1f} on average"
    )


# --- the suite's tests ---


def the_tests() -> None:
    """Through the pooler, on a database of their own."""
    ours = not os.environ.get("DATABASE_URL")
    if ours:
        local_postgres.start(local_postgres.TEST)
        server = local_postgres.url(local_postgres.TEST, "postgres")
    else:
        server = os.environ.get("DATABASE_OWNER_URL") or os.environ["DATABASE_URL"]
    try:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(DROP)  # what a run that was cut off has left
            try:
                with bouncer.pooler(server) as pooler:
                    _run(pooler.url(server))
            finally:
                connection.execute(DROP)
    finally:
        if ours:
            local_postgres.stop(local_postgres.TEST)


def _run(address: str) -> None:
    left_out = {"DATABASE_OWNER_URL"}
    told = {name: value for name, value in os.environ.items() if name not in left_out} | {
        "DATABASE_URL": address,
        "DATABASE_POOLER": "1",
        "TEST_DB_SUFFIX": SUFFIX,
    }
    command = [sys.executable, "-m", "pytest", "-q", "-m", "not browser"]
    # Kept by the tests: it can't be dropped while the pooler keeps connections to it.
    command += ["--create-db", "--reuse-db", "-p", "no:cacheprovider", *TESTS]
    try:
        done = subprocess.run(
            command, env=told, cwd=ROOT, capture_output=True, text=True, timeout=LONGEST_TESTS
        )
    except subprocess.TimeoutExpired:
        raise Failed(f"the tests aren't done in {LONGEST_TESTS // 60} minutes") from None
    if done.returncode:
        raise Failed(f"through the pooler tests fail:\n{done.stdout[-3000:]}")
    print(f"the suite's tests through it: {done.stdout.strip().splitlines()[-1]}")
