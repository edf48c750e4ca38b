"""Where files are kept: below the folder ``MEDIA_ROOT``, or in an S3 store where ``FILES_STORE`` names
one (sesam/s3_store.py, which alone knows how to ask it). Both are Django storages with what the portal
needs besides: all that is there (``entries``), a file under just that name (``put``), one taken away for
certain (``remove``).

A file is there before its row is: the transaction may still come to nothing. What a request or a job
saved, and whose transaction was rolled back, is cleared away when it ends (``kept``); what a killed
process left, by ``sweep``.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import logging
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Protocol, cast

from django.apps import apps
from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import FileSystemStorage, default_storage
from django.db import Error, connection, models, transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from . import history
from .errors import DomainError

log = logging.getLogger(__name__)
#: The folders that our own ``upload_to`` name. Whatever else is in the store is somebody else's.
FOLDERS = ("articles", "attachments", "blanks", "documents", "imports", "printouts")
#: A file that no row names is swept away when it is so old: no transaction lasts as long.
SWEPT_AFTER = dt.timedelta(days=2)
UNDER_WAY = ".restoring"  # what is beside it was put there by a restore that ended early


class StoreDown(DomainError):
    """The store doesn't answer, or not in time. Beside a field that a file is chosen in it says so."""

    def __init__(self) -> None:
        super().__init__(
            "Portalen når inte sitt fillager just nu, så filen kan inte sparas eller hämtas. Försök"
            " igen om en stund.",
            field="file",
        )
        if (now := _now.get()) is not None:
            now.met_fault = True


@dataclass(frozen=True)
class Entry:
    """A file that is there."""

    name: str
    size: int
    modified: dt.datetime


class Place(Protocol):
    """What both kinds of store can do."""

    def entries(self) -> Iterator[Entry]: ...
    def open(self, name: str, mode: str = "rb") -> File[bytes]: ...
    def exists(self, name: str) -> bool: ...
    def put(self, name: str, content: IO[bytes]) -> None: ...
    def remove(self, name: str) -> None: ...


def here() -> Place:
    """The store that the portal keeps its files in."""
    return cast(Place, default_storage)


# --- what a transaction that came to nothing has left ---


@dataclass
class _Saved:
    storage: Any
    name: str
    over: Any  # the database's connection
    is_committed: bool = False

    def commit(self) -> None:
        self.is_committed = True


@dataclass
class _Now:
    """What the request or job at hand has to do with files."""

    saved: list[_Saved] = field(default_factory=list)
    met_fault: bool = False


_now: ContextVar[_Now | None] = ContextVar("files", default=None)

if TYPE_CHECKING:
    from django.core.files.storage import Storage as _Storage
else:
    _Storage = object


class Cleared(_Storage):
    """A storage that remembers what was saved within a transaction."""

    def _save(self, name: str, content: File[Any]) -> str:
        saved: str = super()._save(name, content)  # type: ignore[misc]  # every storage has it
        now = _now.get()
        if now is not None and connection.in_atomic_block:
            mine = _Saved(self, saved, connection.connection)
            transaction.on_commit(mine.commit)
            now.saved.append(mine)
        return saved


@contextmanager
def kept() -> Iterator[_Now]:
    """Around a request or a job: what was saved in it for a transaction that was rolled back goes."""
    now = _Now()
    token = _now.set(now)
    try:
        yield now
    finally:
        _now.reset(token)
        for saved in now.saved:
            if not saved.is_committed:
                _clear(saved)


def _clear(saved: _Saved) -> None:
    """Not where the connection broke: its last transaction may yet be found to have been committed.
    ``sweep`` sees to that."""
    if connection.in_atomic_block or connection.connection is not saved.over:
        return
    try:
        if saved.name not in named([saved.name]):
            saved.storage.delete(saved.name)
    except Error:
        log.warning("A file whose case was rolled back is left to the sweep")


class StoredFiles:
    """Middleware: clears away, and says by the status where a form tells that the store is down."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with kept() as now:
            response = self.get_response(request)
        if now.met_fault and request.method == "POST" and response.status_code in (200, 422):
            response.status_code = 503
            response["Retry-After"] = "5"
            response["X-At-Field"] = "1"  # portal.js shows it as any answer with what is wrong
        return response


@contextmanager
def overlooked() -> Iterator[None]:
    """What the store doesn't take away now is taken by the sweep: a deed that is done isn't told as one
    that isn't."""
    now = _now.get()
    before = now is not None and now.met_fault
    try:
        yield
    except StoreDown:
        log.warning("A file that is to go is left to the sweep")
        if now is not None:
            now.met_fault = before


def answers() -> None:
    """Before a form is taken in with a file: raises ``StoreDown`` where it couldn't be saved."""
    default_storage.exists(UNDER_WAY)


# --- what a killed process has left ---


def named(names: Iterable[str] | None = None) -> set[str]:
    """The files that rows name; of ``names`` alone, where given. One statement, so one moment: a file
    that goes from one row to another is seen at one of them."""
    asked = []
    for model in apps.get_models():
        if issubclass(model, history.Change):  # what a row once named may be gone
            continue
        for part in model._meta.concrete_fields:
            if isinstance(part, models.FileField):
                rows = model._base_manager.using("default").exclude(**{part.name: ""})
                if names is not None:
                    rows = rows.filter(**{f"{part.name}__in": list(names)})
                asked.append(rows.order_by().values_list(part.name, flat=True))
    return {str(name) for name in asked[0].union(*asked[1:], all=True) if name}


class TooMany(Exception):
    """So many files that no row names are no leftovers."""

    def __init__(self, left: int, of: int) -> None:
        super().__init__(
            f"{left} of {of} files are named by no row: is this database another one's, or older than"
            " the files? Nothing was removed. If they are to go: manage.py sweep_files --all"
        )


def sweep(*, older_than: dt.timedelta | None = None, all_of_them: bool = False) -> int:
    """Remove what is so old and named by no row; how many. Raises ``TooMany`` where it is more than
    accidents leave: a store that another database's portal keeps its files in isn't emptied."""
    before = timezone.now() - (SWEPT_AFTER if older_than is None else older_than)
    entries = [entry for entry in here().entries() if entry.name.split("/")[0] in FOLDERS]
    old = {entry.name for entry in entries if entry.modified < before}
    left = sorted(old - named()) if old else []
    if len(left) > max(20, len(entries) // 10) and not all_of_them:
        raise TooMany(len(left), len(entries))
    for name in left:
        here().remove(name)
    return len(left)


# --- the folder ---


class Folder(Cleared, FileSystemStorage):
    """``MEDIA_ROOT``."""

    def entries(self) -> Iterator[Entry]:
        root = Path(self.location)
        for path in sorted(root.rglob("*")) if root.exists() else ():
            name = path.relative_to(root).as_posix()
            with contextlib.suppress(FileNotFoundError):  # removed meanwhile
                if path.is_symlink() or not path.is_file() or name == UNDER_WAY:
                    continue
                about = path.stat()
                modified = dt.datetime.fromtimestamp(about.st_mtime, dt.UTC)
                yield Entry(name, about.st_size, modified)

    def put(self, name: str, content: IO[bytes]) -> None:
        """Whole or not at all, for nobody else to read."""
        target = Path(self.path(name))
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=target.parent, delete=False) as draft:  # 0600
            try:
                shutil.copyfileobj(content, draft)
                draft.close()
                Path(draft.name).rename(target)
            except BaseException:
                Path(draft.name).unlink(missing_ok=True)
                raise

    def remove(self, name: str) -> None:
        self.delete(name)


# --- from one to the other ---


@dataclass
class Moved:
    """What became of the files of one place."""

    copied: int = 0
    there: int = 0  # were there already, the same
    differ: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)  # named by rows, in neither place
    removed: int = 0

    @property
    def is_whole(self) -> bool:
        return not self.differ


def move(source: Place, target: Place, *, remove: bool, tell: Callable[[str], object]) -> Moved:
    """Copy all files and read back each; with ``remove``, take them away here when all are there.
    Begun again it goes on. A file that is another one there is told and left alone in both."""
    moved = Moved()
    names = []
    for count, entry in enumerate(source.entries(), 1):
        try:
            mine = _checksum(source, entry.name)
        except FileNotFoundError:  # removed meanwhile
            continue
        names.append(entry.name)
        if target.exists(entry.name):
            if _checksum(target, entry.name) == mine:
                moved.there += 1
            else:
                moved.differ.append(entry.name)
            continue
        with source.open(entry.name, "rb") as content:
            target.put(entry.name, content)
        if _checksum(target, entry.name) != mine:
            target.remove(entry.name)
            moved.differ.append(entry.name)
        else:
            moved.copied += 1
        if count % 100 == 0:
            tell(f"{count} files …")
    there = {entry.name for entry in target.entries()}
    moved.differ += sorted(set(names) - there - set(moved.differ))
    moved.lost = sorted(named() - there)
    if remove and moved.is_whole:
        for name in names:
            source.remove(name)
            moved.removed += 1
    return moved


def _checksum(place: Place, name: str) -> str:
    with place.open(name, "rb") as file:
        digest = hashlib.sha256()
        while part := file.read(1024 * 1024):
            digest.update(part)
        return digest.hexdigest()


def folder() -> Folder:
    """``MEDIA_ROOT``, also where the portal's files are in a store."""
    return Folder(location=settings.MEDIA_ROOT)
