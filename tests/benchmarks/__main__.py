"""``python -m tests.benchmarks [--times 10]``: medians of 200 warm requests by one client.

``--plan`` prints how PostgreSQL finds the searched articles instead. Ten times the data is made once and kept; what it took is printed, with the disk it needs.
"""

import argparse
import contextlib
import http.client
import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator

PORT = 8765
WARM, COUNTED = 20, 200
QUERY = "rullstol cross lång 4"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--times", type=int, default=1)
    options.add_argument("--plan", action="store_true")
    asked = options.parse_args()
    prepare(asked.times)
    if asked.plan:
        return plan()
    with served():
        measure()


def prepare(times: int) -> None:
    """A database with the data of so many regions, made where it isn't there."""
    began = time.perf_counter()
    os.environ |= {
        "DB_NAME": f"benchmark{times}",
        "DB_AS_OWNER": "1",  # makes tables' defaults; the server runs as the other role
        "DEMO": "1",
        "DEBUG": "0",
        "DJANGO_SETTINGS_MODULE": "tests.benchmarks.settings",
        "PORT": str(PORT),
    }
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    from articles.models import Article
    from sesam.dev import local_postgres
    from tests.benchmarks import data

    if "DATABASE_URL" not in os.environ:
        local_postgres.start(local_postgres.DEV, os.environ["DB_NAME"])
    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    data.set_defaults()
    if Article.objects.exists():
        data.deliver_what_was_sent()
        data.as_it_is_made_now(times)
        return
    print(f"Making the data of {times} region(s) …", flush=True)
    data.make(times)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_size_pretty(pg_database_size(current_database()))")
        size = cursor.fetchone()[0]
    print(f"That took {time.perf_counter() - began:.0f} s; the database holds {size}.")


@contextlib.contextmanager
def served(port: int = PORT) -> Iterator[subprocess.Popen]:
    """The portal runs, as in production, with gunicorn's settings of ours."""
    server = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "sesam.wsgi", "--access-logfile", "/dev/null"],
        env=os.environ | {"DB_AS_OWNER": "0", "PGAPPNAME": "benchmark", "PORT": str(port)},
    )
    try:
        answers(port)
        yield server
    finally:
        server.terminate()
        server.wait()


def answers(port: int = PORT) -> None:
    """Wait until all of it answers."""
    for _ in range(300):
        time.sleep(0.2)
        with contextlib.suppress(OSError):
            connection = http.client.HTTPConnection("127.0.0.1", port)
            connection.request("GET", "/healthz", headers={"Host": "localhost"})
            if connection.getresponse().status == 200:
                return time.sleep(1)
    raise RuntimeError("The portal doesn't answer.")


def cookie_of(client) -> str:
    from django.conf import settings

    name = settings.SESSION_COOKIE_NAME
    return f"{name}={client.cookies[name].value}"


def measure() -> None:
    from django.test import Client

    from organisation.models import User, Warehouse
    from recipients.models import Loan
    from tests.benchmarks import sending

    user = User.objects.get(username="bench")
    client = Client()
    client.force_login(user)
    cookie = cookie_of(client)
    khs = Warehouse.objects.get(number="100")
    key = Loan.objects.order_by("pk").first().recipient.key
    words = QUERY.replace(" ", "+").replace("å", "%C3%A5")
    pages = [
        (
            "article search",
            f"/artiklar/?q={words}&lager=100",
            f"/golv/artiklar/?q={words}&w={khs.pk}",
        ),
        ("recipient, 40 aids", f"/mottagare/{key}/", f"/golv/mottagare/?key={key}"),
    ]
    print(f"{'':20}{'portal':>10}{'floor':>10}{'ratio':>8}{'queries':>9}")
    for name, portal, floor in pages:
        _same_rows(client, portal, floor)
        ours, theirs = medians(cookie, portal, floor)
        print(
            f"{name:20}{ours:8.2f}ms{theirs:8.2f}ms{ours / theirs:8.2f}{queries(client, portal):9}"
        )
    sending.measure(user, client, PORT, cookie, times=COUNTED)


def plan() -> None:
    """The plan of the article search for ``QUERY``, as it ran."""
    from django.db import connection
    from django.test import RequestFactory
    from django.test.utils import CaptureQueriesContext

    from articles import search
    from articles.filters import Filters
    from articles.tables import ArticleTable

    with CaptureQueriesContext(connection) as queries:
        search.search(
            search.words_of(QUERY),
            ArticleTable.ask(RequestFactory().get("/")),
            filters=Filters(warehouse_id=1),
        )
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) {queries[0]['sql']}")
        print("\n".join(row[0] for row in cursor.fetchall()))


def _same_rows(client, portal: str, floor: str) -> None:
    shown = client.get(portal, HTTP_HOST="localhost").content.decode()
    rows = client.get(floor, HTTP_HOST="localhost").json()
    rows = rows[1] if len(rows) == 2 and isinstance(rows[1], list) else rows
    assert rows, floor
    missing = [row[0] for row in rows if row[0] not in shown]
    assert not missing, f"not on the portal's page: {missing}"


def medians(cookie: str, *urls: str, warm: int = WARM, counted: int = COUNTED) -> list[float]:
    """Milliseconds, the addresses asked in turn on one connection."""
    connection = http.client.HTTPConnection("127.0.0.1", PORT)
    taken: list[list[float]] = [[] for _ in urls]
    for turn in range(warm + counted):
        for index, url in enumerate(urls):
            began = time.perf_counter()
            connection.request("GET", url, headers={"Cookie": cookie, "Host": "localhost"})
            response = connection.getresponse()
            response.read()
            assert response.status == 200, (response.status, url)
            if turn >= warm:
                taken[index].append((time.perf_counter() - began) * 1000)
    return [statistics.median(series) for series in taken]


def queries(client, url: str) -> int:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as asked:
        answer = client.get(url, HTTP_HOST="localhost")
    assert answer.status_code == 200, (answer.status_code, url)
    return len([q for q in asked if not re.match(r"SAVEPOINT|RELEASE|BEGIN|COMMIT", q["sql"])])


if __name__ == "__main__":
    main()
