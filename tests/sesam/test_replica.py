"""A read replica: who is asked what, and what happens when it lags or is gone. Through the front door,
with a server that follows the tests' own."""

import os
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from urllib.parse import unquote

import psycopg
import pytest
from django.db import connection

from organisation.models import AccessLogEntry
from organisation.permissions import LOGGRANSKARE
from sesam import replica
from sesam.dev import local_postgres
from tests.factories import RecipientFactory, UserFactory, known_to
from tests.serving import Portal, portal, test_database, until
from tests.sesam.test_pooler import begun
from tests.standby import Standby, standby

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.not_stolen,
    pytest.mark.skipif(
        str(local_postgres.TEST.sockets) not in unquote(os.environ.get("DATABASE_URL", "")),
        reason="another server: it can't be copied here",
    ),
]
LOG, SHEET = "/logg/", "/logg/excel/"


@pytest.fixture(scope="module")
def follower(django_db_setup: None, django_db_blocker: Any) -> Iterator[Standby]:
    """It follows a copy of the tests' server, on which these tests are for as long: it can't begin
    beside what other tests keep open. The copy hands over as a change ends, as production's does."""
    at = connection.settings_dict
    with ExitStack() as ending:
        primary = ending.enter_context(standby(follows=False))
        host, at["HOST"] = at["HOST"], str(primary.sockets)
        with django_db_blocker.unblock():
            connection.close()
            with connection.cursor() as cursor:
                cursor.execute(f"ALTER DATABASE {at['NAME']} SET synchronous_commit = on")
            connection.close()
            try:
                yield ending.enter_context(standby(primary))
            finally:
                connection.close()
                at["HOST"] = host


@contextmanager
def followed(follower: Standby, *, limit: str = "10") -> Iterator[Portal]:
    with portal(
        DATABASE_REPLICA_URL=follower.url(test_database()),
        DATABASE_REPLICA_LAG=limit,
        DATABASE_REPLICA_RETRY="0.5",
    ) as served:
        yield served


def told(served: Portal, name: str) -> float | None:
    """A number of ``/metrics``."""
    found = re.search(rf"^{re.escape(name)} (\S+)$", served.get("/metrics").text, re.M)
    return float(found.group(1)) if found else None


def asked(served: Portal, server: str) -> float:
    return told(served, f'portal_replica_reads_total{{server="{server}"}}') or 0


def is_used(served: Portal) -> bool:
    return told(served, "portal_replica_used") == 1


def test_the_log_is_read_from_the_replica_and_written_on_the_primary(follower):
    """Also what the reviewer has done the moment before."""
    reviewer = UserFactory(roles=[LOGGRANSKARE], default_unit=None)
    anna = UserFactory(first_name="Anna", last_name="Utterström")
    recipient = known_to(anna.default_unit, RecipientFactory())
    with followed(follower) as served:
        for count in range(1, 4):
            assert served.get(f"/mottagare/{recipient.key}/", anna).status == 200
            page = served.get(LOG, reviewer).text
            assert len(re.findall("Anna Utterström", page)) >= count
        assert served.get(SHEET, reviewer).status == 200
        assert AccessLogEntry.objects.filter(user=reviewer, detail__contains="Excel").exists()
        assert asked(served, "replica") == 4
        assert asked(served, "primary") == 0
        assert is_used(served)
        assert told(served, "portal_replica_lag_seconds") < 10


def test_a_replica_that_lags_is_left_out_until_it_has_caught_up(follower):
    reviewer = UserFactory(roles=[LOGGRANSKARE], default_unit=None)
    anna = UserFactory(first_name="Anna", last_name="Utterström")
    recipient = known_to(anna.default_unit, RecipientFactory())
    with followed(follower, limit="0.2") as served:
        until(lambda: is_used(served))
        follower.pause()
        try:
            assert served.get(f"/mottagare/{recipient.key}/", anna).status == 200
            assert "Anna Utterström" in served.get(LOG, reviewer).text
            assert asked(served, "replica") == 0
            assert not is_used(served)
            assert told(served, "portal_replica_lag_seconds") >= 0.2
            assert "The replica is left out, the primary is asked instead: it lags" in (
                served.words()
            )
        finally:
            follower.resume()
        until(lambda: served.get(LOG, reviewer).status == 200 and asked(served, "replica") > 0)
        until(lambda: is_used(served))


def test_a_replica_that_is_killed_ends_no_request(follower):
    reviewer = UserFactory(roles=[LOGGRANSKARE], default_unit=None)
    many = [(LOG, reviewer)] * 8
    with followed(follower) as served:
        assert {answer.status for answer in served.at_once(*many)} == {200}
        assert asked(served, "replica") > 0
        follower.kill()
        try:
            for _ in range(3):
                assert {answer.status for answer in served.at_once(*many)} == {200}
            assert not is_used(served)
            assert told(served, "portal_replica_lag_seconds") is None
        finally:
            follower.start()
        before = asked(served, "replica")
        until(lambda: served.get(LOG, reviewer).status == 200 and asked(served, "replica") > before)


def test_a_question_that_fails_on_the_replica_is_asked_of_the_primary(monkeypatch):
    """In the middle of it: the server is gone, or needs a row's place for what follows."""
    wheres = []

    def ask() -> str:
        wheres.append(replica._asking.get())
        if replica._asking.get():
            raise replica.OperationalError("gone")
        return "found"

    state = replica._State()
    monkeypatch.setattr(state, "_try", lambda: True)
    monkeypatch.setattr(replica, "_state", state)
    monkeypatch.setattr(replica, "is_named", lambda: True)
    assert replica.read(ask) == "found"
    assert wheres == [True, False]
    assert replica.read(ask) == "found"  # left out for a while
    assert wheres == [True, False, False]


def test_a_replica_that_is_the_primary_is_refused_in_a_sentence():
    done = begun(
        *("-c", "import sesam.wsgi"),
        address=test_database(),
        DATABASE_REPLICA_URL=test_database(),
    )
    assert "DATABASE_REPLICA_URL leder till samma databas som DATABASE_URL." in done.stderr


def test_where_no_replica_is_named_nothing_is_told_of_one():
    with portal() as served:
        assert served.get(LOG, UserFactory(roles=[LOGGRANSKARE], default_unit=None)).status == 200
        assert "portal_replica_used" not in served.get("/metrics").text


def test_nothing_is_written_on_the_way(follower):
    """What asks the replica and writes all the same is the portal's own fault."""
    with (
        psycopg.connect(follower.url(test_database()), autocommit=True) as reads,
        pytest.raises(psycopg.errors.ReadOnlySqlTransaction),
    ):
        reads.execute("DELETE FROM organisation_lookreason")
