"""The start page's box: what the user has thrown away and can take back.

It names, by name alone, whom the user has begun to order for; nothing else about them.
"""

from typing import Any

from django.db.models import Count, Q
from django.http import HttpRequest

from organisation.permissions import CARE, has_role, signed_in

from . import cart as carts
from .models import Cart


def thrown_away(request: HttpRequest) -> list[Cart]:
    """The drafts with their ``line_count``; looked up once a request."""
    if not has_role(request.user, *CARE):
        return []
    found: list[Cart] | None = getattr(request, "_thrown_away", None)
    if found is None:
        main_lines = Q(lines__component_of=None, lines__removed_at=None)
        found = list(
            carts.thrown_away(signed_in(request))
            .select_related("recipient", "destination")
            .annotate(line_count=Count("lines", filter=main_lines))
        )
        request._thrown_away = found  # type: ignore[attr-defined]  # kept for the request
    return found


def build(request: HttpRequest, obj: None = None) -> dict[str, Any]:
    """The box's content: the drafts, and the order in progress that one would swap with."""
    return {"drafts": thrown_away(request), "present": carts.of_request(request)}
