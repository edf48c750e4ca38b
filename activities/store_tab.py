"""What an own store does itself: «Att utföra» on its page, «Att göra» of whoever answers for it, and the
message when its schedules have made something."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.db.models import Count, Min, Prefetch, Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from organisation import messages, stores
from organisation.models import MessageKind, User, Warehouse
from organisation.permissions import BUFFERT, signed_in
from sesam.asked_once import once
from sesam.days import day_and_month, day_shortly
from sesam.links import links
from sesam.places import TabContent, Todo
from sesam.tables import Column, DateColumn, LinkColumn, StatusColumn, Table, by_label, sv
from sesam.templatetags.sesam import late_html

from . import shown
from .models import Activity, ActivityQuerySet, ActivityStatus, ActivityType

TAB = "aktiviteter"
MOST_NAMED = 20  # activities, in a message


def url_of(number: str) -> str:
    """The tab of the store with that number."""
    return reverse("articles:store", args=[number]) + f"?flik={TAB}"


def by_stores() -> ActivityQuerySet:
    """What is open and an own store does."""
    by_type = Q(done_by="", type__done_by=ActivityType.DoneBy.STORE)
    by_store = Q(done_by=ActivityType.DoneBy.STORE) | by_type
    return Activity.objects.still_open().filter(by_store, supplier=None)


def _of(user: User, store: Warehouse) -> ActivityQuerySet:
    """The store's, of those that the user may open. Whose patient a protected person is is told to their
    own units alone."""
    mine = Q(recipient=None) | Q(recipient__is_protected=False) | Q(unit__in=user.units.all())
    return by_stores().for_user(user).filter(mine, warehouse=store)


def _aids(row: Activity) -> str:
    named = (
        f"{line.title} ({line.individual})" if line.individual else line.title
        for line in row.lines.all()
    )
    return ", ".join(named)


def _where(row: Activity) -> str:
    """As it is now: it may have come back, or gone, since. Of whom it is at, no more."""
    piece = next((line.individual for line in row.lines.all() if line.individual), None)
    if piece is None:
        return "Hos mottagare" if row.recipient_id else "I förrådet"
    if piece.warehouse_id is None:
        return str(piece.get_status_display())
    return "I förrådet" if piece.warehouse_id == row.warehouse_id else "I ett annat lager"


class _DueColumn(DateColumn):
    """Amber once it has passed."""

    def html(self, row: Activity, table: Table[Any]) -> str:
        day = super().html(row, table)
        return str(late_html(day)) if row.is_late else day


class StoreActivityTable(Table[Activity]):
    """«Att utföra» of a store, what is due first standing first."""

    columns = (
        LinkColumn("number", "Aktivitet", "case_number",
                   url=lambda row: links("activities:detail")(row.case_number),
                   sort="case_number", css="code title"),
        Column("type", "Aktivitetstyp", "type.name", sort=sv("type__name"), named_on_cards=False),
        Column("aid", "Hjälpmedel", _aids, named_on_cards=False),
        Column("where", "Var", _where, priority=3),
        _DueColumn("due", "Klar senast", "due_on", sort=("due_on", "case_number")),
        StatusColumn("status", "Status", lambda row: row.get_status_display(),
                     sort=by_label("status", ActivityStatus.choices), priority=2),
    )  # fmt: skip
    order = "due"
    tie = ("pk",)
    per_page = 50
    dom_id = "forradets-aktiviteter"
    caption = "Aktiviteter som förrådet utför"
    noun = ("aktivitet", "aktiviteter")
    empty_text = "Inget att utföra"
    empty_hint = "Underhåll enligt schema och reparationer som förrådet utför visas här."


def count(request: HttpRequest, store: Warehouse) -> int:
    return _of(signed_in(request), store).count()


def build(request: HttpRequest, store: Warehouse) -> TabContent:
    found = _of(signed_in(request), store).select_related("type", "recipient")
    loaded = found.prefetch_related(Prefetch("lines", shown.LINES))
    return TabContent(table=StoreActivityTable.fetch(request, loaded))


# --- «Att göra» ---


def _waiting(user: User) -> list[Any]:
    """Of each of the user's own stores, how many wait to be done, and since when."""
    mine = by_stores().for_user(user).filter(warehouse__in=stores.own_stores(user))
    today = timezone.localdate()
    return list(
        mine.order_by("warehouse__number")
        .values("warehouse__number", "warehouse__name")
        .annotate(count=Count("pk"), day=Min("due_on"), late=Count("pk", Q(due_on__lt=today)))
    )


def todo(request: HttpRequest, user: User) -> list[Todo]:
    """«3 aktiviteter att utföra i Kalmar buffertförråd»."""
    found = []
    for row in once(request, _waiting, user):
        words = "aktivitet" if row["count"] == 1 else "aktiviteter"
        found.append(
            Todo(
                f"{row['count']} {words} att utföra i {row['warehouse__name']}",
                url_of(row["warehouse__number"]),
                f"klar senast {day_shortly(row['day'])}",
                late=row["late"] > 0,
            )
        )
    return found


# --- the message ---


@transaction.atomic
def tell_made(made: Iterable[Activity]) -> None:
    """Whoever answers for an own store is told of what its schedules have made: once a night, for each
    store. Of whom it is at it says nothing."""
    by_unit: dict[tuple[int, int], list[Activity]] = defaultdict(list)
    for activity in made:
        if activity.performed_by == ActivityType.DoneBy.STORE and activity.unit_id is not None:
            by_unit[activity.unit_id, activity.warehouse_id].append(activity)
    for (unit, _), its in sorted(by_unit.items()):
        store = its[0].warehouse
        answer = User.objects.filter(is_active=True, units=unit, groups__name=BUFFERT)
        for user in answer.order_by("pk").distinct():
            messages.send(
                user,
                title=f"Underhåll att utföra i {store}: {len(its)} st",
                text=_listed(its, store),
                kind=MessageKind.OTHER,
                case_number=its[0].case_number if len(its) == 1 else None,
            )


def _listed(made: list[Activity], store: Warehouse) -> str:
    made = sorted(made, key=lambda one: (one.due_on, one.case_number))
    lines = [
        f"Aktivitet {one.case_number}, klar senast {day_and_month(one.due_on)}"
        for one in made[:MOST_NAMED]
    ]
    if len(made) > MOST_NAMED:
        lines.append(f"och {len(made) - MOST_NAMED} till")
    return "\n".join([*lines, f"Alla står under «Att utföra» på förrådets sida, {store}."])
