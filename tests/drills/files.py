"""Two web servers and a worker whose files are in one S3 store."""

from __future__ import annotations

import re
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

from tests import errands, production, s3
from tests.drills.nodes import USERS, InTurn
from tests.drills.parts import Node, Skipped, portal, started, worker
from tests.production import manage
from tests.visitor import Failed, Visitor

PDF = b"%PDF-1.4 Intyg\n%%EOF"
FOLDER = "portalen"


def drill() -> None:
    """Two nodes, one store: files by any node, the store killed while people order, there and back."""
    if s3.RCLONE is None:
        raise Skipped(s3.MISSING)
    with tempfile.TemporaryDirectory(prefix="drill-s3-") as scratch, _running(scratch) as store:
        settings = {
            "WEB_CONCURRENCY": "1",
            "FILES_STORE": store.address(FOLDER),
            "AWS_ACCESS_KEY_ID": s3.KEY,
            "AWS_SECRET_ACCESS_KEY": s3.SECRET,
        }
        with portal("files", **settings) as environment:
            codes = {user: production.one_time_codes(environment, user) for user in USERS}
            nodes = [Node("a", environment), Node("b", environment)]
            before = len(store.files(FOLDER))
            with started(*nodes), worker(environment):
                visitors = [Visitor(nodes[0].port, InTurn(nodes)) for _ in USERS]
                for visitor, user in zip(visitors, USERS, strict=True):
                    errands.sign_in(visitor, user, codes[user]())
                prescriber, _, controller = visitors
                by_any_node(prescriber, controller)
                killed(store, prescriber)
            print(f"{len(store.files(FOLDER)) - before} files have come into the store")
            there_and_back(store, environment)
            print(production.manage(environment, "check_stock").strip() or "check_stock: nothing")


@contextmanager
def _running(scratch: str):
    store = s3.Server(Path(scratch)).start()
    try:
        yield store
    finally:
        store.stop()


def by_any_node(prescriber: Visitor, controller: Visitor) -> None:
    """What came in at one is fetched at the other, which no request before it was to."""
    number, _ = errands.order(prescriber, attached=PDF)
    if fetched(prescriber, number, times=2) != [PDF, PDF]:  # one by each
        raise Failed("a node gave out another file than came in")
    sheet = errands.fetch_sheet(controller, an_invoice(controller))
    print(
        f"order {number} with a file, fetched at both nodes; a sheet of {len(sheet)} bytes by the worker"
    )


def an_invoice(controller: Visitor) -> str:
    """One whose sheet can be ordered."""
    controller.get("/fakturaspecifikationer/")
    for number in re.findall(r'href="/fakturaspecifikationer/([^/"?]+)/', controller.page):
        controller.get(f"/fakturaspecifikationer/{number}/")
        if f"/fakturaspecifikationer/{number}/excel/" in controller.page:
            return number
    raise Failed("there is no invoice")


def fetched(visitor: Visitor, number: str, times: int = 1) -> list[bytes]:
    visitor.get(f"/bestallningar/{number}/")
    address = re.search(r'href="(/bestallningar/\d+/bilagor/[0-9a-f-]{36}/)"', visitor.page)
    if address is None:
        raise Failed(f"order {number} has no file")
    return [visitor.fetch(address.group(1)) for _ in range(times)]


def killed(store: s3.Server, prescriber: Visitor) -> None:
    """In the middle of an order, and back again: nothing acknowledged is lost."""
    kept, _ = errands.order(prescriber, attached=PDF)
    store.stop()
    began = time.monotonic()
    try:
        errands.order(prescriber, attached=PDF)
    except Failed as told:
        if not str(told).startswith("503"):
            raise
    else:
        raise Failed("a file was taken in that nobody keeps")
    seconds = time.monotonic() - began
    prescriber.get("/bestallning/slutfor/leverans/")
    number = ""
    for _ in range(8):
        if sent := re.search(r"/bestallningar/(\d+)/", prescriber.url):
            number = sent.group(1)
            break
        prescriber.forward()
    if not number:
        raise Failed("the order was not sent without its file")
    store.start()
    time.sleep(6)  # for so long the nodes don't ask after what hung
    if fetched(prescriber, kept, times=2) != [PDF, PDF]:
        raise Failed("a file was lost")
    print(
        f"store killed: a file refused with 503 (the way to it {seconds:.1f} s), order {number} sent without;"
        f" back, the file of order {kept} is there"
    )


def there_and_back(store: s3.Server, environment: dict[str, str]) -> None:
    """Into the folder, into the store again, into a backup: as many, the same."""
    before, folder = store.files(FOLDER), Path(environment["MEDIA_ROOT"])
    began = time.monotonic()
    manage(environment, "move_files", "to-folder", "--remove")
    here = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
    if here != before or store.files(FOLDER):
        raise Failed("the folder doesn't hold what the store held")
    manage(environment, "move_files", "to-store", "--remove")
    if store.files(FOLDER) != before:
        raise Failed("the store doesn't hold what the folder held")
    seconds = time.monotonic() - began
    said = manage(
        environment | {"DATABASE_OWNER_URL": environment["DRILL_OWNER"]},
        "backup",
        f"{folder}-backups",
    )
    if f"{len(before)} files" not in said:
        raise Failed(f"the backup holds other files: {said}")
    print(f"{len(before)} files into the folder and back in {seconds:.1f} s, and in a backup")
