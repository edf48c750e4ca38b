"""The database role that the portal runs as, and what it may.

Two roles: the owner (``DATABASE_OWNER_URL``) migrates, the running one (``DATABASE_URL``) reads
and writes rows. What owns a table can switch its triggers off; the running role can't, so that
nobody who comes in through the portal can change the access log. Every ``migrate`` makes the
running role, or finds it, and says anew what it may.
"""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.management.base import CommandError
from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import sql

from . import history

_ROWS = "SELECT, INSERT, UPDATE, DELETE"
_UNFIT = """
    SELECT rolsuper, pg_has_role(oid, current_user, 'MEMBER'), EXISTS (
        SELECT FROM pg_class
        WHERE relowner = pg_roles.oid AND relnamespace = current_schema()::regnamespace
    ) FROM pg_roles WHERE rolname = %s
"""
_MAY_CREATE = "SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user"
_MAY_ALTER = """
    SELECT rolsuper OR rolcreaterole AND pg_has_role(%s, 'MEMBER WITH ADMIN OPTION')
    FROM pg_roles WHERE rolname = current_user
"""
_POWERS = """
    SELECT rolsuper, has_schema_privilege(current_schema(), 'CREATE'), EXISTS (
        SELECT FROM pg_class
        WHERE relname = ANY(%s) AND relnamespace = current_schema()::regnamespace
        AND (
            pg_has_role(relowner, 'MEMBER')
            OR has_table_privilege(pg_class.oid, 'UPDATE, DELETE, TRUNCATE, TRIGGER')
        )
    ) FROM pg_roles WHERE rolname = current_user
"""


def history_tables() -> list[str]:
    """Those that only triggers write, which run as the owner (``sesam.history``)."""
    return [tracked.changes._meta.db_table for tracked in history.all_tracked()]


def append_only_tables() -> dict[str, tuple[str, ...]]:
    """The tables whose rows are never changed: those with the trigger that says so. Of each the
    columns that another trigger lets be emptied (``MAY_BE_EMPTIED``)."""
    return {
        model._meta.db_table: getattr(model, "MAY_BE_EMPTIED", ())
        for model in apps.get_models(include_auto_created=True)
        if any(trigger.name == "append_only" for trigger in getattr(model._meta, "triggers", ()))
    }


def powers(connection: BaseDatabaseWrapper) -> list[str]:
    """What the connection's role can do that the running one must not; Swedish, for a person."""
    with connection.cursor() as cursor:
        cursor.execute(_POWERS, [sorted(append_only_tables())])
        superuser, creates, owns = cursor.fetchone()
    if superuser:
        return ["är superanvändare"]
    found = ["äger eller får ändra åtkomstloggen"] if owns else []
    return [*found, "får skapa tabeller"] if creates else found


def after_migrate(using: str, **kwargs: Any) -> None:
    """Make the running role and its rights. Nothing is done where the owner runs the portal too
    (development and tests with a ``DATABASE_URL`` alone)."""
    connection = connections[using]
    name = settings.RUNNING_ROLE["USER"]
    if not settings.DB_AS_OWNER or name == connection.settings_dict["USER"]:
        return
    with transaction.atomic(using=using):
        make(connection, name, settings.RUNNING_ROLE["PASSWORD"])
        grant(connection, name)


def make(connection: BaseDatabaseWrapper, name: str, password: str) -> None:
    """Make the role, or give the one that's there the password of ``DATABASE_URL``."""
    if not name:
        raise CommandError("DATABASE_URL names no role: postgresql://role:password@host/name.")
    role = sql.Identifier(name)
    with connection.cursor() as cursor:
        cursor.execute(_UNFIT, [name])
        found = cursor.fetchone()
        if found and any(found):
            raise CommandError(
                f"The role {name} of DATABASE_URL is a superuser, owns tables or may act as the "
                "owner: it can't be the one that the portal runs as. Name another in "
                "DATABASE_URL; migrating makes it. (The one that owns the tables belongs in "
                "DATABASE_OWNER_URL.)"
            )
        cursor.execute(_MAY_ALTER if found else _MAY_CREATE, [name] if found else [])
        if not cursor.fetchone()[0]:
            if found:  # somebody else's to look after
                return
            raise CommandError(
                f"The role {name} of DATABASE_URL isn't there, and the owner may not make roles. "
                f'Have it made: CREATE ROLE "{name}" LOGIN PASSWORD …; then migrate again.'
            )
        if not found:
            _run(cursor, sql.SQL("CREATE ROLE {} LOGIN").format(role))
        if password:
            # Digested here: the server's log may hold the statement.
            pgconn = cursor.connection.pgconn
            digest = pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256")
            statement = sql.SQL("ALTER ROLE {} PASSWORD {}")
            _run(cursor, statement.format(role, sql.Literal(digest.decode())))


def grant(connection: BaseDatabaseWrapper, name: str) -> None:
    """Rows of all tables, those that may come too; of append-only ones only to add and read."""
    role = sql.Identifier(name)
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_database(), current_schema()")
        database, schema = (sql.Identifier(part) for part in cursor.fetchone())
        present = set(connection.introspection.table_names(cursor))
        everything = [
            "GRANT CONNECT ON DATABASE {database} TO {role}",
            "REVOKE CREATE ON DATABASE {database} FROM {role}",
            "REVOKE CREATE ON SCHEMA {schema} FROM {role}, PUBLIC",
            "GRANT USAGE ON SCHEMA {schema} TO {role}",
            "REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM {role}, PUBLIC",
            f"GRANT {_ROWS} ON ALL TABLES IN SCHEMA {{schema}} TO {{role}}",
            "REVOKE ALL ON ALL SEQUENCES IN SCHEMA {schema} FROM {role}, PUBLIC",
            "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {schema} TO {role}",
            f"ALTER DEFAULT PRIVILEGES IN SCHEMA {{schema}} GRANT {_ROWS} ON TABLES TO {{role}}",
            "ALTER DEFAULT PRIVILEGES IN SCHEMA {schema}"
            " GRANT USAGE, SELECT ON SEQUENCES TO {role}",
        ]
        for text in everything:
            _run(cursor, sql.SQL(text).format(database=database, schema=schema, role=role))
        for table, emptied in append_only_tables().items():
            if table not in present:
                continue
            statement = sql.SQL("REVOKE UPDATE, DELETE ON {} FROM {}")
            _run(cursor, statement.format(sql.Identifier(table), role))
            for column in map(sql.Identifier, emptied):
                statement = sql.SQL("GRANT UPDATE ({}) ON {} TO {}")
                _run(cursor, statement.format(column, sql.Identifier(table), role))
        for table in history_tables():
            if table in present:
                statement = sql.SQL("REVOKE INSERT ON {} FROM {}")
                _run(cursor, statement.format(sql.Identifier(table), role))
        # What has been migrated is the owner's to say.
        statement = sql.SQL("REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM {}")
        _run(cursor, statement.format(role))


def _run(cursor: Any, statement: sql.Composable) -> None:
    cursor.execute(statement.as_string(cursor.connection))
