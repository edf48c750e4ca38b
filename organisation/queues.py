"""A queue of cases in the back office: its filters, and where it stands on the home.

A kind of case has ``khs.STATES``: what hurries or stops it, by its name in the address.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar
from urllib.parse import parse_qsl

from django.contrib import admin
from django.db import connection
from django.db.models import Choices, QuerySet, Value
from django.http import HttpRequest
from django.utils import timezone

from sesam.places import BulkAction, Link, LinkSlot, Page, Part, PartSlot, Shown
from sesam.templatetags.sesam import tal

from .long_lists import MOST
from .permissions import KHS, has_role

#: A state's label, and what gives those of a queryset that are in it.
State = tuple[str, Callable[[Any], QuerySet[Any]]]
Waiting = Callable[[], QuerySet[Any]]
#: A queue on the home: label, icon, query string of the list, what waits there.
HomeRow = tuple[str, str, str, Waiting]


class StatusFilter(admin.SimpleListFilter):
    """What is still to be done unless asked otherwise."""

    title = "status"
    parameter_name = "status"
    statuses: ClassVar[type[Choices]]
    open_label: ClassVar[str]

    def still_open(self, request: HttpRequest, queryset: Any) -> QuerySet[Any]:
        """What is shown when no status is chosen."""
        raise NotImplementedError

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[Any, str]]:
        return [*self.statuses.choices, ("alla", "Alla")]

    def choices(self, changelist: Any) -> Iterator[Any]:
        yield {
            "selected": self.value() is None,
            "query_string": changelist.get_query_string(remove=[self.parameter_name]),
            "display": self.open_label,
        }
        for value, label in self.lookup_choices:
            yield {
                "selected": self.value() == value,
                "query_string": changelist.get_query_string({self.parameter_name: value}),
                "display": label,
            }

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() is None:
            return self.still_open(request, queryset)
        return queryset if self.value() == "alla" else queryset.filter(status=self.value())


class StateFilter(admin.SimpleListFilter):
    """What hurries, and what stops a case."""

    title = "läge"
    parameter_name = "lage"
    is_tabs = True  # the list's tabs are its choices
    states: ClassVar[dict[str, State]]

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, label) for name, (label, _) in self.states.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        state = self.states.get(self.value() or "")
        return state[1](queryset) if state else queryset


@dataclass(frozen=True, kw_only=True)
class QueueAction(BulkAction[None]):
    """What can be done with ticked rows of the list ``page``; ``valda`` are their case numbers."""

    page: str


@dataclass(frozen=True, kw_only=True)
class Queue(Link[None]):
    """A queue on the home, and a tab of its list: what waits, by the day that its field ``since``
    holds. ``page`` and ``query`` are the list and what it is asked for; ``first``: where it stands
    among those of its list that ask for something today, None if it isn't one: of all lists' the
    first that hold something are the home's ``AT_TOP``. Of what ``waiting`` asks, the day alone may
    decide."""

    page: str
    query: str
    waiting: Waiting
    since: str
    first: int | None = None


home_queues = LinkSlot[Queue]("home_queues")
queue_actions = LinkSlot[QueueAction]("queue_actions")
#: Under the queues that come first.
home_parts = PartSlot[Part[None]]("home_parts")


def on_home(
    page: str, rows: Iterable[HomeRow], *, since: str, order: int, first: Iterable[str] = ()
) -> None:
    """Show queues on the home. ``page`` names their list, ``first`` the labels that come first, what
    hurries most before the others."""
    hurried = list(first)
    for label, icon, query, waiting in rows:
        home_queues.add(
            Queue(
                name=f"{page}{query}",
                label=label,
                icon=icon,
                page=page,
                query=query,
                url=Page(page, query),
                order=order,
                shown=lambda request, obj: has_role(request.user, KHS),
                waiting=waiting,
                since=since,
                first=hurried.index(label) if label in hurried else None,
            )
        )


# --- what waits ---------------------------------------------------------------------------------

#: How long something has waited, in days: to 2, to 7, longer.
AGES = (("0–2 dagar", 3), ("3–7", 8), ("8 och äldre", None))


@dataclass(frozen=True)
class Counted:
    """What waits in a queue, counted up to ``MOST`` and one more: in all, and by ``AGES``."""

    count: int = 0
    by_age: tuple[int, ...] = (0,) * len(AGES)
    oldest: dt.datetime | None = None


def _counted(queues: Sequence[Queue]) -> list[Counted]:
    """What waits in each of ``queues``, asked in one question."""
    if not queues:
        return []
    today = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    with connection.cursor() as cursor:
        cursor.execute(*_question(today, MOST, *queues))
        found = {row[0]: row[1:] for row in cursor.fetchall()}
    return [_told(*found[n]) if n in found else Counted() for n in range(len(queues))]


@lru_cache(maxsize=16)
def _question(today: dt.datetime, most: int, *queues: Queue) -> tuple[str, list[Any]]:
    """The question, written once a day: to write that of the home takes longer than to ask it."""
    waiting = [
        queue.waiting().order_by().values_list(Value(n), queue.since)[: most + 1]
        for n, queue in enumerate(queues)
    ]
    together, bound = waiting[0].union(*waiting[1:], all=True).query.sql_with_params()
    before = [today - dt.timedelta(days=days - 1) for _, days in AGES if days]
    older = ", count(*) FILTER (WHERE since < %s)" * len(before)
    return (
        f"SELECT queue, min(since), count(*){older}"  # noqa: S608  no words of anybody's
        f" FROM ({together}) AS found (queue, since) GROUP BY queue",
        [*before, *bound],
    )


def _told(oldest: dt.datetime, *longer: int) -> Counted:
    """Of the oldest, how many there are, and how many of these are older than each of ``AGES``."""
    by_age = tuple(a - b for a, b in zip(longer, (*longer[1:], 0), strict=True))
    return Counted(longer[0], by_age, oldest)


# --- the tabs of a list -------------------------------------------------------------------------


@dataclass(frozen=True)
class QueueTab:
    """A queue as a tab; its count is told up to ``MOST``."""

    label: str
    url: str
    count: str
    active: bool


def tabs(request: HttpRequest, page: str) -> list[QueueTab]:
    """The queues that the list ``page`` shows: those where something waits, and the one that is
    open."""
    links = [link for link in home_queues.shown(request) if link.entry.page == page]
    narrows = {name for link in links for name, _ in parse_qsl(link.entry.query.lstrip("?"))}
    asked = {x: request.GET[x] for x in {"lage", "status"} | narrows if x in request.GET}
    found = []
    for link, told in zip(links, _counted([link.entry for link in links]), strict=True):
        active = dict(parse_qsl(link.entry.query.lstrip("?"))) == asked
        if told.count or active:
            words = f"{tal(MOST)}+" if told.count > MOST else tal(told.count)
            found.append(QueueTab(link.label, link.url, words, active))
    return found


# --- the home ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Bar:
    """A part of a queue's line: those of one age, in percent of its width."""

    age: int
    start: float
    width: float


@dataclass(frozen=True)
class Waits:
    """A queue as the home shows it. Its count is told up to ``most``."""

    link: Shown[Queue]
    count: int
    by_age: tuple[int, ...]
    oldest: int
    most: int = MOST

    @classmethod
    def of(cls, link: Shown[Queue], told: Counted) -> Waits:
        days = 0
        if told.oldest:
            days = (timezone.localdate() - timezone.localtime(told.oldest).date()).days
        return cls(link, told.count, told.by_age, days)

    @property
    def is_beyond(self) -> bool:
        return self.count > self.most

    @property
    def words(self) -> str:
        """The line in words."""
        parts = [f"{n} {label}" for n, (label, _) in zip(self.by_age, AGES, strict=True) if n]
        return ", ".join(parts)

    @property
    def detail(self) -> str:
        """How long the oldest has waited; of more than anybody counts nobody knows."""
        if self.is_beyond:
            return ""
        if self.oldest <= 0:
            return "från i dag"
        return f"äldst {self.oldest} {'dag' if self.oldest == 1 else 'dagar'}"

    @property
    def bars(self) -> list[Bar]:
        """None of more than anybody counts: those that were looked at are no sample of the rest."""
        if self.is_beyond:
            return []
        found, start = [], 0.0
        for age, n in enumerate(self.by_age):
            if n:
                width = 100 * n / sum(self.by_age)
                found.append(Bar(age, round(start, 2), round(max(width - 1, 1), 2)))
                start += width
        return found


#: So many stand before the oldest order that it is the sixth stop of the tabulator.
AT_TOP = 5


@dataclass(frozen=True)
class Home:
    """What waits: at the top, beside the list, and where nothing does."""

    first: list[Waits]
    others: list[Waits]
    empty: list[Shown[Queue]]


def home(request: HttpRequest) -> Home:
    """What waits in every queue."""
    links = home_queues.shown(request)
    counted = _counted([link.entry for link in links])
    found = [Waits.of(link, told) for link, told in zip(links, counted, strict=True)]
    full = [waits for waits in found if waits.count]
    ranked = [(waits.link.entry.first, n) for n, waits in enumerate(full)]
    top = {n for _, n in sorted((rank, n) for rank, n in ranked if rank is not None)[:AT_TOP]}
    return Home(
        first=[waits for n, waits in enumerate(full) if n in top],
        others=[waits for n, waits in enumerate(full) if n not in top],
        empty=[waits.link for waits in found if not waits.count],
    )
