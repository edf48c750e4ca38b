"""The start page's box: offers that the user's units have been asked about.

It names orders and no persons, so that the start page stays free of recipients' data.
"""

from typing import Any

from django.db.models import F, Max
from django.http import HttpRequest

from organisation.permissions import BUFFERT, FORSKRIVARE, has_role, signed_in

from .models import OrderLine
from .stages import Stage

MOST = 5  # shown; the others come forward as these are answered


def waiting(request: HttpRequest, obj: Any = None) -> list[OrderLine]:
    """The lines whose offers wait, the longest first; looked up once a request."""
    if not has_role(request.user, FORSKRIVARE, BUFFERT):
        return []
    found: list[OrderLine] | None = getattr(request, "_waiting_offers", None)
    if found is None:
        found = list(
            OrderLine.objects.filter(
                stage=Stage.WAITING,
                quantity__gt=F("delivered") + F("cancelled"),
                order__unit__in=signed_in(request).units.all(),
            )
            .select_related("article", "order")
            .annotate(since=Max("moves__at"))
            .order_by("since", "pk")
        )
        request._waiting_offers = found  # type: ignore[attr-defined]  # kept for the request
    return found


def build(request: HttpRequest, obj: None = None) -> dict[str, Any]:
    """The box's content."""
    found = waiting(request)
    return {"lines": found[:MOST], "more": len(found[MOST:])}
