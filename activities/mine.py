"""«Mina aktiviteter» of «Min sida»."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Min, OuterRef, Prefetch, QuerySet, Subquery
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from organisation.models import User
from recipients.mine import (
    MyTable,
    RecipientColumn,
    mine,
    narrowings,
    tab_address,
    whose_facts,
)
from recipients.turns import TurnColumn
from sesam import panels
from sesam.asked_once import once
from sesam.days import day_shortly
from sesam.panels import Panel
from sesam.places import Now, TabContent, Todo
from sesam.tables import Column, DateColumn, PanelColumn, StatusColumn, by_label, escaped, sv

from . import shown
from .life import step_of, with_turns
from .models import Activity, ActivityLine, ActivityQuerySet, ActivityStatus

TAB = "aktiviteter"


_FIRST_AID = Subquery(
    ActivityLine.objects.filter(activity=OuterRef("pk"))
    .order_by("pk")
    .values("article__sort_key")[:1]
)


class _AboutColumn(Column):
    """What it is about: the aids by name, or how many."""

    def html(self, row: Activity, table: Any) -> str:
        named = list(dict.fromkeys(line.title for line in row.lines.all()))
        if not named:
            return "Inget hjälpmedel"
        more = f" och {len(named) - 1} till" if len(named) > 1 else ""
        return escaped(f"{named[0]}{more}")


def _loaded(activities: ActivityQuerySet) -> QuerySet[Activity]:
    """With all that a row shows, in a fixed number of queries."""
    return with_turns(activities).prefetch_related(Prefetch("lines", shown.LINES))


class MyActivityTable(MyTable[Activity]):
    """The newest first."""

    columns = (
        PanelColumn("number", "Aktivitet", "case_number", key="case_number", sort="case_number",
                    css="code"),
        RecipientColumn(lambda activity: activity),
        Column("type", "Aktivitetstyp", "type.name", sort=sv("type__name"), named_on_cards=False),
        DateColumn("registered", "Datum", "created_at", sort=("created_at", "id"),
                   falling_first=True, priority=3),
        _AboutColumn("about", "Aktiviteten avser", sort=_FIRST_AID, nullable=True, priority=2,
                     named_on_cards=False),
        StatusColumn("status", "Status", lambda x: x.get_status_display(),
                     sort=by_label("status", ActivityStatus.choices), css="lead"),
        TurnColumn(step_of, due="due_on"),
    )  # fmt: skip
    order = "-registered"
    dom_id = "mina-aktiviteter"
    caption = "Mina aktiviteter"
    noun = ("aktivitet", "aktiviteter")
    empty_text = "Inga aktiviteter"
    empty_hint = "Det arbete som du har begärt visas här."


def _open(user: User) -> dict[str, Any]:
    """How many are open, and the first day of these; for tab, list and «Nu» alike."""
    found = mine(user, Activity.objects.all()).still_open()
    return found.aggregate(count=Count("pk"), day=Min("due_on"))


def count(request: HttpRequest, user: User) -> int:
    """Open ones, up to as many as the list counts."""
    count: int = once(request, _open, user)["count"]
    return min(count, MyActivityTable.counted_to)


def build(request: HttpRequest, user: User) -> TabContent:
    table = MyActivityTable.of_mine(
        request,
        Activity.objects.all(),
        narrowings("created_at"),
        loaded=_loaded,
        are_open=once(request, _open, user)["count"],
    )
    return TabContent(table=table, panel=_panel(request, user))


def _panel(request: HttpRequest, user: User) -> Panel | None:
    wanted = panels.asked(request).replace("\0", "")
    if not wanted:
        return None
    found = mine(user, Activity.objects.all()).filter(case_number=wanted)
    return panel_of(request, found, names=True)


def panel_of(request: HttpRequest, found: ActivityQuerySet, *, names: bool = False) -> Panel | None:
    """The activity in short; ``names``: and whose, where recipients are shown."""
    activity = with_turns(found).first()
    if activity is None:
        return None
    whose = whose_facts(request, activity) if names else []
    return Panel(
        kicker="Aktivitet",
        title=activity.case_number,
        close_url=panels.close_url(request),
        facts=[*whose, *shown.panel_facts(activity, is_own=True)],
        go_url=reverse("activities:detail", args=[activity.case_number]),
        go_label="Gå till aktivitetsdetaljer",
    )


def late(request: HttpRequest, user: User) -> list[Todo]:
    """The user's activities that should have been done by now. One query."""
    found = mine(user, Activity.objects.all()).still_open().filter(due_on__lt=timezone.localdate())
    said = found.aggregate(count=Count("pk"), day=Min("due_on"))
    if not said["count"]:
        return []
    words = "aktivitet är försenad" if said["count"] == 1 else "aktiviteter är försenade"
    detail = f"skulle ha varit klar {day_shortly(said['day'])}"
    url = tab_address(TAB)(request, user)
    return [Todo(f"{said['count']} {words}", url, detail, late=True)]


def open_now(request: HttpRequest, user: User) -> Now:
    """«1 öppen aktivitet»; amber once one is late."""
    found = once(request, _open, user)
    day = found["day"]
    words = "öppen aktivitet" if found["count"] == 1 else "öppna aktiviteter"
    late = day is not None and day < timezone.localdate()
    return Now(found["count"], words, f"klar senast {day_shortly(day)}" if day else "", late)
