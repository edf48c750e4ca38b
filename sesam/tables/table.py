"""The list itself: what it is sorted by, its pages, its count, its headings and rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Generic, NamedTuple, Self, TypeVar
from urllib.parse import urlencode

from django.db import connections
from django.db.models import Count, F, QuerySet, Window
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import cached_property
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from sesam import planned
from sesam.escaping import escaped
from sesam.templatetags.sesam import icon_html, tal

from .choice import choosable
from .columns import Column, PanelColumn

SORT = "sortera"
PAGE = "sida"
PANEL = "panel"
TOTAL = "rows_in_all"  # what a queryset's rows are annotated with

Row = TypeVar("Row")


@dataclass(frozen=True)
class Asked:
    """What the address asks for: by which column, which way, and which page (1 …)."""

    column: Column
    falling: bool
    page: int
    per_page: int
    counted_to: int | None = None

    @property
    def most(self) -> int | None:
        """How many are counted at most: one more tells that there are more than that."""
        return None if self.counted_to is None else self.counted_to + 1

    @property
    def is_beyond_count(self) -> bool:
        """Whether the page lies where nobody counts, so that there is none."""
        return self.counted_to is not None and self.offset >= self.counted_to

    @property
    def sort(self) -> Any:
        """The column's sort key."""
        return self.column.sort

    @property
    def offset(self) -> int:
        return (self.page - 1) * self.per_page

    def at(self, page: int) -> Asked:
        return replace(self, page=page)

    def ordered(self, queryset: QuerySet[Any, Any], tie: Iterable[Any]) -> QuerySet[Any, Any]:
        """``queryset`` by the column's field names or expressions, then by ``tie``."""
        given = self.sort if isinstance(self.sort, tuple) else (self.sort,)
        last = True if self.column.nullable else None
        keys = [F(key) if isinstance(key, str) else key for key in given]
        sorted_by = [key.desc(nulls_last=last) if self.falling else key.asc() for key in keys]
        return queryset.order_by(*sorted_by, *tie)

    def cut(self, rows: Any) -> list[Any]:
        """The page's part of something that is sorted already."""
        return list(rows[self.offset : self.offset + self.per_page])


@dataclass(frozen=True)
class Heading:
    """A column's heading; ``url`` sorts by it."""

    column: Column
    id: str
    url: str = ""
    icon: str = ""
    sorted: str = ""  # aria-sort

    def html(self, *, with_bulk: bool) -> str:
        column, label = self.column, escaped(self.column.label)
        css = f' class="{escaped(column.css)}"' if column.css else ""
        by = f' aria-sort="{self.sorted}"' if self.sorted else ""
        if self.url:
            label = (
                f'<a class="sort" id="{escaped(self.id)}" href="{escaped(self.url)}">{label}'
                f"{icon_html(self.icon, 16)}</a>"
            )
        elif column.silent:
            label = f'<span class="visually-hidden">{label}</span>'
            if with_bulk and column.kind == "tick":
                label += (
                    '<input class="js-only" type="checkbox" data-tick-all'
                    ' aria-label="Välj alla på sidan">'
                )
        return f'<th scope="col"{css}{by}>{label}</th>'


class DrawnRow(NamedTuple):
    """A row as it is written: its class, and its ``<td>``s."""

    css: str
    cells: SafeString


@dataclass(frozen=True)
class PageLink:
    """A link to another page; without ``url`` the gap between two."""

    id: str = ""
    url: str = ""
    label: str = ""
    icon: str = ""
    rel: str = ""
    is_current: bool = False


class Table(Generic[Row]):
    """The base of every list; the package's docstring says how to use it."""

    columns: ClassVar[tuple[Column, ...]]
    order: ClassVar[str]
    tie: ClassVar[tuple[Any, ...]] = ("pk",)
    per_page: ClassVar[int] = 25
    counted_to: ClassVar[int | None] = None
    preference_key: ClassVar[str] = ""
    optional: ClassVar[tuple[str, ...]] = ()
    hidden_first: ClassVar[tuple[str, ...]] = ()

    dom_id: str = "lista"
    caption: str = ""
    noun: tuple[str, str] = ("rad", "rader")
    count_note: str = ""
    empty_text: str = "Inget att visa"
    empty_hint: str = ""
    empty_url: str = ""
    empty_action: str = ""
    empty_order: bool = False
    empty_icon: str = ""
    empty_level: str = "2"
    tools_template: str = ""
    link_query: str = ""
    narrowed_by: tuple[str, ...] = ()  # names in the address, besides the search's own

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.preference_key:
            choosable[cls.preference_key] = cls

    def __init__(
        self,
        request: HttpRequest,
        rows: Sequence[Row],
        *,
        total: int | None = None,
        asked: Asked | None = None,
    ) -> None:
        """One page of rows, and how many there are on all of them."""
        self.request = request
        self.rows = list(rows)
        self.asked = asked or self.ask(request)
        self.total = len(self.rows) if total is None else total
        shown = self.shown_columns(getattr(request, "user", None))
        self.shown = [c for c in self.columns if c.name not in self.optional or c.name in shown]

    # --- what the address asks for ---

    @classmethod
    def ask(cls, request: HttpRequest) -> Asked:
        """The column, direction and page of the address; nonsense is the list's own order."""
        sortable = {column.name: column for column in cls.columns if column.sort is not None}
        wanted = request.GET.get(SORT, "")
        if wanted.removeprefix("-") not in sortable:
            wanted = cls.order
        column = sortable.get(wanted.removeprefix("-"), cls.columns[0])
        try:
            page = min(max(1, int(request.GET.get(PAGE, 1))), 100_000)
        except ValueError:
            page = 1
        return Asked(column, wanted.startswith("-"), page, cls.per_page, cls.counted_to)

    @classmethod
    def fetch(
        cls,
        request: HttpRequest,
        queryset: QuerySet[Any, Any],
        *,
        total: int | None = None,
        row: Callable[..., Row] | None = None,
        of: Callable[[Any], Row] | None = None,
        whole: QuerySet[Any, Any] | None = None,
        for_its_values: bool = False,
    ) -> Self:
        """The page of a queryset that the address asks for, and how many there are in all: one
        question, two past the end. With ``total`` somebody has counted already. ``row`` makes a
        row of the fields of a ``values()``, ``of`` makes one of a record.

        With ``whole`` the keys of the page's rows are asked for first, and then these rows of it, with
        all that it loads: of thousands that are sorted nothing is joined that only a row shows.

        With ``counted_to`` they are counted first, no further than that: more are then read in
        their order from an index, instead of all being found and sorted for one page.

        ``for_its_values``: what is counted and sorted is planned for just what is asked
        (``sesam/planned.py``)."""

        def look(asked: Asked) -> tuple[list[Any], int]:
            known = total
            if known is None and asked.most is not None:
                known = queryset.order_by()[: asked.most].count()
            if known == 0 or asked.is_beyond_count:
                return [], known or 0
            wanted = queryset
            is_many = asked.counted_to is not None and (known or 0) > asked.counted_to
            if total is None and not is_many:
                wanted = wanted.annotate(**{TOTAL: Window(Count("pk"))})
            ordered = asked.ordered(wanted, cls.tie)
            if whole is not None:
                counts = [TOTAL] if TOTAL in wanted.query.annotations else []
                ordered = ordered.values("pk", *counts)
            found = asked.cut(ordered)
            counted = known
            if counted is None:
                counted = _total_of(found[0]) if found else 0
            return found, counted

        def find(asked: Asked) -> tuple[list[Any], int]:
            by_values = planned.for_its_values(connections[queryset.db])
            with by_values if for_its_values else nullcontext():
                found, counted = look(asked)
            if whole is not None:
                records = whole.in_bulk([keys["pk"] for keys in found])
                found = [records[keys["pk"]] for keys in found if keys["pk"] in records]
            if row is not None:
                found = [row(**{n: v for n, v in f.items() if n != TOTAL}) for f in found]
            if of is not None:
                found = [of(record) for record in found]
            return found, counted

        return cls.found(request, find, total=total)

    @classmethod
    def found(
        cls,
        request: HttpRequest,
        find: Callable[[Asked], tuple[Sequence[Row], int]],
        *,
        total: int | None = None,
    ) -> Self:
        """The page that ``find`` gives, which sorts, cuts and counts; past the end the last."""
        asked = cls.ask(request)
        if total is not None:
            asked = asked.at(min(asked.page, cls._last(total)))
        rows, counted = find(asked)
        if not rows and asked.page > 1:
            _, counted = find(asked.at(1))
            asked = asked.at(cls._last(counted))
            rows, counted = find(asked)
        return cls(request, rows, total=counted, asked=asked)

    @classmethod
    def _last(cls, total: int) -> int:
        """The number of the last page."""
        if cls.counted_to is not None:
            total = min(total, cls.counted_to)
        return max(1, -(-total // cls.per_page))

    # --- addresses ---

    def url(self, **changes: Any) -> str:
        """This page's address with some query parameters changed (None takes one away)."""
        query = {**self._query}
        if PANEL in changes:
            query.pop("panelflik", None)
        for name, value in changes.items():
            query[name] = "" if value is None else urlencode({name: value})
        return f"?{'&'.join(filter(None, query.values()))}"

    @cached_property
    def _query(self) -> dict[str, str]:
        """The address's parameters as they stand in it: each heading has most of them too."""
        lists = self.request.GET.lists()
        return {name: urlencode({name: given}, True) for name, given in lists if name != "redigera"}

    @cached_property
    def panel_prefix(self) -> str:
        """What a row's key is put behind to open it in the panel."""
        closed = self.url(**{PANEL: None})
        return f"{closed}&{PANEL}=" if len(closed) > 1 else f"?{PANEL}="

    # --- what the template draws ---

    @property
    def is_beyond_count(self) -> bool:
        """Whether there are more than anybody counts."""
        return self.counted_to is not None and self.total > self.counted_to

    @property
    def total_rows(self) -> int:
        return min(self.total, self.counted_to) if self.counted_to is not None else self.total

    @property
    def is_answer(self) -> bool:
        """Whether the page was asked for the list: searched, sorted, another page of it, narrowed
        (``narrowed_by``). Then its count gets the focus. Where htmx fetches the list alone, the
        browser's focus stays."""
        asked = any(name in self.request.GET for name in ("q", SORT, PAGE, *self.narrowed_by))
        return asked and PANEL not in self.request.GET and "HX-Request" not in self.request.headers

    @property
    def count_text(self) -> str:
        if self.is_beyond_count:
            words = f"Fler än {tal(self.counted_to)} {self.noun[1]}"
        else:
            words = f"{tal(self.total)} {self.noun[0 if self.total == 1 else 1]}"
        return f"{words}, {self.count_note}" if self.count_note else words

    @property
    def range_text(self) -> str:
        """«1–25 av 27»."""
        first = self.asked.offset + 1
        of = f"fler än {tal(self.counted_to)}" if self.is_beyond_count else tal(self.total)
        return f"{tal(first)}–{tal(first + len(self.rows) - 1)} av {of}"

    @property
    def caption_text(self) -> str:
        return self.caption or self.noun[1].capitalize()

    def hide(self, name: str) -> None:
        """Draw the list without a column."""
        self.shown = [column for column in self.shown if column.name != name]

    def show(self, name: str) -> None:
        """Draw the list with a column, whether or not the user has chosen it."""
        drawn = {column.name for column in self.shown} | {name}
        self.shown = [column for column in self.columns if column.name in drawn]

    @property
    def headings(self) -> Iterator[Heading]:
        for column in self.shown:
            dom_id = f"{self.dom_id}-sort-{column.name}"
            if column.sort is None:
                yield Heading(column, dom_id)
                continue
            icon, following, sorted_as = "chevrons-up-down", column.name, ""
            if column is self.asked.column:
                falling = self.asked.falling
                icon = "arrow-down" if falling else "arrow-up"
                sorted_as = "descending" if falling else "ascending"
                following = column.name if falling else f"-{column.name}"
            elif column.falling_first:
                following = f"-{column.name}"
            yield Heading(column, dom_id, self.url(sortera=following, sida=None), icon, sorted_as)

    @property
    def drawn(self) -> Iterator[DrawnRow]:
        """The rows of the page. Cells are put together here: a loop of the template's takes a
        quarter of a page's time for it."""
        opened = self.request.GET.get(PANEL, "")
        keyed = next((c for c in self.shown if isinstance(c, PanelColumn)), None)
        parts = [(column.html, *_cell(column)) for column in self.shown]
        for row in self.rows:
            is_open = keyed is not None and opened and keyed.key(row) == opened
            cells = [
                f"{begin}{content}</td>" if (content := html(row, self)) else blank
                for html, begin, blank in parts  # escaped by the column
            ]
            css = "row-link is-open" if is_open else "row-link"
            yield DrawnRow(css, SafeString("".join(cells)))

    @property
    def body(self) -> SafeString:
        rows = (f'<tr class="{row.css}">{row.cells}</tr>\n' for row in self.drawn)
        return mark_safe("".join(rows))

    def _head(self, *, with_bulk: bool) -> SafeString:
        return mark_safe("".join(head.html(with_bulk=with_bulk) for head in self.headings))

    @property
    def head(self) -> SafeString:
        return self._head(with_bulk=False)

    @property
    def head_with_bulk(self) -> SafeString:
        """With a box that ticks all of the page."""
        return self._head(with_bulk=True)

    @cached_property
    def pages(self) -> list[PageLink]:
        """Links to the pages near this one; none when there is only one."""
        here, last = self.asked.page, self._last(self.total)
        if last < 2:
            return []
        links = []
        if here > 1:
            links.append(
                PageLink(f"{self.dom_id}-sida-fore", self._page_url(here - 1),
                         "Föregående", "chevron-left", "prev")
            )  # fmt: skip
        before = 0
        for number in sorted({1, last, *range(max(1, here - 1), min(last, here + 1) + 1)}):
            if number - before > 1:
                links.append(PageLink())
            url, dom_id = self._page_url(number), f"{self.dom_id}-sida-{number}"
            links.append(PageLink(dom_id, url, str(number), is_current=number == here))
            before = number
        if here < last:
            links.append(
                PageLink(f"{self.dom_id}-sida-efter", self._page_url(here + 1),
                         "Nästa", "chevron-right", "next")
            )  # fmt: skip
        return links

    def _page_url(self, number: int) -> str:
        return self.url(**{PAGE: number if number > 1 else None, PANEL: None})

    # --- column choice ---

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
        labels = {column.name: column.label for column in self.columns}
        choices = [
            {"name": name, "label": labels[name], "shown": name in shown} for name in self.optional
        ]
        return {"url": url, "choices": choices}


def _total_of(row: Any) -> int:
    return int(row[TOTAL] if isinstance(row, dict) else getattr(row, TOTAL))


def _cell(column: Column) -> tuple[str, str]:
    """How a column's ``<td>`` begins that has something in it; and the whole one with nothing."""
    # What leaves the list first isn't on cards at all: there its label would weigh for nothing.
    named = column.named_on_cards and not {"p3", "p4"} & set(column.css.split())
    label = f' data-label="{escape(column.label)}"' if named else ""
    css = f' class="{column.css}"' if column.css else ""
    nothing = f"{column.css} none".strip()
    # What is empty isn't on cards, so needs no label there.
    return f"<td{css}{label}>", f'<td class="{nothing}">–</td>'
