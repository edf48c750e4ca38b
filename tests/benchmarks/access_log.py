"""``python -m tests.benchmarks.access_log [--rows 10000000] [--keep]``: «Åtkomstlogg» on a long log.

Five years of looks by 5 000 users at 200 000 recipients, made by SQL in a database of its own, which is
thrown away in the end unless ``--keep`` (then the next run asks the same one). Each way to ask is the
whole page through Django's own client, asked often enough that what is prepared on the connection has
been planned without its values, if it ever is; told are the least that it took of the portal and of the
database (which a busy machine leaves nearly as it is), the middle of the time that went by, and the
longest. Then what a row more costs to write.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
import uuid

from tests.benchmarks import processes

NAME = "benchmark_access_log"
ROWS, USERS, UNITS, RECIPIENTS = 10_000_000, 5_000, 300, 200_000
ASKED, WRITTEN = 12, 2_000
SLOW = 60  # milliseconds

# Some users, units and recipients come up far more often than others; a kind as often as it's likely to.
MADE = """
INSERT INTO organisation_accesslogentry
    (at, user_id, job, unit_id, action, recipient_key, searched, detail, case_number, ip)
SELECT now() - ({rows} - n) * (interval '5 years' / {rows}),
    CASE WHEN kind = 11 THEN NULL ELSE {user} + (power(r1, 2) * {users})::int % {users} END,
    CASE WHEN kind = 11 THEN 'recipients.jobs.remove_unused_recipients' ELSE '' END,
    CASE WHEN kind = 11 THEN NULL
        ELSE {unit} + (power(r1, 2) * {users})::int % {users} * 7 % {units} END,
    CASE WHEN kind < 700 AND kind <> 11 THEN 'view' WHEN kind < 820 AND kind <> 11 THEN 'search'
        WHEN kind < 920 OR kind = 11 THEN 'change' WHEN kind < 960 THEN 'create'
        WHEN kind < 980 THEN 'download' WHEN kind < 990 THEN 'print'
        WHEN kind < 999 OR r3 > 0.1 THEN 'miss' ELSE 'refused' END,
    CASE WHEN kind < 990 THEN
        md5(((power(r2, 3) * {recipients})::int % {recipients})::text)::uuid END,
    CASE WHEN kind >= 990 THEN encode(sha256((r2 * 100000)::int::text::bytea), 'hex') ELSE '' END,
    CASE WHEN kind % 3 = 0 THEN 'Mottagarens sida' WHEN kind % 3 = 1 THEN 'Beställningens sida'
        ELSE 'Beställningar i listan på Min sida' END,
    CASE WHEN kind % 2 = 0 THEN '26' || (400000 + n % 100000) ELSE '' END,
    ('10.1.' || n % 200 || '.' || n % 250)::inet
FROM (SELECT n, (random() * 1000)::int AS kind, random() AS r1, random() AS r2, random() AS r3
    FROM generate_series(1::bigint, {rows}) n) AS made
"""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=ROWS)
    options.add_argument("--keep", action="store_true")
    asked = options.parse_args()
    os.environ |= {"DB_NAME": NAME, "DB_AS_OWNER": "1"}
    os.environ |= {"DEMO": "1", "DEBUG": "0", "HTTPS": "0", "LOG_LEVEL": "ERROR"}
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sesam.settings")
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    from sesam.dev import local_postgres

    local_postgres.start(local_postgres.DEV, NAME)
    try:
        call_command("migrate", verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        make(asked.rows)
        ask()
        write()
    finally:
        connection.close()
        if not asked.keep:
            local_postgres.drop_database(NAME)


def make(rows: int) -> None:
    """The log, its indexes put on when it is filled: else each row would look for its places."""
    from django.contrib.auth.models import Group
    from django.db import connection

    from organisation.models import AccessLogEntry, Payer, Unit, User, Warehouse
    from organisation.permissions import LOGGRANSKARE

    if AccessLogEntry.objects.exists():
        return
    began = time.perf_counter()
    payer, _ = Payer.objects.get_or_create(code="0880", name="Kalmar kommun")
    khs = Warehouse.objects.create(number="100", name="KHS", kind="central", owner=payer)
    units = Unit.objects.bulk_create(
        Unit(code=f"K{n:03}", name=f"Hemrehab {n}", payer=payer, delivering_warehouse=khs)
        for n in range(UNITS)
    )
    users = User.objects.bulk_create(
        User(
            username=f"u{n}", first_name="Eva", last_name=f"Berg {n}", default_unit=units[n % UNITS]
        )
        for n in range(USERS)
    )
    reviewer = User.objects.create(username="reviewer", first_name="Lo", last_name="Grahn")
    reviewer.groups.add(Group.objects.get(name=LOGGRANSKARE))
    facts = {
        "rows": rows, "user": users[0].pk, "users": USERS, "unit": units[0].pk, "units": UNITS,
        "recipients": RECIPIENTS,
    }  # fmt: skip
    with connection.cursor() as cursor:
        # No look at the other tables for each row, as the owner of a cluster of one's own may.
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("SET synchronous_commit = off")
        cursor.execute("SET maintenance_work_mem = '512MB'")
        cursor.execute(
            "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = %s"
            " AND indexdef NOT LIKE 'CREATE UNIQUE%%'",
            [AccessLogEntry._meta.db_table],
        )
        indexes = cursor.fetchall()
        for name, _ in indexes:
            cursor.execute(f'DROP INDEX "{name}"')
        cursor.execute(MADE.format(**facts))
        print(f"{rows} rows in {time.perf_counter() - began:.0f} s", flush=True)
        for name, definition in indexes:
            began = time.perf_counter()
            cursor.execute(definition)
            print(f"index {name} in {time.perf_counter() - began:.0f} s", flush=True)
        cursor.execute("VACUUM ANALYZE organisation_accesslogentry")


def ways() -> dict[str, str]:
    """The addresses; a busy user, a busy unit and a recipient much looked at, and the opposite."""
    often, seldom = (uuid.UUID(_md5(n)) for n in ("80", str(RECIPIENTS - 1)))  # 3 000 times, 15
    unknown = _sha256("50000")
    years, year, days = "fran=2021-01-01", "fran=2025-12-01", ""
    old = "fran=2023-02-01&till=2023-02-28"
    found = {
        "the last 30 days": days,
        "five years": years,
        "five years, oldest first": f"{years}&sortera=tid",
        "five years, page 20": f"{years}&sida=20",
        "a month of long ago": old,
        "a recipient much looked at": f"{years}&mottagare={often}",
        "a recipient seldom looked at": f"{years}&mottagare={seldom}",
        "a recipient, a kind": f"{years}&mottagare={often}&vad=download",
        "a recipient, a user": f"{years}&mottagare={often}&anvandare=u4000",
        "a busy user, 30 days": "anvandare=u0",
        "a busy user": f"{years}&anvandare=u0",
        "a user": f"{years}&anvandare=u4000",
        "a busy user, a rare kind": f"{years}&anvandare=u0&vad=refused",
        "a user, at another's unit": f"{years}&anvandare=u0&tjanststalle=K001",
        "a busy unit": f"{years}&tjanststalle=K000",
        "a busy unit, a rare kind": f"{years}&tjanststalle=K000&vad=refused",
        "a unit, a month of long ago": f"{old}&tjanststalle=K150",
        "an unknown number": f"{years}&sokt={unknown}",
    }
    kinds = ("search", "miss", "view", "change", "create", "print", "download", "refused")
    found |= {f"{kind}, a year": f"{year}&vad={kind}" for kind in kinds}
    return found | {f"{kind}, five years": f"{years}&vad={kind}" for kind in kinds[-4:]}


def _md5(text: str) -> str:
    import hashlib

    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _sha256(text: str) -> str:
    import hashlib

    return hashlib.sha256(text.encode()).hexdigest()


def ask() -> None:
    from django.test import Client

    from organisation.models import User

    client = Client(headers={"host": "localhost"})
    reviewer = User.objects.get(username="reviewer")
    client.force_login(reviewer, backend="organisation.backends.PortalBackend")
    print(f"{'':34}{'work':>10}{'middle':>10}{'longest':>10}{'shown':>8}")
    for name, query in ways().items():
        taken, worked = [], []
        for _ in range(ASKED):
            began, here, there = time.perf_counter(), time.process_time(), _backend()
            answer = client.get(f"/logg/?{query}")
            taken.append((time.perf_counter() - began) * 1000)
            worked.append((time.process_time() - here) * 1000 + _backend() - there)
            assert answer.status_code == 200, query
        work, middle, longest = min(worked), statistics.median(taken[1:]), max(taken)
        flag = f"  OVER {SLOW}" if work > SLOW else ""
        shown = answer.content.count(b"<tr class") or answer.content.count(b"<tr")
        print(f"{name:34}{work:8.0f}ms{middle:8.0f}ms{longest:8.0f}ms{shown:8}{flag}", flush=True)


def _backend() -> float:
    """What this connection has taken of a core in the server, milliseconds."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return processes.worked(cursor.fetchone()[0])


def write() -> None:
    """A row with all indexes; and how large they are."""
    from django.db import connection, transaction

    from organisation import access_log
    from organisation.models import User

    user = User.objects.get(username="u17")
    keys = [uuid.UUID(_md5(str(n * 97 % RECIPIENTS))) for n in range(WRITTEN)]
    for action in (access_log.Action.VIEW, access_log.Action.PRINT):
        here, there = time.process_time(), _backend()
        with transaction.atomic():
            for key in keys:
                access_log.record(user, action, key, detail="Mottagarens sida")
            transaction.set_rollback(True)
        each = ((time.process_time() - here) * 1e6 + (_backend() - there) * 1e3) / WRITTEN
        print(f"a row more, {action}: {each:.0f} µs of work")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, pg_relation_size(oid) / 1000000 FROM pg_class WHERE oid IN (SELECT"
            " %s::regclass UNION SELECT indexrelid FROM pg_index WHERE indrelid = %s::regclass)"
            " ORDER BY 2 DESC",
            ["organisation_accesslogentry"] * 2,
        )
        for name, megabytes in cursor.fetchall():
            print(f"{name}: {megabytes} MB")


if __name__ == "__main__":
    main()
