"""The list itself: what it is sorted by, its pages, its count, its headings and rows."""

from __future__ import annotations

import math
from html import escape
from typing import Any
from urllib.parse import urlencode

import django_tables2 as tables
from django.core.paginator import EmptyPage, Page, PageNotAnInteger, Paginator
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import cached_property
from django.utils.safestring import SafeString, mark_safe
from django_tables2.data import TableListData
from django_tables2.utils import A

from sesam.templatetags.sesam import icon_html, tal

from .choice import choosable
from .columns import ActionColumn, PanelColumn, TickColumn
from .drawing import DrawnColumn, attributes, escaped

SORT = "sortera"
PAGE = "sida"
PANEL = "panel"


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
        return Page(self.object_list, self.number, self)


class SortedRows(TableListData):
    """Rows that stay in the order given."""

    def order_by(self, aliases: Any) -> None:
        return


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
            choosable[cls.preference_key] = cls

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
        return f"?{encoded}" if encoded or self.request is None else self.request.path

    @cached_property
    def _query(self) -> dict[str, list[str]]:
        lists = self.request.GET.lists() if self.request is not None else ()
        return {name: list(given) for name, given in lists if name != "redigera"}

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
        attrs = attributes(column.column.attrs.get("th", {}))
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
        columns = [DrawnColumn(column, self, rows[0].record) for column in self.columns]
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
        return attributes(attrs)

    @property
    def foot(self) -> list[tuple[SafeString, Any]]:
        if not self.has_footer():
            return []
        return [
            (attributes({**c.column.attrs.get("td", {}), "data-label": c.header}), c.footer)
            for c in self.columns
        ]

    @cached_property
    def pages_html(self) -> SafeString:
        """Links to the pages near this one, as list items; empty when there is only one."""
        if not hasattr(self, "page") or self.paginator.num_pages < 2:
            return mark_safe("")
        here, last = self.page.number, self.paginator.num_pages
        items = []
        if here > 1:
            before = f"{icon_html('chevron-left', 16)}Föregående"
            items.append(self._page_link(here - 1, "fore", 'rel="prev"', before))
        shown = 0
        for number in sorted({1, last, *range(max(1, here - 1), min(last, here + 1) + 1)}):
            if number - shown > 1:
                items.append('<span class="page-gap">…</span>')
            current = 'aria-current="page" ' if number == here else ""
            label = f'{current}aria-label="Sida {number}"'
            items.append(self._page_link(number, str(number), label, str(number)))
            shown = number
        if here < last:
            after = f"Nästa{icon_html('chevron-right', 16)}"
            items.append(self._page_link(here + 1, "efter", 'rel="next"', after))
        return mark_safe("".join([f"<li>{item}</li>" for item in items]))

    def _page_link(self, number: int, name: str, attrs: str, content: str) -> str:
        url = self.url(**{self.prefixed_page_field: number if number > 1 else None, PANEL: None})
        return f'<a id="{self.dom_id}-sida-{name}" href="{escape(url)}" {attrs}>{content}</a>'

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

    @cached_property
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
