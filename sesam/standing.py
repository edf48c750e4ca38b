"""Standing questions, whose SQL is made once. The ORM takes several times longer to put a page's question
together, and to write it as SQL, than the database takes to answer it; and the next request's is
the same but for a key::

    @standing
    def _lines_of(*, order: Any) -> QuerySet[OrderLine]:
        return OrderLine.objects.filter(order=order).select_related("article")

    lines = _lines_of(order=order.pk)  # a list

The function gets a ``Given`` in place of each value that is named, and what isn't named as it is: of
each such kind there is a question of its own, so it is a role or a field, never a record. A value is
what its column holds (a key, not its record), or a list of keys for ``…__in``; and never None, which
SQL would find equal to nothing. It is called once a process: what changes, as the day and who asks,
is a value.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import update_wrapper
from typing import Any, Generic, TypeVar

from django.db import connections, transaction
from django.db.backends.postgresql.compiler import SQLCompiler
from django.db.models import Expression, Model, QuerySet, Value
from django.db.models.sql import Query

Row = TypeVar("Row")


class Given(Expression):
    """A value that is told when it is asked."""

    def __init__(self, name: str, *, many: bool = False) -> None:
        super().__init__()
        self.name, self.many = name, many

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        return "(SELECT unnest(%s::bigint[]))" if self.many else "%s", [self]


def in_all(rows: QuerySet[Any, Any], *totals: Expression) -> QuerySet[Any, Any]:
    """What ``aggregate`` asks, to be asked later: one row, of the totals."""
    named = {f"total{n}": total for n, total in enumerate(totals)}
    found: QuerySet[Any, Any] = rows.order_by().values(_=Value(1)).annotate(**named)
    return found.values_list(*named)


class standing(Generic[Row]):
    """The function's question: called with values, it gives the rows."""

    def __init__(self, build: Callable[..., QuerySet[Any, Row]]) -> None:
        self._build = build
        self._made: dict[tuple[Any, ...], QuerySet[Any, Row]] = {}
        update_wrapper(self, build)

    def __call__(self, *kind: Any, **values: Any) -> list[Row]:
        if None in values.values():
            raise ValueError(f"{self._build.__name__} is asked with None.")
        if kind not in self._made:
            self._made[kind] = self._make(kind, values)
        rows: Any = self._made[kind]._chain()  # type: ignore[attr-defined]  # the stubs leave it out
        rows.query.values = values
        return list(rows)

    def _make(self, kind: tuple[Any, ...], values: dict[str, Any]) -> QuerySet[Any, Row]:
        given = {name: Given(name, many=isinstance(value, list)) for name, value in values.items()}
        made: Any = self._build(*kind, **given)
        written = _Written(made.query, connections[made.db], made.db)
        written.sql, written.params = SQLCompiler.as_sql(written)
        columns = [column for column, _, _ in written.select]
        if found := [p for p in (*kind, *written.params) if isinstance(p, (dt.date, Model))]:
            raise ValueError(
                f"{self._build.__name__} would ask with {found[0]!r} for as long as the process"
                " lives: a day or a record is told as a value."
            )
        written.converters = SQLCompiler.get_converters(written, columns)
        made._query = made.query.chain(klass=_Standing)
        made.query.written = written
        return made  # type: ignore[no-any-return]


def _like(made: Any) -> Any:
    """Another of what was made, without ``copy``'s looking for how."""
    another = object.__new__(type(made))
    another.__dict__ = made.__dict__.copy()
    return another


class _Standing(Query):
    """Has its SQL with it; those of several requests differ by their values."""

    written: _Written
    values: dict[str, Any]

    def chain(self, klass: Any = None) -> Any:
        return _like(self)

    def get_compiler(
        self, using: Any = None, connection: Any = None, elide_empty: bool = True
    ) -> Any:
        compiler = _like(self.written)
        compiler.connection = connections[using]  # this thread's
        if self.select_for_update and not compiler.connection.in_atomic_block:
            raise transaction.TransactionManagementError("What is locked needs a transaction.")
        compiler.values = self.values
        return compiler


class _Written(SQLCompiler):
    """Knows what it has written."""

    sql: str
    params: tuple[Any, ...]
    converters: dict[int, Any]
    values: dict[str, Any]

    def get_converters(self, expressions: Any) -> dict[int, Any]:
        return self.converters

    def execute_sql(self, *args: Any, **kwargs: Any) -> Any:
        """All rows at once, rather than a hundred at a time."""
        with self.connection.cursor() as cursor:
            cursor.execute(*self.as_sql())
            return [cursor.fetchall()]

    def as_sql(self, with_limits: bool = True, with_col_aliases: bool = False) -> Any:
        told = self.values
        return self.sql, tuple(told[p.name] if isinstance(p, Given) else p for p in self.params)
