"""What deviations tell in a recipient's «Historik»."""

from __future__ import annotations

from django.http import HttpRequest

from recipients.cases import EventKind
from recipients.history import Happening
from recipients.models import Recipient
from sesam.links import links

from .models import Deviation, DeviationEvent

_LOOKS: dict[str, tuple[str, str]] = {
    EventKind.CREATED: ("triangle-alert", "amber"),
    EventKind.CLOSED: ("circle-check", "green"),
    EventKind.CANCELLED: ("ban", "red"),
    EventKind.BLOCKED: ("lock", "amber"),
}
# How far KHS's work on it has come is read on its page.
_TOLD = (
    EventKind.CREATED, EventKind.RECEIVED, EventKind.BLOCKED, EventKind.UNBLOCKED,
    EventKind.CLOSED, EventKind.CANCELLED,
)  # fmt: skip


def newest(request: HttpRequest, recipient: Recipient, limit: int) -> list[Happening]:
    """What went wrong, and what came of it."""
    found = list(
        DeviationEvent.objects.filter(deviation__recipient=recipient, kind__in=_TOLD)
        .select_related("deviation__category", "user")
        .order_by("-at", "-pk")[:limit]
    )
    own = set(
        Deviation.objects.for_user(request.user)
        .filter(pk__in={event.deviation_id for event in found})
        .values_list("pk", flat=True)
    )
    url = links("deviations:detail")
    return [
        Happening(
            at=event.at,
            title=_title(event, is_own=event.deviation_id in own),
            case=event.deviation.kind_word,
            number=event.deviation.case_number,
            url=url(event.deviation.case_number) if event.deviation_id in own else "",
            # Whose patient a protected person is tells where they live.
            by=str(event.user or "")
            if event.deviation_id in own or not recipient.is_protected
            else "",
            icon=_LOOKS.get(event.kind, ("triangle-alert", ""))[0],
            tone=_LOOKS.get(event.kind, ("", "grey"))[1],
        )
        for event in found
    ]


def _title(event: DeviationEvent, *, is_own: bool) -> str:
    """Another unit's says that it is there, not who at KHS has it."""
    if event.kind == EventKind.CREATED:
        deviation = event.deviation
        return f"{deviation.get_event_type_display()}: {deviation.category.name.lower()}"
    if event.kind == EventKind.RECEIVED and not is_own:
        return "Mottagen av KHS"
    return event.text
