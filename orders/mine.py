"""«Mina beställningar» of «Min sida»."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, Exists, Min, Prefetch, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from articles.pictograms import WithPictograms
from organisation.models import Source, User
from organisation.permissions import BUFFERT, FORSKRIVARE, has_role
from recipients.cases import Case
from recipients.mine import (
    MyTable,
    Narrowing,
    RecipientColumn,
    mine,
    narrowings,
    whose_facts,
)
from sesam import panels
from sesam.asked_once import once
from sesam.days import day_and_month, day_shortly
from sesam.life_line import LifeLine
from sesam.panels import Panel
from sesam.places import Now, TabContent
from sesam.tables import CodeColumn, Column, PanelColumn, link
from sesam.templatetags.sesam import datum, late_html, life_html, status_html

from . import khs, shown
from .life import life_line, planned_of
from .models import Order, OrderHold, OrderLine, OrderQuerySet
from .stages import Stage

TAB = "bestallningar"
LATE, ANSWER = "forsenade", "svar"


def _waits() -> Exists:
    return khs.in_project(Stage.WAITING)


def _waiting(orders: OrderQuerySet) -> OrderQuerySet:
    return orders.undelivered().filter(_waits())


CHOICES: dict[str, Narrowing] = {
    **narrowings("sent_at"),
    LATE: Narrowing("Försenade", lambda orders: orders.undelivered().filter(khs.late())),
    ANSWER: Narrowing("Väntar på svar", _waiting, has_chip=False),
}


@dataclass(slots=True)
class MyOrderRow:
    """An order as the list shows it."""

    order: Order
    title: str
    iso_code: str
    article_type: str
    article_number: str
    picture: str
    life: LifeLine
    has_rest: bool
    late_since: dt.date | None
    awaits_answer: bool
    case_number: str = field(init=False)

    def __post_init__(self) -> None:
        self.case_number = self.order.case_number


class AidsColumn(PanelColumn):
    """What was ordered: the first aid with its photo or pictogram, and how many more."""

    def html(self, row: MyOrderRow, table: Any) -> str:
        drawing: str = table.pictogram(row)
        return drawing + super().html(row, table)


class LifeColumn(Column):
    """The small life line, and whose turn it is."""

    named_on_cards = False

    def html(self, row: MyOrderRow, table: Any) -> str:
        step = row.life.next_step
        if step is None:
            return life_html(row.life)
        since = f"sedan {day_shortly(step.since)}" if step.since else ""
        return life_html(row.life) + format_html(
            '<br><small>{} {} <span class="muted">{}</span></small>', step.turn, step.what, since
        )


class PlannedColumn(Column):
    """When it comes, or what is to be done about it first."""

    def html(self, row: MyOrderRow, table: Any) -> str:
        order = row.order
        if order.has_ended:
            return status_html(order.status, order.get_status_display())
        if row.awaits_answer:
            url = reverse("orders:detail", args=[order.case_number])
            return link(url, "svara på offert")
        if row.late_since:
            return late_html(day_shortly(row.late_since))
        if order.planned_delivery is None:
            return "inget datum än"
        day = day_shortly(order.planned_delivery)
        return f"{day}, rest" if row.has_rest else day


class MyOrderTable(WithPictograms, MyTable[MyOrderRow]):
    """Open ones by the day that they are planned for, all by number, the newest first."""

    columns = (
        CodeColumn("number", "Kundorder", "case_number", sort="case_number", falling_first=True),
        AidsColumn("aids", "Hjälpmedel", "title", key="case_number"),
        RecipientColumn(lambda row: row.order, other=lambda row: str(row.order.destination)),
        LifeColumn("life", "Gång", priority=2),
        PlannedColumn("planned", "Planerad", sort="planned_delivery", nullable=True,
                      css="code lead"),
    )  # fmt: skip
    order = "planned"
    order_of_all = "-number"
    tie = ("-sent_at", "-pk")
    dom_id = "mina-bestallningar"
    caption = "Mina beställningar"
    noun = ("beställning", "beställningar")
    empty_text = "Inga beställningar"
    empty_hint = "Det som du har beställt eller förskrivit visas här."

    @staticmethod
    def case_of(row: Any) -> Case:
        order: Order = row.order
        return order


def loaded(orders: OrderQuerySet) -> QuerySet[Order]:
    """With all that the panel shows, in a fixed number of queries."""
    return _of_rows(orders).select_related("unit", "prescriber")


def _of_rows(orders: OrderQuerySet) -> QuerySet[Order]:
    """With what a row shows."""
    found = orders.select_related("recipient", "destination", "ordered_by", "delivery_way")
    return found.prefetch_related(
        Prefetch("lines", OrderLine.objects.select_related("article").order_by("position", "id")),
        Prefetch("holds", OrderHold.objects.filter(released_at=None)),
        "events__user",
    )


def row_of(order: Order) -> MyOrderRow:
    lines = list(order.lines.all())
    alive = [line for line in lines if line.cancelled < line.quantity] or lines
    first = next((line for line in alive if not line.component_of_id), None)
    open_now = [] if order.has_ended else lines
    return MyOrderRow(
        order=order,
        title=shown.aids(alive) or order.case_number,
        iso_code=first.article.iso_code if first else "",
        article_type=first.article.type if first else "",
        article_number=first.article.number if first else "",
        picture=(first.article.picture.name or "") if first else "",
        life=_life(order, lines),
        has_rest=any(x.open and x.article.is_stocked and x.backlog for x in open_now),
        late_since=_late_since(open_now),
        awaits_answer=any(x.open and x.stage == Stage.WAITING for x in open_now),
    )


def _late_since(lines: list[OrderLine]) -> dt.date | None:
    """The first promised day that has passed without what KHS was to bring."""
    late = [x for x in lines if x.source == Source.CENTRAL and khs.is_late([x])]
    return min((x.planned_delivery for x in late if x.planned_delivery), default=None)


def _life(order: Order, lines: list[OrderLine]) -> LifeLine:
    hold = next(iter(order.holds.all()), None)
    return life_line(order, lines, list(order.events.all()), hold)


def life_of(user: User, number: str) -> LifeLine | None:
    """How far an order has come, for a user who may see it."""
    order = loaded(Order.objects.for_user(user).filter(case_number=number)).first()
    return _life(order, list(order.lines.all())) if order else None


def _open(user: User) -> dict[str, Any]:
    """Of the open ones how many there are, come this week, wait for an answer and are late, and
    the first day that wasn't kept; for tab, list, «Nu» and «Att göra» alike. One query."""
    today = timezone.localdate()
    sunday = today + dt.timedelta(days=6 - today.weekday())
    this_week = Q(planned_delivery__range=(today, sunday))
    found = mine(user, Order.objects.all()).still_open()
    return found.aggregate(
        count=Count("pk"),
        soon=Count("pk", filter=this_week),
        waiting=Count("pk", filter=_waits()),
        late=Count("pk", filter=khs.late()),
        late_since=Min("planned_delivery", filter=khs.late()),
    )


def count(request: HttpRequest, user: User) -> int:
    """Open ones, up to as many as the list counts."""
    found: int = once(request, _open, user)["count"]
    return min(found, MyOrderTable.counted_to)


def build(request: HttpRequest, user: User) -> TabContent:
    table = MyOrderTable.of_mine(
        request,
        Order.objects.all(),
        CHOICES,
        loaded=_of_rows,
        of=row_of,
        are_open=once(request, _open, user)["count"],
    )
    return TabContent(table=table, panel=_panel(request, user))


def _panel(request: HttpRequest, user: User) -> Panel | None:
    wanted = panels.asked(request)
    found = mine(user, Order.objects.all()).filter(case_number=wanted) if wanted else None
    return panel_of(request, found, names=True) if found is not None else None


def panel_of(request: HttpRequest, found: OrderQuerySet, *, names: bool = False) -> Panel | None:
    """The order in short; ``names``: and for whom, where recipients are shown."""
    order = loaded(found).first()
    if order is None:
        return None
    lines = list(order.lines.all())
    step = _life(order, lines).next_step
    facts: list[dict[str, Any] | None] = [
        {"label": "Status", "value": status_html(order.status, order.get_status_display())},
        {"label": "Nästa steg", "value": step.sentence if step else "Inget"},
        *(whose_facts(request, order) if names else ()),
        {"label": "Till lager", "value": order.destination} if order.destination else None,
        {"label": "Hjälpmedel", "value": _named(lines)},
        {"label": "Planerad leverans", "value": planned_of(order, lines)},
        {"label": "Orderdatum", "value": datum(order.sent_at)},
        {"label": "Tjänsteställe", "value": order.unit},
        {"label": "Beställare", "value": order.ordered_by},
        {"label": "Förskrivare", "value": order.prescriber},
    ]  # fmt: skip
    return Panel(
        kicker=order.get_kind_display(),
        title=order.case_number,
        close_url=panels.close_url(request),
        facts=[fact for fact in facts if fact],
        go_url=reverse("orders:detail", args=[order.case_number]),
        go_label="Gå till beställningsdetaljer",
    )


def _named(lines: list[OrderLine]) -> SafeString:
    return format_html_join(
        mark_safe("<br>"), "{} st {}", ((x.quantity, x.article.name) for x in lines)
    )


# --- «Nu» ---


def open_now(request: HttpRequest, user: User) -> Now:
    """«6 öppna beställningar», how many of them come this week."""
    found = once(request, _open, user)
    words = "öppen beställning" if found["count"] == 1 else "öppna beställningar"
    planned = "planerad" if found["soon"] == 1 else "planerade"
    detail = f"{found['soon']} {planned} den här veckan" if found["soon"] else ""
    return Now(found["count"], words, detail)


def answers_now(request: HttpRequest, user: User) -> Now | None:
    """Offers that wait for an answer."""
    if not has_role(user, FORSKRIVARE, BUFFERT):
        return None
    count = once(request, _open, user)["waiting"]
    return Now(count, "väntar på dig", "offert att svara på", asks=True)


def late_now(request: HttpRequest, user: User) -> Now:
    """What hasn't come on its day, and since when."""
    found = once(request, _open, user)
    count, day = found["late"], found["late_since"]
    words = "försenad" if count == 1 else "försenade"
    return Now(count, words, f"äldst från {day_and_month(day)}" if day else "", asks=True)
