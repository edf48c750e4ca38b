"""Who owns the tables and who runs the portal: the running role can't change what is only added."""

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, ProgrammingError, connection, transaction
from django.test import override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from orders.models import Order, OrderStatus, ProjectMove
from orders.stages import Stage
from organisation.models import AccessLogEntry, Payer
from recipients.cases import forget_typed
from recipients.models import Recipient
from sesam import database_roles, history
from tests import running_role as beside
from tests.factories import PayerFactory, RecipientFactory
from tests.orders.builders import TO_APPROVAL, project

pytestmark = pytest.mark.django_db
PRIVILEGES = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")
LOG = AccessLogEntry._meta.db_table


def tables() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class"
            " WHERE relkind IN ('r', 'p', 'v') AND relnamespace = 'public'::regnamespace"
        )
        return sorted(name for (name,) in cursor.fetchall())


def rights(role: str, table: str) -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT p FROM unnest(%s::text[]) p WHERE has_table_privilege(%s, %s, p)",
            [[*PRIVILEGES, "MAINTAIN"], role, table],
        )
        return {name for (name,) in cursor.fetchall()}


def refused(cursor, statement: str) -> bool:
    """Whether PostgreSQL refuses it for want of rights; nothing else counts."""
    try:
        with transaction.atomic():
            cursor.execute(statement)
    except ProgrammingError as error:
        assert error.__cause__.sqlstate == "42501", error
        return True
    return False


def test_the_tables_that_are_only_added_to_are_known() -> None:
    """As the database knows them: by the trigger that refuses every change."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid"
            " WHERE tgname LIKE 'pgtrigger_append_only_%'"
        )
        found = {name for (name,) in cursor.fetchall()}
    assert LOG in found
    assert set(database_roles.append_only_tables()) == found


def test_the_running_role_reads_and_writes_rows_and_no_more_in_every_table(running_role) -> None:
    rows = {"SELECT", "INSERT", "UPDATE", "DELETE"}
    only_added = database_roles.append_only_tables()
    expected = {
        table: {"SELECT", "INSERT"} if table in only_added else rows for table in tables()
    } | dict.fromkeys(["django_migrations", *database_roles.history_tables()], {"SELECT"})
    assert {table: rights(running_role, table) for table in tables()} == expected


def test_the_running_role_changes_no_table(as_running_role) -> None:
    forms = [
        'TRUNCATE "{}"',
        'ALTER TABLE "{}" ADD COLUMN extra int',
        'ALTER TABLE "{}" DISABLE TRIGGER ALL',
        'ALTER TABLE "{}" DISABLE TRIGGER USER',
        'ALTER TABLE "{}" OWNER TO CURRENT_USER',
        'DROP TABLE "{}"',
    ]
    with as_running_role() as cursor:
        done = [
            form.format(table)
            for table in tables()
            for form in forms
            if not refused(cursor, form.format(table))
        ]
    assert not done


@pytest.mark.parametrize("form", ['UPDATE "{}" SET {id} = {id}', 'DELETE FROM "{}"'])
def test_the_running_role_takes_nothing_back_from_what_is_only_added(as_running_role, form) -> None:
    kept = database_roles.history_tables()
    with as_running_role() as cursor:
        for table in database_roles.append_only_tables():
            key = "pgh_id" if table in kept else "id"
            assert refused(cursor, form.format(table, id=key)), table


def test_the_running_role_writes_no_history_but_by_changing_what_is_tracked(
    as_running_role,
) -> None:
    """Nor by a table of its own with the same trigger, nor by bidding the trigger rest."""
    payer = PayerFactory(name="A")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgname FROM pg_trigger WHERE tgrelid = 'organisation_payer'::regclass"
            " AND tgname LIKE 'pgtrigger_history_update_%'"
        )
        (function,) = cursor.fetchone()
    with as_running_role() as cursor:
        for table in database_roles.history_tables():
            assert refused(cursor, f'INSERT INTO "{table}" DEFAULT VALUES'), table
        cursor.execute("CREATE TEMP TABLE forged (LIKE organisation_payer)")
        hung = f"CREATE TRIGGER forged AFTER UPDATE ON forged FOR EACH ROW EXECUTE FUNCTION {function}()"
        assert refused(cursor, hung)
        cursor.execute("SELECT set_config('pgtrigger.ignore', %s, true)", [f"{{{function}}}"])
        cursor.execute("UPDATE organisation_payer SET name = 'B' WHERE id = %s", [payer.pk])
    changes = history.of(Payer).changes.objects.filter(pgh_obj=payer.pk, pgh_label="update")
    assert [change.name for change in changes] == ["A"]


def test_the_running_role_empties_the_history_of_a_protected_person_and_no_more(
    as_running_role,
) -> None:
    person = RecipientFactory(street="Storgatan 1")
    kept = history.of(Recipient).changes.objects.filter(pgh_obj=person.pk)
    with as_running_role() as cursor:
        with pytest.raises(DatabaseError, match="only be emptied"), transaction.atomic():
            kept.update(street="")
        cursor.execute("SELECT set_config('pgtrigger.ignore', %s, true)", ["{}"])
        Recipient.objects.filter(pk=person.pk).update(is_protected=True)
        assert refused(cursor, "UPDATE recipients_recipientchange SET kind = ''")
        with pytest.raises(DatabaseError, match="only be emptied"), transaction.atomic():
            kept.update(street="Nygatan 2")
    assert {change.street for change in kept} == {""}


def test_the_running_role_empties_what_was_said_of_a_protected_person_and_no_more(
    as_running_role,
) -> None:
    """Else no order of a protected person could end, as that clears what was typed for it."""
    line = project(*TO_APPROVAL, Stage.REFUSED)
    said = ProjectMove.objects.exclude(note="")
    assert said.count() == 1
    Recipient.objects.update(is_protected=True)
    Order.objects.update(status=OrderStatus.CANCELLED)
    with as_running_role():
        for changed in ({"note": "Något annat"}, {"note": "", "at": timezone.now()}):
            with pytest.raises(DatabaseError), transaction.atomic():
                said.update(**changed)
        assert forget_typed(Order.objects.filter(pk=line.order_id)) == 1
    assert not said.exists()


@pytest.mark.parametrize(
    "statement",
    [
        "SET session_replication_role = replica",
        "CREATE TABLE extra (id int)",
        "CREATE SCHEMA extra",
        "CREATE OR REPLACE FUNCTION sv_sortkey(text) RETURNS text IMMUTABLE LANGUAGE sql"
        " AS 'SELECT $1'",
        "CREATE ROLE extra",
        f"CREATE TRIGGER extra BEFORE INSERT ON {LOG} FOR EACH ROW"
        " EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        f"CREATE RULE extra AS ON INSERT TO {LOG} DO INSTEAD NOTHING",
    ],
)
def test_the_running_role_finds_no_way_around_the_triggers(as_running_role, statement) -> None:
    with as_running_role() as cursor:
        assert refused(cursor, statement)


def test_the_running_role_grants_itself_nothing(as_running_role, running_role) -> None:
    with as_running_role() as cursor:
        cursor.execute(f"GRANT UPDATE ON {LOG} TO CURRENT_USER")  # PostgreSQL only warns
    assert rights(running_role, LOG) == {"SELECT", "INSERT"}


def test_the_running_role_is_a_plain_one(running_role) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls,"
            " pg_has_role(rolname, (SELECT relowner FROM pg_class WHERE relname = %s), 'MEMBER'),"
            " has_schema_privilege(rolname, 'public', 'CREATE'),"
            " has_database_privilege(rolname, current_database(), 'CREATE')"
            " FROM pg_roles WHERE rolname = %s",
            [LOG, running_role],
        )
        assert not any(cursor.fetchone())


def test_a_table_to_come_can_be_used_at_once(running_role) -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE to_come (id serial, word text)")
        cursor.execute(f'SET LOCAL ROLE "{running_role}"')
        cursor.execute("INSERT INTO to_come (word) VALUES ('x') RETURNING id")
        assert cursor.fetchone() == (1,)
    assert rights(running_role, "to_come") == {"SELECT", "INSERT", "UPDATE", "DELETE"}


def test_migrating_again_takes_back_what_was_granted_by_hand(running_role) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f'GRANT UPDATE, TRUNCATE, TRIGGER ON {LOG} TO "{running_role}"')
        cursor.execute(f"GRANT DELETE ON {LOG} TO PUBLIC")
        cursor.execute(f'GRANT CREATE ON SCHEMA public TO "{running_role}", PUBLIC')
    call_command("migrate", verbosity=0)
    assert rights(running_role, LOG) == {"SELECT", "INSERT"}
    with connection.cursor() as cursor:
        cursor.execute("SELECT has_schema_privilege(%s, 'public', 'CREATE')", [running_role])
        assert cursor.fetchone() == (False,)


def test_the_password_of_the_role_is_sent_as_a_digest(running_role) -> None:
    """What makes it may stand in the server's log of statements."""
    with CaptureQueriesContext(connection) as asked:
        call_command("migrate", verbosity=0)
    (altered,) = [query["sql"] for query in asked if "ALTER ROLE" in query["sql"]]
    assert "PASSWORD 'SCRAM-SHA-256$" in altered
    assert "lösen" not in altered


def test_nobody_is_made_where_one_role_does_both() -> None:
    before = _roles()
    name = connection.settings_dict["USER"]
    with override_settings(DB_AS_OWNER=True, RUNNING_ROLE={"USER": name, "PASSWORD": ""}):
        call_command("migrate", verbosity=0)
    assert _roles() == before


@pytest.mark.parametrize("attribute", ["SUPERUSER", "member", "owner"])
def test_a_role_with_the_owners_powers_is_not_taken_as_the_running_one(attribute) -> None:
    name = f"wrong_{connection.settings_dict['NAME']}"
    with connection.cursor() as cursor:
        cursor.execute(f'CREATE ROLE "{name}" LOGIN {attribute if attribute.isupper() else ""}')
        if attribute == "member":
            owner = connection.settings_dict["USER"]
            cursor.execute(f'GRANT "{owner}" TO "{name}"')
        if attribute == "owner":
            cursor.execute(f'ALTER TABLE {LOG} OWNER TO "{name}"')
    named = override_settings(DB_AS_OWNER=True, RUNNING_ROLE={"USER": name, "PASSWORD": ""})
    with named, pytest.raises(CommandError, match="DATABASE_OWNER_URL"):
        call_command("migrate", verbosity=0)


def test_an_owner_who_may_not_make_roles_says_what_to_do(running_role) -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE ROLE plain_owner")
        cursor.execute("SET LOCAL ROLE plain_owner")
        with pytest.raises(CommandError, match="CREATE ROLE"):
            database_roles.make(connection, "not_there_yet", "")
        database_roles.make(connection, running_role, "another")  # not its to change


def _roles() -> set[str]:
    """All but the one that .ci/run makes beside the tests."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolname FROM pg_roles")
        return {name for (name,) in cursor.fetchall()} - {beside.NAME}
