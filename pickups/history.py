"""What pickup orders and returns tell in a recipient's «Historik»."""

from __future__ import annotations

from django.db.models import Prefetch
from django.http import HttpRequest

from recipients.cases import EventKind
from recipients.history import Happening, names
from recipients.models import Recipient
from sesam.links import links

from .models import PickupEvent, PickupLine, PickupOrder, Return, ReturnLine

_LOOKS: dict[str, tuple[str, str]] = {
    EventKind.CANCELLED: ("ban", "red"),
    EventKind.CREATED: ("truck", "blue"),
    EventKind.PLANNED: ("calendar", "blue"),
}


def newest(request: HttpRequest, recipient: Recipient, limit: int) -> list[Happening]:
    """What came back or is to be fetched."""
    return _events(request, recipient, limit) + _returns(request, recipient, limit)


def _events(request: HttpRequest, recipient: Recipient, limit: int) -> list[Happening]:
    lines = PickupLine.objects.filter(came_with=None).select_related("article", "loan__article")
    found = list(
        PickupEvent.objects.filter(pickup__recipient=recipient)
        .select_related("pickup", "user")
        .prefetch_related(Prefetch("pickup__lines", lines.order_by("pk")))
        .order_by("-at", "-pk")[:limit]
    )
    own = set(
        PickupOrder.objects.for_user(request.user)
        .filter(pk__in={event.pickup_id for event in found})
        .values_list("pk", flat=True)
    )
    url = links("pickups:detail")
    return [
        Happening(
            at=event.at,
            title=_title(event),
            case="Hämtorder",
            number=event.pickup.case_number,
            url=url(event.pickup.case_number) if event.pickup_id in own else "",
            by=_by(event.user, is_own=event.pickup_id in own, recipient=recipient),
            icon=_LOOKS.get(event.kind, ("undo-2", ""))[0],
            tone=_LOOKS.get(event.kind, ("", ""))[1],
        )
        for event in found
    ]


def _title(event: PickupEvent) -> str:
    if event.kind != EventKind.CREATED:
        return event.text
    aids = names((x.title, x.quantity) for x in event.pickup.lines.all() if not x.is_extra)
    return f"Ska hämtas: {aids}" if aids else event.text


def _returns(request: HttpRequest, recipient: Recipient, limit: int) -> list[Happening]:
    """Returns to an own store, which have no case number."""
    lines = ReturnLine.objects.filter(came_with=None).select_related(
        "loan__article", "loan__individual"
    )
    found = list(
        Return.objects.filter(recipient=recipient)
        .select_related("warehouse", "by")
        .prefetch_related(Prefetch("lines", lines.order_by("pk")))
        .order_by("-at", "-pk")[:limit]
    )
    own = set(
        Return.objects.for_user(request.user)
        .filter(pk__in={made.pk for made in found})
        .values_list("pk", flat=True)
    )
    url = links("pickups:returned", sample=recipient.key)
    told = []
    for made in found:
        back = names((line.loan.title, line.quantity) for line in made.lines.all())
        shows_all = made.pk in own or not recipient.is_protected
        numbers = [x.loan.individual.number for x in made.lines.all() if x.loan.individual]
        more = [f"till {made.warehouse}"] if shows_all else []
        more += [f"individ {', '.join(numbers)}"] if numbers else []
        told.append(
            Happening(
                at=made.at,
                title=f"Återlämnat: {back}" + (", ångrat efteråt" if made.undone_at else ""),
                case="Retur",
                url=url(made.key) if made.pk in own else "",
                more=", ".join(more),
                by=_by(made.by, is_own=made.pk in own, recipient=recipient),
                icon="undo-2",
                tone="grey",
            )
        )
    return told


def _by(who: object, *, is_own: bool, recipient: Recipient) -> str:
    """Whose patient a protected person is tells where they live."""
    return str(who or "") if is_own or not recipient.is_protected else ""
