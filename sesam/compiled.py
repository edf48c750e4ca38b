"""Questions that a busy page asks again and again: written once, planned once a connection.

Putting a queryset together and writing its SQL takes two to four times as long as the database
takes to answer it by an index, and planning it as long again. Where a page's speed is measured
(``tests/benchmarks``) the SQL is kept, prepared on each connection, and only the value asked for
changes::

    rows = compiled.rows("loans held", lambda pk: Loan.objects.filter(recipient=pk).values(…), pk)

The queryset must be a ``values()`` with nothing in it that changes but that one value.

With ``DISABLE_SERVER_SIDE_CURSORS`` (Django's word for a pooler that hands the connection to
somebody else between two transactions) nothing is prepared.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from django.db import connection
from django.db.models import QuerySet

_STAND_IN = -7_777_777_777  # no key of ours, and a bigint all the same


@dataclass(frozen=True)
class _Question:
    statement: str
    sql: str
    names: list[str]
    params: tuple[Any, ...]

    def with_value(self, value: int) -> list[Any]:
        return [value if given == _STAND_IN else given for given in self.params]


_written: dict[Hashable, _Question] = {}
_prepared: WeakKeyDictionary[Any, set[str]] = WeakKeyDictionary()


def rows(
    key: Hashable, queryset: Callable[[int], QuerySet[Any, Any]], value: int
) -> list[dict[str, Any]]:
    """What ``queryset(value)`` finds. ``key`` names the question; the number of keys is bounded by
    the code, never by what users type."""
    if key not in _written:
        _written[key] = _write(queryset(_STAND_IN), key)
    question = _written[key]
    with connection.cursor() as cursor:
        if connection.settings_dict.get("DISABLE_SERVER_SIDE_CURSORS"):
            cursor.execute(question.sql, question.with_value(value))
        else:
            _prepare(cursor, question)
            cursor.execute(f"EXECUTE {question.statement} (%s)", [value])
        return [dict(zip(question.names, row, strict=True)) for row in cursor.fetchall()]


def _write(queryset: QuerySet[Any, Any], key: Hashable) -> _Question:
    query = queryset.query
    sql, params = query.sql_with_params()
    if _STAND_IN not in params:
        raise ValueError(f"{key}: the value asked for isn't a parameter of the query")
    names = list(query.selected or ())  # in the order of the SQL, as ValuesIterable reads it
    return _Question(f"compiled_{len(_written)}", sql, names, params)


def _prepare(cursor: Any, question: _Question) -> None:
    """Once a connection; it lives as long as that, whatever becomes of the transaction."""
    known = _prepared.setdefault(connection.connection, set())
    if question.statement not in known:
        whole = cursor.mogrify(question.sql, question.params).replace(str(_STAND_IN), "$1")
        cursor.execute(f"PREPARE {question.statement} (bigint) AS {whole}")
        known.add(question.statement)
