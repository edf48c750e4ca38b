"""«Sök»: the cases of one's units by time, unit and state. A kind of case adds its search by
``searches.add``; nothing here says whom a case is about."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from organisation.models import Unit, User
from sesam import panels
from sesam.panels import Panel
from sesam.places import Tab, TabContent, TabSlot
from sesam.tables import Table

from .cases import CaseQuerySet

PERIODS = {
    "vecka": ("Senaste veckan", dt.timedelta(days=7)),
    "manad": ("Senaste månaden", dt.timedelta(days=31)),
    "kvartal": ("Senaste 3 månaderna", dt.timedelta(days=92)),
    "ar": ("Senaste året", dt.timedelta(days=366)),
}
PRESET = "manad"
TIME, UNIT, STATUS, LATE = "tid", "tjanststalle", "status", "sena"
MOST = 1_000  # counted


@dataclass(frozen=True)
class Scope:
    """What is asked for: since when, of which unit (None: all of the user's), in which status (empty:
    any), only what is late."""

    user: User
    since: dt.datetime
    unit: Unit | None
    status: str = ""
    late: bool = False


def since(period: str) -> dt.datetime:
    return timezone.now() - PERIODS.get(period, PERIODS[PRESET])[1]


@dataclass(frozen=True, kw_only=True)
class CaseSearch:
    """The search of one kind. ``cases`` are all of them, ``began`` the field of when one did;
    ``late`` narrows to what is late, ``loaded`` fetches what a row shows, ``of`` makes it. ``sheet``
    are the columns of the Excel file, which bears the ``label``; the tab says ``verb``."""

    name: str
    label: str
    verb: str
    order: int
    cases: Callable[[], CaseQuerySet[Any]]
    began: str
    statuses: Sequence[tuple[str, str]]
    late: Callable[[Any], CaseQuerySet[Any]]
    table: type[Table[Any]]
    loaded: Callable[[Any], QuerySet[Any]]
    panel: Callable[[HttpRequest, Any], Panel | None]
    sheet: Sequence[tuple[str, Callable[[Any], Any]]]
    of: Callable[[Any], Any] | None = None

    def within(self, scope: Scope) -> CaseQuerySet[Any]:
        """The cases of the time and the unit."""
        found = self.cases().for_user(scope.user).filter(**{f"{self.began}__gte": scope.since})
        return found.filter(unit=scope.unit) if scope.unit else found

    def narrowed(self, scope: Scope) -> CaseQuerySet[Any]:
        """Of these the ones in the status, or late."""
        found = self.within(scope)
        if scope.status in dict(self.statuses):
            found = found.filter(status=scope.status)
        return self.late(found) if scope.late else found

    def count(self, request: HttpRequest, scope: Scope) -> int:
        return self.within(scope).order_by()[:MOST].count()

    def build(self, request: HttpRequest, scope: Scope) -> TabContent:
        table = self.table.fetch(
            request, self.narrowed(scope), whole=self.loaded(self.cases()), of=self.of
        )
        table.narrowed_by = (TIME, UNIT)
        wanted = panels.asked(request).replace("\0", "")
        panel = None
        if wanted:
            cases = self.cases().for_user(scope.user).filter(case_number=wanted)
            panel = self.panel(request, cases)
        return TabContent(table=table, panel=panel)


case_searches = TabSlot[Tab[Scope]]("case_searches")
_known: dict[str, CaseSearch] = {}


def add(*searches: CaseSearch) -> None:
    """What a kind of case adds, as a tab of «Sök»."""
    for search in searches:
        _known[search.name] = search
        case_searches.add(
            Tab(
                name=search.name,
                label=search.verb,
                order=search.order,
                url=partial(_tab_url, search.name),
                count=search.count,
                build=search.build,
            )
        )


def named(name: str) -> CaseSearch:
    """The search that ``flik`` names, else the first."""
    first = min(_known.values(), key=lambda search: search.order)
    return _known.get(name, first)


def _tab_url(name: str, request: HttpRequest, scope: Scope) -> str:
    """The tab's address, in which time and unit stay."""
    query = request.GET.copy()
    for gone in (STATUS, LATE, "sida", "sortera", panels.PANEL, panels.TAB):
        query.pop(gone, None)
    query["flik"] = name
    return f"{request.path}?{query.urlencode()}"
