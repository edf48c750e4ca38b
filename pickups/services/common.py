"""Which aids stand on a pickup order."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet

from sesam.standing import standing

from ..models import PickupLine


def on_pickups(loan_ids: Iterable[int]) -> dict[int, str]:
    """The case number of the open pickup order that an aid stands on. One query."""
    loans = list(loan_ids)
    return dict(_of_loans(loans=loans)) if loans else {}


@standing
def _of_loans(*, loans: Any) -> QuerySet[PickupLine, Any]:
    lines = PickupLine.objects.filter(loan__in=loans, is_open=True)
    return lines.values_list("loan_id", "pickup__case_number")
