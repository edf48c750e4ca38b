"""``manage.py migrate``, also while people work."""

from __future__ import annotations

import gc
import time
from typing import Any

from django.core.management.base import CommandError
from django.core.management.commands import migrate
from django.db import connections
from django.db.migrations import Migration
from django.db.utils import OperationalError
from psycopg.errors import LockNotAvailable

# A migration that waits for a lock makes all wait who come after it: no longer than this, and less
# than what a page waits for (DB_LOCK_TIMEOUT).
LOCK_SECONDS, PAUSE_SECONDS, TRIES = 3, 2, 20


class Command(migrate.Command):
    """What others hold (a report, a backup) is waited for in short tries, between which they go on. Each
    is a transaction, which leaves nothing behind; what is made concurrently, outside of one, hinders
    nobody and waits as long as it has to."""

    def handle(self, *args: Any, **options: Any) -> None:
        self._using = options["database"]
        # Every migration makes the models anew: looking for what is left of the last ones every now and
        # then takes a fifth less of the time than at every turn, and 400 MB instead of 170.
        seldom, usual = (50_000, 20, 50), gc.get_threshold()
        gc.set_threshold(*seldom)
        try:
            self._try(*args, **options)
        finally:
            gc.set_threshold(*usual)
            if connections[self._using].connection is not None:
                self._wait_for_locks(0)

    def _try(self, *args: Any, **options: Any) -> None:
        for left in reversed(range(TRIES)):
            self._at = ""
            try:
                super().handle(*args, **options)
                return
            except OperationalError as error:
                if not isinstance(error.__cause__, LockNotAvailable):
                    raise
                if not left:
                    raise CommandError(
                        f"{self._at} didn't get its lock in {TRIES} tries: somebody holds a table for"
                        " long (a backup, a report; see pg_stat_activity). All before it is applied,"
                        " and the portal goes on; migrate again."
                    ) from None
                self.stderr.write(f" {self._at} waits for a lock; tried again.")
            time.sleep(PAUSE_SECONDS)

    def migration_progress_callback(
        self, action: str, migration: Migration | None = None, fake: bool = False
    ) -> None:
        if migration is not None and action in ("apply_start", "unapply_start"):
            self._at = str(migration)
            self._wait_for_locks(LOCK_SECONDS if migration.atomic else 0)
        super().migration_progress_callback(action, migration, fake)

    def _wait_for_locks(self, seconds: int) -> None:
        with connections[self._using].cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, false)", [f"{seconds}s"])
