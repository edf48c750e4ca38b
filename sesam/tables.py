"""The one list of the portal: sorting, pages, an honest count, empty state, column choice.

Declare columns as with django-tables2 and draw with ``{% render_table table %}``::

    class LoanTable(Table):
        number = CodeColumn("Artikelnr", accessor="article__number")
        name = PanelColumn("Benämning", accessor="article__name", panel_id="pk")
        quantity = NumberColumn("Antal", priority=2)
        delivered = DateColumn("Levererad")

        class Meta:
            order_by = "-delivered"
            empty_text = "Inga hjälpmedel"

        noun = ("hjälpmedel", "hjälpmedel")
        empty_hint = "Det som har levererats till mottagaren hamnar här."

Three ways to fill it:

* a queryset or list, sorted and cut here: ``LoanTable(queryset, request=request)``
* everything on one page: ``LoanTable(list, request=request, paginate=False)``
* *counted*: the view's own SQL sorts, cuts and counts in one go (``count(*) OVER ()``)::

      sort = ArticleTable.sorting(request)          # "name", "-name" …: always a sortable column
      page = ArticleTable.page_number(request)      # 1 …
      rows, total = search(…, order=sort, limit=25, offset=(page - 1) * 25)
      table = ArticleTable(rows=rows, total=total, page=page, per_page=25, request=request)

  Rows may be model objects, dicts or anything with attributes. When ``page`` is past the end the
  query gives no rows and so no total: ask again for page 1 (``rows or page == 1``).

Query parameters: ``sortera`` (a column's name, ``-`` before it for falling) and ``sida``, both
with the table's ``prefix`` when a page has two lists. ``panel`` names the open row.

Class attributes: ``dom_id`` (id of the list, also what htmx swaps), ``caption`` (read out),
``noun`` (one, many), ``count_note`` (after the count: «nyast först»), ``empty_hint``,
``empty_url``, ``empty_action``, ``empty_order`` (green), ``preference_key`` (turns the column
chooser on; the names of ``Table.optional`` columns may be left out, those of ``hidden_first`` are
off until chosen), ``tight`` (33 px rows of KHS lists), ``tools_template``.
All may be given to the constructor or set on the instance before drawing.

Column keyword ``priority``: 1 (always) … 4 (leaves first when the *list* gets narrow).
``css``: more classes for th and td; ``title`` (first line of a card), ``sub`` (second, small),
``act`` (buttons), ``num``, ``code``, ``hide-card`` (not on cards).
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from functools import cache
from html import escape
from operator import itemgetter
from typing import Any, ClassVar
from urllib.parse import quote, urlencode

import django_tables2 as tables
from django.contrib.auth.views import redirect_to_login
from django.core.paginator import EmptyPage, PageNotAnInteger, Paginator
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import NoReverseMatch, reverse
from django.utils.functional import cached_property
from django.utils.html import conditional_escape
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_POST
from django_htmx.http import HttpResponseClientRedirect
from django_tables2.data import TableListData
from django_tables2.utils import A, signature

from sesam.templatetags.sesam import datum, datumtid, icon_html, kr, status_html, stock_html, tal

SORT = "sortera"
PAGE = "sida"
PANEL = "panel"

#: Tables whose columns a user may choose, by preference key.
_choosable: dict[str, type[Table]] = {}


class CountedPage(Paginator):
    """A paginator over rows that a query has already sorted, cut and counted."""

    def __init__(self, rows: Any, per_page: int, *, total: int, number: int, **kwargs: Any) -> None:
        self.total = total
        self.number = number
        super().__init__(rows, per_page, **kwargs)

    @property
    def count(self) -> int:  # type: ignore[override]  # cached_property in Django
        return self.total

    @property
    def num_pages(self) -> int:  # type: ignore[override]
        return max(1, math.ceil(self.total / self.per_page))

    def page(self, number: Any) -> Any:
        """The only page there is: the rows given."""
        return self._get_page(self.object_list, self.number, self)


class SortedRows(TableListData):
    """Rows that stay in the order given."""

    def order_by(self, aliases: Any) -> None:
        return


# --- columns ---------------------------------------------------------------------------------


class Column(tables.Column):
    """A column with our classes: ``priority`` and ``css`` (see the module's docstring)."""

    css: ClassVar[str] = ""

    def __init__(self, *args: Any, priority: int = 1, css: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        classes = " ".join(filter(None, [self.css, css, f"p{priority}" if priority > 1 else ""]))
        self.attrs = {**self.attrs}
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
        href = escape(f"{table.panel_prefix}{quote(key)}")
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
    empty_values = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("orderable", False)
        super().__init__(*args, **kwargs)


# --- the table -------------------------------------------------------------------------------


class Table(tables.Table):
    """The base of every list; the module's docstring says how to use it."""

    dom_id: str = "lista"
    caption: str = ""
    noun: tuple[str, str] = ("rad", "rader")
    count_note: str = ""
    empty_hint: str = ""
    empty_url: str = ""
    empty_action: str = ""
    empty_order: bool = False
    empty_icon: str = ""
    empty_level: str = "2"
    preference_key: str = ""
    optional: tuple[str, ...] = ()
    hidden_first: tuple[str, ...] = ()
    tight: bool = False
    tools_template: str = ""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.preference_key:
            _choosable[cls.preference_key] = cls

    def __init__(
        self,
        data: Any = None,
        *,
        rows: Any = None,
        total: int | None = None,
        page: int = 1,
        per_page: int = 25,
        paginate: bool = True,
        request: HttpRequest | None = None,
        **kwargs: Any,
    ) -> None:
        for name in (
            "dom_id", "caption", "noun", "count_note", "empty_hint", "empty_url", "empty_action",
            "empty_order", "empty_icon", "empty_level", "tight", "tools_template",
        ):  # fmt: skip
            if name in kwargs:
                setattr(self, name, kwargs.pop(name))
            elif hasattr(getattr(type(self), "Meta", None), name):
                setattr(self, name, getattr(type(self).Meta, name))
        kwargs.setdefault("template_name", "parts/table.html")
        kwargs.setdefault("order_by_field", SORT)
        kwargs.setdefault("page_field", PAGE)
        kwargs.setdefault("default", "–")
        counted = rows is not None
        super().__init__(SortedRows(list(rows)) if counted else data, **kwargs)
        self.request = request
        if request is not None and (chosen := self._requested_sort(request)):
            self.order_by = chosen
        if counted:
            self.paginate(CountedPage, per_page, total=total or 0, number=page)
        elif paginate and request is not None:
            try:
                self.paginate(per_page=per_page, page=request.GET.get(self.prefixed_page_field, 1))
            except PageNotAnInteger:
                self.page = self.paginator.page(1)
            except EmptyPage:
                self.page = self.paginator.page(self.paginator.num_pages)
        self._hide_columns()

    # --- what the view asks before it has rows ---

    @classmethod
    def sorting(cls, request: HttpRequest, prefix: str = "") -> str:
        """The wanted order as a column's name, ``-`` before it for falling; never anything else."""
        wanted = request.GET.get(prefix + SORT, "")
        column = cls.base_columns.get(wanted.removeprefix("-"))
        if column is not None and column.orderable is not False:
            return wanted
        default = cls._meta.order_by
        return (default[0] if isinstance(default, tuple | list) else default) or ""

    @staticmethod
    def page_number(request: HttpRequest, prefix: str = "") -> int:
        """The wanted page, at least 1; nonsense is 1."""
        try:
            return min(max(1, int(request.GET.get(prefix + PAGE, 1))), 100_000)
        except ValueError:
            return 1

    def _requested_sort(self, request: HttpRequest) -> str:
        wanted = request.GET.get(self.prefixed_order_by_field, "")
        name = wanted.removeprefix("-")
        return wanted if name in self.columns and self.columns[name].orderable else ""

    # --- addresses ---

    def url(self, **changes: Any) -> str:
        """This page's address with some query parameters changed (None takes one away)."""
        if self.request is None:
            return ""
        query = {**self._query}
        if PANEL in changes:
            query.pop("panelflik", None)
        for name, value in changes.items():
            query[name] = [] if value is None else [str(value)]
        encoded = urlencode(query, doseq=True)
        return f"?{encoded}" if encoded else self.request.path

    @cached_property
    def _query(self) -> dict[str, list[str]]:
        return {name: given for name, given in self.request.GET.lists() if name != "redigera"}

    @cached_property
    def panel_prefix(self) -> str:
        """What a row's key is put behind to open it in the panel."""
        closed = self.url(**{PANEL: None})
        return f"{closed}&{PANEL}=" if closed.startswith("?") else f"?{PANEL}="

    # --- what the template draws ---

    @property
    def total_rows(self) -> int:
        if hasattr(self, "paginator"):
            return self.paginator.count
        return len(self.rows)

    @property
    def count_text(self) -> str:
        total = self.total_rows
        words = f"{tal(total)} {self.noun[0 if total == 1 else 1]}"
        return f"{words}, {self.count_note}" if self.count_note else words

    @property
    def range_text(self) -> str:
        """«1–25 av 27»."""
        total = self.total_rows
        if not hasattr(self, "page"):
            return f"1–{tal(total)} av {tal(total)}"
        first = (self.page.number - 1) * self.paginator.per_page + 1
        last = first + len(self.page.object_list) - 1
        return f"{tal(first)}–{tal(last)} av {tal(total)}"

    @property
    def caption_text(self) -> str:
        return self.caption or self.noun[1].capitalize()

    @property
    def heads_html(self) -> SafeString:
        """The headings, with a link each that sorts by it. Drawn here as the rows are."""
        current = str(self.order_by[0]) if self.order_by else ""
        return mark_safe("".join([self._head(column, current) for column in self.columns]))

    def _head(self, column: Any, current: str) -> str:
        name, label = column.name, escaped(column.header)
        attrs = _attributes(column.column.attrs.get("th", {}))
        if not column.orderable:
            if isinstance(column.column, ActionColumn | TickColumn):
                label = f'<span class="visually-hidden">{label}</span>'
            return f'<th scope="col"{attrs}>{label}</th>'
        icon, following, sorted_as = "chevrons-up-down", name, ""
        if current.removeprefix("-") == name:
            falling = current.startswith("-")
            icon = "arrow-down" if falling else "arrow-up"
            sorted_as = f' aria-sort="{"descending" if falling else "ascending"}"'
            following = name if falling else f"-{name}"
        elif column.column.initial_sort_descending:
            following = f"-{name}"
        url = self.url(**{self.prefixed_order_by_field: following, self.prefixed_page_field: None})
        return (
            f'<th scope="col"{attrs}{sorted_as}><a class="sort" id="{self.dom_id}-sort-{name}"'
            f' href="{escape(url)}">{label}{icon_html(icon, 16)}</a></th>'
        )

    @property
    def rows_html(self) -> SafeString:
        """The body as HTML. Drawn here, because two hundred cells are what a page's time goes to
        when the template language draws them."""
        rows = list(self.paginated_rows)
        if not rows:
            return mark_safe("")
        columns = [_Drawn(column, self, rows[0].record) for column in self.columns]
        opened = self.request.GET.get(PANEL, "") if self.request is not None else ""
        keyed = next((c.column for c in self.columns if isinstance(c.column, PanelColumn)), None)
        same_for_all = not any(callable(value) for value in self.row_attrs.values())
        plain = self._row_attributes(None) if same_for_all else None
        drawn = []
        for row in rows:
            record = row.record
            is_open = keyed and opened and str(A(keyed.panel_id).resolve(record)) == opened
            attrs = plain if plain and not is_open else self._row_attributes(record, bool(is_open))
            cells = "".join([column.cell(row, record) for column in columns])
            drawn.append(f"<tr{attrs}>{cells}</tr>")
        return mark_safe("\n".join(drawn))  # escaped cell by cell

    def _row_attributes(self, record: Any, is_open: bool = False) -> SafeString:
        attrs = {
            name: value(record=record, table=self) if callable(value) else value
            for name, value in self.row_attrs.items()
        }
        given = attrs.get("class") or ""
        attrs["class"] = f"row-link {given}{' is-open' if is_open else ''}".strip()
        return _attributes(attrs)

    @property
    def foot(self) -> list[tuple[SafeString, Any]]:
        if not self.has_footer():
            return []
        return [
            (_attributes({**c.column.attrs.get("td", {}), "data-label": c.header}), c.footer)
            for c in self.columns
        ]

    @property
    def page_links(self) -> list[dict[str, Any]]:
        if not hasattr(self, "page") or self.paginator.num_pages < 2:
            return []
        here, last = self.page.number, self.paginator.num_pages
        near = sorted({1, last, *range(max(1, here - 1), min(last, here + 1) + 1)})

        def link(number: int, **more: Any) -> dict[str, Any]:
            changes = {self.prefixed_page_field: number if number > 1 else None, PANEL: None}
            return {"label": number, "id": number, "url": self.url(**changes), **more}

        links = []
        if here > 1:
            links.append(
                link(here - 1, label="Föregående", id="fore", icon="chevron-left", rel="prev")
            )
        before = 0
        for number in near:
            if number - before > 1:
                links.append({"gap": True})
            links.append(link(number, current=number == here))
            before = number
        if here < last:
            links.append(
                link(here + 1, label="Nästa", id="efter", icon="chevron-right", rel="next")
            )
        return links

    # --- column choice ---

    def _hide_columns(self) -> None:
        shown = self.shown_columns(getattr(self.request, "user", None))
        for name in self.optional:
            if name in self.columns and name not in shown:
                self.columns.hide(name)

    @classmethod
    def shown_columns(cls, user: Any) -> set[str]:
        """Which of the optional columns this user sees."""
        first = {name for name in cls.optional if name not in cls.hidden_first}
        if not cls.preference_key:
            return first
        saved = (getattr(user, "preferences", None) or {}).get("columns", {})
        chosen = saved.get(cls.preference_key)
        return first if chosen is None else {name for name in chosen if name in cls.optional}

    @property
    def chooser(self) -> dict[str, Any] | None:
        if not self.preference_key or not self.optional:
            return None
        try:
            url = reverse("columns")
        except NoReverseMatch:
            return None
        shown = self.shown_columns(getattr(self.request, "user", None))
        by_name = {column.name: column for column in self.columns.iterall()}
        choices = [
            {"name": name, "label": by_name[name].header, "shown": name in shown}
            for name in self.optional
            if name in by_name
        ]
        return {"url": url, "choices": choices}


class _Drawn:
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
        label = "" if isinstance(bound.column, ActionColumn) else str(bound.header)
        self.start = f"<td{_attributes({**given, 'data-label': label})}>"
        without = f"{given.get('class', '')} none".strip()
        self.start_empty = f"<td{_attributes({**given, 'data-label': label, 'class': without})}>"
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
        text = escape(content) if type(content) is str else escaped(content)
        return f"{self.start}{text}</td>"

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
    return escape(content) if type(content) is str else str(conditional_escape(content))


def links(name: str, sample: Any = "-KEY-") -> Callable[[Any], str]:
    """The addresses of a list's rows: reversed once, not per row. Call it when drawing begins.

    ``sample`` is a key that the address takes, where a text isn't one.
    """
    before, after = reverse(name, args=[sample]).split(str(sample))
    return lambda key: f"{before}{quote(str(key))}{after}"


def _attributes(attrs: dict[str, Any]) -> SafeString:
    return mark_safe(
        "".join(
            f' {name}="{escaped(value)}"'
            for name, value in attrs.items()
            if value not in (None, "")
        )
    )


@require_POST
def save_columns(request: HttpRequest) -> HttpResponse:
    """Keep the user's choice of columns (``tabell``, ``kolumn`` …) and go back to ``nasta``."""
    back = request.POST.get("nasta", "/")
    if not url_has_allowed_host_and_scheme(back, None):
        back = "/"
    user = request.user
    if not user.is_authenticated:
        sign_in = redirect_to_login(back)
        htmx = getattr(request, "htmx", False)
        return HttpResponseClientRedirect(sign_in.url) if htmx else sign_in
    table = _choosable.get(request.POST.get("tabell", ""))
    if table is not None:
        wanted = set(request.POST.getlist("kolumn"))
        preferences = dict(user.preferences or {})
        columns = dict(preferences.get("columns", {}))
        columns[table.preference_key] = [name for name in table.optional if name in wanted]
        preferences["columns"] = columns
        user.preferences = preferences
        user.save(update_fields=["preferences"])
    return HttpResponseRedirect(back)


__all__ = [
    "ActionColumn", "CodeColumn", "Column", "CountedPage", "DateColumn", "DateTimeColumn",
    "LinkColumn", "MoneyColumn", "NumberColumn", "PanelColumn", "StatusColumn", "StockColumn",
    "Table", "TickColumn", "escaped", "links", "save_columns",
]  # fmt: skip
