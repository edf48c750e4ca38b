"""A portal as in production, to be tried from outside: a database and a role of its own on the tests'
server (or on ``DATABASE_URL``'s, an owner's), the demo's data, web servers and commands."""

from __future__ import annotations

import os
import re
import secrets
import subprocess
import sys
import time
import urllib.request
from base64 import b32decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from django_otp.oath import totp

from sesam.dev import local_postgres
from tests import template_database
from tests.visitor import Failed

ROOT = Path(__file__).resolve().parent.parent
_LEFT_OUT = {"DEBUG", "DEMO", "TESTING", "DATABASE_OWNER_URL", "DB_AS_OWNER"}


@contextmanager
def database(name: str, *, empty: bool = False) -> Iterator[tuple[str, str]]:
    """A new database and running role of that name, gone afterwards: the addresses as its owner and
    as the role, which migrating makes. ``empty``: certainly; else it may be migrated already."""
    ours = not os.environ.get("DATABASE_URL")
    if ours:
        local_postgres.start(local_postgres.TEST)
        server = local_postgres.url(local_postgres.TEST, "postgres")
    else:
        server = os.environ.get("DATABASE_OWNER_URL") or os.environ["DATABASE_URL"]
    parts = urlsplit(server)
    owner = urlunsplit(parts._replace(path=f"/{name}"))
    host = parts.netloc.rpartition("@")[2]
    role = f"{name}:{secrets.token_hex(16)}"
    running = urlunsplit(parts._replace(path=f"/{name}", netloc=f"{role}@{host}"))
    drop = [f"DROP DATABASE IF EXISTS {name} WITH (FORCE)", f"DROP ROLE IF EXISTS {name}"]
    try:
        with psycopg.connect(server, autocommit=True) as connection:
            for statement in drop:
                connection.execute(statement)
            _make(connection, server, name, empty)
            try:
                yield owner, running
            finally:
                for statement in drop:
                    connection.execute(statement)
    finally:
        if ours:
            local_postgres.stop(local_postgres.TEST)


def _make(connection: psycopg.Connection, server: str, name: str, empty: bool) -> None:
    """As migrated, where the tests have such a one just now; else empty."""
    made = "" if empty else template_database.made(server)
    try:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {made or 'template1'}")
    except psycopg.errors.InvalidCatalogName:  # the tests are done, and have dropped theirs
        connection.execute(f"CREATE DATABASE {name}")


def environment(running: str, media: str, **more: str) -> dict[str, str]:
    """What the three processes of production are told."""
    told = {name: value for name, value in os.environ.items() if name not in _LEFT_OUT} | {
        "DATABASE_URL": running,
        "SECRET_KEY": secrets.token_urlsafe(50),
        "ACCESS_LOG_KEY": secrets.token_urlsafe(50),
        "ALLOWED_HOSTS": "localhost",
        "HTTPS": "0",
        "MEDIA_ROOT": media,
        **more,
    }
    told.setdefault("STATIC_ROOT", media + "/static")
    return told


def manage(environment: dict[str, str], *arguments: str, root: Path = ROOT) -> str:
    """What the command says, of this checkout or another; it must do well."""
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        env=environment,
        cwd=root,
        capture_output=True,
        text=True,
    )
    if done.returncode or "Traceback" in done.stderr:
        raise Failed(f"manage.py {' '.join(arguments)}:\n{done.stdout}{done.stderr}")
    return done.stdout


def with_demo_data(environment: dict[str, str], owner: str, root: Path = ROOT) -> None:
    """The demo's people and things, in accounts as anybody's."""
    manage(environment | {"DEMO": "1"}, "load_demo", root=root)
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute("UPDATE organisation_user SET is_demo = false")


def one_time_codes(
    environment: dict[str, str], username: str, root: Path = ROOT
) -> Callable[[], str]:
    """Lets a demo account in with its password and a code; what gives the code of just now."""
    told = manage(environment, "emergency_account", username, root=root)
    secret = b32decode(re.search(r"secret=(\w+)", told).group(1))
    return lambda: f"{totp(secret):06}"


def web_server(environment: dict[str, str], *arguments: str, root: Path = ROOT) -> subprocess.Popen:
    """gunicorn, as production starts it; ``until_ready`` waits for it."""
    command = [sys.executable, "-m", "gunicorn", "sesam.wsgi", "--access-logfile", "/dev/null"]
    return subprocess.Popen([*command, *arguments], env=environment, cwd=root)


def until_ready(server: subprocess.Popen, port: int) -> None:
    for _ in range(300):
        if server.poll() is not None:
            raise Failed("the web server didn't start")
        try:
            urllib.request.urlopen(f"http://localhost:{port}/readyz", timeout=60).close()
            return
        except OSError:
            time.sleep(0.2)
    raise Failed("the web server is not ready after a minute")
