"""Tables of some size, for tests that ask by which index PostgreSQL would look: of a few rows it reads
them all, and what other tests left decides the rest."""

from __future__ import annotations

from django.db import connection
from django.db.models import Model


def many_like(record: Model, count: int, **columns: str) -> None:
    """So many copies of a record; ``columns`` are what differs, in SQL where ``n`` is the copy's number."""
    meta = record._meta
    copied = {field.column: field.column for field in meta.concrete_fields if not field.primary_key}
    copied |= columns
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {meta.db_table} ({', '.join(copied)}) SELECT {', '.join(copied.values())}"
            f" FROM {meta.db_table}, generate_series(1, %s) n WHERE {meta.pk.column} = %s",
            [count, record.pk],
        )
        cursor.execute(f"ANALYZE {meta.db_table}")


def many_case_numbers(kind: str, count: int) -> None:
    """Z1, Z2, …"""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO sesam_casenumber (number, kind, created_at)"
            " SELECT 'Z' || n, %s, now() FROM generate_series(1, %s) n",
            [kind, count],
        )
