"""Servers made of another by ``pg_basebackup``: one that follows it, as a read replica does, or one
that goes its own way."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote, urlsplit

import psycopg

from sesam.dev import local_postgres
from sesam.dev.local_postgres import ROLE, TEST, Cluster


class Standby:
    """``folder`` is its own alone: its data, its log, its socket. One that doesn't ``follow`` begins with
    what the other had, and is a primary."""

    def __init__(self, primary: Cluster | Standby, folder: Path, *, follows: bool = True) -> None:
        self.primary, self.sockets, self.follows = primary, folder, follows
        self._data = folder / "data"
        self._binaries = local_postgres._binaries()

    def options(self) -> str:
        sockets = f"unix_socket_directories='{self.sockets}'"
        return f"{self.primary.options()} -c {sockets} -c hot_standby=on"

    def make(self) -> None:
        command = [self._binaries / "pg_basebackup", "--host", self.primary.sockets]
        command += ["--username", ROLE, "--pgdata", self._data]
        command += ["--write-recovery-conf"] * self.follows
        local_postgres._run(*command, "--checkpoint=fast", "--wal-method=stream", "--no-sync")

    def start(self) -> None:
        """Raises ``LocalPostgresError`` where it doesn't answer within a minute. One that follows can't
        begin to while a transaction of very many savepoints is open, as other tests may keep one."""
        command = [self._binaries / "pg_ctl", "start", "--pgdata", self._data, "--wait"]
        log = self.sockets / "log"
        local_postgres._run(*command, "--log", log, "--timeout", "60", "--options", self.options())

    def kill(self) -> None:
        """Without letting anybody end what they have begun."""
        command = [self._binaries / "pg_ctl", "stop", "--pgdata", self._data]
        local_postgres._run(*command, "--mode", "immediate", check=False)

    def url(self, address: str) -> str:
        """The same database and role as in the primary's address."""
        parts = urlsplit(address)
        role = parts.netloc.rpartition("@")[0]
        return parts._replace(netloc=f"{role}@{quote(str(self.sockets), safe='')}").geturl()

    def _asked(self, question: str) -> object:
        at = f"postgresql://{ROLE}@/postgres?host={quote(str(self.sockets), safe='')}"
        with psycopg.connect(at, autocommit=True) as connection:
            return connection.execute(question).fetchone()[0]

    def pause(self) -> None:
        """It goes on receiving, and shows nothing newer."""
        self._asked("SELECT pg_wal_replay_pause()")

    def resume(self) -> None:
        self._asked("SELECT pg_wal_replay_resume()")


@contextmanager
def standby(primary: Cluster | Standby = TEST, *, follows: bool = True) -> Iterator[Standby]:
    """Until the block ends."""
    folder = Path(tempfile.mkdtemp(prefix="standby-"))
    runs_as = local_postgres._runner()
    os.chown(folder, int(runs_as.get("user", -1)), -1)
    made = Standby(primary, folder, follows=follows)
    try:
        made.make()
        made.start()
        yield made
    finally:
        with suppress(local_postgres.LocalPostgresError):
            made.kill()
        shutil.rmtree(folder, ignore_errors=True)
