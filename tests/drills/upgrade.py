"""The last release's nodes work on while the new schema is there; then the new ones take over."""

from __future__ import annotations

import http.client
import re
import shutil
import subprocess
import threading
import time
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import psycopg

from tests import errands, production
from tests.drills.nodes import STOP_DELAY, Load, under
from tests.drills.parts import Node, Skipped, portal, program, proxy, until, worker
from tests.new_migrations import Release
from tests.production import ROOT
from tests.visitor import Failed, Visitor

LONGEST, LONGEST_PART = 20 * 60, 120  # seconds of load in all, and for so much of it:
ORDERS, REQUESTS = 3, 20  # in each part, at least
MOST_ORDERS = 300

# What the new release has besides what the checkout has: each way of expanding that CONTRIBUTING tells,
# on a table that each order writes to.
COLUMN = 'models.CharField(max_length=9, db_default="")'
MODEL = """
OrderLine.add_to_class("drill", models.CharField(max_length=9, db_default="", default="new"))
"""
HEAD = """
from django.contrib.postgres import operations as by_postgres
from django.db import migrations, models

LINE = "orderline"
RULE = models.CheckConstraint(condition=models.Q(quantity__lt=100000), name="drill_few")


def fill(apps, schema_editor):
    apps.get_model("orders", "OrderLine").objects.filter(drill="").update(drill="filled")


class Migration(migrations.Migration):
    atomic = {atomic}
    dependencies = [("orders", "{before}")]
    operations = [{operations}]
"""
EXPANDING = {
    "drill_column": (
        'migrations.CreateModel("Drill", [("id", models.BigAutoField(primary_key=True)),'
        ' ("line", models.ForeignKey("orders.OrderLine", models.PROTECT))]),'
        f'migrations.AddField(LINE, "drill", {COLUMN})'
    ),
    "drill_key": (
        'migrations.AddField(LINE, "drill_of", models.ForeignKey("articles.Article",'
        " models.PROTECT, null=True, db_index=False))"
    ),
    "drill_index": (
        'by_postgres.AddIndexConcurrently(LINE, models.Index(fields=["drill"], name="drill_index"))'
    ),
    "drill_rule": "by_postgres.AddConstraintNotValid(LINE, RULE)",
    "drill_valid": "by_postgres.ValidateConstraint(LINE, RULE.name)",
    "drill_rows": "migrations.RunPython(fill)",
}
# What the aid centre has most of, and offers nothing instead of.
PLENTY = """
    SELECT a.number FROM articles_balance b JOIN articles_article a ON a.id = b.article_id
    JOIN organisation_warehouse w ON w.id = b.warehouse_id
    WHERE w.number = '100' AND a.type = 'main' AND a.is_stocked AND NOT a.own_order_only
    AND NOT a.requires_comment AND NOT a.is_discontinued
    AND NOT EXISTS (SELECT FROM articles_replacementmember r WHERE r.article_id = a.id)
    ORDER BY b.on_hand DESC, a.number LIMIT 1
"""
# What the last release reads, and a migration mustn't take away.
CONTRACTING = "ALTER TABLE orders_orderline DROP COLUMN is_replaced CASCADE"


def drill() -> None:
    """An upgrade that nobody sees: last release's nodes on the new schema, both, the new ones, and back."""
    program("git")
    program("caddy", "nginx")
    release = Release.last()
    with ExitStack() as stack:
        trees = Path(stack.enter_context(_folder()))
        old, new = trees / "old", trees / "new"
        last_release(release.commit, old)
        coming = next_release(new)
        settings = {
            "WEB_CONCURRENCY": "1",
            "STOP_DELAY": str(STOP_DELAY),
            # One person orders all the time.
            "RECIPIENT_SEARCH_LIMIT": "10000",
            "RECIPIENT_SEARCH_MINUTE": "10000",
        }
        # (Without migrations of the checkout's own since, a migrated database serves as the old one.)
        empty = len(coming) > len(EXPANDING)
        environment = stack.enter_context(
            portal("upgrade", partial(production.database, empty=empty), old, **settings)
        )
        code = production.one_time_codes(environment, "forskrivare", old)
        nodes = [Node(name, environment, root=old) for name in "ab"]
        nodes += [Node(name, environment, root=new) for name in "cd"]
        stack.callback(_end, nodes)
        for node in nodes[:2]:
            node.start()
        share_static_files(nodes)  # while they are at work
        name, port = stack.enter_context(proxy(nodes, environment["DRILL_FOLDER"]))
        visitor = Visitor(port)
        errands.sign_in(visitor, "forskrivare", code())
        print(
            f"last release {release.commit[:10]}, behind {name}; new since: {', '.join(coming)}",
            flush=True,
        )
        people = People.of(port, visitor, _ask(environment, PLENTY))
        with people.at_work():
            with worker(environment, old):
                people.part("the last release on its own schema")
                migrate(environment, new)
                people.part("the last release on the new schema")
                swap(nodes[0], nodes[2])
                people.part("both beside each other")
                swap(nodes[1], nodes[3])
            with worker(environment, new):
                people.part("the new release")
            swap(nodes[2], nodes[0])
            swap(nodes[3], nodes[1])
            people.part("the last release again")
        people.told()
        by_new = _ask(environment, "SELECT count(*) FROM orders_orderline WHERE drill = 'new'")
        if not by_new:
            raise Failed("no order was written by the new release")
        print(production.manage(environment, "check_stock", root=new).strip())
        would_be_noticed(environment, port, visitor)


# --- the two releases ---


@contextmanager
def _folder():
    folder = ROOT / ".local" / "drill-upgrade"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def last_release(commit: str, folder: Path) -> None:
    """Its files, as git has them."""
    folder.mkdir()
    packed = folder.with_suffix(".tar")
    command = ["git", "archive", "--output", str(packed), commit]
    if subprocess.run(command, cwd=ROOT, capture_output=True).returncode:
        raise Skipped(f"git has no {commit[:10]}, the last release (git fetch --unshallow)")
    subprocess.run(["tar", "--extract", "--file", packed, "--directory", folder], check=True)


def next_release(folder: Path) -> list[str]:
    """The checkout's files, and what ``EXPANDING`` says. The names of its new migrations."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    for name in filter(None, told.stdout.split("\0")):
        if (file := ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, folder / name)
    with (folder / "orders/models/lines.py").open("a") as model:
        model.write(MODEL)
    # Something of the new release's pages must be new, too.
    with (folder / "static/portal.css").open("a") as sheet:
        sheet.write("\n.drill { color: inherit; }\n")
    migrations = folder / "orders/migrations"
    before = max(file.stem for file in migrations.glob("[0-9]*.py"))
    released = dict(Release.last().migrations)
    coming = [
        f"{app}.{file.stem}"
        for app, newest in sorted(released.items())
        for file in sorted((folder / app / "migrations").glob("[0-9]*.py"))
        if file.stem > newest
    ]
    for number, (name, operations) in enumerate(EXPANDING.items(), int(before[:4]) + 1):
        text = HEAD.format(
            atomic="Concurrently" not in operations, before=before, operations=operations
        )
        before = f"{number:04}_{name}"
        (migrations / f"{before}.py").write_text(text)
        coming.append(f"orders.{before}")
    return coming


def share_static_files(nodes: list[Node]) -> None:
    """Each node's folder gets the others' files beside its own (``cp --no-clobber``), as
    docs/operations.md says."""
    folders = [Path(node.environment["STATIC_ROOT"]) for node in nodes]
    for other in folders:
        for file in [path for path in other.rglob("*") if path.is_file()]:
            for into in (folder / file.relative_to(other) for folder in folders):
                into.parent.mkdir(parents=True, exist_ok=True)
                if not into.exists():
                    shutil.copy(file, into)


def migrate(environment: dict[str, str], root: Path) -> None:
    """The step of its own, by the one who knows the owner."""
    began = time.monotonic()
    owner = {"DATABASE_OWNER_URL": environment["DRILL_OWNER"]}
    production.manage(environment | owner, "migrate", "--verbosity", "0", root=root)
    print(f"migrated in {time.monotonic() - began:.1f} s, under load", flush=True)


def swap(old: Node, new: Node) -> None:
    """The new node is there before the old one goes."""
    began = time.monotonic()
    new.start()
    time.sleep(3)  # the proxy sees it
    old.stop()
    print(f"{new.name} for {old.name} in {time.monotonic() - began:.0f} s", flush=True)


def _end(nodes: list[Node]) -> None:
    for node in nodes:
        if node.process and node.process.poll() is None:
            node.process.send_signal(2)  # at once
            node.process.wait(timeout=60)


def _ask(environment: dict[str, str], question: str) -> Any:
    with psycopg.connect(environment["DRILL_OWNER"]) as connection:
        return connection.execute(question).fetchone()[0]


# --- who works meanwhile ---


class People:
    """Readers and writers (``Load``), one who orders, and a browser that fetches what pages name."""

    def __init__(self, port: int, visitor: Visitor, load: Load, article: str) -> None:
        self.port, self.visitor, self.load, self.article = port, visitor, load, article
        self.orders: list[str] = []
        self.files = 0
        self._cookies = list(visitor.jar)

    @classmethod
    def of(cls, port: int, visitor: Visitor, article: str) -> People:
        cookies = {cookie.name: cookie.value for cookie in visitor.jar}
        text = "; ".join(f"{name}={value}" for name, value in cookies.items())
        return cls(port, visitor, Load(port, text, cookies["csrftoken"], LONGEST), article)

    @contextmanager
    def at_work(self):
        threads = [threading.Thread(target=self._until_told, args=[work])
                   for work in (self._order, self._look)]  # fmt: skip
        with under(self.load):
            for thread in threads:
                thread.start()
            try:
                yield
            finally:
                self.load.stop.set()
                for thread in threads:
                    thread.join()

    def _until_told(self, work) -> None:
        while not self.load.stop.is_set():
            try:
                work()
            except (OSError, http.client.HTTPException, Failed) as error:
                self.load.errors.append(f"{work.__name__}: {error}"[:500])
                time.sleep(1)

    def _order(self) -> None:
        if len(self.orders) < MOST_ORDERS:
            self.orders.append(errands.order(self.visitor, self.article)[0])
        time.sleep(2)

    def _look(self) -> None:
        browser = Visitor(self.port)
        for cookie in self._cookies:
            browser.jar.set_cookie(cookie)
        page = browser.fetch("/").decode()
        for file in sorted(set(re.findall(r'(?:href|src)="(/static/[^"]+\.(?:css|js))"', page))):
            browser.fetch(file)
            self.files += 1

    def part(self, name: str) -> None:
        """So many orders later, without an error."""
        before, asked = len(self.orders), len(self.load.taken)
        began = time.monotonic()
        until(
            lambda: (
                bool(self.load.errors)
                or (
                    len(self.orders) >= before + ORDERS and len(self.load.taken) >= asked + REQUESTS
                )
            ),
            f"{ORDERS} orders and {REQUESTS} requests: {name}",
            LONGEST_PART,
        )
        if self.load.errors:
            raise Failed(f"{name}: {self.load.errors[:3]}")
        print(
            f"{name}: {len(self.load.taken) - asked} requests, {len(self.orders) - before} orders"
            f" in {time.monotonic() - began:.0f} s, errors 0",
            flush=True,
        )

    def told(self) -> None:
        taken = sorted(self.load.taken)
        if self.load.errors:
            raise Failed(f"{len(self.load.errors)} errors: {self.load.errors[:3]}")
        print(
            f"in all: {len(taken)} requests, {len(self.orders)} orders, {self.files} style sheets and"
            f" scripts, errors 0; half within {taken[len(taken) // 2] * 1000:.0f} ms, the slowest"
            f" {taken[-1] * 1000:.0f} ms"
        )


def would_be_noticed(environment: dict[str, str], port: int, visitor: Visitor) -> None:
    """The proof of the drill: the last release's nodes fail where a migration contracts."""
    with psycopg.connect(environment["DRILL_OWNER"], autocommit=True) as connection:
        connection.execute(CONTRACTING)
    try:
        errands.order(visitor, _ask(environment, PLENTY))
    except Failed as error:
        print(f"a column dropped that they read: {str(error)[:40]} …, as it must be")
    else:
        raise Failed("the last release's nodes didn't notice a column that is gone")
