"""A web server and a worker with a read replica, which lags and is killed in the middle of it all."""

from __future__ import annotations

import os
import re
import threading
import time
import urllib.request
from urllib.parse import urlsplit

import psycopg

from sesam.dev import local_postgres
from tests import errands, production
from tests.drills.nodes import Load, under
from tests.drills.parts import Node, Skipped, portal, refused, started, until, worker
from tests.standby import Standby, standby
from tests.visitor import Failed, Visitor

SECONDS = 10  # of load in each state
RETRY = 2  # seconds that it is left out


def drill() -> None:
    """A read replica: asked, held up, killed and back, under load; nobody's request fails."""
    if os.environ.get("DATABASE_URL"):
        raise Skipped("DATABASE_URL names a server, which can't be copied here")
    with portal("replica") as environment:
        owner = _owner(environment["DATABASE_URL"])
        with psycopg.connect(owner, autocommit=True) as connection:
            # The tests' server hands nothing over before it has time; production's does.
            connection.execute("ALTER DATABASE drill_replica SET synchronous_commit = on")
        with standby() as follower:
            environment |= {
                "DATABASE_REPLICA_URL": follower.url(environment["DATABASE_URL"]),
                "DATABASE_REPLICA_RETRY": str(RETRY),
                "METRICS_ADDRESSES": "127.0.0.1",
            }
            same = environment | {"DATABASE_REPLICA_URL": environment["DATABASE_URL"]}
            print(f"a replica that is the primary: {refused(same, 'DATABASE_REPLICA_URL')}")
            codes = {
                user: production.one_time_codes(environment, user)
                for user in ("forskrivare", "loggranskare")
            }
            node = Node("a", environment)
            with started(node), worker(environment):
                prescriber, reviewer = Visitor(node.port), Visitor(node.port)
                errands.sign_in(prescriber, "forskrivare", codes["forskrivare"]())
                errands.sign_in(reviewer, "loggranskare", codes["loggranskare"]())
                each_state(node, follower, prescriber, reviewer)


def _owner(running: str) -> str:
    parts = urlsplit(running)
    host = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=f"{local_postgres.ROLE}@{host}").geturl()


def each_state(node: Node, follower: Standby, prescriber: Visitor, reviewer: Visitor) -> None:
    """While others read and write, a reviewer reads the log again and again."""
    until(lambda: told(node, "portal_replica_used") == 1, "the replica is used")
    cookies = {cookie.name: cookie.value for cookie in prescriber.jar}
    shown = "; ".join(f"{name}={value}" for name, value in cookies.items())
    load = Load(node.port, shown, cookies["csrftoken"])
    with under(load):
        read_the_log(node, reviewer, "following", is_used=True)
        follower.pause()
        errands.order(prescriber)
        read_the_log(node, reviewer, "held up", is_used=False)
        follower.resume()
        read_the_log(node, reviewer, "caught up", is_used=True)
        killing = threading.Timer(SECONDS / 2, follower.kill)
        killing.start()
        read_the_log(node, reviewer, "killed in the middle", is_used=False)
        killing.join()
        follower.start()
        read_the_log(node, reviewer, "back", is_used=True)
    if load.errors:
        raise Failed(f"{len(load.errors)} of {len(load.taken)} requests failed: {load.errors[:5]}")
    print(f"meanwhile {len(load.taken)} requests by others, errors 0")


def read_the_log(node: Node, reviewer: Visitor, state: str, *, is_used: bool) -> None:
    """For so many seconds, and until it is as it should be; no page may fail."""
    before = [asked(node, server) for server in ("replica", "primary")]
    slowest, end = 0.0, time.monotonic() + SECONDS
    while time.monotonic() < end:
        began = time.monotonic()
        reviewer.get("/logg/")
        if "Åtkomstlogg" not in reviewer.page:
            raise Failed(f"{state}: the log isn't shown")
        slowest = max(slowest, time.monotonic() - began)
    wanted = 1 if is_used else 0
    until(lambda: told(node, "portal_replica_used") == wanted, f"{state}: used or not", 30)
    replica, primary = (
        asked(node, server) - earlier
        for server, earlier in zip(("replica", "primary"), before, strict=True)
    )
    lag = told(node, "portal_replica_lag_seconds")
    behind = "doesn't answer" if lag is None else f"{lag:.2f} s behind"
    print(
        f"{state}: the log read {replica:.0f} times from the replica, {primary:.0f} from the primary,"
        f" the slowest {slowest * 1000:.0f} ms; it {behind if lag is None else 'is ' + behind}"
    )
    if is_used and not replica:
        raise Failed(f"{state}: the replica was asked nothing")


def asked(node: Node, server: str) -> float:
    return told(node, f'portal_replica_reads_total{{server="{server}"}}') or 0


def told(node: Node, name: str) -> float | None:
    with urllib.request.urlopen(f"http://localhost:{node.port}/metrics", timeout=30) as answer:
        text = answer.read().decode()
    found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.M)
    return float(found.group(1)) if found else None
