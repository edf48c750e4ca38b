"""The stock's only writer: balances are locked in one order and every change is a movement."""

import datetime as dt
from collections.abc import Iterable

from django.db import connection, transaction
from django.utils import timezone

from organisation.models import User

from .models import Balance, StockMovement


def available_words(count: int) -> str:
    """«1 st tillgänglig», «3 st tillgängliga»."""
    return f"{count} st tillgänglig{'' if count == 1 else 'a'}"


STAYS_STOCKED = "Kan inte ändras medan artikeln finns i lager."


def in_stock(articles: Iterable[int], *, lock: bool) -> set[int]:
    """Which of the articles (by id) stand in some warehouse: what moves these must go on being
    written. ``lock`` keeps it so until the transaction ends."""
    # In the ledger's order; by «warehouse» it would be that of their names.
    rows = Balance.objects.filter(article__in=set(articles)).order_by("warehouse_id", "article_id")
    if lock:
        rows = rows.select_for_update(of=("self",))
    return {b.article_id for b in rows if b.on_hand or b.reserved or b.unavailable}


# By name: a statement that is prepared can't answer with a column that came after it.
_COLUMNS = ", ".join(f"b.{field.column}" for field in Balance._meta.concrete_fields)
Kind = StockMovement.Kind
Place = tuple[int, int]  # (warehouse id, article id)


class Shortage(Exception):
    """More was wanted than ``available`` at ``place``. Services turn it into a DomainError."""

    def __init__(self, place: Place, available: int) -> None:
        super().__init__(f"{place}: {available}")
        self.place = place
        self.available = available


class Ledger:
    """The balances that one transaction has locked, and what it does to them.

    Locks all ``places`` at once, sorted by warehouse and article, so that two transactions
    can't wait for each other; ``save`` writes all changes with two queries. A missing balance
    counts as zero and is made. ``note`` stands on every movement; ``at`` says when it happened,
    where that isn't now.
    """

    def __init__(
        self,
        places: Iterable[Place],
        *,
        user: User | None = None,
        case_number: str | None = None,
        note: str = "",
        at: dt.datetime | None = None,
    ) -> None:
        if not connection.in_atomic_block:
            raise transaction.TransactionManagementError("a Ledger needs a transaction")
        self.user = user
        self.case_number = case_number
        self.note = note
        self.at = at
        self._movements: list[StockMovement] = []
        self._changed: set[Place] = set()
        wanted = sorted(set(places))
        self._balances = self._locked(wanted)
        missing = [place for place in wanted if place not in self._balances]
        if missing:
            Balance.objects.bulk_create(
                [Balance(warehouse_id=w, article_id=a) for w, a in missing], ignore_conflicts=True
            )
            self._balances.update(self._locked(missing))

    @staticmethod
    def _locked(places: list[Place]) -> dict[Place, Balance]:
        if not places:
            return {}
        rows = Balance.objects.raw(
            f"SELECT {_COLUMNS} FROM articles_balance b"  # noqa: S608
            " JOIN unnest(%s::bigint[], %s::bigint[]) AS p(warehouse_id, article_id)"
            "   ON b.warehouse_id = p.warehouse_id AND b.article_id = p.article_id"
            " ORDER BY b.warehouse_id, b.article_id FOR UPDATE OF b",
            [[w for w, _ in places], [a for _, a in places]],
        )
        return {(b.warehouse_id, b.article_id): b for b in rows}

    def available(self, place: Place) -> int:
        """What can still be promised there."""
        return self._balances[place].available

    def expected(self) -> dict[Place, dt.date | None]:
        """When more is expected at each of the places."""
        return {place: balance.expected_on for place, balance in self._balances.items()}

    def on_hand(self, place: Place) -> int:
        """How many the books say are there."""
        return self._balances[place].on_hand

    def promised(self, place: Place) -> int:
        """How many of them are reserved or unavailable: below that the balance can't go."""
        balance = self._balances[place]
        return balance.reserved + balance.unavailable

    def reserve(self, place: Place, quantity: int) -> None:
        """Hold ``quantity`` for somebody; ``Shortage`` if that much isn't available."""
        self._demand(place, quantity)
        self._balances[place].reserved += quantity
        self._changed.add(place)

    def release(self, place: Place, quantity: int) -> None:
        """Let go of what was reserved."""
        self._balances[place].reserved -= quantity
        self._changed.add(place)

    def add(self, place: Place, quantity: int, kind: Kind, *, individual_number: str = "") -> None:
        """Goods come in."""
        self._move(place, quantity, kind, individual_number)

    def take(
        self,
        place: Place,
        quantity: int,
        kind: Kind,
        *,
        reserved: int = 0,
        individual_number: str = "",
    ) -> None:
        """Goods go out; ``reserved`` of them were held for this very purpose."""
        self._demand(place, quantity - reserved)
        self._balances[place].reserved -= reserved
        self._move(place, -quantity, kind, individual_number)

    def block(self, place: Place, quantity: int) -> None:
        """Pieces on the shelf stop (or, below zero, start again) being available."""
        self._demand(place, quantity)
        self._balances[place].unavailable += quantity
        self._changed.add(place)

    def save(self) -> None:
        """Write the balances and the movements."""
        at = self.at or timezone.now()
        for movement in self._movements:
            movement.at = at
            movement.case_number = self.case_number
            movement.note = self.note
        if self._changed:
            changed = [self._balances[place] for place in sorted(self._changed)]
            with connection.cursor() as cursor:
                cursor.execute(
                    "UPDATE articles_balance b SET on_hand = n.on_hand, reserved = n.reserved,"
                    " unavailable = n.unavailable FROM unnest(%s::bigint[], %s::int[], %s::int[],"
                    " %s::int[]) AS n (id, on_hand, reserved, unavailable) WHERE b.id = n.id",
                    [
                        [b.pk for b in changed],
                        [b.on_hand for b in changed],
                        [b.reserved for b in changed],
                        [b.unavailable for b in changed],
                    ],
                )
        StockMovement.objects.bulk_create(self._movements)
        self._movements, self._changed = [], set()

    def _demand(self, place: Place, quantity: int) -> None:
        available = self.available(place)
        if quantity > available:
            raise Shortage(place, available)

    def _move(self, place: Place, quantity: int, kind: Kind, individual_number: str) -> None:
        self._balances[place].on_hand += quantity
        self._changed.add(place)
        self._movements.append(
            StockMovement(
                warehouse_id=place[0],
                article_id=place[1],
                kind=kind,
                quantity=quantity,
                individual_number=individual_number,
                user=self.user,
            )
        )
