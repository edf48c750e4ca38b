"""All migrations once, for all workers of a run: each copies the database that they made.

The controller begins it while its workers still collect; the lock says until when. Where it fails
there is nothing to copy, and each worker migrates, and fails, by itself.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

ROOT = Path(__file__).resolve().parent.parent
NAME = f"test_portal{os.environ.get('TEST_DB_SUFFIX', '')}_migrated"
_LOCK = "SELECT pg_advisory_lock(hashtext(%s))"


def _connect(server: str = "") -> psycopg.Connection:
    """Always to the same database of the server: a lock holds within one."""
    address = urlsplit(server or os.environ["DATABASE_URL"])._replace(path="/postgres")
    return psycopg.connect(address.geturl(), autocommit=True)


def _drop(connection: psycopg.Connection) -> None:
    connection.execute(
        sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(NAME))
    )


class Template:
    """Being made from now on, gone with ``drop``."""

    def __init__(self) -> None:
        self._connection = _connect()
        self._connection.execute(_LOCK, [NAME])
        _drop(self._connection)
        self._connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(NAME)))
        address = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{NAME}").geturl()
        command = ["manage.py", "migrate", "--run-syncdb", "--skip-checks", "--verbosity", "0"]
        self._migrating = subprocess.Popen(
            [sys.executable, *command], cwd=ROOT, env={**os.environ, "DATABASE_URL": address}
        )
        self._waiting = threading.Thread(target=self._let_go, daemon=True)
        self._waiting.start()

    def _let_go(self) -> None:
        if self._migrating.wait() != 0:
            _drop(self._connection)
        self._connection.close()

    def drop(self) -> None:
        self._migrating.kill()
        self._waiting.join()
        with contextlib.closing(_connect()) as connection:
            _drop(connection)


def made(server: str = "") -> str:
    """Its name when all migrations are done; empty where there is none."""
    with contextlib.closing(_connect(server)) as connection:
        connection.execute(_LOCK, [NAME])
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [NAME])
        return NAME if found.fetchone() else ""
