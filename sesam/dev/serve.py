"""What ``make run`` calls: database, migrations, demo data once, web server and the worker of
background jobs; all end together.

``python -m sesam.dev.serve`` serves, ``python -m sesam.dev.serve reset`` makes the demo data anew.
With DATABASE_URL set, that database is used and nothing is started or stopped but the web server
and the worker. Only migrating is done as the owner of the tables (sesam/database_roles.py).
"""

from __future__ import annotations

import hashlib
import os
import signal
import socket
import subprocess
import sys
import time
from types import FrameType

import psycopg
from psycopg import sql

from sesam.dev import local_postgres

HOST = "127.0.0.1"
GRACE = 5  # seconds the web server gets to finish what it's answering


class StopServingError(Exception):
    """The text says why, and what to do."""


def _environment() -> dict[str, str]:
    """Development settings, unless the caller has set his own."""
    return {"DEBUG": "1", "DEMO": "1", "PYTHONUNBUFFERED": "1", **os.environ}


def _port() -> int:
    text = os.environ.get("PORT", "8000")
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise StopServingError(f"PORT={text} is not a port number.")
    return int(text)


def _check_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise StopServingError(
                f"Port {port} is taken ({error.strerror}). End the other program, "
                f"or choose another port: make run PORT={port + 1}"
            ) from error


def _manage(*arguments: str) -> None:
    done = subprocess.run([sys.executable, "manage.py", *arguments], env=_environment())  # noqa: S603
    if done.returncode:
        raise StopServingError(f"manage.py {arguments[0]} failed, see above.")


# What a database that has been prepared was prepared from.
PREPARED_FROM = ("*/migrations/*.py", "sesam/database_roles.py", "requirements-dev.txt")


def _fingerprint() -> str:
    """Of all that preparing depends on."""
    found = hashlib.sha256()
    for pattern in PREPARED_FROM:
        for file in sorted(local_postgres.CHECKOUT.glob(pattern)):
            found.update(file.name.encode() + file.read_bytes())
    return f"prepared {found.hexdigest()}"


def _is_prepared(database: str) -> bool:
    """Whether nothing has changed since the checkout's own database was prepared: it says so
    itself, so that another one of the same name doesn't. Asked without Django, which takes longer
    to read in than all the rest of a start."""
    with psycopg.connect(local_postgres.url(local_postgres.DEV, database)) as connection:
        row = connection.execute(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database"
            " WHERE datname = current_database()"
        ).fetchone()
        if row != (_fingerprint(),):
            return False
        return bool(connection.execute("SELECT 1 FROM organisation_user LIMIT 1").fetchone())


def _mark_prepared(database: str) -> None:
    with psycopg.connect(local_postgres.url(local_postgres.DEV, database)) as connection:
        connection.execute(
            sql.SQL("COMMENT ON DATABASE {} IS {}").format(
                sql.Identifier(database), sql.Literal(_fingerprint())
            )
        )


def _prepare(database: str) -> None:
    """Bring the database up to date, and fill an empty one with demo data; at a second start there
    is nothing to do."""
    ours = not os.environ.get("DATABASE_URL")
    if ours and _is_prepared(database):
        return
    _manage("migrate", "--verbosity", "0", "--skip-checks")
    if (local_postgres.CHECKOUT / "portal/management/commands/load_demo.py").exists():
        _manage("load_demo", "--if-empty")
    if ours:
        _mark_prepared(database)


def _interrupt(number: int, frame: FrameType | None) -> None:
    """Being told to end is the same as Ctrl-C."""
    raise KeyboardInterrupt


def _end(process: subprocess.Popen[bytes], grace: int) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(grace)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _worker(environment: dict[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "manage.py", "worker"], env=environment, start_new_session=True
    )


def _serve(port: int) -> int:
    """Run the web server, with a worker beside it that is never missing, until it or we are told to end."""
    environment = _environment() | {"PORT": str(port), "WEB_CONCURRENCY": "1"}
    environment.pop("DATABASE_OWNER_URL", None)  # those who run the portal never need it
    command = [sys.executable, "-m", "gunicorn", "--bind", f"{HOST}:{port}", "--reload"]
    command += ["--graceful-timeout", str(GRACE), "sesam.wsgi"]
    # Sessions of their own: Ctrl-C comes to us alone, and we end them in order.
    server = subprocess.Popen(command, env=environment, start_new_session=True)  # noqa: S603
    worker = _worker(environment)
    try:
        while server.poll() is None:
            time.sleep(0.2)
            try:
                socket.create_connection((HOST, port), timeout=1).close()
            except OSError:
                continue
            break
        if server.poll() is None:
            print(f"\nHjälpmedelsportalen: http://{HOST}:{port}/  (Ctrl-C avslutar)\n", flush=True)
        while server.poll() is None:
            time.sleep(1)
            if worker.poll() is not None:
                print(f"The worker ended ({worker.returncode}); it begins anew.", flush=True)
                worker = _worker(environment)
        return server.returncode
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        _end(server, GRACE + 2)
        _end(worker, GRACE)


def _reset(database: str) -> None:
    if os.environ.get("DATABASE_URL"):
        raise StopServingError("DATABASE_URL is set: that database is not ours to throw away.")
    local_postgres.drop_database(database)
    local_postgres.start(local_postgres.DEV, database)
    _prepare(database)
    print("Demodata inlästa på nytt.")


def main(arguments: list[str]) -> int:
    os.chdir(local_postgres.CHECKOUT)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    ours = not os.environ.get("DATABASE_URL")
    database = os.environ.get("DB_NAME", "portal")
    try:
        if arguments != ["reset"]:
            port = _port()
            _check_free(port)
        if ours:
            local_postgres.start(local_postgres.DEV, database)
        if arguments == ["reset"]:
            _reset(database)
            return 0
        _prepare(database)
        return _serve(port)
    except KeyboardInterrupt:
        print("\nAvslutat.")
        return 0
    except (StopServingError, local_postgres.LocalPostgresError) as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if ours:
            local_postgres.stop(local_postgres.DEV)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
