"""A migration lets the last release's nodes work on beside it (CONTRIBUTING, «Upgrades without a stop»)."""

import dataclasses

import pytest
from django.contrib.postgres.operations import (
    AddConstraintNotValid,
    AddIndexConcurrently,
    ValidateConstraint,
)
from django.db import connection, migrations, models

from tests import new_migrations
from tests.new_migrations import Found, Release, missed

ADDED, LINE = ("orders", "0099_scratch"), "orderline"
FEW = models.CheckConstraint(condition=models.Q(quantity__lt=9999), name="scratch_few")
INDEX = models.Index(fields=["quantity"], name="scratch_by_quantity")


@pytest.fixture(scope="module")
def loader():
    return new_migrations.all_migrations()


@pytest.fixture(scope="module")
def today(loader):
    return loader.project_state(loader.graph.leaf_nodes())


def scratch(*operations, atomic=True):
    made = type("Migration", (migrations.Migration,), {"atomic": atomic})(*reversed(ADDED))
    made.operations = list(operations)
    return made


def column(name, field):
    return migrations.AddField(LINE, name, field)


# --- what there is ---


@pytest.mark.django_db(transaction=True)
def test_migrations_since_the_last_release_lock_nothing_for_long(loader):
    release = Release.last()
    coming = new_migrations.new(loader, release)
    found = new_migrations.in_statements(coming, release.state(loader))
    assert new_migrations.judged(found, new_migrations.ALLOWED) == []


@pytest.mark.django_db
def test_the_last_releases_code_finds_all_that_it_reads_and_writes(loader):
    assert missed(Release.last().state(loader)) == []


def test_new_is_what_the_last_release_has_not(loader):
    release = Release.last()
    assert release.migrations <= set(loader.graph.nodes)
    newest = dict(release.migrations)
    last = ("portal", newest["portal"])  # the highest app: no other's migrations build on its own
    (before,) = [key for key in loader.graph.node_map[last].parents if key.key[0] == "portal"]
    earlier = frozenset((newest | dict([before.key])).items())
    coming = new_migrations.new(loader, dataclasses.replace(release, migrations=earlier))
    assert last in [(migration.app_label, migration.name) for migration in coming]
    assert before.key not in [(migration.app_label, migration.name) for migration in coming]


# --- what would be found ---

LOCKS = {
    "an index, while nobody may write": (
        [migrations.AddIndex(LINE, INDEX)],
        "require-concurrent-index-creation",
    ),
    "the index of a foreign key": (
        [column("scratch", models.ForeignKey("articles.Article", models.PROTECT, null=True))],
        "require-concurrent-index-creation",
    ),
    "a column that old code doesn't fill": (
        [column("scratch", models.CharField(max_length=9, default=""))],
        "NOT_NULL",
    ),
    "a rule that all rows are looked through for": (
        [migrations.AddConstraint(LINE, FEW)],
        "constraint-missing-not-valid",
    ),
    "a rule that a value is unique": (
        [
            migrations.AddConstraint(
                LINE, models.UniqueConstraint(fields=["quantity"], name="scratch_one")
            )
        ],
        "disallowed-unique-constraint",
    ),
    "another type": (
        [migrations.AlterField(LINE, "quantity", models.BigIntegerField())],
        "changing-column-type",
    ),
    "another name": (
        [migrations.RenameField(LINE, "quantity", "amount")],
        "renaming-column",
    ),
    "another name of the table": (
        [migrations.AlterModelTable(LINE, "orders_row")],
        "renaming-table",
    ),
    "rows that are changed while the table is locked": (
        [
            column("scratch", models.CharField(max_length=9, db_default="")),
            migrations.RunPython(migrations.RunPython.noop),
        ],
        "ROWS_UNDER_LOCK",
    ),
    "a table that stays locked while the next operation is worked out": (
        [
            column("scratch", models.CharField(max_length=9, db_default="")),
            column("scratch_too", models.CharField(max_length=9, db_default="")),
        ],
        "LOCK_HELD",
    ),
    "a lock that is waited for without end": (
        [
            column("scratch", models.CharField(max_length=9, db_default="")),
            AddIndexConcurrently(LINE, INDEX),
        ],
        "WAITS_WITHOUT_END",
    ),
}


@pytest.mark.parametrize(("operations", "rule"), LOCKS.values(), ids=LOCKS)
@pytest.mark.django_db(transaction=True)
def test_what_locks_a_table_or_breaks_a_statement_is_found(today, operations, rule):
    atomic = not any(isinstance(operation, AddIndexConcurrently) for operation in operations)
    found = new_migrations.in_statements([scratch(*operations, atomic=atomic)], today.clone())
    assert rule in {fault.rule for fault in found}
    assert {(fault.app, fault.migration) for fault in found} == {ADDED}


GONE = {
    "a column": (
        [migrations.RemoveField(LINE, "is_replaced")],
        "orders_orderline.is_replaced is gone",
    ),
    "a column's name": (
        [migrations.RenameField(LINE, "quantity", "amount")],
        "orders_orderline.quantity is gone",
    ),
    "a table": (
        [migrations.RunSQL("DROP TABLE portal_newsread")],
        "portal_newsread is gone",
    ),
    "a type": (
        [migrations.RunSQL("ALTER TABLE orders_orderline ALTER quantity TYPE numeric")],
        "orders_orderline.quantity is numeric, and was integer",
    ),
    "an empty value": (
        [migrations.RunSQL("ALTER TABLE orders_orderline ALTER planned_delivery SET NOT NULL")],
        "orders_orderline.planned_delivery can't be empty any longer",
    ),
    "to be let alone with one's own columns": (
        [column("scratch", models.CharField(max_length=9, default=""))],
        "orders_orderline.scratch must be given, and has no default in the database",
    ),
}


@pytest.mark.parametrize(("operations", "words"), GONE.values(), ids=GONE)
@pytest.mark.django_db
def test_what_old_code_would_miss_is_found(today, operations, words):
    with connection.schema_editor() as editor:
        scratch(*operations).apply(today.clone(), editor)
    assert words in missed(today)


# --- what may be done ---


@pytest.mark.django_db(transaction=True)
def test_what_expands_is_let_through(today):
    kept = models.CharField(max_length=9, db_default="")
    key = models.ForeignKey("articles.Article", models.PROTECT, null=True, db_index=False)
    table = migrations.CreateModel(
        "Scratch", [("id", models.BigAutoField(primary_key=True)),
                    ("line", models.ForeignKey("orders.OrderLine", models.PROTECT))],
    )  # fmt: skip
    found = new_migrations.in_statements(
        [
            scratch(table, column("scratch", kept)),
            scratch(column("scratch_of", key)),
            scratch(AddIndexConcurrently(LINE, INDEX), atomic=False),
            scratch(AddConstraintNotValid(LINE, FEW)),
            scratch(ValidateConstraint(LINE, FEW.name)),
            scratch(migrations.RunPython(migrations.RunPython.noop)),
        ],
        today.clone(),
    )
    assert found == []


@pytest.mark.django_db
def test_a_column_goes_when_the_last_release_knows_it_no_longer(today):
    """The release before takes it out of its models and leaves it in the database, with a default."""
    kept = "ALTER TABLE orders_orderline ALTER is_replaced SET DEFAULT false"
    leaves = migrations.SeparateDatabaseAndState(
        database_operations=[migrations.RunSQL(kept)],
        state_operations=[migrations.RemoveField(LINE, "is_replaced")],
    )
    released = today.clone()
    with connection.schema_editor() as editor:
        scratch(leaves).apply(released, editor)
    assert missed(released) == []
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE orders_orderline DROP is_replaced")
    assert missed(released) == []


def test_what_is_allowed_has_its_reason_and_is_there():
    fault = Found(*ADDED, "changing-column-type", "…")
    allowed = {(*ADDED, "changing-column-type"): "twelve rows"}
    assert new_migrations.judged([fault], allowed) == []
    assert new_migrations.judged([fault], {}) == [str(fault)]
    assert new_migrations.judged([], allowed) == [
        "orders.0099_scratch: nothing of changing-column-type is found"
    ]
    assert all(new_migrations.ALLOWED.values())
