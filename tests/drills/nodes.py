"""Two web servers and a worker on one database, as on three machines."""

from __future__ import annotations

import hashlib
import http.client
import itertools
import json
import re
import statistics
import threading
import time
import urllib.parse
import urllib.request
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests import errands, production
from tests.drills.parts import Node, Skipped, portal, proxy, started, status, until, worker
from tests.visitor import Failed, Visitor

STOP_DELAY = 10  # seconds, as in docker-compose.nodes.yml
CLIENTS = 4
LONGEST_LOAD = 300  # seconds
SIGNED_IN = b"Logga ut"  # on every page that the load asks for
USERS = ("forskrivare", "khs", "controller")


def drill() -> None:
    """Two nodes: every request to the other one, the same files, and a restart that nobody sees."""
    settings = {
        "WEB_CONCURRENCY": "1",
        "STOP_DELAY": str(STOP_DELAY),
        "METRICS_ADDRESSES": "127.0.0.1",
    }
    with portal("nodes", **settings) as environment:
        codes = {user: production.one_time_codes(environment, user) for user in USERS}
        nodes = [Node("a", environment), Node("b", environment)]
        with started(*nodes), worker(environment):
            static_files(nodes)
            prescriber = whole_flow(nodes, codes)
            each_counts_for_itself(nodes)
            print(production.manage(environment, "check_stock").strip() or "check_stock: nothing")
            try:
                with proxy(nodes, environment["DRILL_FOLDER"]) as (name, port):
                    rolling_restart(nodes, name, port, prescriber)
            except Skipped as reason:
                print(f"rolling restart skipped: {reason}")


# --- the same files ---


def static_files(nodes: list[Node]) -> None:
    """Collected on each node by itself: under the same names, of the same bytes."""
    names = [_manifest(node) for node in nodes]
    if names[0] != names[1]:
        raise Failed("the nodes call their static files differently")
    differ = [
        name for name in names[0] if len({_fetched(node, f"/static/{name}") for node in nodes}) > 1
    ]
    if differ:
        raise Failed(f"the nodes serve other bytes under one name: {differ[:3]}")
    print(f"static files: {len(names[0])}, the same on both nodes")


def _manifest(node: Node) -> list[str]:
    file = Path(node.environment["STATIC_ROOT"], "staticfiles.json")
    return sorted(json.loads(file.read_text())["paths"].values())


def _fetched(node: Node, path: str) -> str:
    address = f"http://127.0.0.1:{node.port}{urllib.parse.quote(path)}"
    request = urllib.request.Request(address, headers={"Host": "localhost"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return hashlib.sha256(answer.read()).hexdigest()


# --- every request to the other node ---


class InTurn(urllib.request.HTTPHandler):
    """Each request, redirects too, to the next node; the browser believes it is one place."""

    def __init__(self, nodes: list[Node]) -> None:
        super().__init__()
        self._nodes = itertools.cycle(nodes)
        self.asked: Counter[str] = Counter()

    def http_open(self, request: urllib.request.Request):
        node = next(self._nodes)
        self.asked[node.name] += 1
        request.host = f"127.0.0.1:{node.port}"
        return super().http_open(request)


def whole_flow(nodes: list[Node], codes: dict) -> Visitor:
    """Order, delivery, pickup, return, a questioned row of an invoice and its sheet."""
    turns = [InTurn(nodes) for _ in USERS]
    visitors = [Visitor(nodes[0].port, turn) for turn in turns]
    for visitor, user in zip(visitors, USERS, strict=True):
        errands.sign_in(visitor, user, codes[user]())
    prescriber, khs, controller = visitors
    order, recipient = errands.order(prescriber)
    errands.deliver(khs, order)
    pickup = errands.order_pickup(prescriber, recipient, errands.loans(prescriber, recipient)[0])
    errands.receive(khs, pickup)
    again, recipient = errands.order(prescriber)
    errands.deliver(khs, again)
    errands.give_back(prescriber, recipient, errands.loans(prescriber, recipient)[0])
    if errands.loans(prescriber, recipient):
        raise Failed("what came back is still with the recipient")
    invoice, row, _ = errands.question_a_row(controller)
    errands.answer(khs, invoice, row)
    sheet = errands.fetch_sheet(controller, invoice)
    asked = sum((turn.asked for turn in turns), Counter())
    print(
        f"flow: orders {order} and {again} delivered, pickup order {pickup} received, a return, a row of"
        f" invoice {invoice} questioned and credited, its sheet of {len(sheet)} bytes; requests:"
        f" {', '.join(f'node {name} {count}' for name, count in sorted(asked.items()))}"
    )
    return prescriber


def each_counts_for_itself(nodes: list[Node]) -> None:
    """What Prometheus asks each node for is that node's; what waits is the same on all."""
    told = []
    for node in nodes:
        with urllib.request.urlopen(f"http://localhost:{node.port}/metrics", timeout=30) as answer:
            text = answer.read().decode()
        told.append(
            sum(float(n) for n in re.findall(r"^portal_requests_total\{.*\} (\S+)$", text, re.M))
        )
    if not all(told):
        raise Failed("a node has counted no request")
    print(f"/metrics: {' and '.join(f'{n:.0f}' for n in told)} requests counted")


# --- a rolling restart under load ---


@dataclass
class Load:
    """Clients who read and write through the proxy until they are told to stop."""

    port: int
    cookies: str
    token: str
    longest: float = LONGEST_LOAD
    taken: list[float] = field(default_factory=list)
    statuses: Counter = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def client(self, number: int) -> None:
        """Every fifth request writes: a favourite, kept and taken away."""
        connection = None
        end = time.monotonic() + self.longest
        for turn in itertools.count(number):
            if self.stop.is_set() or time.monotonic() > end:
                break
            connection = connection or http.client.HTTPConnection(
                "127.0.0.1", self.port, timeout=60
            )
            began = time.monotonic()
            try:
                answer, page = self._ask(connection, turn)
            except (OSError, http.client.HTTPException) as error:
                self.errors.append(repr(error))
                connection.close()
                connection = None
                continue
            self.taken.append(time.monotonic() - began)
            self.statuses[answer.status] += 1
            # Not just anybody's answer: the portal's page, or the way back to the star.
            if answer.status == 200 and turn % 5:
                held = SIGNED_IN in page
            else:
                held = answer.status == 302 and "#favorit-" in answer.headers.get("Location", "")
            if not held:
                self.errors.append(f"{answer.status}, {len(page)} bytes")
            if answer.will_close:
                connection.close()
                connection = None

    def _ask(
        self, connection: http.client.HTTPConnection, turn: int
    ) -> tuple[http.client.HTTPResponse, bytes]:
        headers = {"Cookie": self.cookies, "Host": "localhost"}
        if turn % 5:
            pages = ("/", "/artiklar/?q=rullstol", f"/artiklar/{errands.ARTICLE}/", "/min-sida/")
            connection.request("GET", pages[turn % len(pages)], headers=headers)
        else:
            way = ("pa", "av")[turn % 2]
            body = urllib.parse.urlencode({"csrfmiddlewaretoken": self.token, way: errands.ARTICLE})
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            connection.request("POST", "/artiklar/favoriter/", body, headers)
        answer = connection.getresponse()
        return answer, answer.read()


@contextmanager
def under(load: Load):
    threads = [threading.Thread(target=load.client, args=[n]) for n in range(CLIENTS)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        load.stop.set()
        for thread in threads:
            thread.join()


def rolling_restart(nodes: list[Node], name: str, port: int, visitor: Visitor) -> None:
    """Each node in turn says that it stops, stops and comes back, while others read and write."""
    cookies = {cookie.name: cookie.value for cookie in visitor.jar}
    load = Load(port, "; ".join(f"{k}={v}" for k, v in cookies.items()), cookies["csrftoken"])
    began = time.monotonic()
    with under(load):
        until(lambda: len(load.taken) > 20, "the load's first requests")
        for node in nodes:
            node.process.terminate()
            until(lambda n=node: status(n.port, "/readyz") == 503, f"{node.name} says it stops", 30)
            if status(node.port, "/healthz") != 200:
                raise Failed(f"{node.name} stopped before its delay was over")
            node.until_ended()
            node.start()
            time.sleep(3)  # the proxy sees it
    lasted = time.monotonic() - began
    if load.errors:
        raise Failed(f"{len(load.errors)} of {len(load.taken)} requests failed: {load.errors[:5]}")
    taken = sorted(load.taken)
    told = ", ".join(f"{code}: {count}" for code, count in sorted(load.statuses.items()))
    print(
        f"rolling restart behind {name}: {len(taken)} requests by {CLIENTS} clients in {lasted:.0f} s"
        f" ({told}), errors 0; half within {statistics.median(taken) * 1000:.0f} ms, 95 in a hundred"
        f" within {taken[int(len(taken) * 0.95)] * 1000:.0f} ms, the slowest {taken[-1] * 1000:.0f} ms"
    )
