"""Activities that were closed: working time, material, and coming out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from activities.models import Activity, ActivityStatus, ActivityType, UsedMaterial, WorkReport
from articles.models import Responsibility

from .. import rules
from ..books import Payers, Prices
from ..drafts import Draft, Problem, of_article
from ..models import Charge, ChargeKind
from .window import Window, day_of, moment


def drafts(window: Window) -> list[Draft]:
    activities = list(_closed(window))
    ids = [activity.pk for activity in activities]
    payers = Payers(a.recipient_id for a in activities if a.recipient_id)
    reports = _by_activity(WorkReport.objects.filter(activity__in=ids).order_by("pk"))
    material = list(
        UsedMaterial.objects.filter(report__activity__in=ids)
        .select_related("article", "report")
        .order_by("pk")
    )
    prices = Prices(used.article_id for used in material)
    used_at: dict[int, list[UsedMaterial]] = {}
    for used in material:
        used_at.setdefault(used.report.activity_id, []).append(used)
    found: list[Draft] = []
    for activity in activities:
        common = _common(activity, window, payers)
        found += _time(activity, reports.get(activity.pk, []), window, common)
        found += _material(activity, used_at.get(activity.pk, []), prices, window, common)
        found += _callout(activity, window, common)
    charged = set(
        Charge.objects.filter(source_key__in=[draft.source_key for draft in found]).values_list(
            "source_key", flat=True
        )
    )
    return [draft for draft in found if draft.source_key not in charged]


def _closed(window: Window) -> Iterator[Activity]:
    """Closed in the month, or in the year before it: something may have been written late."""
    year_before = window.month.replace(year=window.month.year - 1)
    rows = Activity.objects.filter(
        status=ActivityStatus.CLOSED,
        closed_at__gte=max(window.since, moment(year_before)),
        closed_at__lt=window.until,
    ).select_related("type", "recipient", "unit__delivering_warehouse", "warehouse", "ordered_by")
    return (
        rows.prefetch_related("lines__article", "lines__individual")
        .order_by("pk")
        .iterator(chunk_size=2000)
    )


def _by_activity(reports: Iterable[WorkReport]) -> dict[int, list[WorkReport]]:
    found: dict[int, list[WorkReport]] = {}
    for report in reports:
        found.setdefault(report.activity_id, []).append(report)
    return found


def _common(activity: Activity, window: Window, payers: Payers) -> dict[str, Any]:
    pieces = [line.individual.number for line in activity.lines.all() if line.individual]
    return {
        "day": _day(activity),
        "seller_id": _seller(activity),
        "buyer_id": _buyer(activity, payers),
        "case_number": activity.case_number,
        "unit_id": activity.unit_id,
        "prescriber_code": activity.ordered_by.orderer_code if activity.ordered_by else "",
        "individual_number": pieces[0] if len(pieces) == 1 else "",
    }


def _day(activity: Activity) -> dt.date:
    assert activity.closed_at is not None  # noqa: S101  a rule of the database
    return day_of(activity.closed_at)


def _seller(activity: Activity) -> int:
    """Who did the work; a supplier does it in KHS's stead."""
    by = ActivityType.DoneBy
    if activity.supplier_id is None and activity.performed_by == by.STORE:
        return activity.warehouse.owner_id
    if activity.supplier_id is None and activity.performed_by == by.UNIT and activity.unit:
        return activity.unit.payer_id
    return _aid_centre(activity)


def _aid_centre(activity: Activity) -> int:
    """The one that delivers to the unit; of what stands at KHS that one itself."""
    unit = activity.unit
    return unit.delivering_warehouse.owner_id if unit else activity.warehouse.owner_id


def _buyer(activity: Activity, payers: Payers) -> int:
    """Who pays for the person, else for the unit. Work on what stands in a store is its owner's:
    the aid centre's for A aids."""
    recipient = activity.recipient
    if recipient is not None:
        assert activity.closed_at is not None  # noqa: S101
        payer = payers.of(recipient, activity.closed_at) if recipient.is_person else None
        return payer or (activity.unit.payer_id if activity.unit else _aid_centre(activity))
    articles = [line.article for line in activity.lines.all()]
    if articles and all(one.responsibility == Responsibility.A for one in articles):
        return _aid_centre(activity)
    return activity.warehouse.owner_id


def _time(
    activity: Activity, reports: list[WorkReport], window: Window, common: dict[str, Any]
) -> Iterator[Draft]:
    """A row for each hourly price that was copied: most often one. Where none was, the type's, which
    KHS may have filled in since."""
    minutes: dict[Decimal, int] = {}
    for report in reports:
        price = activity.type.hour_price if report.hour_price is None else report.hour_price
        if price is not None:
            minutes[price] = minutes.get(price, 0) + report.minutes
        elif report.minutes:
            window.problem(
                Problem(
                    f"Aktivitetstypen {activity.type.name} saknar pris per arbetstimme.",
                    admin_page="activities_activitytype",
                    admin_pk=activity.type_id,
                )
            )
    terms = window.conditions.terms.at(_day(activity))
    step = terms.minutes_step if terms else 15
    for nth, (price, spent) in enumerate(minutes.items(), start=1):
        if spent:
            key = f"activity:{activity.case_number}:time"
            yield Draft(
                source_key=key if nth == 1 else f"{key}:{nth}",
                kind=ChargeKind.TIME,
                owed=rules.work(spent, price, step),
                text=f"Arbete, {activity.type.name}",
                **common,
            )


def _material(
    activity: Activity, material: list[UsedMaterial], prices: Prices, window: Window,
    common: dict[str, Any],
) -> Iterator[Draft]:  # fmt: skip
    for used in material:
        price = used.price
        if price is None:
            price = prices.at(used.article_id, day_of(used.report.at)).list_price
        if price is None:
            window.problems.append(
                Problem(
                    f"{used.article}, material på aktivitet {activity.case_number}, saknar listpris.",
                    admin_page="articles_article",
                    admin_pk=used.article_id,
                )
            )
            continue
        yield Draft(
            source_key=f"material:{used.pk}",
            kind=ChargeKind.MATERIAL,
            owed=rules.sale(used.quantity, price),
            **of_article(used.article),
            **common,
        )


def _callout(activity: Activity, window: Window, common: dict[str, Any]) -> Iterator[Draft]:
    fee = window.conditions.fee(activity.type_id, _day(activity))
    if fee:
        yield Draft(
            source_key=f"activity:{activity.case_number}:callout",
            kind=ChargeKind.CALLOUT,
            owed=rules.sale(1, fee),
            text=f"Framkörning, {activity.type.name}",
            **common,
        )
