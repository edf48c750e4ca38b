"""The database as migrating left it, put back after a test that commits.

What migrations brought (roles, delivery ways, …) is kept beside the tables, in a schema of its own:
nobody has to list it. After a test only tables that hold anything else are emptied and filled.
"""

from __future__ import annotations

from django.db import connection, transaction

SCHEMA = "as_migrated"
_TABLES = """
SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = %s AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY c.relname
"""


class AsMigrated:
    """Made once, when all migrations are done and nothing else is."""

    def __init__(self) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            self.cursor = cursor
            self.tables = self._names("public")
            self.kept = self._names(SCHEMA)
            if not self._kept_by_these_migrations():
                self._keep()
        self._left = " UNION ALL ".join(map(self._question, self.tables))
        self.put_back()  # a run that was cut off may have left something

    def put_back(self) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            # Waits for whoever still writes: a page's last request, after its test has ended. Where
            # the two wait for each other, that request is given up, not this.
            cursor.execute("SET LOCAL deadlock_timeout = '1min'; SET LOCAL lock_timeout = '1min'")
            cursor.execute(
                f"LOCK TABLE {', '.join(map(self._quoted, self.tables))} IN EXCLUSIVE MODE"
            )
            cursor.execute(self._left)
            left = [name for (name,) in cursor.fetchall()]
            if not left:
                return
            # For these statements triggers rest: tables refuse that what was added is taken away.
            statements = ["SET LOCAL session_replication_role = replica"]
            for name in left:
                statements.append(f"DELETE FROM {self._quoted(name)}")
                if name in self.kept:
                    statements.append(f"INSERT INTO {self._quoted(name)} TABLE {self._copy(name)}")
            cursor.execute("; ".join(statements))

    def _names(self, schema: str) -> list[str]:
        self.cursor.execute(_TABLES, [schema])
        return [name for (name,) in self.cursor.fetchall()]

    def _kept_by_these_migrations(self) -> bool:
        if "django_migrations" not in self.kept:
            return False
        self.cursor.execute(self._question("django_migrations"))
        return self.cursor.fetchone() is None

    def _keep(self) -> None:
        self.cursor.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE; CREATE SCHEMA {SCHEMA}")
        self.kept = []
        for name in self.tables:
            self.cursor.execute(f"SELECT EXISTS (SELECT FROM {self._quoted(name)})")
            if self.cursor.fetchone()[0]:
                self.cursor.execute(
                    f"CREATE TABLE {self._copy(name)} AS TABLE {self._quoted(name)}"
                )
                self.kept.append(name)

    def _question(self, name: str) -> str:
        """The table's name, if it holds anything else than migrating left there."""
        now, then = f"TABLE {self._quoted(name)}", f"TABLE {self._copy(name)}"
        if name in self.kept:
            now = f"({now} EXCEPT ALL {then}) UNION ALL ({then} EXCEPT ALL {now})"
        return f"SELECT '{name}' WHERE EXISTS ({now})"

    @staticmethod
    def _quoted(name: str) -> str:
        return connection.ops.quote_name(name)

    def _copy(self, name: str) -> str:
        return f"{SCHEMA}.{self._quoted(name)}"
