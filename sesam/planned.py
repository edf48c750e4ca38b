"""Questions that are planned for just what they ask.

What is asked again on a connection is prepared, and after five times PostgreSQL may plan it once for
whatever may be bound. Not knowing the words that are sought, it then thinks that few articles have
them: of words that all have, it looked through the whole index to read a page of names, and took a
second to sort them by supplier.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db.backends.base.base import BaseDatabaseWrapper


@contextmanager
def for_its_values(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """What is asked inside isn't prepared: it is planned each time, by the values that it has."""
    connection.ensure_connection()
    psycopg = connection.connection
    threshold, psycopg.prepare_threshold = psycopg.prepare_threshold, None
    try:
        yield
    finally:
        psycopg.prepare_threshold = threshold
