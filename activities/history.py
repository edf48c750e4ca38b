"""What activities tell in a recipient's «Historik»."""

from __future__ import annotations

from django.http import HttpRequest

from recipients.cases import EventKind
from recipients.history import Happening
from recipients.models import Recipient
from sesam.links import links

from .models import Activity, ActivityEvent

_LOOKS: dict[str, tuple[str, str]] = {
    EventKind.CANCELLED: ("ban", "red"),
    EventKind.CLOSED: ("circle-check", "green"),
    EventKind.PLANNED: ("calendar", "blue"),
}


def newest(request: HttpRequest, recipient: Recipient, limit: int) -> list[Happening]:
    """What happened to the recipient's activities."""
    found = list(
        ActivityEvent.objects.filter(activity__recipient=recipient)
        .select_related("activity__type", "user")
        .order_by("-at", "-pk")[:limit]
    )
    mine = Activity.objects.for_user(request.user)
    own = set(mine.filter(pk__in={e.activity_id for e in found}).values_list("pk", flat=True))
    url = links("activities:detail")
    return [
        Happening(
            at=event.at,
            title=f"{event.activity.type}: {_what(event)}",
            case="Aktivitet",
            number=event.activity.case_number,
            url=url(event.activity.case_number) if event.activity_id in own else "",
            # Whose patient a protected person is tells where they live.
            by=str(event.user or "")
            if event.activity_id in own or not recipient.is_protected
            else "",
            icon=_LOOKS.get(event.kind, ("wrench", ""))[0],
            tone=_LOOKS.get(event.kind, ("", "blue"))[1],
        )
        for event in found
    ]


def _what(event: ActivityEvent) -> str:
    """The event inside a sentence, without what was written of it."""
    return event.get_kind_display().lower() if event.kind else event.text
