"""A database comes back as it was at a moment."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from sesam.dev import local_postgres
from tests import errands, production
from tests.drills.parts import Node, Skipped, free_port, portal, program, started, until
from tests.production import ROOT
from tests.visitor import Failed, Visitor

ORDERS = 20  # before the moment, and as many after
LOOKS = 100
KEEPER = ROOT / "deploy/wal-archive"
CAPACITY = (100_000, 10_000_000)  # orders and looks, for which the bytes are told


@dataclass(frozen=True)
class Archived(local_postgres.Cluster):
    """A server whose finished WAL is kept by the command."""

    command: str = ""

    def options(self) -> str:
        kept = {"archive_mode": "on", "archive_command": self.command, "archive_timeout": "300"}
        return " ".join([super().options(), *(f"-c {key}='{v}'" for key, v in kept.items())])


def drill() -> None:
    """A base backup, kept WAL, orders, a moment, more orders: the rows of the moment come back."""
    binaries = local_postgres._binaries()
    with archive() as (kept, fetch):
        first = Archived("drill-moment", kept)
        again = local_postgres.Cluster("drill-moment-again")
        with gone_afterwards(first, again):
            local_postgres.start(first)
            with portal("moment", lambda name: database(first, name)) as told:
                node = Node("a", told)
                with started(node):
                    moment, counted = until_the_moment(first, binaries, again, told, node)
                lose(first, binaries)
                recover(again, fetch, moment)
                compare(again, counted)
                address = told["DATABASE_URL"].replace(_quoted(first), _quoted(again))
                found = production.manage(told | {"DATABASE_URL": address}, "check_stock")
                print(found.strip() or "check_stock: nothing")


def until_the_moment(
    first: Archived,
    binaries: Path,
    again: local_postgres.Cluster,
    told: dict[str, str],
    node: Node,
) -> tuple[str, dict[str, int]]:
    """What is done before it, and after; when it was, and the rows that there were."""
    code = production.one_time_codes(told, "forskrivare")
    visitor = Visitor(node.port)
    errands.sign_in(visitor, "forskrivare", code())
    recipient = errands.begin_order(visitor)
    began = time.monotonic()
    base = [binaries / "pg_basebackup", "--host", first.sockets, "--username", local_postgres.ROLE]
    local_postgres._own(again.data, 0o700, for_server=True)
    local_postgres._run(*base, "--pgdata", again.data, "--checkpoint=fast", "--wal-method=none")
    size = sum(file.stat().st_size for file in again.data.rglob("*") if file.is_file())
    print(f"base backup: {size / 1e6:.0f} MB in {time.monotonic() - began:.0f} s", flush=True)
    with _connect(first) as asking:
        per_order = written(asking, lambda: order(visitor, recipient, ORDERS)) / ORDERS
        per_look = written(asking, lambda: look(visitor, recipient)) / LOOKS
        counted = count(asking)
        (moment,) = asking.execute("SELECT clock_timestamp()::text").fetchone()
        time.sleep(2)
        order(visitor, recipient, ORDERS)
        after = count(asking)
    orders, looks = CAPACITY
    print(
        f"WAL: {per_order / 1e3:.0f} kB an order, {per_look / 1e3:.1f} kB a look at a recipient; so"
        f" {(orders * per_order + looks * per_look) / 1e9:.0f} GB for {orders} orders and {looks} looks"
    )
    print(
        f"at the moment {sum(counted.values())} rows, {counted['orders_order']} orders;"
        f" afterwards {sum(after.values())}, {after['orders_order']}"
    )
    return moment, counted


def order(visitor: Visitor, recipient: str, times: int) -> None:
    for _ in range(times):
        visitor.get(f"/bestallning/till/{recipient}/")
        if "/bestallning/till/" in visitor.url:
            visitor.forward()
        errands.send_order(visitor)


def look(visitor: Visitor, recipient: str) -> None:
    for _ in range(LOOKS):
        visitor.get(f"/mottagare/{recipient}/")


def written(asking: psycopg.Connection, work) -> int:
    """Bytes of WAL."""
    (before,) = asking.execute("SELECT pg_current_wal_insert_lsn()::text").fetchone()
    work()
    question = "SELECT pg_current_wal_insert_lsn() - %s::pg_lsn"
    return int(asking.execute(question, [before]).fetchone()[0])


def count(asking: psycopg.Connection) -> dict[str, int]:
    """The rows of each table."""
    tables = asking.execute(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    ).fetchall()
    return {
        table: asking.execute(
            sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))
        ).fetchone()[0]
        for (table,) in tables
    }


def lose(first: Archived, binaries: Path) -> None:
    """Its last piece is kept, and then it is gone."""
    with _connect(first) as asking:
        (last,) = asking.execute("SELECT pg_walfile_name(pg_switch_wal())").fetchone()
        until(lambda: _kept(asking) >= last, f"{last} is kept", 120)
        kept, failed = asking.execute(
            "SELECT archived_count, failed_count FROM pg_stat_archiver"
        ).fetchone()
    print(f"archive: {kept} pieces of WAL, {failed} tries that failed")
    local_postgres._run(binaries / "pg_ctl", "stop", "-D", first.data, "-m", "immediate")
    shutil.rmtree(first.data)


def _kept(asking: psycopg.Connection) -> str:
    question = "SELECT last_archived_wal FROM pg_stat_archiver"
    return asking.execute(question).fetchone()[0] or ""


def recover(again: local_postgres.Cluster, fetch: str, moment: str) -> None:
    began = time.monotonic()
    user = local_postgres._runner().get("user", os.geteuid())
    signal = again.data / "recovery.signal"
    signal.touch()
    os.chown(signal, user, -1)
    with (again.data / "postgresql.auto.conf").open("a") as settings:
        settings.write(
            f"restore_command = '{fetch}'\nrecovery_target_time = '{moment}'\n"
            "recovery_target_action = 'promote'\n"
        )
    local_postgres.start(again)

    def whole() -> bool:
        with contextlib.suppress(psycopg.Error), _connect(again) as asking:
            return not asking.execute("SELECT pg_is_in_recovery()").fetchone()[0]
        return False

    until(whole, "the database comes back", 300)
    print(f"back at {moment} in {time.monotonic() - began:.0f} s")


def compare(again: local_postgres.Cluster, counted: dict[str, int]) -> None:
    with _connect(again) as asking:
        found = count(asking)
    differ = {table: (n, found.get(table)) for table, n in counted.items() if found.get(table) != n}
    if differ:
        raise Failed(f"not the rows of the moment: {differ}")
    print(f"the rows of all {len(found)} tables are those of the moment")


# --- the servers and the archive ---


@contextmanager
def gone_afterwards(*clusters: local_postgres.Cluster) -> Iterator[None]:
    for cluster in clusters:
        local_postgres.reset(cluster)
    try:
        yield
    finally:
        for cluster in clusters:
            local_postgres.reset(cluster)


@contextmanager
def database(cluster: local_postgres.Cluster, name: str) -> Iterator[tuple[str, str]]:
    with local_postgres._connect(cluster) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    owner = local_postgres.url(cluster, name)
    role = f"{local_postgres.RUNNING_ROLE}:{secrets.token_hex(16)}"
    yield owner, owner.replace(f"{local_postgres.ROLE}@", f"{role}@", 1)


def _connect(cluster: local_postgres.Cluster) -> psycopg.Connection:
    return psycopg.connect(local_postgres.url(cluster, "drill_moment"), autocommit=True)


def _quoted(cluster: local_postgres.Cluster) -> str:
    """Its folder of sockets, as it stands in an address; and no more of a longer name."""
    return local_postgres.url(cluster, "").partition("@")[2]


@contextmanager
def archive() -> Iterator[tuple[str, str]]:
    """How WAL is kept, and how it is fetched: in a folder, and where there is rclone in an S3 store too,
    from which it is then fetched."""
    scratch = Path(tempfile.mkdtemp(prefix="drill-archive-"))
    scratch.chmod(0o755)
    keeper = scratch / KEEPER.name  # the checkout may be nothing that PostgreSQL's user can enter
    shutil.copy(KEEPER, keeper)
    keeper.chmod(0o755)
    folder = scratch / "wal"
    folder.mkdir()
    if user := local_postgres._runner().get("user"):
        os.chown(folder, user, -1)
    in_folder = f"WAL_ARCHIVE={folder} {keeper}"
    try:
        with contextlib.ExitStack() as stack:
            kept, fetch = f'{in_folder} put "%p" "%f"', f'{in_folder} get "%f" "%p"'
            try:
                in_store = f"{stack.enter_context(_store(scratch))} {keeper}"
            except Skipped as reason:
                print(f"in a folder alone: {reason}")
            else:
                kept = f'{kept} && {in_store} put "%p" "%f"'
                fetch = f'{in_store} get "%f" "%p"'
            yield kept, fetch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


@contextmanager
def _store(scratch: Path) -> Iterator[str]:
    """An S3 store of rclone's, and what the environment of the command says of it."""
    path = f"{ROOT / '.venv/bin'}:{os.environ.get('PATH', '')}"
    rclone = Path(shutil.which("rclone", path=path) or program("rclone"))
    if not local_postgres._can("-x", rclone):
        raise Skipped(f"PostgreSQL's user can't run {rclone}")
    (scratch / "store/wal").mkdir(parents=True)
    port, key, secret = free_port(), secrets.token_hex(8), secrets.token_hex(16)
    address = f"127.0.0.1:{port}"
    command = [rclone, "serve", "s3", "--addr", address, "--auth-key", f"{key},{secret}"]
    with (scratch / "store.log").open("w") as log:
        server = subprocess.Popen(
            [*command, "--config", "/dev/null", str(scratch / "store")], stdout=log, stderr=log
        )
    try:
        time.sleep(2)
        if server.poll() is not None:
            raise Failed(f"rclone serve s3: {(scratch / 'store.log').read_text()[-500:]}")
        yield (
            f"PATH={rclone.parent}:$PATH RCLONE_CONFIG=/dev/null WAL_ARCHIVE=portal:wal"
            " RCLONE_CONFIG_PORTAL_TYPE=s3 RCLONE_CONFIG_PORTAL_PROVIDER=Rclone"
            f" RCLONE_CONFIG_PORTAL_ACCESS_KEY_ID={key}"
            f" RCLONE_CONFIG_PORTAL_SECRET_ACCESS_KEY={secret}"
            f" RCLONE_CONFIG_PORTAL_ENDPOINT=http://{address}"
        )
    finally:
        server.terminate()
        server.wait(timeout=30)
