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
from uuid import UUID
from weakref import WeakKeyDictionary

from django.db import connection
from django.db.models import QuerySet

Value = int | UUID
#: What stands for the value while the question is written: no key of ours, of the right type.
_STAND_INS: dict[type, Value] = {int: -7_777_777_777, UUID: UUID(int=7_777_777_777)}
_TYPES = {int: "bigint", UUID: "uuid"}


@dataclass(frozen=True)
class _Question:
    statement: str
    sql: str
    names: list[str]
    params: tuple[Any, ...]
    stand_in: Value

    def with_value(self, value: Value) -> list[Any]:
        return [value if given == self.stand_in else given for given in self.params]


_written: dict[Hashable, _Question] = {}
_prepared: WeakKeyDictionary[Any, set[str]] = WeakKeyDictionary()


def rows(
    key: Hashable, queryset: Callable[[Any], QuerySet[Any, Any]], value: Value
) -> list[dict[str, Any]]:
    """What ``queryset(value)`` finds. ``key`` names the question; the number of keys is bounded by
    the code, never by what users type."""
    if key not in _written:
        stand_in = _STAND_INS[type(value)]
        _written[key] = _write(queryset(stand_in), key, stand_in)
    question = _written[key]
    with connection.cursor() as cursor:
        if connection.settings_dict.get("DISABLE_SERVER_SIDE_CURSORS"):
            cursor.execute(question.sql, question.with_value(value))
        else:
            _prepare(cursor, question)
            cursor.execute(f"EXECUTE {question.statement} (%s)", [value])
        return [dict(zip(question.names, row, strict=True)) for row in cursor.fetchall()]


def _write(queryset: QuerySet[Any, Any], key: Hashable, stand_in: Value) -> _Question:
    query = queryset.query
    sql, params = query.sql_with_params()
    if stand_in not in params:
        raise ValueError(f"{key}: the value asked for isn't a parameter of the query")
    names = list(query.selected or ())  # in the order of the SQL, as ValuesIterable reads it
    return _Question(f"compiled_{len(_written)}", sql, names, params, stand_in)


def _prepare(cursor: Any, question: _Question) -> None:
    """Once a connection; it lives as long as that, whatever becomes of the transaction."""
    known = _prepared.setdefault(connection.connection, set())
    if question.statement not in known:
        written = cursor.mogrify("%s", [question.stand_in])
        whole = cursor.mogrify(question.sql, question.params).replace(written, "$1")
        cursor.execute(
            f"PREPARE {question.statement} ({_TYPES[type(question.stand_in)]}) AS {whole}"
        )
        known.add(question.statement)
