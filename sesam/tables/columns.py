"""What a list's columns show: numbers, money, days, states, links, boxes, buttons."""

from __future__ import annotations

import copy
from html import escape
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote

import django_tables2 as tables
from django.utils.safestring import SafeString, mark_safe
from django_tables2.utils import A

from sesam.templatetags.sesam import datum, datumtid, kr, status_html, stock_html, tal

from .drawing import escaped

if TYPE_CHECKING:
    from .table import Table


class Column(tables.Column):
    """A column with our classes: ``priority`` and ``css`` (see the module's docstring)."""

    css: ClassVar[str] = ""
    #: Stands the heading beside the value when rows are drawn as cards?
    named_on_cards: ClassVar[bool] = True

    def __init__(self, *args: Any, priority: int = 1, css: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        classes = " ".join(filter(None, [self.css, css, f"p{priority}" if priority > 1 else ""]))
        self.attrs: dict[str, Any] = {**self.attrs}
        for part in ("th", "td"):
            given = dict(self.attrs.get(part, {}))
            given["class"] = " ".join(filter(None, [classes, given.get("class", "")]))
            if given["class"]:
                self.attrs[part] = given

    def __deepcopy__(self, memo: dict[int, Any]) -> Column:
        """Every table copies its columns. Nothing in ours changes from table to table, and copying
        all that hangs on them took longer than asking the database."""
        return copy.copy(self)


class NumberColumn(Column):
    """A count: right-aligned, thousands apart."""

    css = "num"

    def render(self, value: Any) -> str:
        return tal(value)


class MoneyColumn(Column):
    css = "num"

    def render(self, value: Any) -> str:
        return kr(value)


class DateColumn(Column):
    css = "code"

    def render(self, value: Any) -> str:
        return datum(value)


class DateTimeColumn(Column):
    css = "code"

    def render(self, value: Any) -> str:
        return datumtid(value)


class CodeColumn(Column):
    """A number or code that never wraps; the small second line on a card."""

    css = "code sub"


class StatusColumn(Column):
    """Icon and words of a status; for a model's choices the label comes by itself."""

    def render(self, value: Any) -> SafeString:
        return status_html("", value)


class StockColumn(Column):
    """Availability; ``note`` is the name of an attribute with «ersättning finns» and the like."""

    def __init__(self, *args: Any, note: str = "", **kwargs: Any) -> None:
        self.note = note
        super().__init__(*args, **kwargs)

    def render(self, value: Any, record: Any) -> SafeString:
        note = A(self.note).resolve(record, quiet=True) if self.note else ""
        return stock_html(value, note or "")


class LinkColumn(Column):
    """The row's first link, to a page: give ``linkify`` as in django-tables2."""

    css = "title"


class PanelColumn(Column):
    """The row's first link, which opens the row in the panel.

    ``panel_id`` names the record's attribute that stands in ``?panel=``. The view finds the object
    among what the page shows and gives ``panel`` to the template.
    """

    css = "title"

    def __init__(self, *args: Any, panel_id: str = "pk", **kwargs: Any) -> None:
        self.panel_id = panel_id
        super().__init__(*args, **kwargs)

    def render(self, value: Any, record: Any, table: Table) -> SafeString:
        by = self.panel_id
        key = str(record[by] if isinstance(record, dict) else A(by).resolve(record))
        href = escape(f"{table.panel_prefix}{key if key.isdecimal() else quote(key)}")
        return mark_safe(
            f'<a class="panel-link" href="{href}" data-panel="{escape(key)}">{escaped(value)}</a>'
        )


class TickColumn(Column):
    """A box per row for actions on several; see ``parts/bulk.html``. Sends ``valda``."""

    css = "tick"

    def __init__(self, *args: Any, form: str = "bulk", label: str = "name", **kwargs: Any) -> None:
        self.form = form
        self.label_from = label
        kwargs.setdefault("orderable", False)
        kwargs.setdefault("accessor", "pk")
        super().__init__(*(args or ("Välj",)), **kwargs)

    def render(self, value: Any, record: Any) -> SafeString:
        by = self.label_from
        label = record[by] if isinstance(record, dict) else A(by).resolve(record, quiet=True)
        return mark_safe(
            '<input class="form-check-input" type="checkbox" name="valda"'
            f' value="{escape(str(value))}" form="{self.form}"'
            f' aria-label="Välj {escaped(label or value)}">'
        )


class ActionColumn(Column):
    """Buttons of the row; give ``render_<name>`` on the table. The heading is read out only."""

    css = "act"
    named_on_cards = False
    empty_values = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("orderable", False)
        super().__init__(*args, **kwargs)


# --- the table -------------------------------------------------------------------------------
