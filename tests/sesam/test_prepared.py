"""What is asked again on a connection is prepared there; what follows from that."""

import os
import subprocess
import sys

import psycopg
import pytest
from django.db import connection

from sesam import planned
from tests.factories import ArticleFactory, UserFactory
from tests.orders.builders import sent
from tests.serving import ROOT, test_database

pytestmark = pytest.mark.django_db(transaction=True)

COUNT = """
import django
django.setup()
from django.db import connection
from organisation.models import User
for pk in range(5):
    User.objects.filter(pk=pk).first()
for user in User.objects.iterator():
    pass
with connection.cursor() as cursor:
    cursor.execute("SELECT count(*) FROM pg_prepared_statements")
    print(cursor.fetchone()[0])
"""


@pytest.mark.parametrize(("pooler", "prepared"), [("0", True), ("1", False)])
def test_behind_a_pooler_nothing_stays_on_a_connection(pooler, prepared):
    asked = subprocess.run(
        [sys.executable, "-c", COUNT],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": test_database(), "DATABASE_POOLER": pooler},
        check=True,
        capture_output=True,
        text=True,
    )
    assert (int(asked.stdout) > 0) is prepared


def test_a_column_that_comes_while_the_portal_runs_ends_no_page(client):
    """A migration goes before the new release's processes; the old ones have asked already."""
    client.force_login(UserFactory(), backend="organisation.backends.PortalBackend")
    for _ in range(4):
        assert client.get("/").status_code == 200
    with psycopg.connect(test_database(), autocommit=True) as migrates:
        migrates.execute("ALTER TABLE organisation_user ADD COLUMN coming text")
        try:
            assert client.get("/").status_code == 200
        finally:
            migrates.execute("ALTER TABLE organisation_user DROP COLUMN coming")


def times_asked_as_prepared(question: str) -> int:
    with connection.cursor() as cursor:
        for _ in range(5):
            cursor.execute(f"SELECT %s::text /* {question} */", ["a"])
        cursor.execute(
            "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE %s",
            [f"%{question} %"],
        )
        return cursor.fetchone()[0]


def test_what_is_planned_for_its_values_is_prepared_by_nobody():
    connection.close()  # a question may be the first thing that is asked
    with planned.for_its_values(connection):
        assert times_asked_as_prepared("within") == 0
    assert times_asked_as_prepared("after") == 1
    with pytest.raises(ZeroDivisionError), planned.for_its_values(connection):
        1 / 0  # noqa: B018
    assert times_asked_as_prepared("past a fault") == 1


def prepared(of: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_prepared_statements WHERE starts_with(statement, %s))",
            [of],
        )
        return cursor.fetchone()[0]


def test_how_many_of_all_orders_are_ones_own_is_planned_for_whom_it_is_asked(
    client, nothing_prepared
):
    """Some have a hundredth of them all, and some have three."""
    user = UserFactory()
    sent((ArticleFactory(), 1), user=user)
    client.force_login(user, backend="organisation.backends.PortalBackend")
    for _ in range(6):
        assert client.get("/min-sida/?visa=alla").status_code == 200
    assert not prepared('SELECT COUNT(*) FROM (SELECT "orders_order"')
    assert not prepared('SELECT "orders_order"."id" AS "pk"')
    assert prepared('SELECT "orders_order"."id", "orders_order"."co"')  # the rows
