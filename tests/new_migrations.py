"""What a migration since the last release must not do, while that release's nodes work on beside it
(CONTRIBUTING, «Upgrades without a stop»).

``tests/data/last-release.json`` says which migrations that release has; all others are new. Of each
new one squawk (``.squawk.toml``) and django-migration-linter (``pyproject.toml``) read the SQL: what
locks a table for long, what a statement of the old code would break on. And the migrated database is
held against the last release's models: what they read and write must still be there.

    python -m tests.new_migrations                  what is new, and what is found in it
    python -m tests.new_migrations --released HEAD  from now on this is the last release
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from django.db.migrations import Migration
    from django.db.migrations.loader import MigrationLoader
    from django.db.migrations.state import ProjectState

ROOT = Path(__file__).resolve().parent.parent
FILE = ROOT / "tests" / "data" / "last-release.json"

# What is found and may be all the same, with the reason that somebody will read: by app, migration and
# rule. Emptied at each release.
ALLOWED: dict[tuple[str, str, str], str] = {}


class Found(NamedTuple):
    app: str
    migration: str
    rule: str
    words: str

    def __str__(self) -> str:
        return f"{self.app}.{self.migration}: {self.rule}: {self.words}"


@dataclass(frozen=True)
class Release:
    """The last one: its commit, and the newest of its migrations in each app."""

    commit: str
    migrations: frozenset[tuple[str, str]]

    @classmethod
    def last(cls) -> Release:
        kept = json.loads(FILE.read_text())
        return cls(kept["commit"], frozenset(kept["migrations"].items()))

    def has(self, loader: MigrationLoader) -> set[tuple[str, str]]:
        """All its migrations: the newest and what they build on."""
        return {key for newest in self.migrations for key in loader.graph.forwards_plan(newest)}

    def state(self, loader: MigrationLoader) -> ProjectState:
        """The models as that release knows them."""
        return loader.project_state(sorted(self.migrations))


def all_migrations() -> MigrationLoader:
    """As the files say, whatever a database has."""
    from django.db.migrations.loader import MigrationLoader

    return MigrationLoader(None, ignore_no_migrations=True)


def new(loader: MigrationLoader, release: Release) -> list[Migration]:
    """In the order in which they are applied."""
    known = release.has(loader)
    plan: dict[tuple[str, str], None] = {}
    for leaf in loader.graph.leaf_nodes():
        plan |= dict.fromkeys(loader.graph.forwards_plan(leaf))
    return [loader.graph.nodes[key] for key in plan if key not in known]


# --- the statements ---


def statements(migration: Migration, state: ProjectState) -> list[str]:
    """As ``sqlmigrate`` tells them; ``state`` is taken along."""
    from django.db import connection

    with connection.schema_editor(collect_sql=True, atomic=migration.atomic) as editor:
        migration.apply(state, editor, collect_sql=True)
    told = editor.collected_sql
    return ["BEGIN;", *told, "COMMIT;"] if migration.atomic else told


def in_statements(migrations: Iterable[Migration], state: ProjectState) -> list[Found]:
    """What the two linters find."""
    texts = [(migration, statements(migration, state)) for migration in migrations]
    return [*_by_squawk(texts), *_by_linter(texts), *_by_transaction(texts)]


def _made(lines: list[str]) -> set[str]:
    """The tables that a migration makes: nobody waits for them yet."""
    return {found.group(1) for line in lines if (found := _CREATE.match(line))}


_CREATE = re.compile(r'CREATE TABLE (?:IF NOT EXISTS )?"?(\w+)"?')
_ON = re.compile(r'\b(?:ALTER TABLE|ON)\s+(?:ONLY )?"?(\w+)"?')
_SHAPE = re.compile(r'ALTER TABLE "?(\w+)(?!.* VALIDATE CONSTRAINT)')  # (which nobody waits for)
_MOVES_ROWS = re.compile(r"\s*(?:UPDATE|DELETE FROM|INSERT INTO)\b", re.IGNORECASE)


def _shaped(lines: list[str], made: set[str]) -> set[str]:
    """The tables that were there, and are changed."""
    return {m.group(1) for line in lines if (m := _SHAPE.match(line))} - made


def _operations(lines: list[str]) -> list[list[str]]:
    """The statements of each operation that has any; Django tells its description before it."""
    each: list[list[str]] = [[]]
    for line in lines:
        if line.startswith("-- "):
            each.append([])
        elif line not in ("--", "BEGIN;", "COMMIT;"):
            each[-1].append(line)
    return [statements for statements in each if statements]


def _by_transaction(texts: list[tuple[Migration, list[str]]]) -> list[Found]:
    """What holds a lock for longer than one statement takes. A table's shape and rows are changed in one
    transaction: all wait for the rows. Another operation follows: Django works out the models anew before
    it, which takes a second. Or its shape is changed where ``migrate`` waits for locks without end, since
    what is made concurrently has to."""
    from django.db.migrations import RunPython

    found = []
    for migration, lines in texts:
        made = _made(lines)
        shaped = sorted(_shaped(lines, made))
        rows = any(isinstance(operation, RunPython) for operation in migration.operations) or any(
            _MOVES_ROWS.match(line) for line in lines
        )
        if migration.atomic and shaped and rows:
            words = (
                f"rows are changed while {', '.join(shaped)} is locked: a migration of their own"
            )
            found.append(Found(migration.app_label, migration.name, "ROWS_UNDER_LOCK", words))
        operations = _operations(lines)
        held = [n for n, each in enumerate(operations) if _shaped(each, made)]
        if migration.atomic and held and held[0] < len(operations) - 1:
            words = f"{', '.join(shaped)} stays locked while the next operation is worked out: a migration each"
            found.append(Found(migration.app_label, migration.name, "LOCK_HELD", words))
        if shaped and not migration.atomic:
            words = f"{', '.join(shaped)}: a migration of its own, in a transaction"
            found.append(Found(migration.app_label, migration.name, "WAITS_WITHOUT_END", words))
    return found


def _by_squawk(texts: list[tuple[Migration, list[str]]]) -> list[Found]:
    if not texts:
        return []
    with tempfile.TemporaryDirectory() as folder:
        files = {}
        for migration, lines in texts:
            file = Path(folder, f"{migration.app_label}.{migration.name}.sql")
            each = [" ".join(line.split("\n")) for line in lines if not line.startswith("--")]
            file.write_text("\n".join(each) + "\n")
            files[str(file)] = migration, each, _made(each)
        done = subprocess.run(
            [_squawk(), "--config", str(ROOT / ".squawk.toml"), "--reporter", "json", *files],
            capture_output=True,
            text=True,
        )
    if done.returncode not in (0, 1):
        raise RuntimeError(f"squawk: {done.stderr}")
    found = []
    for told in json.loads(done.stdout or "[]"):
        migration, each, made = files[told["file"]]
        # (An index names its table after itself, a table itself first.)
        on = _ON.search(each[told["line"]])
        if on and on.group(1) in made and told["rule_name"] in _ON_A_TABLE:
            continue
        words = f"{told['message']} {on.group(1) if on else ''}".strip()
        found.append(Found(migration.app_label, migration.name, told["rule_name"], words))
    return found


# What these tell of matters only where the table was there before.
_ON_A_TABLE = {
    "adding-field-with-default",
    "adding-not-nullable-field",
    "adding-required-field",
    "constraint-missing-not-valid",
    "disallowed-unique-constraint",
    "require-concurrent-index-creation",
}


def _squawk() -> str:
    own = Path(sysconfig.get_path("scripts"), "squawk")
    return str(own) if own.exists() else shutil.which("squawk") or "squawk"


def _by_linter(texts: list[tuple[Migration, list[str]]]) -> list[Found]:
    from django_migration_linter import MigrationLinter
    from django_migration_linter.sql_analyser import analyse_sql_statements

    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
    off = settings["django_migration_linter"]["exclude_migration_tests"]
    linter = MigrationLinter(no_cache=True, no_output=True, exclude_migration_tests=off)
    found = []
    for migration, lines in texts:
        errors, _, warnings = analyse_sql_statements(linter.sql_analyser_class, lines, off)
        more, _, warned = linter.analyse_data_migration(migration)
        for issue in [*errors, *warnings, *more, *warned]:
            words = f"{issue.message} {issue.table or ''} {issue.column or ''}".strip()
            found.append(Found(migration.app_label, migration.name, issue.code, words))
    return found


# --- what the old code needs ---

_COLUMNS = """
    SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
        a.atthasdef OR a.attidentity <> '' OR a.attgenerated <> ''
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')
    AND a.attnum > 0 AND NOT a.attisdropped
"""
_TYPE = "SELECT format_type(to_regtype(%s), to_regtypemod(%s))"


def missed(state: ProjectState) -> list[str]:
    """What the code whose models these are would miss in the database as it is: a table or a column
    that it reads, a type, an empty value that it writes, or a column that it doesn't know and that
    doesn't fill itself."""
    from django.db import connection

    tables: dict[str, dict[str, tuple[str, bool, bool]]] = {}
    found = []
    with connection.cursor() as cursor:
        cursor.execute(_COLUMNS)
        for table, column, kind, required, fills_itself in cursor.fetchall():
            tables.setdefault(table, {})[column] = (kind, required, fills_itself)
        types: dict[str, str] = {}

        def as_told(kind: str) -> str:
            if kind not in types:
                cursor.execute(_TYPE, [kind, kind])
                types[kind] = cursor.fetchone()[0]
            return types[kind]

        for model in state.apps.get_models(include_auto_created=True):
            options = model._meta
            if (
                options.proxy or not options.managed
            ):  # (the latter: of a library, or of what another keeps)
                continue
            there = tables.get(options.db_table)
            if there is None:
                found.append(f"{options.db_table} is gone")
                continue
            known = set()
            for field in options.local_concrete_fields:
                known.add(field.column)
                place = f"{options.db_table}.{field.column}"
                if field.column not in there:
                    found.append(f"{place} is gone")
                    continue
                kind, required, _ = there[field.column]
                told = as_told(field.db_type(connection))
                if kind != told and not _takes(kind, told):
                    found.append(f"{place} is {kind}, and was {told}")
                if required and field.null:
                    found.append(f"{place} can't be empty any longer")
            found += [
                f"{options.db_table}.{column} must be given, and has no default in the database"
                for column, (_, required, fills_itself) in there.items()
                if column not in known and required and not fills_itself
            ]
    return found


def _takes(kind: str, told: str) -> bool:
    """The type now takes all that the type then took, and gives it back alike."""
    text = "character varying"
    if not told.startswith(text):
        return False
    if kind in ("text", text):
        return True
    return kind.startswith(text) and told != text and _length(kind) >= _length(told)


def _length(kind: str) -> int:
    return int(kind.partition("(")[2].rstrip(")"))


# --- all of it ---


def judged(found: Iterable[Found], allowed: dict[tuple[str, str, str], str]) -> list[str]:
    """What isn't allowed, and what is allowed for nothing."""
    unused = dict(allowed)
    told = []
    for fault in found:
        if (fault.app, fault.migration, fault.rule) in allowed:
            unused.pop((fault.app, fault.migration, fault.rule), None)
        else:
            told.append(str(fault))
    return told + [f"{'.'.join(key[:2])}: nothing of {key[2]} is found" for key in unused]


def keep(commit: str) -> None:
    """The working tree's migrations are the last release's."""
    done = subprocess.run(
        ["git", "rev-parse", "--verify", f"{commit}^{{commit}}"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    leaves = dict(sorted(all_migrations().graph.leaf_nodes()))
    kept = {"commit": done.stdout.strip(), "migrations": leaves}
    FILE.write_text(json.dumps(kept, indent=2) + "\n")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.new_migrations")
    parser.add_argument("--released", metavar="COMMIT", help="the last release, checked out here")
    commit = parser.parse_args().released
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sesam.settings")
    os.environ["DB_AS_OWNER"] = "1"
    import django

    django.setup()
    if commit:
        keep(commit)
        return 0
    loader, release = all_migrations(), Release.last()
    coming = new(loader, release)
    print(f"new since {release.commit[:10]}: {', '.join(map(str, coming)) or 'none'}")
    told = judged(in_statements(coming, release.state(loader)), ALLOWED)
    told += missed(release.state(loader))
    print("\n".join(told))
    return 1 if told else 0


if __name__ == "__main__":
    sys.exit(main())
