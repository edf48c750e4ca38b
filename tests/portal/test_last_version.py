"""A database of the last version goes to this one, with all that is in it.

``tests/data/last-version.sql.xz`` is a dump of the last version's demo data and of some work on it
(tests/data/README.md).
"""

import lzma
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from tests.serving import ROOT, test_database

# They ask a database of their own, on the server of the tests' one.
pytestmark = [pytest.mark.not_stolen, pytest.mark.django_db]
DUMP = ROOT / "tests" / "data" / "last-version.sql.xz"
LOG = "organisation_accesslogentry"
CHAIRS = "26480025"  # two chairs with a part each, in two deliveries; one part has come back
# What KHS edits and a migration brings first.
RECORDS = (
    {
        f"activities_{name}"
        for name in ("activitytype", "addressinstruction", "priority", "servicesupplier")
    }
    | {"deviations_deviationcategory", "organisation_lookreason"}
    | {f"invoicing_{name}" for name in ("sharestep", "sharetable", "terms")}
)
# What stood on the pieces themselves: when they were looked after. How many articles a class has.
TAKEN_OVER = {"activities_maintenanceschedule", "articles_classcount"}
WAITED = "26489001"  # an activity, before there are any
# What the framework keeps of the code follows the code; the rest is what migrations make.
# One number that an order waited for, which nobody had given out, has a row now.
NUMBERED = {"sesam_casenumber": (310, 311)}
# And a reason that pieces are blocked for.
REASONS = {"individuals_blockreason": (4, 5)}
MAY_GROW = {"auth_permission", "django_content_type", "django_migrations"}


@dataclass
class Moved:
    """A database that was migrated, and what it had before."""

    address: str
    rows: dict[str, int]
    log: list[dict[str, Any]]

    def ask(self, question: str, *values: object) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.address) as connection:
            return connection.execute(question, values).fetchall()


def restore(connection: psycopg.Connection) -> None:
    """What ``psql`` does with a dump in plain SQL."""
    text = lzma.decompress(DUMP.read_bytes()).decode()
    parts = re.split(r"^(COPY .*);\n((?:.*\n)*?)\\\.\n", text, flags=re.MULTILINE)
    connection.execute(parts[0])
    for copy, rows, statements in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
        with connection.cursor().copy(copy) as into:
            into.write(rows)
        connection.execute(statements)
    connection.execute("SET search_path = public")


def count(connection: psycopg.Connection) -> dict[str, int]:
    tables = connection.execute(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    ).fetchall()
    return {
        table: connection.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0]
        for (table,) in tables
    }


def log(connection: psycopg.Connection) -> list[dict[str, Any]]:
    return (
        connection.cursor(row_factory=dict_row)
        .execute(f"SELECT * FROM {LOG} ORDER BY id")
        .fetchall()
    )


def manage(address: str, *arguments: str) -> str:
    environment = os.environ | {"DATABASE_URL": address}
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def moved(django_db_setup: None) -> Iterator[Moved]:
    server = test_database()
    address = f"{server}_before"
    name = address.rpartition("/")[2]
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        connection.execute(f'CREATE DATABASE "{name}"')
    with psycopg.connect(address) as connection:
        restore(connection)
        before = count(connection), log(connection)
    manage(address, "migrate", "--verbosity", "0")
    yield Moved(address, *before)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def test_no_row_is_lost_and_none_comes_from_nowhere(moved):
    with psycopg.connect(moved.address) as connection:
        after = count(connection)
    changed = {
        table: (rows, after.get(table))
        for table, rows in moved.rows.items()
        if after.get(table) != rows and table not in MAY_GROW
    }
    assert changed == NUMBERED | REASONS
    new = {table: rows for table, rows in after.items() if rows and table not in moved.rows}
    assert set(new) == {"orders_delivery", *RECORDS, *TAKEN_OVER}


def test_the_stock_agrees(moved):
    assert "The stock agrees." in manage(moved.address, "check_stock")


def test_each_class_has_as_many_articles_as_hang_there(moved):
    kept = moved.ask("SELECT iso_class_id, articles FROM articles_classcount ORDER BY 1")
    assert kept == moved.ask(
        "SELECT iso_class_id, count(*) FROM articles_article"
        " WHERE NOT is_discontinued AND iso_class_id IS NOT NULL GROUP BY 1 ORDER BY 1"
    )


def test_a_hoist_falls_due_when_it_did(moved):
    (found,) = moved.ask(
        "SELECT count(*), count(due_on), min(own_months), max(own_months)"
        " FROM activities_maintenanceschedule"
    )
    assert found[0] == found[1] > 0 and found[2:] == (12, 12)


def test_the_access_log_says_what_it_said(moved):
    assert len(moved.log) > 15
    with psycopg.connect(moved.address) as connection:
        after = log(connection)
    assert [{name: row[name] for name in moved.log[0]} for row in after] == moved.log


def test_what_was_handed_out_at_once_is_a_delivery_and_the_second_its_own(moved):
    numbers = moved.ask(
        "SELECT d.number, count(*) FROM orders_delivery d JOIN orders_order o ON o.id = d.order_id"
        " JOIN orders_linedelivery l ON l.delivery_id = d.id"
        " WHERE o.case_number = %s GROUP BY 1 ORDER BY 1",
        CHAIRS,
    )
    assert numbers == [(1, 2), (2, 2)]


def test_a_part_is_the_loan_it_came_as_also_the_one_that_came_back(moved):
    sat = moved.ask(
        "SELECT c.removed_at IS NULL, l.ended_at IS NULL FROM individuals_component c"
        " LEFT JOIN recipients_loan l ON l.component_id = c.id"
        " WHERE c.case_number = %s ORDER BY 1",
        CHAIRS,
    )
    assert sat == [(False, False), (True, True)]


def test_a_price_and_what_was_copied_of_it_are_what_the_billing_form_makes_them(moved):
    for amounts in (
        "articles_price p JOIN articles_article a ON a.id = p.article_id",
        "orders_orderline a",
    ):
        kinds = moved.ask(
            "SELECT DISTINCT f.rule = 'rent', list_price IS NULL, rent IS NULL"
            f" FROM {amounts} JOIN articles_billingform f ON f.id = a.billing_form_id"
            " WHERE coalesce(list_price, rent) IS NOT NULL ORDER BY 1"
        )
        assert kinds == [(False, False, True), (True, True, False)]


def test_what_happened_has_its_kind(moved):
    kinds = moved.ask("SELECT DISTINCT kind FROM orders_orderevent ORDER BY 1")
    assert {"created", "delivered", "cancelled", "held", "released"} <= {kind for (kind,) in kinds}


def test_a_case_number_is_one_that_was_given_out_or_nothing(moved):
    kinds = moved.ask("SELECT kind, count(*) FROM sesam_casenumber GROUP BY 1 ORDER BY 1")
    assert [kind for kind, _ in kinds] == ["activity", "order", "pickup"]
    assert moved.ask("SELECT kind FROM sesam_casenumber WHERE number = %s", WAITED) == [
        ("activity",)
    ]
    assert moved.ask("SELECT count(*) FROM articles_stockmovement WHERE case_number = ''") == [(0,)]
    with pytest.raises(psycopg.errors.RaiseException, match="Cannot update"):
        moved.ask("UPDATE articles_stockmovement SET case_number = NULL RETURNING 1")
