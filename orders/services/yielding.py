"""What is promised and may not be handed out after all: the order that was sent last waits for
another."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping

from django.db.models import QuerySet

from articles.models import Balance
from articles.stock import Ledger, Place
from individuals.models import Individual
from individuals.services import MakeRoom, free
from organisation.models import MessageKind, Source, User
from recipients import lending
from recipients.cases import EventKind, inform, lock_cases, tell
from sesam.errors import DomainError

from ..models import Order, OrderLine, OrderStatus
from .common import stop_pick, tell_picker

MOST_NAMED = 40  # pieces, in a message


def _promises(place: Place) -> QuerySet[OrderLine]:
    warehouse, article = place
    return OrderLine.objects.filter(warehouse=warehouse, article=article, reserved__gt=0)


def give_up(
    order: Order, place: Place, quantity: int = 1, *, ledger: Ledger, user: User | None, why: str
) -> int:
    """So many of what is reserved on a line of the order there are no longer: it waits for others. Who
    picks it is told, and stops where nothing is left to pick. Needs the order locked, and the place in
    ``ledger``. How many they were; raises ``DomainError`` where it has nothing left."""
    line = _promises(place).filter(order=order).select_related("article").last()
    if line is None:
        raise DomainError("En beställning har ändrats under tiden. Försök igen.")
    quantity = min(quantity, line.reserved)
    ledger.release(place, quantity)
    line.reserved -= quantity
    line.save(update_fields=["reserved"])
    gone = f"{quantity} st {line.article.name} restnoterades: {why}"
    tell(order, user, EventKind.CHANGED, gone)
    told = f"Beställning {order.case_number} är restnoterad"
    inform(order, user, MessageKind.BACKLOG, told, f"{gone}.")
    if order.status != OrderStatus.PICKING:
        return quantity
    if any(x.reserved or (x.open and not x.article.is_stocked) for x in _of_khs(order)):
        title = f"Beställning {order.case_number} som du plockar har ändrats"
        tell_picker(order, user=user, title=title, text=f"{gone}.")
    else:
        stop_pick(order, user=user, why=gone)
    return quantity


class Promised:
    """The orders that may have to give up what they are promised of the pieces' kind, as many of each
    place as it takes, found before anything is locked; ``lock`` locks them with the other recipients.
    ``stock`` are counted goods that are held back besides: so many of each place."""

    def __init__(self, pieces: Iterable[int], *, stock: Mapping[Place, int] | None = None) -> None:
        wanted = Counter(
            (warehouse, article)
            for warehouse, article in free()
            .filter(pk__in=list(pieces), warehouse__isnull=False)
            .values_list("warehouse_id", "article_id")
        )
        wanted.update(stock or {})
        self._found: dict[Place, list[Order]] = {}
        self.orders: dict[int, Order] = {}
        rows = Balance.objects.filter(
            warehouse__in={place[0] for place in wanted}, article__in={place[1] for place in wanted}
        )
        for balance in rows if wanted else ():
            place = (balance.warehouse_id, balance.article_id)
            if (short := wanted[place] - balance.available) > 0:
                self._found[place] = self._sent_last(place, short)

    def _sent_last(self, place: Place, short: int) -> list[Order]:
        """Those sent last that together are promised so many there; they aren't locked yet."""
        found: dict[int, Order] = {}
        lines = _promises(place).select_related("order__recipient")
        for line in lines.order_by("-order__sent_at", "-order__pk", "-pk"):
            found[line.order_id] = line.order
            short -= line.reserved
            if short <= 0:
                break
        self.orders |= found
        return list(found.values())

    def lock(self, recipients: Iterable[int]) -> None:
        """Lock these recipients, and those of the orders; then the orders. Needs a transaction."""
        theirs = {order.recipient_id for order in self.orders.values() if order.recipient_id}
        lending.lock({*recipients, *theirs})
        if self.orders:
            self.orders = lock_cases(list(self.orders.values()))

    def yield_to(
        self, piece: Individual, ledger: Ledger, *, user: User | None, why: str
    ) -> Order | None:
        """Make room for the piece's block, if what is there is promised whole; the order that gives
        one up."""
        if piece.blocked or piece.warehouse_id is None:
            return None
        given = self.make_room(
            (piece.warehouse_id, piece.article_id), 1, ledger, user=user, why=why
        )
        return given[0] if given else None

    def make_room(
        self, place: Place, quantity: int, ledger: Ledger, *, user: User | None, why: str
    ) -> list[Order]:
        """See that so many can be held back there, as far as the orders go that were found; those that
        give some up."""
        given = []
        for found in self._found.get(place, ()):
            order = self.orders[found.pk]
            while (short := quantity - ledger.available(place)) > 0 and has_promised(order, place):
                give_up(order, place, short, ledger=ledger, user=user, why=why)
                given.append(order)
        return given


def has_promised(order: Order, place: Place) -> bool:
    """Whether something there is reserved for the order still."""
    return _promises(place).filter(order=order).exists()


def tell_who_picks(
    pieces: Iterable[Individual], *, user: User | None, why: str, but: Collection[int] = ()
) -> None:
    """None of the pieces is handed out from now on: who picks such ones from their store may have
    one in hand, and is told. ``why`` names nobody; ``but`` are the keys of orders whose picker knows."""
    standing: dict[Place, list[str]] = defaultdict(list)
    for piece in pieces:
        if piece.warehouse_id is not None:
            standing[piece.warehouse_id, piece.article_id].append(piece.number)
    for place, numbers in standing.items():
        picked = Order.objects.filter(status=OrderStatus.PICKING, lines__in=_promises(place))
        named = ", ".join(numbers[:MOST_NAMED])
        more = len(numbers) - MOST_NAMED
        for order in picked.exclude(pk__in=but).select_related("recipient").distinct():
            tell_picker(
                order,
                user=user,
                title=f"Individ {named} lämnas inte ut"
                if len(numbers) == 1
                else f"{len(numbers)} individer lämnas inte ut",
                text=f"{why}. Har du plockat den till beställning {order.case_number}, lägg"
                " tillbaka den och ta en annan."
                if len(numbers) == 1
                else f"{why}: {named}{f' och {more} till' if more > 0 else ''}. Har du plockat någon"
                f" av dem till beställning {order.case_number}, lägg tillbaka den och ta en annan.",
            )


def room_for(pieces: Collection[int], user: User) -> MakeRoom:
    """See that one of the pieces can be held back in the transaction: the orders are locked that may
    have to give it up."""
    promised = Promised(pieces)
    promised.lock([])

    def make(piece: Individual, ledger: Ledger, why: str) -> None:
        place = (piece.warehouse_id or 0, piece.article_id)
        given = promised.make_room(place, 1, ledger, user=user, why=why)
        tell_who_picks(
            [piece], user=user, why=f"Den omfattas av {why}", but=[order.pk for order in given]
        )

    return make


def _of_khs(order: Order) -> QuerySet[OrderLine]:
    return order.lines.filter(source=Source.CENTRAL).select_related("article")
