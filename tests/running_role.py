"""``python -m tests.running_role``: a portal as in production, run by the role that owns nothing.

Makes a database of its own, migrates it as the owner, loads the demo's data as the running role,
serves it by gunicorn with production's settings and, over real HTTP, signs in and sends an
order. Then the hourly jobs and the worker. With ``DATABASE_URL`` set (an owner's), on that
server; else on the tests' own. Where tests run on it meanwhile, it begins with a copy of what all
migrations made for them. The database and the role are gone afterwards.
"""

from __future__ import annotations

import csv
import html.parser
import http.cookiejar
import os
import re
import secrets
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from base64 import b32decode
from pathlib import Path
from urllib.parse import urlencode, urljoin, urlsplit, urlunsplit

import psycopg
from django_otp.oath import totp

from sesam.dev import local_postgres
from tests import template_database

ROOT = Path(__file__).resolve().parent.parent
NAME = "running_role"  # of the database and of the role
PORT = int(os.environ.get("PORT", "8766"))
ARTICLE = "43027"
# What a person would press, the first that a page has.
FORWARD = ("send", "next", "finish")


class Failed(Exception):
    """What didn't hold."""


class Forms(html.parser.HTMLParser):
    """The forms of a page: where each leads, what it would send, its buttons."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[dict] = []
        self._named: dict[str, dict] = {}
        self._of_select: dict = {}
        self._select = self._text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            # What names the form may stand before it.
            empty: dict = {"fields": [], "buttons": []}
            form = self._named.setdefault(given["id"], empty) if "id" in given else empty
            form["action"] = given.get("action", "")
            form["post"] = given.get("method", "").lower() == "post"
            self.found.append(form)
        if "disabled" in given:
            return
        if tag != "form" and given.get("form"):
            form = self._named.setdefault(given["form"], {"fields": [], "buttons": []})
        elif self.found:
            form = self.found[-1]
        else:
            return
        name, value = given.get("name", ""), given.get("value", "")
        kind = given.get("type", "submit" if tag == "button" else "text")
        if tag == "button" and kind == "submit":
            form["buttons"].append((name, value))
        elif tag == "input" and name:
            if kind in ("radio", "checkbox"):
                if "checked" in given:
                    form["fields"].append((name, value or "on"))
            elif kind not in ("submit", "button", "file", "image"):
                form["fields"].append((name, value))
        elif tag == "select":
            self._select, self._of_select = name, form
        elif tag == "option" and self._select:
            form = self._of_select
            chosen = [field for field, _ in form["fields"]]
            if "selected" in given and self._select in chosen:
                form["fields"].remove(form["fields"][chosen.index(self._select)])
            if "selected" in given or self._select not in chosen:
                form["fields"].append((self._select, value))
        elif tag == "textarea" and name:
            self._text = name
            form["fields"].append((name, ""))

    def handle_data(self, data: str) -> None:
        if self._text:
            form = self.found[-1]
            form["fields"][-1] = (self._text, form["fields"][-1][1] + data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._select = ""
        if tag == "textarea":
            self._text = ""


class Visitor:
    """A browser without script."""

    def __init__(self) -> None:
        jar = http.cookiejar.CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
        self.url = f"http://localhost:{PORT}/"
        self.page = ""

    def get(self, path: str) -> None:
        self._open(urllib.request.Request(urljoin(self.url, path)))

    def submit(self, *, press: str = "", **typed: str) -> None:
        """Send the form that has the button, or the fields, as it stands but for what is typed."""
        button = ("action", press)
        form = next(
            form
            for form in Forms(self.page).found
            if (button in form["buttons"] if press else set(typed) <= set(dict(form["fields"])))
        )
        fields = [(name, typed.pop(name, value)) for name, value in form["fields"]]
        fields += [*typed.items(), *([button] if press else [])]
        url = urljoin(self.url, form["action"] or self.url)
        if form["post"]:
            self._open(urllib.request.Request(url, urlencode(fields).encode()))
        else:
            self.get(urlunsplit(urlsplit(url)._replace(query=urlencode(fields))))

    def forward(self) -> bool:
        """Press what leads on; False when the page has no such button."""
        buttons = {button for form in Forms(self.page).found for button in form["buttons"]}
        for name in FORWARD:
            if ("action", name) in buttons:
                self.submit(press=name)
                return True
        return False

    def _open(self, request: urllib.request.Request) -> None:
        request.add_header("Referer", self.url)
        try:
            with self._opener.open(request, timeout=60) as answer:
                self.url, self.page = answer.url, answer.read().decode()
        except urllib.error.HTTPError as error:
            text = re.sub(r"<[^>]+>|\s+", " ", error.read().decode())
            raise Failed(f"{error.code} of {urlsplit(error.url).path}: {text[-1500:]}") from error


def order(code: str) -> str:
    """Sign in, with the one-time code that production asks for; find a person, order an article, send. The order's number."""
    visitor = Visitor()
    visitor.get("/logga-in/")
    visitor.submit(username="forskrivare", password="demo", code=code)
    with open(ROOT / "fixtures/demo-personal-numbers.csv") as file:
        numbers = [row["number"] for row in csv.DictReader(file)][:20]
    for number in numbers:  # some are deceased, some have no page
        visitor.get("/mottagare/")
        visitor.submit(nummer=number)
        if "/varfor/" in visitor.url:  # nobody's patient yet
            reason = re.search(r'name="skal" value="(\d+)"', visitor.page).group(1)
            visitor.submit(press="next", skal=reason)
        found = re.search(r"/bestallning/till/[0-9a-f-]{36}/", visitor.page)
        if found:
            visitor.get(found.group())
            if visitor.forward() and "/bestallning/till/" not in visitor.url:
                break
    else:
        raise Failed("no person to order for")
    visitor.get(f"/bestallning/artikel/{ARTICLE}/")
    visitor.submit(press="finish")
    visitor.get("/bestallning/slutfor/leverans/")
    for _ in range(8):
        sent = re.search(r"/bestallningar/(\d+)/", visitor.url)
        if sent:
            return sent.group(1)
        if not visitor.forward():
            break
    raise Failed(f"the order was not sent; the last page was {urlsplit(visitor.url).path}")


def _manage(environment: dict[str, str], *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if done.returncode or "Traceback" in done.stderr:
        raise Failed(f"manage.py {' '.join(arguments)}:\n{done.stdout}{done.stderr}")
    return done.stdout


def _serve(environment: dict[str, str], run) -> None:
    server = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "sesam.wsgi", "--access-logfile", "/dev/null"],
        env=environment,
        cwd=ROOT,
    )
    try:
        for _ in range(300):
            if server.poll() is not None:
                raise Failed("the web server didn't start")
            try:
                urllib.request.urlopen(f"http://localhost:{PORT}/readyz", timeout=60).close()
                break
            except OSError:
                time.sleep(0.2)
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


def _make_database(connection: psycopg.Connection, server: str) -> None:
    """As migrated, where the tests have such a one just now; else empty."""
    made = template_database.made(server)
    try:
        connection.execute(f"CREATE DATABASE {NAME} TEMPLATE {made or 'template1'}")
    except psycopg.errors.InvalidCatalogName:  # the tests are done, and have dropped theirs
        connection.execute(f"CREATE DATABASE {NAME}")


def check(owner: str, running: str) -> None:
    """All of it, on a database that has no running role."""
    scratch = tempfile.TemporaryDirectory()
    left_out = {"DEBUG", "DEMO", "TESTING", "DATABASE_OWNER_URL", "DB_AS_OWNER"}
    production = {name: value for name, value in os.environ.items() if name not in left_out} | {
        "DATABASE_URL": running,
        "SECRET_KEY": secrets.token_urlsafe(50),
        "ACCESS_LOG_KEY": secrets.token_urlsafe(50),
        "ALLOWED_HOSTS": "localhost",
        "HTTPS": "0",
        "PORT": str(PORT),
        "MEDIA_ROOT": scratch.name,
    }
    production.setdefault("STATIC_ROOT", scratch.name + "/static")
    _manage(production | {"DATABASE_OWNER_URL": owner}, "migrate", "--verbosity", "0")
    # Twice: also on a database that exists, where the role is already there.
    _manage(production | {"DATABASE_OWNER_URL": owner}, "migrate", "--verbosity", "0")
    _manage(production | {"DEMO": "1"}, "load_demo")
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute("UPDATE organisation_user SET is_demo = false")
    if not (Path(production["STATIC_ROOT"]) / "staticfiles.json").exists():
        _manage(production, "collectstatic", "--noinput", "--verbosity", "0")
    _refused_as_owner(production, owner)

    told = _manage(production, "emergency_account", "forskrivare")
    secret = b32decode(re.search(r"secret=(\w+)", told).group(1))

    def send() -> None:
        print(f"Order {order(f'{totp(secret):06}')} was sent.", flush=True)

    _serve(production, send)
    print(_manage(production, "clear_old"), end="")
    _manage(production, "procrastinate", "defer", "sesam.clear_old", '{"timestamp": 0}')
    _manage(production, "procrastinate", "worker", "--one-shot")
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
    ours = not os.environ.get("DATABASE_URL")
    if ours:
        local_postgres.start(local_postgres.TEST)
        server = local_postgres.url(local_postgres.TEST, "postgres")
    else:
        server = os.environ.get("DATABASE_OWNER_URL") or os.environ["DATABASE_URL"]
    parts = urlsplit(server)
    owner = urlunsplit(parts._replace(path=f"/{NAME}"))
    host = parts.netloc.rpartition("@")[2]
    role = f"{NAME}:{secrets.token_hex(16)}"
    running = urlunsplit(parts._replace(path=f"/{NAME}", netloc=f"{role}@{host}"))
    drop = [f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)", f"DROP ROLE IF EXISTS {NAME}"]
    try:
        with psycopg.connect(server, autocommit=True) as connection:
            for statement in drop:
                connection.execute(statement)
            _make_database(connection, server)
            try:
                check(owner, running)
            finally:
                for statement in drop:
                    connection.execute(statement)
    except Failed as failed:
        print(f"FAILED: {failed}", file=sys.stderr)
        return 1
    finally:
        if ours:
            local_postgres.stop(local_postgres.TEST)
    return 0


if __name__ == "__main__":
    sys.exit(main())
