"""``python -m tests.benchmarks.load [--times 3] [--clients 8] [--seconds 30] [--nodes 2] [--keep]``.

The mix of a prescriber's day, by so many at once: a recipient's page, a search for articles, an
order's page, the form of a return, in turn, each of other rows. Told are the requests a second, and
a core; how long they took; and the work that one takes of the portal and of the database, which
says what a core that does nothing else would bear. gunicorn has its own settings of workers.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import itertools
import statistics
import threading
import time
from collections.abc import Iterator
from typing import Any

from tests.benchmarks import kept, processes

WORDS = (
    "rullstol+cross+35",
    "rollator+panda",
    "säng+ängla+lång",
    "dyna+45",
    "bord+real+kort",
    "lyft+sola",
)
WARM = 5.0  # seconds


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--times", type=int, default=1)
    options.add_argument("--clients", type=int, default=8)
    options.add_argument("--seconds", type=float, default=30)
    options.add_argument("--nodes", type=int, default=1, help="web servers that clients share")
    options.add_argument("--keep", action="store_true")
    asked = options.parse_args()
    from tests.benchmarks import __main__ as benchmark

    benchmark.prepare(asked.times)
    with contextlib.ExitStack() as running:
        nodes = {
            port: running.enter_context(benchmark.served(port)).pid
            for port in range(benchmark.PORT, benchmark.PORT + asked.nodes)
        }
        figures = measure(nodes, asked.clients, asked.seconds)
    tell(figures, kept.of(asked.times).get("load"))
    if asked.keep:
        kept.keep(asked.times, load=figures)


def measure(nodes: dict[int, int], clients: int, seconds: float) -> dict[str, float]:
    """Requests a second and core, milliseconds of half and of 95 in a hundred, and the work. Of the
    ``nodes``, process by port, a client has one."""
    cookies = [_signed_in(n) for n in range(clients)]
    mixes = [_mix(n, clients) for n in range(clients)]
    taken: list[list[float]] = [[] for _ in range(clients)]
    failed: list[str] = []
    counts, stop = threading.Event(), threading.Event()

    def ask(n: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", list(nodes)[n % len(nodes)])
        headers = {"Cookie": cookies[n], "Host": "localhost"}
        for url in mixes[n]:
            if stop.is_set():
                return
            began = time.perf_counter()
            connection.request("GET", url, headers=headers)
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                failed.append(f"{answer.status} {url}")
                return
            if counts.is_set():
                taken[n].append((time.perf_counter() - began) * 1000)

    threads = [threading.Thread(target=ask, args=[n]) for n in range(clients)]
    for thread in threads:
        thread.start()
    time.sleep(WARM)
    before, began = _work(nodes), time.perf_counter()
    counts.set()
    time.sleep(seconds)
    stop.set()
    lasted, after = time.perf_counter() - began, _work(nodes)
    for thread in threads:
        thread.join()
    assert not failed, failed[:3]
    each = sorted(itertools.chain.from_iterable(taken))
    portal, database = ((after[part] - before[part]) / len(each) for part in (0, 1))
    a_core = len(each) / lasted / processes.cores()
    return {
        "clients": clients,
        "requests_per_second_and_core": round(a_core, 1),
        "ms": round(statistics.median(each), 1),
        "p95_ms": round(each[int(len(each) * 0.95)], 1),
        "portal_work_ms": round(portal, 1),
        "database_work_ms": round(database, 1),
    }


def tell(now: dict[str, float], before: dict[str, float] | None) -> None:
    print(f"{'':32}{'now':>9}{'kept':>9}")
    for name, value in now.items():
        print(f"{name.replace('_', ' '):32}{value:9}{(before or {}).get(name, ''):>9}")
    bears = 1000 / (now["portal_work_ms"] + now["database_work_ms"])
    print(f"A core that does nothing else bears {bears:.0f} a second.")


def _signed_in(n: int) -> str:
    """The cookie of a prescriber of one's own."""
    from django.contrib.auth.models import Group
    from django.test import Client

    from organisation.models import User
    from organisation.permissions import FORSKRIVARE
    from tests.benchmarks import __main__ as benchmark

    bench = User.objects.get(username="bench")
    user, made = User.objects.get_or_create(
        username=f"bench_load{n}",
        defaults={"default_unit": bench.default_unit, "default_source": "central"},
    )
    if made:
        user.units.set(bench.units.all())
        user.groups.add(Group.objects.get(name=FORSKRIVARE))
    client = Client(headers={"host": "localhost"})
    client.force_login(user, backend="organisation.backends.PortalBackend")
    return benchmark.cookie_of(client)


def _mix(n: int, clients: int) -> Iterator[str]:
    """The addresses that a client asks for, without end."""
    from orders.models import Order
    from recipients.models import Loan

    first = Loan.objects.order_by("pk").values_list("recipient_id", flat=True)[0]
    with_aids = Loan.objects.filter(recipient__in=range(first + n, first + 40 * clients, clients))
    keys = sorted({str(key) for key in with_aids.values_list("recipient__key", flat=True)})
    assert keys, "no recipient with aids"
    numbers = list(Order.objects.filter(case_number__startswith="B").order_by("pk")
                   .values_list("case_number", flat=True)[n : 100 * clients : clients])  # fmt: skip
    for turn in itertools.count():
        key, other = keys[turn % len(keys)], keys[(turn + 1) % len(keys)]
        mix: list[Any] = [
            f"/mottagare/{key}/",
            f"/artiklar/?q={http_words(WORDS[(turn + n) % len(WORDS)])}&lager=100",
            f"/bestallningar/{numbers[turn % len(numbers)]}/",
            f"/returer/ny/{other}/",
        ]
        yield from mix[n % 4 :] + mix[: n % 4]


def http_words(words: str) -> str:
    from urllib.parse import quote

    return quote(words, safe="+")


def _work(nodes: dict[int, int]) -> tuple[float, float]:
    """What the portal's processes and their connections' have worked, in milliseconds."""
    from django.db import connection

    portal = sum(
        processes.worked_by_all(pid) for node in nodes.values() for pid in processes.children(node)
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT pid FROM pg_stat_activity WHERE application_name = 'benchmark'")
        backends = [row[0] for row in cursor.fetchall()]
    return portal, sum(processes.worked(pid) for pid in backends)


if __name__ == "__main__":
    main()
