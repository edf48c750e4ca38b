"""«Mina avvik./reklam.» of «Min sida»."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Min
from django.http import HttpRequest
from django.utils import timezone

from organisation.models import User
from recipients.mine import MyTable, RecipientColumn, mine, narrowings, whose_facts
from sesam import panels
from sesam.asked_once import once
from sesam.days import day_shortly
from sesam.panels import Panel
from sesam.places import Now, TabContent

from . import tab
from .models import Deviation
from .tables import DeviationTable

TAB = "avvikelser"
_number, *_others = DeviationTable.columns


class MyDeviationTable(MyTable[Deviation]):
    """The newest first."""

    columns = (_number, RecipientColumn(lambda deviation: deviation), *_others)
    order = "-registered"
    dom_id = "mina-avvikelser"
    caption = "Mina avvikelser och reklamationer"
    noun = DeviationTable.noun
    empty_text = "Inga avvikelser eller reklamationer"
    empty_hint = "Det som du har anmält visas här."


def _open(user: User) -> dict[str, Any]:
    """How many are open, and the first day of these; for tab, list and «Nu» alike."""
    found = mine(user, Deviation.objects.all()).still_open()
    return found.aggregate(count=Count("pk"), day=Min("due_on"))


def count(request: HttpRequest, user: User) -> int:
    """Open ones, up to as many as the list counts."""
    count: int = once(request, _open, user)["count"]
    return min(count, MyDeviationTable.counted_to)


def build(request: HttpRequest, user: User) -> TabContent:
    table = MyDeviationTable.of_mine(
        request,
        Deviation.objects.all(),
        narrowings("created_at"),
        loaded=lambda deviations: deviations.select_related("category", "recipient"),
        are_open=once(request, _open, user)["count"],
    )
    return TabContent(table=table, panel=_panel(request, user))


def _panel(request: HttpRequest, user: User) -> Panel | None:
    wanted = panels.asked(request)
    found = mine(user, Deviation.objects.all())
    deviation = tab.with_facts(found, wanted) if wanted else None
    if deviation is None:
        return None
    return tab.panel_of(request, deviation, own=True, whose=whose_facts(request, deviation))


def open_now(request: HttpRequest, user: User) -> Now:
    """«1 öppen avvikelse»; amber once KHS is late."""
    found = once(request, _open, user)
    day = found["day"]
    words = "öppen avvikelse" if found["count"] == 1 else "öppna avvikelser"
    late = day is not None and day < timezone.localdate()
    return Now(found["count"], words, f"svar senast {day_shortly(day)}" if day else "", late)
