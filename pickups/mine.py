"""«Mina hämtordrar» of «Min sida»."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Min
from django.http import HttpRequest
from django.utils import timezone

from organisation.models import User
from recipients.cases import CaseQuerySet
from recipients.mine import MyTable, RecipientColumn, mine, narrowings, whose_facts
from recipients.turns import TurnColumn
from sesam import panels
from sesam.asked_once import once
from sesam.days import day_shortly
from sesam.panels import Panel
from sesam.places import Now, TabContent
from sesam.tables import Column, DateColumn, PanelColumn, StatusColumn, by_label, sv

from . import shown
from .life import step_of, with_turns
from .models import PickupOrder, PickupStatus

TAB = "hamtordrar"


class MyPickupTable(MyTable[PickupOrder]):
    """The newest first."""

    columns = (
        PanelColumn("number", "Hämtorder", "case_number", key="case_number", sort="case_number",
                    css="code"),
        RecipientColumn(lambda pickup: pickup),
        Column("unit", "Tjänsteställe", "unit.name", sort=sv("unit__name"), priority=3),
        DateColumn("registered", "Registrerad", "created_at", sort=("created_at", "id"),
                   falling_first=True, priority=2),
        StatusColumn("status", "Status", lambda x: x.get_status_display(),
                     sort=by_label("status", PickupStatus.choices), css="lead"),
        TurnColumn(step_of, due="planned_for"),
    )  # fmt: skip
    order = "-registered"
    dom_id = "mina-hamtordrar"
    caption = "Mina hämtordrar"
    noun = ("hämtorder", "hämtordrar")
    empty_text = "Inga hämtordrar"
    empty_hint = "Det som du har beställt hämtning av visas här."


def _open(user: User) -> dict[str, Any]:
    """How many are open, and the first day of these; for tab, list and «Nu» alike."""
    found = mine(user, PickupOrder.objects.all()).still_open()
    return found.aggregate(count=Count("pk"), day=Min("planned_for"))


def count(request: HttpRequest, user: User) -> int:
    """Open ones, up to as many as the list counts."""
    count: int = once(request, _open, user)["count"]
    return min(count, MyPickupTable.counted_to)


def build(request: HttpRequest, user: User) -> TabContent:
    table = MyPickupTable.of_mine(
        request,
        PickupOrder.objects.all(),
        narrowings("created_at"),
        loaded=with_turns,
        are_open=once(request, _open, user)["count"],
    )
    return TabContent(table=table, panel=_panel(request, user))


def _panel(request: HttpRequest, user: User) -> Panel | None:
    wanted = panels.asked(request)
    if not wanted:
        return None
    found = mine(user, PickupOrder.objects.all()).filter(case_number=wanted)
    return panel_of(request, found, names=True)


def panel_of(
    request: HttpRequest, found: CaseQuerySet[PickupOrder], *, names: bool = False
) -> Panel | None:
    """The pickup order in short; ``names``: and whose, where recipients are shown."""
    pickup = with_turns(found).first()
    if pickup is None:
        return None
    whose = whose_facts(request, pickup) if names else ()
    return shown.panel_of(request, pickup, whose=whose)


def open_now(request: HttpRequest, user: User) -> Now:
    """«1 öppen hämtorder»; amber once its day has passed."""
    found = once(request, _open, user)
    day = found["day"]
    words = "öppen hämtorder" if found["count"] == 1 else "öppna hämtordrar"
    late = day is not None and day < timezone.localdate()
    return Now(found["count"], words, f"planerad {day_shortly(day)}" if day else "", late)
