"""What a list's columns show: numbers, money, days, states, links, boxes, buttons."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote

from django.utils.safestring import SafeString, mark_safe

from sesam.escaping import escaped
from sesam.templatetags.sesam import datum, datumtid, kr, status_html, stock_html, tal

if TYPE_CHECKING:
    from .table import Table


class Column:
    """One column: its name in the address, its heading, what a row shows in it, its sort key.

    ``cell`` says what is shown of a row: a function of it, or an attribute's path with dots;
    left out, the attribute called ``name``. ``sort`` is what the list's source sorts by: for a
    queryset field names or expressions, for a search its own key; left out, nobody can sort by
    it. ``nullable``: rows without a value stand last both ways. ``named_on_cards`` is false where
    the value says by itself what it is. See the package for ``priority`` and ``css``.
    """

    kind: ClassVar[str] = ""
    #: Stands the heading beside the value when rows are drawn as cards?
    named_on_cards: bool = True
    #: Is the heading only read out?
    silent: ClassVar[bool] = False

    def __init__(
        self,
        name: str,
        label: str,
        cell: str | Callable[[Any], Any] = "",
        *,
        sort: Any = None,
        nullable: bool = False,
        falling_first: bool = False,
        priority: int = 1,
        css: str = "",
        named_on_cards: bool | None = None,
    ) -> None:
        self.name, self.label = name, label
        if named_on_cards is not None:
            self.named_on_cards = named_on_cards
        self.value: Callable[[Any], Any] = cell if callable(cell) else attrgetter(cell or name)
        self.sort, self.nullable, self.falling_first = sort, nullable, falling_first
        own = f"p{priority}" if priority > 1 else ""
        self.css = " ".join(filter(None, [self.kind, css, own]))

    def html(self, row: Any, table: Table[Any]) -> str:
        """The cell of a row, escaped; empty where the row says nothing."""
        value = self.value(row)
        return "" if value is None or value == "" else escaped(self.text(value))

    def text(self, value: Any) -> Any:
        """How a value is written."""
        return value


class NumberColumn(Column):
    """A count: right-aligned, thousands apart."""

    kind = "num"

    def text(self, value: Any) -> str:
        return tal(value)


class PiecesColumn(NumberColumn):
    """How many there are of something; «st» stands behind it when rows are drawn as cards."""

    kind = "num st"
    named_on_cards = False


class MoneyColumn(Column):
    kind = "num"

    def text(self, value: Any) -> str:
        return value if isinstance(value, str) else kr(value)


class DateColumn(Column):
    kind = "code"

    def text(self, value: Any) -> str:
        return datum(value)


class DateTimeColumn(Column):
    kind = "code"

    def text(self, value: Any) -> str:
        return datumtid(value)


class CodeColumn(Column):
    """A number or code that never wraps; the small second line on a card."""

    named_on_cards = False

    kind = "code sub"


class StatusColumn(Column):
    """Icon and words of a status."""

    named_on_cards = False

    def text(self, value: Any) -> SafeString:
        return status_html("", value)


class StockColumn(Column):
    """Availability; the row's ``note`` says «ersättning finns» and the like."""

    named_on_cards = False

    def html(self, row: Any, table: Table[Any]) -> str:
        value = self.value(row)
        return "" if value is None else stock_html(value, row.note)


class LinkColumn(Column):
    """The row's first link, to a page: ``url`` is a function of the row."""

    named_on_cards = False

    def __init__(
        self, name: str, label: str, cell: Any = "", *, url: Callable[[Any], str], **more: Any
    ) -> None:
        self.url = url
        super().__init__(name, label, cell, **{"css": "title", **more})

    def html(self, row: Any, table: Table[Any]) -> str:
        href = escaped(self.url(row) + table.link_query)
        return f'<a href="{href}">{escaped(self.text(self.value(row)))}</a>'


class PanelColumn(Column):
    """The row's first link, which opens the row in the panel.

    ``key`` names the row's attribute that stands in ``?panel=``. The view finds the object among
    what the page shows and gives ``panel`` to the template.
    """

    kind = "title"
    named_on_cards = False

    def __init__(self, name: str, label: str, cell: Any = "", *, key: str = "pk", **more: Any):
        self.key: Callable[[Any], str] = lambda row: str(getattr(row, key))
        super().__init__(name, label, cell, **more)

    def html(self, row: Any, table: Table[Any]) -> str:
        key = self.key(row)
        href = escaped(f"{table.panel_prefix}{key if key.isdecimal() else quote(key)}")
        return f'<a class="panel-link" href="{href}">{escaped(self.text(self.value(row)))}</a>'


class TickColumn(Column):
    """A box per row for actions on several; see ``parts/bulk.html``. Sends ``valda``.

    The cell is what the row is called where the box is read out.
    """

    kind = "tick"
    named_on_cards = False
    silent = True

    def __init__(self, cell: Any, *, form: str = "bulk", key: str = "pk") -> None:
        self.form = form
        self.key = attrgetter(key)
        super().__init__("tick", "Välj", cell)

    def html(self, row: Any, table: Table[Any]) -> str:
        return (
            '<input type="checkbox" name="valda"'
            f' value="{escaped(str(self.key(row)))}" form="{self.form}"'
            f' aria-label="Välj {escaped(self.value(row))}">'
        )


class ActionColumn(Column):
    """Buttons of the row. The heading is read out only; the cell, or a subclass's ``html``, gives
    markup that is safe."""

    kind = "act"
    named_on_cards = False
    silent = True


def link(url: str, words: Any) -> SafeString:
    """A cell that is a link."""
    return mark_safe(f'<a href="{escaped(url)}">{escaped(words)}</a>')
