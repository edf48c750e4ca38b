"""A backup holds all of it and nothing half; it goes back into an empty place only, whole."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from psycopg import sql

from articles.models import ArticleDocument
from organisation.models import AccessLogEntry
from recipients.models import Recipient
from sesam import backups
from tests import left_connections
from tests.factories import ArticleFactory, RecipientFactory

pytestmark = pytest.mark.django_db(transaction=True)
ROOT = Path(__file__).resolve().parents[2]
PDF = b"%PDF-1.4 Bruksanvisning\n%%EOF"
SUFFIX = os.environ.get("PYTEST_XDIST_WORKER", "")
EMPTY, FULL, ROLE = (f"backup_{name}{SUFFIX}" for name in ("empty", "full", "web"))


def server(*statements: str) -> None:
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as ours:
        for statement in statements:
            ours.execute(statement)


@pytest.fixture
def empty(settings) -> Iterator[str]:
    """The name of a database with nothing in it; and a role that is to run the portal there."""
    drop = [f"DROP DATABASE IF EXISTS {name} WITH (FORCE)" for name in (EMPTY, FULL)]
    drop.append(f"DROP ROLE IF EXISTS {ROLE}")
    server(*drop, f"CREATE DATABASE {EMPTY}")
    settings.RUNNING_ROLE, settings.DB_AS_OWNER = {"USER": ROLE, "PASSWORD": "x"}, True
    yield EMPTY
    connection.close()
    server(*drop)


@contextmanager
def at(database: str) -> Iterator[None]:
    """Django's connection, to another database of the same server."""
    before = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = database
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = before


@contextmanager
def full_database() -> Iterator[None]:
    """A copy of the tests' own, for what is to be left in peace by the other tests."""
    copied = connection.settings_dict["NAME"]
    connection.close()
    left_connections.close()
    server(f'CREATE DATABASE {FULL} TEMPLATE "{copied}"')
    with at(FULL):
        yield


@pytest.fixture
def media(settings, tmp_path) -> Path:
    settings.MEDIA_ROOT = str(tmp_path / "media")
    return tmp_path / "media"


@pytest.fixture
def taken(media, tmp_path) -> Path:
    """A backup of a person, and of an article with its document."""
    RecipientFactory(family_name="Zetterqvist")
    article = ArticleFactory()
    ArticleDocument.objects.create(
        article=article, title="Bruksanvisning", file=ContentFile(PDF, name="x")
    )
    return backups.take(tmp_path / "backups", tell=str)


def contents() -> dict[str, str]:
    """A checksum of every table's rows."""
    found = {}
    with connection.cursor() as cursor:
        for table in sorted(connection.introspection.table_names(cursor)):
            cursor.execute(
                sql.SQL("SELECT coalesce(md5(string_agg(t::text, chr(10) ORDER BY t::text)), '')"
                " FROM {} t").format(sql.Identifier(table)).as_string(cursor.connection)
            )  # fmt: skip
            found[table] = cursor.fetchone()[0]
    return found


def files_in(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_the_demo_goes_out_and_back_and_every_row_and_file_is_the_same(
    empty, media, settings, tmp_path
):
    settings.DEMO = True
    with full_database():
        call_command("load_demo", stdout=open(os.devnull, "w"))
        before, files = contents(), files_in(media)
        backup = backups.take(tmp_path / "backups", tell=str)
    manifest = json.loads((backup / "manifest.json").read_text())
    assert manifest["rows"]["recipients_recipient"] > 10
    assert manifest["files"] == len(files) > 0 and manifest["missing"] == []
    assert manifest["version"] == settings.VERSION
    settings.MEDIA_ROOT = str(tmp_path / "elsewhere")
    with at(empty):
        backups.restore(backup, tell=str)
        assert contents() == before
        assert files_in(tmp_path / "elsewhere") == files
        call_command("check_stock", stdout=open(os.devnull, "w"))
        with transaction.atomic(), connection.cursor() as cursor:  # the role is there, and no more
            cursor.execute(f"SET LOCAL ROLE {ROLE}")
            cursor.execute("SELECT count(*) FROM recipients_recipient")
        with pytest.raises(Exception, match="permission denied"), connection.cursor() as cursor:
            cursor.execute(f"SET ROLE {ROLE}")
            cursor.execute("DELETE FROM organisation_accesslogentry")


def test_the_rows_are_counted_in_what_is_dumped_while_people_work(
    empty, media, monkeypatch, tmp_path
):
    RecipientFactory()
    dump = backups._dump

    def and_somebody_works(target, snapshot):
        with psycopg.connect(
            os.environ["DATABASE_URL"], dbname=connection.settings_dict["NAME"]
        ) as c:
            c.execute(
                "INSERT INTO organisation_accesslogentry (at, job, action, searched, detail,"
                " case_number) VALUES (now(), 'x', 'view', '', '', '')"
            )
        dump(target, snapshot)

    monkeypatch.setattr(backups, "_dump", and_somebody_works)
    backup = backups.take(tmp_path / "backups", tell=str)
    assert AccessLogEntry.objects.filter(job="x").exists()
    with at(empty):
        backups.restore(backup, tell=str)  # says by itself that every count agrees
        assert not AccessLogEntry.objects.filter(job="x").exists()


# --- refused ---


def refused(backup: Path, database: str) -> str:
    """Why; and nothing has been put anywhere."""
    with at(database):
        with connection.cursor() as cursor:
            before = connection.introspection.table_names(cursor)
        with pytest.raises(CommandError) as fault:
            backups.restore(backup, tell=str)
        with connection.cursor() as cursor:
            assert connection.introspection.table_names(cursor) == before
    return str(fault.value)


def changed(backup: Path, **facts) -> Path:
    file = backup / "manifest.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | facts))
    return backup


def test_a_database_that_holds_something_is_left_alone(taken):
    assert "isn't empty" in refused(taken, connection.settings_dict["NAME"])
    assert Recipient.objects.filter(family_name="Zetterqvist").exists()


def test_files_that_are_there_are_left_alone(taken, empty, media):
    before = files_in(media)
    assert "MEDIA_ROOT" in refused(taken, empty)
    assert files_in(media) == before != {}


def test_a_backup_of_another_version_is_not_read_into_this_one(taken, empty, settings, tmp_path):
    settings.MEDIA_ROOT = str(tmp_path / "elsewhere")
    migrations = json.loads((taken / "manifest.json").read_text())["migrations"]
    changed(taken, migrations=migrations[:-1], version="0.0.9")
    assert "another version of the portal (0.0.9" in refused(taken, empty)
    changed(taken, migrations=migrations, postgres=99)
    assert "PostgreSQL 99" in refused(taken, empty)
    changed(taken, postgres=18, format=2)
    assert "can read" in refused(taken, empty)
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("name", ["database.dump", "files.tar"])
def test_a_damaged_file_is_found_before_anything_is_done(taken, empty, settings, tmp_path, name):
    settings.MEDIA_ROOT = str(tmp_path / "elsewhere")
    content = bytearray((taken / name).read_bytes())
    content[len(content) // 2] ^= 1
    (taken / name).write_bytes(content)
    assert f"{name} is damaged" in refused(taken, empty)
    (taken / name).unlink()
    assert f"{name} is damaged" in refused(taken, empty)
    assert not (tmp_path / "elsewhere").exists()


def test_what_is_no_backup_is_said_to_be_none(taken, empty, tmp_path):
    assert "is no backup" in refused(tmp_path, empty)
    (taken / "manifest.json").write_text("{")
    assert "damaged" in refused(taken, empty)
    (taken / "manifest.json").write_text('{"format": 1}')
    assert "damaged" in refused(taken, empty)


# --- interrupted ---


@pytest.mark.parametrize("step", ["_dump", "_pack", "_write"])
@pytest.mark.parametrize("why", [KeyboardInterrupt, OSError])
def test_a_backup_that_is_interrupted_leaves_nothing(media, monkeypatch, tmp_path, step, why):
    def stop(*_):
        raise why

    monkeypatch.setattr(backups, step, stop)
    with pytest.raises(why):
        backups.take(tmp_path / "backups", tell=str)
    assert list((tmp_path / "backups").iterdir()) == []


def test_a_backup_that_is_killed_is_not_called_one(media, tmp_path):
    """Not even time to clean up: what is left has no backup's name, and is no backup."""
    where = tmp_path / "backups"
    slow = "import time; from sesam import backups; backups._pack = lambda target: time.sleep(60); "
    code = f"import django; django.setup(); {slow}backups.take(__import__('pathlib').Path({str(where)!r}))"
    environment = {**os.environ, "DB_NAME": "", "MEDIA_ROOT": str(media)}
    name = connection.settings_dict["NAME"]
    environment["DATABASE_URL"] = os.environ["DATABASE_URL"].rsplit("/", 1)[0] + f"/{name}"
    running = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, env=environment)
    try:
        until = time.monotonic() + 120
        while not list(where.glob(".*/database.dump")) and time.monotonic() < until:
            assert running.poll() is None
            time.sleep(0.1)
        time.sleep(0.5)
    finally:
        running.send_signal(signal.SIGKILL)
        running.wait()
    (left,) = where.iterdir()
    assert left.name.startswith(".")
    with pytest.raises(CommandError, match="is no backup"):
        backups.Manifest.read(left)


def test_a_restore_that_is_interrupted_leaves_nothing(
    taken, empty, monkeypatch, settings, tmp_path
):
    settings.MEDIA_ROOT = str(tmp_path / "elsewhere")

    def stop(*_):
        raise KeyboardInterrupt

    with at(empty), monkeypatch.context() as patch:
        patch.setattr(backups, "_load", stop)
        with pytest.raises(KeyboardInterrupt):
            backups.restore(taken, tell=str)
    assert files_in(tmp_path / "elsewhere") == {}
    with at(empty):
        backups.restore(taken, tell=str)


def test_what_a_killed_restore_left_is_taken_away_by_the_next(taken, empty, settings, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    settings.MEDIA_ROOT = str(elsewhere)
    elsewhere.mkdir()
    (elsewhere / backups.UNDER_WAY).touch()
    (elsewhere / "half").write_bytes(b"x")
    with at(empty):
        backups.restore(taken, tell=str)
    assert list(files_in(elsewhere).values()) == [PDF]


def test_rows_that_are_not_as_they_were_are_told(taken, empty, settings, tmp_path):
    settings.MEDIA_ROOT = str(tmp_path / "elsewhere")
    rows = json.loads((taken / "manifest.json").read_text())["rows"]
    changed(taken, rows=rows | {"recipients_recipient": 17})
    with (
        at(empty),
        pytest.raises(CommandError, match="don't use it: recipients_recipient has 1 rows"),
    ):
        backups.restore(taken, tell=str)


# --- around it ---


def test_the_password_is_on_no_command_line(monkeypatch, media, tmp_path):
    started = []
    popen = subprocess.Popen

    def noted(arguments, **options):
        if "env" in options:  # not where it is asked for its version
            started.append((arguments, options["env"]))
        return popen(arguments, **options)

    monkeypatch.setitem(connection.settings_dict, "PASSWORD", "hemligt-123")
    monkeypatch.setattr(backups.subprocess, "Popen", noted)
    backups.take(tmp_path / "backups", tell=str)
    ((arguments, environment),) = started
    assert "hemligt-123" not in " ".join(arguments)
    assert environment["PGPASSWORD"] == "hemligt-123"
    assert not [name for name in environment if name.startswith("DATABASE")]


def test_what_the_program_says_quotes_no_row(monkeypatch, tmp_path):
    program = tmp_path / "pg_dump"
    program.write_text(
        "#!/bin/sh\necho 'pg_dump: error: dumping failed' >&2\n"
        "echo 'DETAIL:  Key (number)=(191212121212) Zetterqvist' >&2\nexit 1\n"
    )
    program.chmod(0o755)
    monkeypatch.setattr(backups, "_programs", lambda: tmp_path)
    with pytest.raises(CommandError) as fault:
        backups.take(tmp_path / "backups", tell=str)
    assert "dumping failed" in str(fault.value)
    assert "Zetterqvist" not in str(fault.value) and "1912" not in str(fault.value)


def test_nobody_else_reads_a_backup(taken):
    assert taken.stat().st_mode & 0o077 == 0
    assert {path.stat().st_mode & 0o077 for path in taken.iterdir()} == {0}


def test_the_newest_are_kept(media, tmp_path):
    where = tmp_path / "backups"
    for day in ("20260101T000000Z", "20260102T000000Z", "20260103T000000Z"):
        (where / f"portal-{day}").mkdir(parents=True)
    (where / "somebody's own").mkdir()
    made = backups.take(where, tell=str, keep=2)
    left = sorted(path.name for path in where.iterdir())
    assert left == ["portal-20260103T000000Z", made.name, "somebody's own"]


def test_a_file_that_the_store_has_lost_is_told_and_hinders_nothing(
    taken, empty, media, settings, tmp_path
):
    (lost,) = [path for path in media.rglob("*") if path.is_file()]
    lost.unlink()
    said: list[str] = []
    backup = backups.take(tmp_path / "again", tell=said.append)
    assert "1 files that rows name are not in the store" in said
    settings.MEDIA_ROOT = str(tmp_path / "elsewhere")
    with at(empty):
        backups.restore(backup, tell=str)
