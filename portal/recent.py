"""What a user has had before them lately, for the search box of every page."""

from __future__ import annotations

from typing import Any

from django.db.models import Max
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from articles.views import lately_viewed
from organisation.access_log import day_began
from organisation.models import AccessLogEntry, User
from organisation.permissions import CARE, UserRequest, roles
from recipients.seen import seen_today
from recipients.views import no_store
from sesam import case_pages

MOST = 4  # of a kind: the box is for the next step, not a history
ICONS = {
    "order": "package",
    "activity": "wrench",
    "pickup": "undo-2",
    "deviation": "triangle-alert",
    "recall": "triangle-alert",
}


def cases_today(user: User) -> list[case_pages.CasePage]:
    """The cases that the user has opened today and still may, the last one first. By their numbers
    alone: nothing about whose they are."""
    looks = (
        AccessLogEntry.objects.filter(
            user=user, action=AccessLogEntry.Action.VIEW, at__gte=day_began()
        )
        .exclude(case_number="")
        .order_by()
        .values_list("case_number")
        .annotate(last=Max("at"))
        .order_by("-last")
    )
    return case_pages.open_to(user, [number for number, _ in looks[: 3 * MOST]])[:MOST]


@roles(*CARE)
@no_store
@require_safe
def recent(request: UserRequest) -> HttpResponse:
    """The lists, by themselves. Names of those looked at the same day are no new look."""
    context: dict[str, Any] = {
        "people": seen_today(request.user)[:MOST],
        "cases": [
            {
                "label": f"{case.kind.label} {case.number}",
                "url": case.url,
                "icon": ICONS.get(case.kind, "clipboard-list"),
            }
            for case in cases_today(request.user)
        ],
        "articles": [
            {
                "label": article.name,
                "detail": article.number,
                "url": reverse("articles:detail", args=[article.number]),
            }
            for article in lately_viewed(request)[:MOST]
        ],
    }
    return render(request, "portal/_recent.html", context)
