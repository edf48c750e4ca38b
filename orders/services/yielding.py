"""What is promised and may not be handed out after all: the order that was sent last waits for
another."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from django.db.models import QuerySet

from articles.models import Balance
from articles.stock import Ledger, Place
from individuals.models import Individual
from individuals.services import free
from organisation.models import MessageKind, Source, User
from recipients import lending
from recipients.cases import EventKind, inform, lock_cases, tell
from sesam.errors import DomainError

from ..models import Order, OrderLine, OrderStatus
from .common import stop_pick, tell_picker


def _promises(place: Place) -> QuerySet[OrderLine]:
    warehouse, article = place
    return OrderLine.objects.filter(warehouse=warehouse, article=article, reserved__gt=0)


def promised_last(place: Place) -> Order | None:
    """The order sent last that something is reserved for there; it isn't locked yet."""
    lines = _promises(place).select_related("order__recipient")
    line = lines.order_by("-order__sent_at", "-order__pk", "-pk").first()
    return line.order if line else None


def give_up_one(order: Order, place: Place, *, ledger: Ledger, user: User | None, why: str) -> None:
    """One of what is reserved for the order there is no longer: its line waits for another. Who picks
    it is told, and stops where nothing is left to pick. Needs the order locked, and the place in
    ``ledger``. Raises ``DomainError`` where it has nothing left."""
    line = _promises(place).filter(order=order).select_related("article").last()
    if line is None:
        raise DomainError("En beställning har ändrats under tiden. Försök igen.")
    ledger.release(place, 1)
    line.reserved -= 1
    line.save(update_fields=["reserved"])
    gone = f"1 st {line.article.name} restnoterades: {why}"
    tell(order, user, EventKind.CHANGED, gone)
    told = f"Beställning {order.case_number} är restnoterad"
    inform(order, user, MessageKind.BACKLOG, told, f"{gone}.")
    if order.status != OrderStatus.PICKING:
        return
    if any(x.reserved or (x.open and not x.article.is_stocked) for x in _of_khs(order)):
        title = f"Beställning {order.case_number} som du plockar har ändrats"
        tell_picker(order, user=user, title=title, text=f"{gone}.")
    else:
        stop_pick(order, user=user, why=gone)


class Promised:
    """The orders that may have to give up what they are promised of the pieces' kind, one of each
    place, found before anything is locked; ``lock`` locks them with the other recipients."""

    def __init__(self, pieces: Iterable[int]) -> None:
        self.orders: dict[Place, Order] = {}
        for piece in free().filter(pk__in=list(pieces)):
            if piece.warehouse_id is None:
                continue
            place = (piece.warehouse_id, piece.article_id)
            balance = Balance.objects.filter(warehouse=place[0], article=place[1]).first()
            order = promised_last(place) if balance and balance.available < 1 else None
            if order:
                self.orders[place] = order

    def lock(self, recipients: Iterable[int]) -> None:
        """Lock these recipients, and those of the orders; then the orders. Needs a transaction."""
        orders = self.orders.values()
        theirs = {order.recipient_id for order in orders if order.recipient_id}
        lending.lock({*recipients, *theirs})
        if orders:
            locked = lock_cases(list({order.pk: order for order in orders}.values()))
            self.orders = {place: locked[order.pk] for place, order in self.orders.items()}

    def yield_to(
        self, piece: Individual, ledger: Ledger, *, user: User | None, why: str
    ) -> Order | None:
        """Make room for the piece's block, if what is there is promised whole; the order that gives
        one up."""
        if piece.blocked or piece.warehouse_id is None:
            return None
        place = (piece.warehouse_id, piece.article_id)
        if ledger.available(place) < 1 and (order := self.orders.get(place)):
            give_up_one(order, place, ledger=ledger, user=user, why=why)
            return order
        return None


def tell_who_picks(
    pieces: Iterable[Individual], *, user: User | None, why: str, but: Collection[int] = ()
) -> None:
    """None of the pieces is handed out from now on: who picks such ones from their store may have
    one in hand, and is told. ``why`` names nobody; ``but`` are the keys of orders whose picker knows."""
    for piece in pieces:
        if piece.warehouse_id is None:
            continue
        lines = _promises((piece.warehouse_id, piece.article_id))
        picked = Order.objects.filter(status=OrderStatus.PICKING, lines__in=lines)
        for order in picked.exclude(pk__in=but).select_related("recipient").distinct():
            tell_picker(
                order,
                user=user,
                title=f"Individ {piece.number} lämnas inte ut",
                text=f"{why}. Har du plockat den till beställning {order.case_number}, lägg"
                " tillbaka den och ta en annan.",
            )


def _of_khs(order: Order) -> QuerySet[OrderLine]:
    return order.lines.filter(source=Source.CENTRAL).select_related("article")
