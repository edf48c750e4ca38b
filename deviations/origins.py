"""What a deviation may be started from besides a recipient: a case that the user may open, or a piece
that stands in a store."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest

from orders.models import Order
from pickups.models import PickupLine, PickupOrder
from recipients.case_views import find_case
from recipients.cases import Case, CaseQuerySet
from recipients.models import Loan
from sesam.models import CaseKind, CaseNumber


@dataclass(frozen=True)
class Origin:
    """A kind of case: which there are, and which loans a case of it is about."""

    cases: Callable[[], CaseQuerySet[Any]]
    loans: Callable[[Any], list[int]]


def _delivered_by(order: Order) -> list[int]:
    found = Loan.objects.filter(case_number=order.case_number, ended_at=None)
    return list(found.values_list("pk", flat=True))


def _fetched_by(pickup: PickupOrder) -> list[int]:
    found = PickupLine.objects.filter(pickup=pickup, loan__ended_at=None)
    return [pk for pk in found.values_list("loan", flat=True) if pk]


#: By the kind of their number.
ORIGINS: dict[str, Origin] = {
    CaseKind.ORDER: Origin(lambda: Order.objects.select_related("recipient"), _delivered_by),
    CaseKind.PICKUP: Origin(lambda: PickupOrder.objects.select_related("recipient"), _fetched_by),
}


def find_origin(request: HttpRequest, number: str) -> tuple[Case, list[int]]:
    """The case of a number that this user may open, with the loans it is about; else 404."""
    known = CaseNumber.objects.filter(pk=number.replace("\0", "")).first()
    origin = ORIGINS.get(known.kind) if known else None
    if origin is None:
        raise Http404("case")
    case: Case = find_case(request, origin.cases(), number)
    return case, origin.loans(case)
