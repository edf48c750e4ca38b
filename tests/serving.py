"""The portal as its users meet it: gunicorn on a port, asked by real HTTP."""

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

from django.conf import settings
from django.db import connection
from django.test import Client

from organisation.models import User
from sesam.dev import local_postgres

ROOT = Path(__file__).resolve().parent.parent


class Answer:
    def __init__(self, response: http.client.HTTPResponse, seconds: float) -> None:
        self.status, self.headers = response.status, response.headers
        self.text = response.read().decode(errors="replace")
        self.seconds = seconds


class Portal:
    """One gunicorn with one worker process and eight threads."""

    def __init__(self, process: subprocess.Popen, port: int, log: Path) -> None:
        self.process, self.port, self.log = process, port, log

    def workers(self) -> list[int]:
        return [int(pid) for pid in re.findall(r"Booting worker with pid: (\d+)", self.words())]

    def words(self) -> str:
        return self.log.read_text()

    def get(self, path: str, user: User | None = None) -> Answer:
        return self._ask("GET", path, {"Cookie": cookie(user)} if user else {})

    def post(self, path: str, user: User, fields: dict, **more: str) -> Answer:
        token = "a" * 32  # the cookie's and the form's need only be the same
        headers = {
            "Cookie": f"{cookie(user)}; csrftoken={token}",
            "Content-Type": "application/x-www-form-urlencoded",
            **more,
        }
        body = urlencode({"csrfmiddlewaretoken": token, **fields})
        return self._ask("POST", path, headers, body)

    def _ask(self, method: str, path: str, headers: dict, body: str | None = None) -> Answer:
        began = time.monotonic()
        connected = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connected.request(method, path, body, {"Connection": "close", **headers})
        answer = Answer(connected.getresponse(), 0)
        answer.seconds = time.monotonic() - began
        connected.close()
        return answer

    def at_once(self, *asked: tuple[str, User]) -> list[Answer]:
        """All of it in the same instant, the answers in order."""
        with ThreadPoolExecutor(len(asked)) as together:
            return list(together.map(lambda one: self.get(*one), asked))

    def start_cold(self) -> None:
        """Its process is killed and another one begins, that nobody has asked anything."""
        known = self.workers()
        os.kill(known[-1], signal.SIGKILL)
        until(lambda: len(self.workers()) > len(known))


def until(holds, *, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it didn't come to that"
        time.sleep(0.02)


_cookies: dict[int, str] = {}


def cookie(user: User) -> str:
    """Of the user, signed in; asked for before the portal is alone with the database."""
    if user.pk not in _cookies:
        client = Client()
        client.force_login(user, backend="organisation.backends.PortalBackend")
        name = settings.SESSION_COOKIE_NAME
        _cookies[user.pk] = f"{name}={client.cookies[name].value}"
    return _cookies[user.pk]


def test_database(cluster: local_postgres.Cluster | None = None) -> str:
    """The address of the database that the tests use; or of its name in another cluster."""
    at = connection.settings_dict
    if cluster is not None:
        return local_postgres.url(cluster, at["NAME"])
    host = at["HOST"].replace("/", "%2F")
    port = f":{at['PORT']}" if at["PORT"] else ""
    word = f":{at['PASSWORD']}" if at["PASSWORD"] else ""
    return f"postgresql://{at['USER']}{word}@{host}{port}/{at['NAME']}"


test_database.__test__ = False  # type: ignore[attr-defined]


@contextmanager
def portal(**environment: str) -> Iterator[Portal]:
    """Serving the tests' database, until the block ends."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        with log.open("w") as written:
            command = [sys.executable, "-m", "gunicorn", "--preload", "--workers", "1"]
            command += ["--threads", "8", "--bind", f"127.0.0.1:{port}", "sesam.wsgi"]
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env={
                    **os.environ,
                    "DATABASE_URL": test_database(),
                    "PGAPPNAME": f"portal-{port}",
                    **environment,
                },
                stdout=written,
                stderr=subprocess.STDOUT,
            )
        served = Portal(process, port, log)
        try:
            until(lambda: served.workers() or process.poll() is not None)
            assert process.poll() is None, served.words()
            yield served
        finally:
            process.terminate()
            process.wait(30)
            until(lambda: _gone(port))  # else the tables can't be emptied
            _cookies.clear()


def _gone(port: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s",
            [f"portal-{port}"],
        )
        return cursor.fetchone() == (0,)
