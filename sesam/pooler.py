"""Whether a pooler stands between the portal and its database (``DATABASE_POOLER`` says so).

One that shares connections between transactions hands each to somebody else after every transaction,
with what was prepared or set on it: what the portal does otherwise would fail now and then, under load.
"""

from __future__ import annotations

from django.db import OperationalError
from django.db.backends.base.base import BaseDatabaseWrapper

# What PgBouncer answers to settings that a connection brings along.
_REFUSES = "unsupported startup parameter"


def stands_between(connection: BaseDatabaseWrapper) -> bool:
    """A pooler tells who connects a process number of its own; PostgreSQL knows its real one."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            (real,) = cursor.fetchone()
            return bool(real != cursor.connection.info.backend_pid)
    except OperationalError as fault:
        if _REFUSES in str(fault):
            return True
        raise
