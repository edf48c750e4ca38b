"""Whether the database that the portal reaches takes writes.

Of a primary and its standbys one takes writes; ``DATABASE_URL`` names them all, and a new connection looks
for that one (``target_session_attrs``). While there is none, or the only one has been told not to, people
are told that nothing can be changed, and who runs the portal by ``/readyz``, ``/metrics`` and the log.
"""

from __future__ import annotations

import logging
import time
from typing import Any

import psycopg
from django.db import Error, connection

log = logging.getLogger(__name__)
SENTENCE = (
    "The database takes no writes: see which PostgreSQL is primary (patronictl list), whether its disk"
    " is full, and default_transaction_read_only"
)
QUESTION = (
    "SELECT (pg_is_in_recovery() OR current_setting('default_transaction_read_only')::bool)::int"
)
TOLD_EVERY = 60  # seconds
_told_at: list[float] = []


def is_read_only() -> bool:
    """Whether a server answers and none takes writes. One that doesn't answer is another matter."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(QUESTION)
            return bool(cursor.fetchone()[0])
    except Error:
        return _others_read()


def _others_read() -> bool:
    if "," not in str(connection.settings_dict["HOST"]):
        return False
    # mypy knows the parameters of none: they are whatever the settings name.
    asked: dict[str, Any] = connection.get_connection_params() | {"target_session_attrs": "any"}
    try:
        psycopg.connect(**asked).close()
    except psycopg.Error:
        return False
    return True


def tell() -> None:
    """In the log, a sentence a minute for as long as somebody asks."""
    now = time.monotonic()
    if not _told_at or now - _told_at[-1] >= TOLD_EVERY:
        _told_at[:] = [now]
        log.warning(SENTENCE)


def look_elsewhere() -> None:
    """The next question of this thread is asked of a server that takes writes."""
    if not connection.in_atomic_block:
        connection.close()
