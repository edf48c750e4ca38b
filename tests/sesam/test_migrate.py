"""``manage.py migrate`` while somebody holds a table: nobody waits long behind it."""

import io
import sys
import threading

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from sesam.management.commands import migrate
from tests.serving import test_database

MIGRATION = """
from django.db import migrations
class Migration(migrations.Migration):
    dependencies = [{dependencies}]
    operations = [{operations}]
"""
COLUMN = "migrations.RunSQL('ALTER TABLE django_session ADD scratch text')"


@pytest.fixture
def coming(tmp_path, settings, monkeypatch, transactional_db):
    """A migration of the sessions' table that hasn't been applied."""
    package = tmp_path / "scratch_migrations"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "0001_initial.py").write_text(MIGRATION.format(dependencies="", operations=""))
    (package / "0002_scratch.py").write_text(
        MIGRATION.format(dependencies="('sessions', '0001_initial')", operations=COLUMN)
    )
    monkeypatch.syspath_prepend(tmp_path)
    settings.MIGRATION_MODULES = {"sessions": package.name}
    monkeypatch.setattr(migrate, "LOCK_SECONDS", 1)
    monkeypatch.setattr(migrate, "PAUSE_SECONDS", 0.1)
    yield
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE django_session DROP COLUMN IF EXISTS scratch")
        cursor.execute("DELETE FROM django_migrations WHERE name = '0002_scratch'")
    for name in [name for name in sys.modules if name.startswith(package.name)]:
        del sys.modules[name]


@pytest.fixture
def reader():
    """Somebody in the middle of a long read of the sessions."""
    with psycopg.connect(test_database()) as connection:
        connection.execute("SELECT count(*) FROM django_session")
        yield connection


def has_column() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT FROM pg_attribute WHERE attname = 'scratch' AND NOT attisdropped")
        return cursor.fetchone() is not None


def test_it_tries_again_and_others_go_on_between(coming, reader, monkeypatch):
    told = io.StringIO()
    monkeypatch.setattr(migrate, "TRIES", 100)
    migrated = threading.Thread(
        target=call_command,
        args=["migrate", "sessions"],
        kwargs={"verbosity": 0, "stderr": told},
    )
    migrated.start()
    while not told.getvalue():
        migrated.join(0.1)
        assert migrated.is_alive()
    with psycopg.connect(test_database()) as other:  # would wait for ever behind one that waits
        other.execute("SELECT count(*) FROM django_session")
    assert not has_column()
    reader.rollback()
    migrated.join()
    assert has_column()
    assert "sessions.0002_scratch waits for a lock; tried again." in told.getvalue()


def test_it_gives_up_and_says_what_to_do(coming, reader, monkeypatch):
    monkeypatch.setattr(migrate, "TRIES", 2)
    with pytest.raises(CommandError, match="sessions.0002_scratch didn't get its lock in 2 tries"):
        call_command("migrate", "sessions", verbosity=0, stderr=io.StringIO())
    assert not has_column()
    with connection.cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        assert cursor.fetchone() == ("0",)
