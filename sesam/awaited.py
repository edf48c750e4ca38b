"""What a job makes while somebody waits for it on a page: how far it has come, and what went wrong.

The record is of a model that extends ``models.Awaited``; its page asks again while it ``waits``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Generic, TypeVar

from django.utils import timezone

from . import asking
from .errors import DomainError
from .models import Awaited

#: A job that hasn't moved for so long was lost (a worker that was ended in the middle of it).
LOST = dt.timedelta(minutes=10)

T = TypeVar("T", bound=Awaited)


def begin(record: Awaited, *fields: str) -> None:
    """The record waits for a job (again); saved with ``fields``. The caller puts the job off."""
    record.progress, record.error, record.done_at = 0, "", None
    record.touched_at = timezone.now()
    record.save(update_fields=[*fields, "progress", "error", "done_at", "touched_at"])


def is_lost(record: Awaited) -> bool:
    """Whether its job hasn't moved for so long that it never will."""
    return record.done_at is None and record.touched_at < timezone.now() - LOST


def waits(record: Awaited) -> bool:
    """Whether its job is still to do, or at it."""
    return record.done_at is None and not record.error and not is_lost(record)


class Work(Generic[T]):
    """What a job does with the record that it works on."""

    def __init__(self, record: T) -> None:
        self.record = record

    def progress(self, percent: int) -> None:
        """Say how far it has come; never backwards, and 100 is for what is finished."""
        percent = min(99, max(percent, self.record.progress))
        if percent != self.record.progress:
            self.record.progress = percent
            self._write("progress")

    def finish(self, *fields: str) -> None:
        """It is done, and saved with ``fields``."""
        self.record.progress = 100
        self.record.done_at = timezone.now()
        self._write(*fields, "progress", "done_at")

    def fail(self, text: str) -> None:
        self.record.error = text[:200]
        self._write("error")

    def _write(self, *fields: str) -> None:
        self.record.touched_at = timezone.now()
        self.record.save(update_fields=[*fields, "touched_at"])


@contextmanager
def working(work: Work[T], *, owner: Any, failed: str) -> Iterator[None]:
    """While a job does its work, for the owner; what goes wrong is told to them."""
    unit = getattr(owner, "default_unit_id", None)
    started = replace(asking.now(), started_by=owner.pk, starters_unit=unit)
    try:
        with asking.by(started):
            work.progress(1)
            yield
    except DomainError as error:
        work.fail(error.message)
    except Exception:
        work.fail(failed)
        raise
