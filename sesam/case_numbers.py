"""Case numbers: ``YYWWNNNN`` (ISO year, ISO week, running number), one series for all kinds."""

import datetime as dt

from django.db import connection, transaction
from django.utils import timezone

from .models import CaseKind, CaseNumber


def prefix(day: dt.date) -> str:
    """Two digits of the ISO year and two of the ISO week of ``day``: 2026-11-23 is ``2648``."""
    year, week, _ = day.isocalendar()
    return f"{year % 100:02d}{week:02d}"


def written(prefix: str, running: int) -> str:
    """The whole number; after 9999 it goes on with five digits."""
    return f"{prefix}{running:04d}"


def take(kind: CaseKind) -> str:
    """Give out the week's next number. Needs a transaction.

    The counter's row stays locked until the transaction ends: take the number after all
    other locks (recipient, case, balances, individuals), just before the first insert.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("case_numbers.take needs a transaction")
    week = prefix(timezone.localdate())
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO sesam_caseseries AS s (prefix, last) VALUES (%s, 1)"
            " ON CONFLICT (prefix) DO UPDATE SET last = s.last + 1 RETURNING last",
            [week],
        )
        number = written(week, cursor.fetchone()[0])
    CaseNumber.objects.create(number=number, kind=kind)
    return number
