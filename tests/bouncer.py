"""PgBouncer in front of a database server, with the settings of ``deploy/pgbouncer.ini``."""

from __future__ import annotations

import configparser
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

import psycopg

from tests.production import ROOT

PROGRAM = shutil.which("pgbouncer", path=os.environ.get("PATH", "") + ":/usr/sbin")
_ASKS = "asks"  # may ask what the pooler counts


@dataclass(frozen=True)
class Pooler:
    port: int
    log: Path

    def url(self, address: str) -> str:
        """The same database and role as in the server's address, by way of the pooler."""
        parts = urlsplit(address)
        role = parts.netloc.rpartition("@")[0]
        return parts._replace(netloc=f"{role}@127.0.0.1:{self.port}", query="").geturl()

    def asked(self, question: str) -> list[dict]:
        """``SHOW POOLS`` and the like."""
        at = f"postgresql://{_ASKS}@127.0.0.1:{self.port}/pgbouncer"
        with psycopg.connect(
            at,
            autocommit=True,
            cursor_factory=psycopg.ClientCursor,
            row_factory=psycopg.rows.dict_row,
        ) as connection:
            return connection.execute(question).fetchall()


@contextmanager
def pooler(address: str, **settings: str) -> Iterator[Pooler]:
    """In front of the server of ``address``, whatever database of it is asked for; ``settings`` differ
    from the file's. Who may come in is left to the server: tests' roles come and go."""
    parts = urlsplit(address)
    role = unquote(parts.username or "")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="pooler-") as scratch:
        folder = Path(scratch)
        shown = _configured(parts.netloc.rpartition("@")[2])
        users = folder / "users"
        users.write_text(f'"{role}" "{unquote(parts.password or "")}"\n"{_ASKS}" ""\n')
        shown["pgbouncer"].update(
            {
                "listen_addr": "127.0.0.1",
                "listen_port": str(port),
                "unix_socket_dir": "",
                "auth_type": "trust",
                "auth_file": str(users),
                "stats_users": _ASKS,
                "logfile": str(folder / "log"),
                **settings,
            }
        )
        file = folder / "pgbouncer.ini"
        with file.open("w") as written:
            shown.write(written)
        started = subprocess.Popen(
            [PROGRAM, "--quiet", str(file)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **_somebody(folder),
        )
        try:
            _until_it_answers(started, port, folder / "log")
            yield Pooler(port, folder / "log")
        finally:
            started.terminate()
            started.wait(30)


def _configured(server: str) -> configparser.ConfigParser:
    """The file's, of any database on that server."""
    read = configparser.ConfigParser(interpolation=None, comment_prefixes=(";",))
    host, _, port = server.partition(":")
    read.read(ROOT / "deploy/pgbouncer.ini")
    kept = read["databases"]["portal"]
    kept = kept.replace("host=db", f"host={unquote(host)}").replace(" dbname=portal", "")
    kept = kept.replace("port=5432", f"port={port or 5432}")
    read["databases"] = {"*": kept}
    return read


def _somebody(folder: Path) -> dict:
    """PgBouncer doesn't run as root either; nobody is whom the tests' server runs as then."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    for path in (folder, *folder.iterdir()):
        os.chown(path, nobody.pw_uid, nobody.pw_gid)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _until_it_answers(started: subprocess.Popen, port: int, log: Path) -> None:
    for _ in range(100):
        if started.poll() is not None:
            break
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError(f"PgBouncer didn't start: {log.read_text() if log.exists() else ''}")
