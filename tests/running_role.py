"""``python -m tests.running_role``: a portal as in production, run by the role that owns nothing.

Makes a database of its own, migrates it as the owner, loads the demo's data as the running role,
serves it by gunicorn with production's settings and, over real HTTP, signs in and sends an
order. Then the hourly jobs and the worker. With ``DATABASE_URL`` set (an owner's), on that
server; else on the tests' own. Where tests run on it meanwhile, it begins with a copy of what all
migrations made for them. The database and the role are gone afterwards.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg

from tests import errands, production
from tests.production import ROOT, manage
from tests.visitor import Failed, Visitor

NAME = "running_role"  # of the database and of the role
PORT = int(os.environ.get("PORT", "8766"))


def _serve(environment: dict[str, str], run) -> None:
    server = production.web_server(environment)
    try:
        production.until_ready(server, PORT)
        run()
    finally:
        server.terminate()
        server.wait()


def _refused_as_owner(environment: dict[str, str], owner: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import sesam.wsgi"],
        env=environment | {"DATABASE_URL": owner},
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if not done.returncode or "DATABASE_OWNER_URL" not in done.stderr:
        raise Failed(f"the portal starts as the owner of its tables:\n{done.stderr}")


def check(owner: str, running: str) -> None:
    """All of it, on a database that has no running role."""
    scratch = tempfile.TemporaryDirectory()
    environment = production.environment(running, scratch.name, PORT=str(PORT))
    manage(environment | {"DATABASE_OWNER_URL": owner}, "migrate", "--verbosity", "0")
    # Twice: also on a database that exists, where the role is already there.
    manage(environment | {"DATABASE_OWNER_URL": owner}, "migrate", "--verbosity", "0")
    production.with_demo_data(environment, owner)
    if not (Path(environment["STATIC_ROOT"]) / "staticfiles.json").exists():
        manage(environment, "collectstatic", "--noinput", "--verbosity", "0")
    _refused_as_owner(environment, owner)
    code = production.one_time_codes(environment, "forskrivare")

    def send() -> None:
        visitor = Visitor(PORT)
        errands.sign_in(visitor, "forskrivare", code())
        number, _ = errands.order(visitor)
        print(f"Order {number} was sent.", flush=True)

    _serve(environment, send)
    print(manage(environment, "clear_old"), end="")
    manage(environment, "procrastinate", "defer", "sesam.clear_old", '{"timestamp": 0}')
    manage(environment, "procrastinate", "worker", "--one-shot")
    with psycopg.connect(running, autocommit=True) as connection:
        undone = connection.execute(
            "SELECT task_name, status FROM procrastinate_jobs WHERE status <> 'succeeded'"
        ).fetchall()
        if undone:
            raise Failed(f"jobs that weren't done: {undone}")
        (looks,) = connection.execute("SELECT count(*) FROM organisation_accesslogentry").fetchone()
        try:
            connection.execute("DELETE FROM organisation_accesslogentry")
        except psycopg.errors.InsufficientPrivilege:
            print(f"The access log has {looks} rows, which the running role can't remove.")
        else:
            raise Failed("the running role removed the access log")


def main() -> int:
    try:
        with production.database(NAME) as (owner, running):
            check(owner, running)
    except Failed as failed:
        print(f"FAILED: {failed}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
