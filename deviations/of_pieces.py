"""What an individual's page says of its deviations."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest

from individuals.models import Individual
from sesam.links import links

from .models import Deviation, DeviationItem

MOST = 20


@dataclass(frozen=True)
class PieceDeviation:
    """A row: of another unit's there is no more than this, and no link."""

    number: str
    url: str
    kind: str
    category: str
    status: str
    registered_at: object


def section(request: HttpRequest, piece: Individual) -> list[PieceDeviation] | None:
    """The newest of what went wrong with the piece, whoever had it; nobody is named."""
    items = DeviationItem.objects.filter(individual=piece).values("deviation")
    found = list(
        Deviation.objects.filter(pk__in=items)
        .select_related("category")
        .order_by("-created_at", "-pk")[:MOST]
    )
    if not found:
        return None
    own = set(
        Deviation.objects.for_user(request.user)
        .filter(pk__in=[x.pk for x in found])
        .values_list("pk", flat=True)
    )
    url = links("deviations:detail")
    return [
        PieceDeviation(
            x.case_number,
            url(x.case_number) if x.pk in own else "",
            x.get_event_type_display(),
            x.category.name,
            x.state_label,
            x.created_at,
        )
        for x in found
    ]
