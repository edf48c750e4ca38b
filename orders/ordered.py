"""What has been ordered for a recipient and not yet delivered: the tab «Beställt», its panel, its
count of «Nu», its part of «Hjälpmedelslista»."""

import datetime as dt
import re
from typing import Any

from django.db.models import Count, F, Min, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from articles.pictograms import drawing_of
from recipients.documents import Column, Section
from recipients.models import Recipient
from sesam import panels
from sesam.asked_once import once
from sesam.days import day_shortly
from sesam.panels import Panel
from sesam.places import Now, TabContent
from sesam.standing import in_all, standing
from sesam.templatetags.sesam import datum

from . import promises
from .life import lines_with_turns, planned_of, step_of_line
from .models import Order, OrderLine
from .tables import OrderedTable

_OPEN = Q(quantity__gt=F("delivered") + F("cancelled"))


def _undelivered(recipient: Any) -> QuerySet[OrderLine]:
    return OrderLine.objects.filter(_OPEN, order__recipient=recipient)


def undelivered_count(request: HttpRequest, recipient: Recipient) -> int:
    return once(request, _how_much, recipient)[0]


def _how_much(recipient: Recipient) -> tuple[int, dt.date | None]:
    """How many lines are undelivered, and the first of their days."""
    ((count, day),) = _undelivered_totals(recipient=recipient.pk)
    return count, day


@standing
def _undelivered_totals(*, recipient: Any) -> QuerySet[OrderLine, Any]:
    return in_all(_undelivered(recipient), Count("pk"), Min("planned_delivery"))


def on_its_way(request: HttpRequest, recipient: Recipient) -> Now:
    """«2 på väg, planerat 30 november»: the first of the days; amber once that has passed."""
    count, day = once(request, _how_much, recipient)
    is_late = day is not None and day < timezone.localdate()
    detail = f"planerat {day_shortly(day)}" if day else "inget datum än"
    return Now(count, "på väg", f"{detail}, försenat" if is_late else detail, is_late)


def ordered_tab(request: HttpRequest, recipient: Recipient) -> TabContent:
    found = _undelivered(recipient).select_related("article", "order__unit")
    lines = lines_with_turns(found)
    return TabContent(
        table=OrderedTable.fetch(request, lines), panel=_ordered_panel(request, recipient)
    )


def _new_day(line: OrderLine) -> list[dict[str, str]]:
    """Where it is now expected on another day than was promised."""
    lines = list(line.order.lines.select_related("article", "warehouse"))
    known = promises.outlooks(line.order, lines, promises.balances(lines))
    day = known[line.pk].new_day
    return [{"label": "Väntas nu", "value": day}] if day else []


def _ordered_panel(request: HttpRequest, recipient: Recipient) -> Panel | None:
    wanted = panels.asked(request)
    if not re.fullmatch("[0-9]{1,18}", wanted):
        return None
    line = (
        lines_with_turns(_undelivered(recipient))
        .filter(pk=int(wanted))
        .select_related("article", "warehouse", "order__unit", "order__prescriber")
        .first()
    )
    if line is None:
        return None
    order = line.order
    is_own = Order.objects.for_user(request.user).filter(pk=order.pk).exists()
    # Whose patient a protected person is tells where they live.
    tells_whose = is_own or not recipient.is_protected
    step = step_of_line(line)
    turn = {"label": "Nästa steg", "value": step.sentence if step else ""}
    tabs, chosen = panels.tabs(request, ("artikel", "Artikel"), ("bestallning", "Beställning"))
    facts: list[dict[str, Any]]
    if chosen == "artikel":
        facts = [
            {"label": "Artikel", "value": f"{line.article.number} {line.article.name}"},
            {"label": "Status", "value": line.progress_label},
            turn,
            {"label": "Beställt", "value": f"{line.quantity} st"},
            {"label": "Kvar att leverera", "value": f"{line.open} st"},
            {"label": "Restnoterat", "value": f"{line.backlog} st"},
            *([{"label": "Från lager", "value": line.warehouse}] if tells_whose else []),
            {"label": "Planerad leverans", "value": line.planned_words},
            *_new_day(line),
        ]
    else:
        facts = [
            {"label": "Ärendenummer", "value": order.case_number},
            {"label": "Status", "value": order.get_status_display()},
            turn,
            {"label": "Orderdatum", "value": datum(order.sent_at)},
            {"label": "Planerad leverans", "value": planned_of(order, order.lines.all())},
        ]
        if tells_whose:
            facts.append({"label": "Tjänsteställe", "value": order.unit})
            facts.append({"label": "Förskrivare", "value": order.prescriber})
    panel = Panel(
        kicker=f"Kundorder {order.case_number}",
        title=line.article.name,
        close_url=panels.close_url(request),
        facts=facts,
        tabs=tabs,
        drawing=drawing_of(line.article),
    )
    # Another unit's case shows its short facts, without a link.
    if is_own:
        panel.go_url = reverse("orders:detail", args=[order.case_number])
        panel.go_label = "Gå till beställningsdetaljer"
    return panel


def ordered_section(request: HttpRequest, recipient: Recipient) -> Section:
    lines = (
        _undelivered(recipient)
        .select_related("article", "order")
        .order_by("planned_delivery", "order__case_number", "position", "id")
    )
    return Section(
        "Beställda hjälpmedel",
        "Inget är beställt",
        (
            Column("Artikelnr", "w12 code"),
            Column("Benämning"),
            Column("Order", "w12 code"),
            Column("Antal", "w10 num"),
            Column("Planerad leverans", "w20"),
        ),
        [
            [line.article.number, line.article.name, line.order.case_number, line.open, _when(line)]
            for line in lines
        ],
    )


def _when(line: OrderLine) -> str:
    """«2026-12-04, restnoterad»."""
    if line.article.is_stocked and line.backlog:
        return f"{line.planned_words}, restnoterad"
    return line.planned_words
