"""A queue of cases in the back office: its filters, and where it stands on the home.

A kind of case has ``khs.STATES``: what hurries or stops it, by its name in the address.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import parse_qsl

from django.contrib import admin
from django.db.models import Choices, Count, Min, Q, QuerySet
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
    holds. ``page`` and ``query`` are the list and what it is asked for; ``first``: at the top of
    the home, where it asks for something today."""

    page: str
    query: str
    waiting: Waiting
    since: str
    first: bool = False


home_queues = LinkSlot[Queue]("home_queues")
queue_actions = LinkSlot[QueueAction]("queue_actions")
#: Under the queues that come first.
home_parts = PartSlot[Part[None]]("home_parts")


def on_home(
    page: str, rows: Iterable[HomeRow], *, since: str, order: int, first: Iterable[str] = ()
) -> None:
    """Show queues on the home. ``page`` names their list, ``first`` the labels that come first."""
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
                first=label in first,
            )
        )


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
    open. One query each, which counts no further than ``MOST``."""
    asked = {name: request.GET[name] for name in ("lage", "status") if name in request.GET}
    found = []
    for link in home_queues.shown(request):
        if link.entry.page != page:
            continue
        count = link.entry.waiting().order_by().values("pk")[: MOST + 1].count()
        active = dict(parse_qsl(link.entry.query.lstrip("?"))) == asked
        if count or active:
            words = f"{tal(MOST)}+" if count > MOST else tal(count)
            found.append(QueueTab(link.label, link.url, words, active))
    return found


# --- the home ---------------------------------------------------------------------------------

#: How long something has waited, in days: to 2, to 7, longer.
AGES = (("0–2 dagar", 3), ("3–7", 8), ("8 och äldre", None))


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


@dataclass(frozen=True)
class Home:
    """What waits: at the top, beside the list, and where nothing does."""

    first: list[Waits]
    others: list[Waits]
    empty: list[Shown[Queue]]


def home(request: HttpRequest) -> Home:
    """One query a queue, which counts no further than ``MOST``."""
    found = [_waits(link) for link in home_queues.shown(request)]
    full = [waits for waits in found if waits.count]
    return Home(
        first=[waits for waits in full if waits.link.entry.first],
        others=[waits for waits in full if not waits.link.entry.first],
        empty=[waits.link for waits in found if not waits.count],
    )


def _waits(link: Shown[Queue]) -> Waits:
    queue = link.entry
    today = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    since = f"{queue.since}__"
    until = [Q()] + [
        Q(**{f"{since}lt": today - dt.timedelta(days=days - 1)}) for _, days in AGES if days
    ]
    some = queue.waiting().order_by().only("pk", queue.since)[: MOST + 1]
    told = some.aggregate(
        oldest=Min(queue.since),
        **{f"age_{n}": Count("pk", filter=asked) for n, asked in enumerate(until)},
    )
    longer = [told[f"age_{n}"] for n in range(len(AGES))] + [0]
    oldest = told["oldest"]
    return Waits(
        link,
        count=longer[0],
        by_age=tuple(a - b for a, b in zip(longer, longer[1:], strict=False)),
        oldest=(today.date() - timezone.localtime(oldest).date()).days if oldest else 0,
    )
