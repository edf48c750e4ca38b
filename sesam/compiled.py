"""Questions that a busy page asks again and again: Django writes their SQL once.

Putting a queryset together and writing its SQL takes two to four times as long as the database
takes to answer it by an index. Where a page's speed is measured (``tests/benchmarks``) the SQL is
kept and only the value asked for changes::

    rows = compiled.rows("loans held", lambda pk: Loan.objects.filter(recipient=pk).values(…), pk)

The queryset must be a ``values()`` with nothing in it that changes but that one value.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

from django.db import connection
from django.db.models import QuerySet

_STAND_IN = -7_777_777_777  # no key of ours, and a bigint all the same
_written: dict[Hashable, tuple[str, list[str], tuple[Any, ...]]] = {}


def rows(
    key: Hashable, queryset: Callable[[int], QuerySet[Any, Any]], value: int
) -> list[dict[str, Any]]:
    """What ``queryset(value)`` finds. ``key`` names the question; the number of keys is bounded by
    the code, never by what users type."""
    if key not in _written:
        query = queryset(_STAND_IN).query
        sql, params = query.sql_with_params()
        if _STAND_IN not in params:
            raise ValueError(f"{key}: the value asked for isn't a parameter of the query")
        names = list(query.selected)  # in the order of the SQL, as ValuesIterable reads it
        _written[key] = (sql, names, params)
    sql, names, params = _written[key]
    with connection.cursor() as cursor:
        cursor.execute(sql, [value if given == _STAND_IN else given for given in params])
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
