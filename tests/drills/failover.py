"""The primary of two PostgreSQL is lost while people order."""

from __future__ import annotations

import http.client
import os
import re
import secrets
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import psycopg

from tests import errands, production
from tests.drills import cluster
from tests.drills.nodes import InTurn
from tests.drills.parts import Node, portal, started, status, until, worker
from tests.visitor import Failed, Visitor

ORDERS = int(os.environ.get("ORDERS", "500"))
CLIENTS = 4
KILLED_AFTER = ORDERS * 2 // 5
JOBS = 40
SETTINGS = {
    "WEB_CONCURRENCY": "1",
    "RECIPIENT_SEARCH_LIMIT": "10000",
    "RECIPIENT_SEARCH_MINUTE": "10000",
}
LONGEST_WAIT = 120  # seconds that a client tries again
LONGEST_ORDERING = 20 * 60
CLEAR = (503, 409)  # pages that say what is the matter
_SENT = re.compile(r"/bestallningar/(\d+)/")


def drill() -> None:
    """Two PostgreSQL: the primary is killed in the middle of 500 orders (ORDERS); none is lost, none doubled."""
    with cluster.two_under_patroni() as two:
        with portal("failover", lambda name: cluster.database(two, name), **SETTINGS) as told:
            print("two PostgreSQL under Patroni, migrated, with the demo's data", flush=True)
            ordering(two, told)


def ordering(two: cluster.Two, told: dict[str, str]) -> None:
    told = told | SETTINGS
    clients = [Client(name, told) for name in prescribers(told)]
    nodes = [Node("a", told), Node("b", told)]
    with started(*nodes), worker(told) as at_work:
        for client in clients:
            client.sign_in(nodes)
        lose_the_primary(two, told, clients, nodes)
        if at_work.poll() is not None:
            raise Failed("the worker ended")


def prescribers(told: dict[str, str]) -> list[str]:
    """As many as there are clients: an order in progress is one's own."""
    names = [f"drill-{secrets.token_hex(3)}" for _ in range(CLIENTS)]
    production.manage(
        told,
        "shell",
        "--command",
        "from organisation.models import User\n"
        "anna = User.objects.get(username='forskrivare')\n"
        f"for name in {names}:\n"
        "    units, groups = list(anna.units.all()), list(anna.groups.all())\n"
        "    fields = {f.attname: getattr(anna, f.attname) for f in User._meta.concrete_fields}\n"
        "    fields |= {'id': None, 'username': name, 'hsa_id': f'SEDEMO-{name}', 'email': ''}\n"
        "    user = User(**fields); user.save()\n"
        "    user.units.set(units); user.groups.set(groups)\n",
    )
    return names


@dataclass
class Tried:
    """One request: when, and what came of it (0: no answer)."""

    began: float
    ended: float
    status: int


class Persistent(Visitor):
    """Whoever is told that the portal can't just now tries the same once more, as people do."""

    def __init__(self, nodes: list[Node]) -> None:
        self.tried: list[Tried] = []
        self.acknowledged: set[str] = set()
        super().__init__(nodes[0].port, InTurn(nodes), _Acknowledged(self.acknowledged))

    def _open(self, request: urllib.request.Request) -> None:
        request.add_header("Referer", self.url)
        end = time.monotonic() + LONGEST_WAIT
        while True:
            began = time.monotonic()
            try:
                with self._opener.open(request, timeout=60) as answer:
                    self.url, self.page = answer.url, answer.read().decode()
                self.tried.append(Tried(began, time.monotonic(), 200))
                return
            except urllib.error.HTTPError as error:
                self.tried.append(Tried(began, time.monotonic(), error.code))
                page = error.read().decode()
                if error.code not in CLEAR or time.monotonic() > end:
                    words = re.sub(r"<[^>]+>|\s+", " ", page)[-1500:]
                    raise Failed(f"{error.code} of {urlsplit(error.url).path}: {words}") from error
            except (OSError, http.client.HTTPException) as error:
                self.tried.append(Tried(began, time.monotonic(), 0))
                if time.monotonic() > end:
                    raise Failed(f"no answer: {error!r}") from error
            time.sleep(0.5)


class _Acknowledged(urllib.request.HTTPRedirectHandler):
    """Keeps the numbers that somebody was sent on to."""

    def __init__(self, numbers: set[str]) -> None:
        self._numbers = numbers

    def redirect_request(self, request, body, code, words, headers, url):
        if found := _SENT.search(url):
            self._numbers.add(found.group(1))
        return super().redirect_request(request, body, code, words, headers, url)


@dataclass
class Client:
    """A prescriber who orders for one person, again and again."""

    name: str
    told: dict[str, str]
    sent: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    visitor: Persistent | None = None
    recipient: str = ""

    def sign_in(self, nodes: list[Node]) -> None:
        self.visitor = Persistent(nodes)
        code = production.one_time_codes(self.told, self.name)
        errands.sign_in(self.visitor, self.name, code())
        self.recipient = errands.begin_order(self.visitor)

    def orders(self, count: int, stop: threading.Event) -> None:
        try:
            for _ in range(count):
                if stop.is_set():
                    return
                self.visitor.get(f"/bestallning/till/{self.recipient}/")
                if "/bestallning/till/" in self.visitor.url:
                    self.visitor.forward()
                self.sent.append(errands.send_order(self.visitor))
        except Failed as failed:
            self.failed.append(str(failed))


def lose_the_primary(
    two: cluster.Two, told: dict[str, str], clients: list[Client], nodes: list[Node]
) -> None:
    old = two.primary()
    new = two.other(old)
    until(new.follows, f"{new.name} follows")
    before = numbers(told)
    stop = threading.Event()
    threads = [
        threading.Thread(target=client.orders, args=[ORDERS // CLIENTS, stop]) for client in clients
    ]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    try:
        until(
            lambda: _count(clients) >= KILLED_AFTER or not any(t.is_alive() for t in threads),
            f"{KILLED_AFTER} orders",
            LONGEST_ORDERING,
        )
        jobs = put_off(told, JOBS)
        killed = time.monotonic()
        old.kill()
        print(f"{_count(clients)} orders sent, {JOBS} jobs put off, primary {old.name} killed")
        until(new.is_primary, f"{new.name} takes over", LONGEST_WAIT)
        print(f"{new.name} is primary after {time.monotonic() - killed:.1f} s", flush=True)
        for thread in threads:
            thread.join(max(1, LONGEST_ORDERING - (time.monotonic() - began)))
    finally:
        stop.set()
        for thread in threads:
            thread.join(LONGEST_WAIT + 60)
    failed = [words for client in clients for words in client.failed]
    if failed:
        raise Failed(f"{len(failed)} clients gave up: {failed[0]}")
    tell_requests(clients, killed)
    tell_orders(clients, before, numbers(told))
    until(lambda: all(status(node.port, "/readyz") == 200 for node in nodes), "all nodes ready")
    tell_jobs(told, jobs)
    print(production.manage(told, "check_stock").strip() or "check_stock: nothing")
    old.start()
    print(f"{old.name} is back as standby after {cluster.wait_follows(old):.0f} s")


def _count(clients: list[Client]) -> int:
    return sum(len(client.sent) for client in clients)


def numbers(told: dict[str, str]) -> list[str]:
    """Of all orders that there are."""
    with psycopg.connect(_asking(told)) as connection:
        return [n for (n,) in connection.execute("SELECT case_number FROM orders_order")]


def tell_requests(clients: list[Client], killed: float) -> None:
    tried = [one for client in clients for one in client.visitor.tried]
    after = [one for one in tried if one.began > killed]
    served = [one.ended for one in after if one.status == 200]
    if not served:
        raise Failed("nothing was answered after the primary was killed")
    # Answers to what was begun just after, by a connection that hadn't noticed yet, are none.
    refused = [one for one in tried if one.ended > killed and one.status in (0, *CLEAR)]
    last = max((one.ended for one in refused), default=killed)
    first = min((ended for ended in served if ended > last), default=max(served))
    told = Counter(one.status for one in tried)
    print(
        f"{len(tried)} requests by {len(clients)} clients ({_told(told)});"
        f" without service {min(served) - killed:.1f} s, the last one served again after"
        f" {first - killed:.1f} s (goal: 20)"
    )
    if refused:
        slowest = max(one.ended - one.began for one in refused)
        print(f"{len(refused)} told that the database is away, the slowest after {slowest:.1f} s")


def _told(statuses: Counter) -> str:
    return ", ".join(f"{code or 'no answer'}: {n}" for code, n in sorted(statuses.items()))


def tell_orders(clients: list[Client], before: list[str], now: list[str]) -> None:
    acknowledged = {number for client in clients for number in client.visitor.acknowledged}
    acknowledged |= {number for client in clients for number in client.sent}
    lost = acknowledged - set(now)
    made = set(now) - set(before)
    print(
        f"orders: {ORDERS} wished, {len(acknowledged)} acknowledged, {len(made)} there;"
        f" acknowledged and lost {len(lost)}, doubled {len(made) - ORDERS}"
    )
    if lost or len(made) != ORDERS or len(acknowledged) != ORDERS:
        raise Failed("orders were lost or doubled")


# --- jobs ---


def put_off(told: dict[str, str], count: int) -> list[int]:
    """Jobs for the worker, which it can't have done when the primary is killed."""
    with psycopg.connect(_asking(told), autocommit=True) as connection:
        return [
            connection.execute(
                "INSERT INTO procrastinate_jobs (queue_name, task_name, args)"
                " VALUES ('default', 'sesam.clear_old', '{\"timestamp\": 1}') RETURNING id"
            ).fetchone()[0]
            for _ in range(count)
        ]


def tell_jobs(told: dict[str, str], jobs: list[int]) -> None:
    def states() -> Counter:
        with psycopg.connect(_asking(told)) as connection:
            question = "SELECT status::text FROM procrastinate_jobs WHERE id = ANY(%s)"
            return Counter(state for (state,) in connection.execute(question, [jobs]))

    until(lambda: not states()["todo"], "the worker does what was put off", 300)
    found = states()
    print(f"jobs: {', '.join(f'{n} {state}' for state, n in sorted(found.items()))}")
    # One that was at hand, and one whose taking was kept while the answer was lost.
    if sum(found.values()) != len(jobs) or len(jobs) - found["succeeded"] > 2:
        raise Failed("more jobs than those at hand were not done")


def _asking(told: dict[str, str]) -> str:
    return f"{told['DATABASE_URL']}?target_session_attrs=read-write"
