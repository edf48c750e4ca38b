"""A page of a list as HTML, cell by cell; what a page's time goes to, hence written for speed."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from html import escape
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from django.db.models import Model
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe
from django_tables2.utils import A, signature

if TYPE_CHECKING:
    from .table import Table


class DrawnColumn:
    """A column while a page is drawn: its attributes and what its ``render`` wants are found out
    once, not per cell.

    Does what ``django_tables2.rows.BoundRow.get_cell`` does, which still draws model objects
    (their choices have words of their own).
    """

    def __init__(self, bound: Any, table: Table, sample: Any) -> None:
        self.bound = bound
        self.name = bound.name
        self.table = table
        self.accessor = A(bound.accessor)
        self.render = bound.render
        self.link = bound.link
        self.default = bound.default
        self.wanted = _wanted_by(getattr(bound.render, "__func__", bound.render))
        self.of_value_alone = self.wanted == _VALUE and not self.link  # as most are
        self.empty = bound.column.empty_values
        given = bound.column.attrs.get("td", {})
        label = str(bound.header) if getattr(bound.column, "named_on_cards", True) else ""
        self.start = f"<td{attributes({**given, 'data-label': label})}>"
        without = f"{given.get('class', '')} none".strip()
        self.start_empty = f"<td{attributes({**given, 'data-label': label, 'class': without})}>"
        self.blank = f"{self.start_empty}{escaped(self.default)}</td>"
        self.of_models = isinstance(sample, Model)
        self.value_of = self._getter(sample)

    def cell(self, row: Any, record: Any) -> str:
        if self.of_models:
            content = row.get_cell(self.name)
        else:
            value = self.value_of(record)
            if value in self.empty:
                return self.blank
            content = self.render(value=value) if self.of_value_alone else self._content(row, value)
        if content == "" or content == self.default:
            return f"{self.start_empty}{escaped(content)}</td>"
        return f"{self.start}{escaped(content)}</td>"

    def _getter(self, sample: Any) -> Callable[[Any], Any]:
        """How the column's value is got from rows like ``sample``."""
        if isinstance(sample, dict) and self.accessor in sample:
            return itemgetter(self.accessor)
        if not isinstance(sample, dict) and "__" not in self.accessor and "." not in self.accessor:
            return lambda record: getattr(record, self.accessor, None)
        return lambda record: self.accessor.resolve(record, quiet=True)

    def _content(self, row: Any, value: Any) -> Any:
        record, wanted = row.record, self.wanted
        if wanted == _RECORD and not self.link:
            return self.render(record=record)
        if wanted == _VALUE_AND_RECORD and not self.link:
            return self.render(value=value, record=record)
        if wanted == _VALUE_RECORD_TABLE and not self.link:
            return self.render(value=value, record=record, table=self.table)
        given = {
            "value": value,
            "record": record,
            "column": self.bound.column,
            "bound_column": self.bound,
            "bound_row": row,
            "table": self.table,
        }
        if wanted is None:
            content = self.render(**given)
        else:
            content = self.render(**{name: given[name] for name in wanted if name in given})
        return self.link(content, **given) if self.link else content


_RECORD, _VALUE_AND_RECORD = frozenset({"record"}), frozenset({"value", "record"})
_VALUE_RECORD_TABLE = frozenset({"value", "record", "table"})
_VALUE = frozenset({"value"})


@cache
def _wanted_by(render: Any) -> frozenset[str] | None:
    """The arguments a ``render`` asks for; None when it takes all."""
    wanted, takes_all = signature(render)
    return None if takes_all else frozenset(wanted) - {"self"}


def escaped(content: Any) -> str:
    """``conditional_escape`` without its detour over lazy texts, which lists of many cells feel."""
    if type(content) is SafeString:
        return content
    return escape(content) if type(content) is str else str(conditional_escape(content))


def attributes(attrs: dict[str, Any]) -> SafeString:
    return mark_safe(
        "".join(
            f' {name}="{escaped(value)}"'
            for name, value in attrs.items()
            if value not in (None, "")
        )
    )
