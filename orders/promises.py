"""When a line can come: one rule for the cart, the order, its papers and KHS's lists.

No day is a guess: where nobody knows, the answer is None, in words «inget datum än».
"""

import datetime as dt
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from django.db.models import QuerySet
from django.utils import timezone

from articles.models import Article, Balance
from articles.slots import Offer
from organisation.models import Source
from sesam.standing import standing
from sesam.working_days import add_working_days

from .models import CartLine, Order, OrderLine

Key = TypeVar("Key", bound=Hashable)
Place = tuple[int, int]  # (warehouse id, article id)
Line = CartLine | OrderLine


# --- the rule ----------------------------------------------------------------------------


def day_of(
    today: dt.date,
    *,
    lead_time: int,
    from_own_store: bool = False,
    knowable: bool = True,
    in_stock: bool = True,
    expected_on: dt.date | None = None,
) -> dt.date | None:
    """When a line can be delivered, or None where nobody knows.

    From an own store it is the same day. From KHS it is ``lead_time`` working days after today,
    or after the day the goods are ``expected_on`` where they aren't ``in_stock``; a day that has
    passed without the goods coming tells nothing. What is described by a comment alone, and a
    project, isn't ``knowable``.
    """
    if from_own_store:
        return today
    if not knowable:
        return None
    if in_stock:
        return add_working_days(today, lead_time)
    if expected_on is None or expected_on < today:
        return None
    return add_working_days(expected_on, lead_time)


def last(days: Iterable[dt.date | None]) -> dt.date | None:
    """The day by which all is there: None if one of them has none."""
    found = list(days)
    known = [day for day in found if day is not None]
    return max(known) if known and len(known) == len(found) else None


def together(
    days: Mapping[Key, dt.date | None], group: Collection[Key]
) -> dict[Key, dt.date | None]:
    """``days``, where those in ``group`` are delivered together: all of them on the last day."""
    shared = last(days[key] for key in group)
    return {key: shared if key in group else day for key, day in days.items()}


def waited_for(days: Mapping[Key, dt.date | None], group: Collection[Key]) -> list[Key]:
    """Whom the others of ``group`` wait for: those without a day, else those with the last one.
    None of them where all can come on the same day."""
    shared = last(days[key] for key in group)
    slow = [key for key in days if key in group and days[key] == shared]
    return slow if len(slow) < len(group) else []


def after_aids(
    days: Mapping[Key, dt.date | None], aids: Mapping[Key, Key]
) -> dict[Key, dt.date | None]:
    """``days``, where no component comes before its aid: it goes with it. ``aids`` names each
    component's."""
    return {key: last([day, days[aids[key]]]) if key in aids else day for key, day in days.items()}


def shares(wanted: Sequence[tuple[Place, int]], available: Mapping[Place, int]) -> list[int]:
    """What each gets of what is available: first come, first served."""
    left = dict(available)
    given = []
    for place, quantity in wanted:
        given.append(min(max(left.get(place, 0), 0), quantity))
        left[place] = left.get(place, 0) - given[-1]
    return given


# --- of lines ----------------------------------------------------------------------------


def is_knowable(article: Article) -> bool:
    """Whether anybody can say when it comes before KHS has looked at it."""
    return not (article.is_manual or article.project)


def of_offer(offer: Offer, today: dt.date) -> dt.date | None:
    """When one of an article comes that is ordered today."""
    return day_of(
        today,
        lead_time=offer.warehouse.lead_time,
        from_own_store=not offer.warehouse.is_central,
        knowable=is_knowable(offer.article),
        in_stock=offer.available > 0 or not offer.article.is_stocked,
        expected_on=offer.expected_on,
    )


def balances(lines: Iterable[Line]) -> dict[Place, Balance]:
    """The lines' balances; a place that never had any goods is missing."""
    places = {(line.warehouse_id, line.article_id) for line in lines}
    if not places:
        return {}
    warehouses, articles = ([*set(keys)] for keys in zip(*places, strict=True))
    rows = _balances(warehouses=warehouses, articles=articles)
    return {(row.warehouse_id, row.article_id): row for row in rows}


@standing
def _balances(*, warehouses: Any, articles: Any) -> QuerySet[Balance]:
    return Balance.objects.filter(warehouse__in=warehouses, article__in=articles).order_by()


def days_of(
    lines: Iterable[Line], lacking: Collection[int], expected: Mapping[Place, dt.date | None],
    today: dt.date,
) -> dict[int, dt.date | None]:  # fmt: skip
    """Each line's own day, by its place in ``lines``, whatever it is delivered together with.
    ``lacking`` are the places in ``lines`` of those that wait for goods. Needs article and
    warehouse loaded."""
    return {
        index: day_of(
            today,
            lead_time=line.warehouse.lead_time,
            from_own_store=line.source == Source.OWN_STORE,
            knowable=is_knowable(line.article),
            in_stock=index not in lacking,
            expected_on=expected.get((line.warehouse_id, line.article_id)),
        )
        for index, line in enumerate(lines)
    }


def group_of(lines: Iterable[Line]) -> set[int]:
    """Those that are delivered together, by their place in ``lines``."""
    return {index for index, line in enumerate(lines) if line.deliver_together}


def aids_of(lines: Sequence[Line]) -> dict[int, int]:
    """The place in ``lines`` of each component's aid, where that is among them."""
    saved = {line.pk: index for index, line in enumerate(lines) if line.pk}
    unsaved = {id(line): index for index, line in enumerate(lines)}
    found = {}
    for index, line in enumerate(lines):
        # One that isn't saved yet knows its aid itself, by no key; then nothing is asked for here.
        key = line.component_of_id
        aid = saved.get(key) if key else unsaved.get(id(line.component_of))
        if aid is not None:
            found[index] = aid
    return found


@dataclass(frozen=True)
class Plan:
    """How many of a line are lacking, its day, the names of what it waits for."""

    short: int
    day: dt.date | None
    waits_for: list[str]


def plans(
    lines: Sequence[CartLine], balances: Mapping[Place, Balance], today: dt.date
) -> dict[int, Plan]:
    """How each cart line, by its key, would come if it were sent now."""
    queue = sorted(lines, key=lambda x: (x.component_of_id or 0, x.position, x.pk))
    goods = [line for line in queue if line.article.is_stocked]
    available = {place: balance.available for place, balance in balances.items()}
    given = shares([((x.warehouse_id, x.article_id), x.quantity) for x in goods], available)
    short = {x.pk: x.quantity - got for x, got in zip(goods, given, strict=True)}
    lacking = {index for index, line in enumerate(lines) if short.get(line.pk)}
    expected = {place: balance.expected_on for place, balance in balances.items()}
    days = days_of(lines, lacking, expected, today)
    aids, group = aids_of(lines), group_of(lines)
    slow = waited_for(days, group)
    shared = _shared(days, aids, group)
    names = _names(lines[other] for other in slow)
    found = {}
    for index, line in enumerate(lines):
        waits_for = names if index in group and index not in slow else []
        if index in aids and not waits_for and shared[index] != days[index]:
            waits_for = _names([lines[aids[index]]])
        found[line.pk] = Plan(short.get(line.pk, 0), shared[index], waits_for)
    return found


def _shared(
    days: Mapping[int, dt.date | None], aids: Mapping[int, int], group: Collection[int]
) -> dict[int, dt.date | None]:
    """Each line's day by all that it waits for: its aid, and what it is delivered together with."""
    return after_aids(together(after_aids(days, aids), group), aids)


def _names(lines: Iterable[Line]) -> list[str]:
    return list(dict.fromkeys(line.article.name for line in lines))


def promise(
    lines: Sequence[OrderLine], expected: Mapping[Place, dt.date | None], today: dt.date
) -> None:
    """Set what is promised for each line of an order that is being sent; nothing is saved."""
    lacking = {i for i, line in enumerate(lines) if line.article.is_stocked and line.backlog}
    own = days_of(lines, lacking, expected, today)
    days = _shared(own, aids_of(lines), group_of(lines))
    for index, line in enumerate(lines):
        line.planned_delivery = days[index]


def of_order(lines: Iterable[OrderLine]) -> dt.date | None:
    """An order's day: that of its last line, apart from lines that have come to nothing."""
    lines = list(lines)
    alive = [line for line in lines if line.cancelled < line.quantity]
    return last(line.planned_delivery for line in alive or lines)


@dataclass(frozen=True)
class Outlook:
    """The day, in words, on which a line is expected now, empty where that is the promised one; and
    the names of what it waits for, where it is delivered together with others."""

    new_day: str = ""
    waits_for: list[str] = field(default_factory=list)


def outlooks(
    order: Order, lines: Sequence[OrderLine], balances: Mapping[Place, Balance]
) -> dict[int, Outlook]:
    """How the open ones of an order's lines, by their keys, stand to what was promised.

    The promise stands as it was given. What is held or lies on the shelf comes as promised; what
    is delivered together comes when the last of it does, and a component no earlier than its aid.
    """
    today, sent = timezone.localdate(), timezone.localdate(order.sent_at)
    waiting = [line for line in lines if line.open]
    there = {place: balance.available for place, balance in balances.items()}
    lacking = {
        i
        for i, x in enumerate(waiting)
        if x.article.is_stocked and x.backlog > there.get((x.warehouse_id, x.article_id), 0)
    }
    expected = {place: balance.expected_on for place, balance in balances.items()}
    now = days_of(waiting, lacking, expected, today)
    for index, line in enumerate(waiting):
        if index not in lacking and line.planned_delivery is not None:
            # It was there when it was sent, or has come since: not put off by a day each day.
            now[index] = add_working_days(sent, line.warehouse.lead_time)
    aids, group = aids_of(waiting), group_of(waiting)
    shared = _shared(now, aids, group)
    moved = lacking | (group if group & lacking else set())
    moved |= {component for component, aid in aids.items() if aid in moved}
    slow = {i for i in group if i in lacking or now[i] is None}
    names = _names(waiting[i] for i in sorted(slow))
    found = {}
    for index, line in enumerate(waiting):
        waits_for = names if index in group - slow else []
        if index in aids and not waits_for and shared[index] != now[index]:
            waits_for = _names([waiting[aids[index]]])
        day, new_day = shared[index], ""
        if line.planned_delivery is None:
            new_day = f"{day:%Y-%m-%d}" if day else ""
        elif index in moved and day != line.planned_delivery:
            new_day = f"{day:%Y-%m-%d}" if day else "okänt"
        found[line.pk] = Outlook(new_day, waits_for)
    return found
