"""A queue of cases in the back office: its filters, and where it stands on the home.

A kind of case has ``khs.STATES``: what hurries or stops it, by its name in the address.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Choices, QuerySet
from django.http import HttpRequest

from sesam.places import Link, LinkSlot, Page

from .long_lists import MOST
from .permissions import KHS, has_role

FILTER_TEMPLATE = "admin/khs_filter.html"

#: A state's label, and what gives those of a queryset that are in it.
State = tuple[str, Callable[[Any], QuerySet[Any]]]
Waiting = Callable[[], QuerySet[Any]]
#: On the home: label, icon, query string of the list, what waits there.
HomeRow = tuple[str, str, str, Waiting]


class StatusFilter(admin.SimpleListFilter):
    """What is still to be done unless asked otherwise."""

    title = "status"
    parameter_name = "status"
    template = FILTER_TEMPLATE
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
    template = FILTER_TEMPLATE
    states: ClassVar[dict[str, State]]

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, label) for name, (label, _) in self.states.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        state = self.states.get(self.value() or "")
        return state[1](queryset) if state else queryset


@dataclass(frozen=True, kw_only=True)
class Queue(Link[None]):
    """A queue on the home, under the heading ``group``; its count is how many wait there, told up
    to ``most``."""

    group: str
    most: int = MOST


home_queues = LinkSlot[Queue]("home_queues")


def on_home(group: str, page: str, rows: Iterable[HomeRow], *, order: int) -> None:
    """Show a queue on the home under the heading ``group``. ``page`` names its list."""
    for label, icon, query, waiting in rows:
        home_queues.add(
            Queue(
                name=f"{page}{query}",
                label=label,
                icon=icon,
                url=Page(page, query),
                order=order,
                shown=lambda request, obj: has_role(request.user, KHS),
                count=partial(_count, waiting),
                group=group,
            )
        )


def _count(waiting: Waiting, request: HttpRequest, obj: None) -> int:
    return waiting().order_by()[: MOST + 1].count()
