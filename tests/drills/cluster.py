"""Two PostgreSQL under Patroni, as on two machines, and the etcd that they agree by: with the file that
operators are given (deploy/patroni.yml), on 127.0.0.1, as a user whom PostgreSQL accepts."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import psycopg

from sesam.dev import local_postgres
from tests.drills.parts import Skipped, free_port, program, until
from tests.production import ROOT
from tests.visitor import Failed

OWNER = "portal"
SETTINGS = ROOT / "deploy/patroni.yml"


@dataclass
class Member:
    """A machine with PostgreSQL: its Patroni, and what that one started."""

    name: str
    folder: Path
    environment: dict[str, str]
    port: int = field(default_factory=free_port)
    asked_at: int = field(default_factory=free_port)
    process: subprocess.Popen | None = None

    @property
    def data(self) -> Path:
        return self.folder / self.name

    @property
    def log(self) -> Path:
        return self.folder / f"{self.name}.log"

    def start(self) -> None:
        told = self.environment | {
            "PATRONI_NAME": self.name,
            "PATRONI_RESTAPI_LISTEN": f"127.0.0.1:{self.asked_at}",
            "PATRONI_RESTAPI_CONNECT_ADDRESS": f"127.0.0.1:{self.asked_at}",
            "PATRONI_POSTGRESQL_LISTEN": f"127.0.0.1:{self.port}",
            "PATRONI_POSTGRESQL_CONNECT_ADDRESS": f"127.0.0.1:{self.port}",
            "PATRONI_POSTGRESQL_DATA_DIR": str(self.data),
            "PATRONI_POSTGRESQL_PGPASS": str(self.folder / f"{self.name}.pgpass"),
        }
        self.process = _as_server([*_patroni(), str(self.folder / SETTINGS.name)], self.log, told)

    def says(self) -> dict:
        """What its Patroni tells of it; nothing where it doesn't answer."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.asked_at}/", timeout=5) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:  # 503: no primary
            with contextlib.suppress(ValueError):
                return json.load(error)
        except OSError:
            pass
        return {}

    def is_primary(self) -> bool:
        said = self.says()
        return said.get("role") in ("primary", "master") and said.get("state") == "running"

    def follows(self) -> bool:
        """As the one that the primary waits for."""
        said = self.says()
        return said.get("replication_state") == "streaming" and bool(said.get("sync_standby"))

    def kill(self) -> None:
        """As when the machine loses its power: Patroni and PostgreSQL, none is told before."""
        self.process.kill()
        self.process.wait()
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            os.kill(self._postgres(), signal.SIGKILL)

    def stop(self) -> None:
        """Patroni stops PostgreSQL; where it's gone, or doesn't within half a minute, both are killed."""
        if self.process and self.process.poll() is None:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(timeout=30)
        if self.process:
            self.kill()

    def _postgres(self) -> int:
        return int((self.data / "postmaster.pid").read_text().split()[0])


@dataclass
class Two:
    """Both, and their addresses as the portal takes them."""

    members: list[Member]
    password: str

    @property
    def hosts(self) -> str:
        return ",".join(f"127.0.0.1:{member.port}" for member in self.members)

    def address(self, user: str, password: str, database: str) -> str:
        return f"postgresql://{user}:{password}@{self.hosts}/{database}"

    def primary(self) -> Member | None:
        return next((member for member in self.members if member.is_primary()), None)

    def other(self, member: Member) -> Member:
        return next(one for one in self.members if one is not member)


@contextmanager
def two_under_patroni() -> Iterator[Two]:
    """A primary and its synchronous standby; all is gone afterwards."""
    etcd = program("etcd")
    binaries = local_postgres._binaries()
    _patroni()
    folder = Path(tempfile.mkdtemp(prefix="drill-cluster-"))
    shutil.copy(SETTINGS, folder)  # the checkout may be nothing that this user can enter
    if user := local_postgres._runner().get("user"):
        os.chown(folder, user, -1)
    processes: list[subprocess.Popen] = []
    members: list[Member] = []
    try:
        client, peer = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
        told = {"ETCD_UNSUPPORTED_ARCH": os.uname().machine}
        command = [
            *(etcd, "--name", "one", "--data-dir", str(folder / "etcd")),
            *("--listen-client-urls", client, "--advertise-client-urls", client),
            *("--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer),
            *("--initial-cluster", f"one={peer}", "--logger", "zap", "--log-level", "error"),
        ]
        processes.append(_as_server(command, folder / "etcd.log", told))
        until(lambda: _answers(f"{client}/health"), "etcd", 60)
        password = secrets.token_hex(16)
        environment = {
            "PATRONI_ETCD3_HOST": client.removeprefix("http://"),
            "PATRONI_POSTGRESQL_BIN_DIR": str(binaries),
            "PATRONI_SUPERUSER_PASSWORD": password,
            "PATRONI_REPLICATION_PASSWORD": secrets.token_hex(16),
            "PATRONI_REWIND_PASSWORD": secrets.token_hex(16),
        }
        members += [Member(name, folder, environment) for name in ("db1", "db2")]
        first, second = members
        first.start()
        _wait(first, first.is_primary, "the first PostgreSQL")
        second.start()
        _wait(second, second.follows, "the second follows it")
        yield Two(members, password)
    finally:
        for member in reversed(members):
            member.stop()
        for process in processes:
            process.terminate()
            process.wait(timeout=30)
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def database(two: Two, name: str) -> Iterator[tuple[str, str]]:
    """As ``production.database``: an owner that may make roles, a database of its own, their addresses."""
    password = secrets.token_hex(16)
    server = two.address("postgres", two.password, "postgres") + "?target_session_attrs=read-write"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {OWNER} LOGIN CREATEROLE PASSWORD '{password}'")
        connection.execute(f"CREATE DATABASE {name} OWNER {OWNER}")
    owner = two.address(OWNER, password, name) + "?target_session_attrs=read-write"
    yield owner, two.address(f"{OWNER}_web", secrets.token_hex(16), name)


@cache
def _patroni() -> list[str]:
    """Patroni by a Python that PostgreSQL's user may run: the checkout's may lie in somebody's home."""
    if importlib.util.find_spec("patroni") is None:
        raise Skipped("no patroni (make setup installs it)")
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    places = (sys.executable, shutil.which(version, path=os.defpath))
    for python in filter(None, places):
        command = [python, "-S", "-m", "patroni"]  # with the checkout's packages alone
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            as_server = _runner({})
            subprocess.run(
                [*command, "--version"], check=True, capture_output=True, timeout=60, **as_server
            )
            return command
    raise Skipped(f"no {version} that the user whom PostgreSQL runs as may run")


def _runner(told: dict[str, str]) -> dict:
    runner = local_postgres._runner()
    packages = sysconfig.get_path("purelib")
    runner["env"] = runner["env"] | {"PYTHONPATH": packages, "PYTHONDONTWRITEBYTECODE": "1"} | told
    return runner


def _as_server(command: list[str], log: Path, told: dict[str, str]) -> subprocess.Popen:
    with log.open("ab") as out:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
            **_runner({"HOME": str(log.parent)} | told),
        )


def _answers(address: str) -> bool:
    try:
        urllib.request.urlopen(address, timeout=5).close()
    except OSError:
        return False
    return True


def _wait(member: Member, holds, what: str, seconds: float = 120) -> None:
    try:
        until(lambda: member.process.poll() is not None or holds(), what, seconds)
        if member.process.poll() is not None:
            raise Failed(f"Patroni of {member.name} ended")
    except Failed as failed:
        lines = member.log.read_text(errors="replace").splitlines() if member.log.exists() else []
        quiet = ("heartbeat", "is starting up")
        tail = "\n".join([line for line in lines if not any(q in line for q in quiet)][-40:])
        raise Failed(f"{failed}\n{tail}") from None


def wait_follows(member: Member) -> float:
    """Until it's the synchronous standby; the seconds that it took."""
    began = time.monotonic()
    _wait(member, member.follows, f"{member.name} follows", 60)
    return time.monotonic() - began
