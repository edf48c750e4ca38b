"""Which aids stand on a pickup order."""

from __future__ import annotations

from collections.abc import Iterable

from ..models import PickupLine


def on_pickups(loan_ids: Iterable[int]) -> dict[int, str]:
    """The case number of the open pickup order that an aid stands on. One query."""
    return dict(
        PickupLine.objects.filter(loan__in=list(loan_ids), is_open=True).values_list(
            "loan_id", "pickup__case_number"
        )
    )
