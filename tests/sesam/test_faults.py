"""When others keep the database busy, or it is away: what the portal's users are told."""

import os
import subprocess
import sys
import time
from contextlib import contextmanager

import psycopg
import pytest
from django.db import connection

from recipients.models import Recipient
from sesam.dev import local_postgres
from tests.factories import RecipientFactory, UserFactory, known_to
from tests.serving import ROOT, cookie, portal, test_database, until

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def held(recipient: Recipient):
    """Somebody else changes the recipient, and hasn't come to an end."""
    with psycopg.connect(test_database()) as other:
        other.execute("SELECT 1 FROM recipients_recipient WHERE id = %s FOR UPDATE", [recipient.pk])
        yield
        other.rollback()


def test_who_waits_too_long_for_anothers_change_is_told_and_can_send_again():
    anna = UserFactory()
    recipient = known_to(anna.default_unit, RecipientFactory(phone=""))
    url = f"/mottagare/{recipient.key}/?redigera=uppgifter"
    typed = {"version": recipient.version, "phone": "08-465 004 10", "contact_prescriber": "nej"}
    htmx = {"HX-Request": "true", "HX-Target": "block-uppgifter"}
    with portal(DB_LOCK_TIMEOUT="1") as served:
        with held(recipient):
            answer = served.post(url, anna, typed)
            part = served.post(url, anna, typed, **htmx)
        assert answer.status == 409
        assert "Någon annan ändrar samma sak" in answer.text
        assert "inte utfört" in answer.text
        assert 'name="phone" value="08-465 004 10"' in answer.text
        assert answer.seconds < 10
        # A part of a page is told beside what was typed.
        assert part.status == 409, part.text
        assert part.headers["X-Fault"] == "1"
        assert part.text.startswith("Någon annan ändrar samma sak. ")
        assert served.post(url, anna, typed).status == 302
    recipient.refresh_from_db()
    assert recipient.phone == "08-465 004 10"


def test_a_search_that_takes_too_long_is_given_up():
    anna = UserFactory()
    with portal(DB_STATEMENT_TIMEOUT="1") as served:
        served.get("/artiklar/?q=stol", anna)
        with psycopg.connect(test_database()) as other:
            other.execute("LOCK TABLE articles_article IN ACCESS EXCLUSIVE MODE")
            answer = served.get("/artiklar/?q=stol", anna)
            other.rollback()
        assert answer.status == 503
        assert "Det tog för lång tid" in answer.text
        assert served.get("/artiklar/?q=stol", anna).status == 200


@pytest.fixture
def away():
    """The tests' database once more, on a server that can be stopped."""
    name = connection.settings_dict["NAME"]
    cluster = local_postgres.Cluster(f"away-{os.environ.get('PYTEST_XDIST_WORKER', 'one')}")
    local_postgres.reset(cluster)
    yield cluster, name
    local_postgres.reset(cluster)


def copied(cluster: local_postgres.Cluster, name: str) -> str:
    """The address of the copy, of what there is now."""
    local_postgres.start(cluster, name)
    address = local_postgres.url(cluster, name)
    programs = local_postgres._binaries()
    dump = [programs / "pg_dump", "--no-owner", "--no-privileges", test_database()]
    sql = subprocess.run(dump, check=True, capture_output=True).stdout
    load = [programs / "psql", "--quiet", "--set=ON_ERROR_STOP=1", address]
    subprocess.run(load, input=sql, check=True, stdout=subprocess.DEVNULL)
    return address


def test_while_the_database_is_away_pages_say_so_at_once_and_afterwards_all_is_well(away):
    anna = UserFactory()
    recipient = known_to(anna.default_unit)
    cookie(anna)
    pages = ["/", f"/mottagare/{recipient.key}/", "/artiklar/?q=stol", "/logga-in/"]
    asked = [(page, anna) for page in pages * 2]  # a connection in each of the threads
    address = copied(*away)
    with portal(DATABASE_URL=address) as served:
        assert {a.status for a in served.at_once(*asked)} <= {200, 302}
        usual = [a.status for a in served.at_once(*asked)]
        assert served.get("/readyz").status == 200

        local_postgres.stop(away[0])
        for answer in served.at_once(*asked[:3]):
            assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
            assert "Portalen når inte sin databas" in answer.text
            assert answer.seconds < 3
        assert served.get("/healthz").status == 200
        assert served.get("/readyz").status == 503

        local_postgres.start(away[0])
        for _ in range(3):
            assert [a.status for a in served.at_once(*asked)] == usual
        assert served.get("/readyz").status == 200

        # Nobody asks while it is away.
        local_postgres.stop(away[0])
        local_postgres.start(away[0])
        assert [a.status for a in served.at_once(*asked)] == usual
        assert " 500 " not in served.words()


def told(cluster: local_postgres.Cluster, setting: str) -> None:
    """The running server changes a setting, as an operator does."""
    with psycopg.connect(local_postgres.url(cluster, "postgres"), autocommit=True) as operator:
        operator.execute(f"ALTER SYSTEM {setting}")
        operator.execute("SELECT pg_reload_conf()")


def test_a_database_that_takes_no_writes_is_told_and_found_again(away):
    anna = UserFactory()
    recipient = known_to(anna.default_unit, RecipientFactory(phone=""))
    cookie(anna)
    url = f"/mottagare/{recipient.key}/?redigera=uppgifter"
    typed = {"version": recipient.version, "phone": "08-465 004 10", "contact_prescriber": "nej"}
    address = copied(*away)
    with portal(DATABASE_URL=address) as served:
        assert served.get(f"/mottagare/{recipient.key}/", anna).status in (200, 302)
        told(away[0], "SET default_transaction_read_only = on")
        until(lambda: served.get("/readyz").status == 503)
        assert served.get("/readyz").text == "read-only"
        answer = served.post(url, anna, typed)
        assert answer.status == 503
        assert "Portalen kan inte spara just nu" in answer.text
        assert 'name="phone" value="08-465 004 10"' in answer.text
        assert served.words().count("The database takes no writes") == 1
        told(away[0], "RESET default_transaction_read_only")
        until(lambda: served.get("/readyz").status == 200)

        assert served.post(url, anna, typed).status == 302
        assert " 500 " not in served.words()


def test_the_worker_waits_for_the_database_and_goes_on(away):
    address = copied(*away)

    def done(job: int) -> bool:
        with psycopg.connect(address) as asks:
            (status,) = asks.execute(
                "SELECT status::text FROM procrastinate_jobs WHERE id = %s", [job]
            ).fetchone()
        return status == "succeeded"

    def new_job() -> int:
        with psycopg.connect(address) as puts:
            return puts.execute(
                "INSERT INTO procrastinate_jobs (queue_name, task_name, args)"
                " VALUES ('default', 'sesam.clear_old', '{\"timestamp\": 1}') RETURNING id"
            ).fetchone()[0]

    worker = subprocess.Popen(
        [sys.executable, "manage.py", "worker"],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": address},
    )
    try:
        first = new_job()
        until(lambda: done(first), seconds=60)
        local_postgres.stop(away[0])
        time.sleep(13)  # the library's own ended after ten
        assert worker.poll() is None
        local_postgres.start(away[0])
        second = new_job()
        until(lambda: done(second), seconds=60)
    finally:
        worker.terminate()
        assert worker.wait(30) == 0
