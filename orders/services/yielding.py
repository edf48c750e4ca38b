"""What is promised and may not be handed out after all: the order that was sent last waits for
another."""

from __future__ import annotations

from django.db.models import QuerySet

from articles.stock import Ledger, Place
from organisation.models import User
from recipients.cases import EventKind, tell
from sesam.errors import DomainError

from ..models import Order, OrderLine


def _promises(place: Place) -> QuerySet[OrderLine]:
    warehouse, article = place
    return OrderLine.objects.filter(warehouse=warehouse, article=article, reserved__gt=0)


def promised_last(place: Place) -> Order | None:
    """The order sent last that something is reserved for there; it isn't locked yet."""
    lines = _promises(place).select_related("order__recipient")
    line = lines.order_by("-order__sent_at", "-order__pk", "-pk").first()
    return line.order if line else None


def give_up_one(order: Order, place: Place, *, ledger: Ledger, user: User, why: str) -> None:
    """One of what is reserved for the order there is no longer: its line waits for another. Needs the
    order locked, and the place in ``ledger``. Raises ``DomainError`` where it has nothing left."""
    line = _promises(place).filter(order=order).select_related("article").last()
    if line is None:
        raise DomainError("En beställning har ändrats under tiden. Försök igen.")
    ledger.release(place, 1)
    line.reserved -= 1
    line.save(update_fields=["reserved"])
    tell(order, user, EventKind.CHANGED, f"1 st {line.article.name} restnoterades: {why}")
