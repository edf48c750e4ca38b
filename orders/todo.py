"""«Att göra» of the start page: offers that the user's units have been asked about, and what KHS
couldn't bring on its day.

It names orders and no persons, so that the start page stays free of recipients' data.
"""

from django.db.models import Exists, F, Max, OuterRef
from django.http import HttpRequest
from django.urls import reverse

from articles.models import Balance
from organisation.models import User
from organisation.permissions import BUFFERT, FORSKRIVARE, has_role
from recipients.mine import mine, tab_address
from sesam.days import day_shortly
from sesam.places import Todo

from .mine import LATE, TAB, late_now
from .models import Order, OrderLine
from .stages import Stage

MOST = 5  # shown; the others come forward as these are answered
_OPEN = F("delivered") + F("cancelled")


def offers(request: HttpRequest, user: User) -> list[Todo]:
    """The offers that wait for an answer, the longest first. One query."""
    if not has_role(user, FORSKRIVARE, BUFFERT):
        return []
    waiting = (
        OrderLine.objects.filter(
            stage=Stage.WAITING, quantity__gt=_OPEN, order__unit__in=user.units.all()
        )
        .select_related("article", "order")
        .annotate(since=Max("moves__at"))
        .order_by("since", "pk")
    )
    return [
        Todo(
            f"Svara på offert, {str(line.order).lower()}",
            reverse("orders:detail", args=[line.order.case_number]),
            f"{line.article.name}, sedan {day_shortly(line.since)}",
        )
        for line in waiting[:MOST]
    ]


def moved(request: HttpRequest, user: User) -> list[Todo]:
    """The user's orders whose backlog comes later than was promised. One query."""
    later = Balance.objects.filter(
        warehouse=OuterRef("warehouse"),
        article=OuterRef("article"),
        expected_on__gt=OuterRef("planned_delivery"),
    )
    lines = OrderLine.objects.filter(
        Exists(later),
        quantity__gt=_OPEN + F("reserved"),
        article__is_stocked=True,
        order__in=mine(user, Order.objects.all()).still_open(),
    )
    found = sorted({*lines.values_list("order__case_number", flat=True)})
    if not found:
        return []
    one = len(found) == 1
    url = reverse("orders:detail", args=found) if one else tab_address(TAB)(request, user)
    what = f"Beställning {found[0]}" if one else f"{len(found)} beställningar"
    return [Todo(f"{what} har fått en senare dag", url, "restnoterat väntas senare än lovat")]


def late(request: HttpRequest, user: User) -> list[Todo]:
    """What of the user's hasn't come on its day. One query."""
    now = late_now(request, user)
    if now is None or not now.count:
        return []
    words = "beställning är försenad" if now.count == 1 else "beställningar är försenade"
    url = tab_address(TAB, LATE)(request, user)
    return [Todo(f"{now.count} {words}", url, now.detail, late=True)]
