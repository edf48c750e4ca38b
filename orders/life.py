"""An order's life line: Skickad, Plockas, Hos mottagaren; and whose turn it is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django.db.models import OuterRef, Prefetch, QuerySet

from organisation.models import Source
from recipients.cases import CaseEvent, EventKind
from recipients.courses import Course, done
from recipients.turns import since_last
from sesam.days import day_and_month, day_in_words
from sesam.life_line import Branch, LifeLine, NextStep, Stop, StopState

from .khs import is_late
from .models import Order, OrderEvent, OrderHold, OrderLine, OrderStatus
from .models.details import planned_words
from .stages import Stage

KHS = "KHS"
#: What gives the turn to somebody.
TURNS = (
    EventKind.CREATED, EventKind.PICKING, EventKind.PICKING_STOPPED, EventKind.DELIVERED,
    EventKind.PROJECT, EventKind.RELEASED, EventKind.HELD,
)  # fmt: skip


def with_turns(orders: QuerySet[Order]) -> QuerySet[Order]:
    """``orders`` that know since when it is whose turn (``turn_since``)."""
    since = since_last(OrderEvent, TURNS, order=OuterRef("pk"))
    return orders.annotate(turn_since=since)  # type: ignore[no-redef]  # declared by the model


def lines_with_turns(lines: QuerySet[OrderLine]) -> QuerySet[OrderLine]:
    """``lines`` that know it of their order, with what ``next_step`` asks of that."""
    since = since_last(OrderEvent, TURNS, order=OuterRef("order"))
    loaded = lines.select_related("order__recipient", "order__delivery_way")
    found = loaded.annotate(turn_since=since)  # type: ignore[no-redef]  # declared by the model
    return found.prefetch_related(
        Prefetch("order__lines", OrderLine.objects.select_related("article")),
        Prefetch("order__holds", OrderHold.objects.filter(released_at=None)),
    )


def step_of_line(line: OrderLine) -> NextStep | None:
    """The next step of a line's order, of a row that ``lines_with_turns`` gave."""
    order = line.order
    hold = next(iter(order.holds.all()), None)
    return next_step(order, order.lines.all(), hold=hold, since=line.turn_since)


def life_line(
    order: Order,
    lines: Iterable[OrderLine],
    events: Iterable[CaseEvent],
    hold: OrderHold | None = None,
) -> LifeLine:
    """The order's line by its lines, its events and what holds it. Asks nothing of the database;
    needs the lines' articles loaded."""
    course = Course.of(events)
    alive = [line for line in lines if line.cancelled < line.quantity]
    sent = done("Skickad", course.last(EventKind.CREATED), order.sent_at, str(order.ordered_by))
    if order.status == OrderStatus.CANCELLED:
        event = course.last(EventKind.CANCELLED)
        ended = done("Makulerad", event, order.cancelled_at)
        return LifeLine([sent, Stop(ended.label, StopState.ENDED, ended.when, ended.who)])
    picked = course.last(EventKind.PICKING)
    delivered = course.last(EventKind.DELIVERED)
    handed_out = sum(line.delivered for line in alive)
    total = sum(line.quantity - line.cancelled for line in alive)
    there = "I förrådet" if order.destination_id else "Hos mottagaren"
    # What an own store had was handed out when it was ordered: KHS has picked nothing then.
    was_picked = [done("Plockad", picked, delivered.at)] if delivered else []
    if order.status == OrderStatus.DELIVERED:
        return LifeLine([sent, *was_picked, done(there, delivered, order.delivered_at)])
    turned = course.last(*TURNS)
    step = next_step(order, alive, hold=hold, since=turned.at if turned else None)
    waiting, going = _apart(alive)
    picks = _picking(order, alive, going, waiting, hold, picked)
    branch: Branch | None = None
    if handed_out:
        how_much = f"{handed_out} av {total} st"
        arrived = done(there, delivered, None, how_much)
        branch = Branch(_rest_text(waiting, going), _rest_stops(picks, waiting, going, there))
        stops = [sent, *was_picked, arrived]
        return LifeLine(stops, branch, step)
    # What is lacking has its own day, on its branch.
    planned = _last_day(going) if going else order.planned_delivery
    last = Stop(there, StopState.LATER, f"planerad {day_in_words(planned)}" if planned else "")
    if waiting and going:
        branch = Branch(_rest_text(waiting, []), _rest_stops(picks, waiting, [], there))
    return LifeLine([sent, picks, last], branch, step)


def _apart(lines: Iterable[OrderLine]) -> tuple[list[OrderLine], list[OrderLine]]:
    """Of the lines: what waits for goods, and what of the rest can go."""
    lines = list(lines)
    waiting = [line for line in lines if _waits_for_goods(line)]
    return waiting, [line for line in lines if line.open and line not in waiting]


def _waits_for_goods(line: OrderLine) -> bool:
    return bool(line.open and line.article.is_stocked and line.backlog)


def _picking(
    order: Order,
    alive: list[OrderLine],
    going: list[OrderLine],
    waiting: list[OrderLine],
    hold: OrderHold | None,
    picked: CaseEvent | None,
) -> Stop:
    if order.status == OrderStatus.PICKING:
        begun = done("Plockas", picked)
        return Stop(begun.label, StopState.NOW, begun.when, begun.who)
    if hold:
        return Stop("Plockas", StopState.WAITING, "", f"väntar på aktivitet {hold.case_number}")
    asked = next((x for x in alive if x.open and x.stage == Stage.WAITING), None)
    if asked:
        return Stop("Plockas", StopState.WAITING, "", "väntar på förskrivarens godkännande")
    if waiting and not going:
        return Stop("Plockas", StopState.WAITING, "", "väntar på varor")
    return Stop("Plockas", StopState.LATER)


def _rest_text(waiting: list[OrderLine], going: list[OrderLine]) -> str:
    """What of it isn't there yet: what is lacking, and what can go."""
    found = []
    if waiting:
        count = sum(line.backlog for line in waiting)
        found.append(f"{count} st {_named(waiting)} är restnoterat")
    if going:
        count = sum(line.open for line in going)
        found.append(f"{count} st {_named(going)} är kvar att leverera")
    return ", ".join(found)


def _named(lines: list[OrderLine]) -> str:
    return lines[0].article.name if len(lines) == 1 else f"på {len(lines)} rader"


def _rest_stops(
    picks: Stop, waiting: list[OrderLine], going: list[OrderLine], there: str
) -> list[Stop]:
    """How far the rest has come; ``going`` is what of it can go now, which is at ``picks``."""
    day = _last_day([*waiting, *going])
    planned = f"planerad {day_and_month(day)}" if day else "inget datum än"
    stops = [picks if going else Stop("Plockas", StopState.LATER)]
    if waiting and not going:
        stops.insert(0, Stop("Väntas till lagret", StopState.WAITING))
    return [*stops, Stop(there, StopState.LATER, planned)]


def _last_day(lines: Iterable[OrderLine]) -> dt.date | None:
    days = [line.planned_delivery for line in lines]
    known = [day for day in days if day]
    return max(known) if known and len(known) == len(days) else None


def planned_of(order: Order, lines: Iterable[OrderLine]) -> str:
    """«Planerad leverans» in words, where what is lacking comes later than the rest: of both."""
    waiting, going = _apart(line for line in lines if line.cancelled < line.quantity)
    first, rest = _last_day(going), _last_day(waiting)
    if not waiting or not first or first == rest:
        return order.planned_words
    return f"{planned_words(first)}, det restnoterade {planned_words(rest)}"


def next_step(
    order: Order,
    lines: Iterable[OrderLine],
    *,
    hold: OrderHold | None,
    since: dt.datetime | None,
) -> NextStep | None:
    """Whose turn it is and what they do; the one thing that hinders the order most comes first.
    ``since`` is the last event of ``TURNS``."""
    if order.has_ended:
        return None
    alive = [line for line in lines if line.cancelled < line.quantity]
    waiting, going = _apart(alive)
    since = since or order.sent_at
    late = is_late(x for x in alive if x.source == Source.CENTRAL)
    if hold:
        then = "plockas" if order.status == OrderStatus.REGISTERED else "levereras"
        return NextStep(
            KHS, f"avslutar aktivitet {hold.case_number}", f"sedan kan beställningen {then}",
            hold.since, late,
        )  # fmt: skip
    if order.lacks_address:
        return NextStep("Förskrivaren", "skriver leveransadressen", "", since, late)
    if any(x.open and x.stage == Stage.WAITING for x in alive):
        return NextStep("Förskrivaren", "svarar på offerten", "", since, late)
    if any(x.awaits_project for x in alive if x.open):
        return NextStep(KHS, "för projektet vidare", "", since, late)
    if order.status == OrderStatus.PICKING:
        return NextStep(KHS, "lämnar ut det som är plockat", "", since, late)
    if going:
        day = _last_day(going)
        planned = f"planerad leverans {day_in_words(day)}" if day else "inget datum än"
        return NextStep(KHS, "plockar beställningen", planned, since, late)
    expected = _last_day(waiting)
    when = f"planerad leverans {day_in_words(expected)}" if expected else "inget datum än"
    return NextStep(KHS, "plockar det restnoterade när det kommer", when, since, late)
