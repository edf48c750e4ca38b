"""What a deviation may be started from besides a recipient: a case that the user may open, or a piece
that stands in a store."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest

from activities.models import Activity, ActivityLine
from orders.models import Order
from pickups.models import PickupLine, PickupOrder
from recipients.case_views import find_case
from recipients.cases import Case, CaseQuerySet
from recipients.models import Loan
from sesam.models import CaseKind, CaseNumber


@dataclass(frozen=True)
class About:
    """What a case is about: loans that are held, or a piece that stands in a store."""

    loans: list[int]
    piece: int | None = None


@dataclass(frozen=True)
class Origin:
    """A kind of case: which there are, and what a case of it is about."""

    cases: Callable[[], CaseQuerySet[Any]]
    about: Callable[[Any], About]


def _delivered_by(order: Order) -> About:
    found = Loan.objects.filter(case_number=order.case_number, ended_at=None)
    return About(list(found.values_list("pk", flat=True)))


def _fetched_by(pickup: PickupOrder) -> About:
    found = PickupLine.objects.filter(pickup=pickup, loan__ended_at=None)
    return About([pk for pk in found.values_list("loan", flat=True) if pk])


def _worked_on_by(activity: Activity) -> About:
    lines = ActivityLine.objects.filter(activity=activity)
    held = lines.filter(loan__isnull=False, loan__ended_at=None)
    in_store = None
    if activity.recipient is None:
        found = lines.filter(individual__warehouse__isnull=False)
        in_store = found.values_list("individual", flat=True).first()
    return About([pk for pk in held.values_list("loan", flat=True) if pk], in_store)


#: By the kind of their number.
ORIGINS: dict[str, Origin] = {
    CaseKind.ORDER: Origin(lambda: Order.objects.select_related("recipient"), _delivered_by),
    CaseKind.ACTIVITY: Origin(lambda: Activity.objects.select_related("recipient"), _worked_on_by),
    CaseKind.PICKUP: Origin(lambda: PickupOrder.objects.select_related("recipient"), _fetched_by),
}


def find_origin(request: HttpRequest, number: str) -> tuple[Case, About]:
    """The case of a number that this user may open, with what it is about; else 404."""
    known = CaseNumber.objects.filter(pk=number.replace("\0", "")).first()
    origin = ORIGINS.get(known.kind) if known else None
    if origin is None:
        raise Http404("case")
    case: Case = find_case(request, origin.cases(), number)
    return case, origin.about(case)
