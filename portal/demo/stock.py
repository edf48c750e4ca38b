"""What stands on the shelves: balances, the movements they come from, and marked pieces."""

import datetime as dt
import random
from dataclasses import dataclass, field
from decimal import Decimal

from django.utils import timezone

from activities.maintenance.rules import months_after
from articles.models import Article, ArticleType, Balance, StockMovement
from individuals.models import Individual
from organisation.models import User, Warehouse

from .organisation import Places

HOISTS = "123612"  # ceiling hoists
HANDBOOK_PIECES = ["224559", "212245"]


@dataclass
class Shelf:
    """What was laid out; ``history`` takes from it and ``save`` writes it."""

    balances: dict[tuple[int, int], Balance] = field(default_factory=dict)
    movements: list[StockMovement] = field(default_factory=list)
    pieces: list[Individual] = field(default_factory=list)
    last_number: int = 230_000
    opened: dt.datetime = field(default_factory=lambda: timezone.now() - dt.timedelta(days=200))

    def lay(self, warehouse: Warehouse, article: Article, quantity: int) -> list[Individual]:
        """Put pieces on the shelf as the opening balance."""
        balance = self.balances.setdefault(
            (warehouse.pk, article.pk), Balance(warehouse=warehouse, article=article)
        )
        balance.on_hand += quantity
        if not article.is_marked:
            self._move(warehouse, article, quantity, self.opened)
            return []
        new = [self._piece(warehouse, article) for _ in range(quantity)]
        for piece in new:
            self._move(warehouse, article, 1, self.opened, number=piece.number)
        return new

    def hand_out(
        self,
        warehouse: Warehouse,
        article: Article,
        quantity: int,
        *,
        at: dt.datetime,
        case_number: str,
        user: User,
    ) -> Individual | None:
        """What history delivered: laid out and taken again, so that today's stock stays."""
        pieces = self.lay(warehouse, article, quantity)
        self.balances[warehouse.pk, article.pk].on_hand -= quantity
        number = ""
        if pieces:
            piece = pieces[0]
            piece.status, piece.warehouse = Individual.Status.WITH_RECIPIENT, None
            number = piece.number
        self._move(warehouse, article, -quantity, at, number=number, case_number=case_number,
                   user=user, kind=StockMovement.Kind.DELIVERY)  # fmt: skip
        return pieces[0] if pieces else None

    def lend_again(
        self,
        store: Warehouse,
        piece: Individual,
        *,
        back: dt.datetime,
        at: dt.datetime,
        case_number: str,
        user: User,
    ) -> None:
        """What was handed out came back to a store, and was handed out there: its stock stays."""
        self.balances.setdefault(
            (store.pk, piece.article.pk), Balance(warehouse=store, article=piece.article)
        )
        self._move(store, piece.article, 1, back, number=piece.number, user=user,
                   kind=StockMovement.Kind.RETURN)  # fmt: skip
        self._move(store, piece.article, -1, at, number=piece.number, case_number=case_number,
                   user=user, kind=StockMovement.Kind.DELIVERY)  # fmt: skip

    def _move(
        self,
        warehouse: Warehouse,
        article: Article,
        quantity: int,
        at: dt.datetime,
        *,
        number: str = "",
        case_number: str | None = None,
        user: User | None = None,
        kind: StockMovement.Kind = StockMovement.Kind.OPENING,
    ) -> None:
        self.movements.append(
            StockMovement(warehouse=warehouse, article=article, kind=kind, quantity=quantity,
                          individual_number=number, case_number=case_number, user=user, at=at)
        )  # fmt: skip

    def _piece(self, warehouse: Warehouse, article: Article) -> Individual:
        number = HANDBOOK_PIECES[len(self.pieces)] if len(self.pieces) < 2 else None
        if number is None:
            self.last_number += 1
            number = str(self.last_number)
        bought = self.opened.date() - dt.timedelta(days=int(number) % 1500)
        piece = Individual(
            number=number, article=article, warehouse=warehouse, serial_number=f"SN-{number}",
            purchased_on=bought, warranty_until=months_after(bought, 24),
            acquisition_value=Decimal(4_000 + int(number) % 9_000),
        )  # fmt: skip
        turn = int(number)
        if turn % 9 == 0:
            piece.text = "Bromsar och hjul kontrollerade vid senaste inlämningen. Repor i lacken."
        self.pieces.append(piece)
        return piece

    def save(self) -> None:
        Balance.objects.bulk_create(self.balances.values(), batch_size=2000)
        Individual.objects.bulk_create(self.pieces, batch_size=2000)
        StockMovement.objects.bulk_create(self.movements, batch_size=2000)


def load(chance: random.Random, places: Places, articles: dict[str, Article]) -> Shelf:
    """Lay out the shelves; ``history`` saves them, once it has taken what it needs."""
    shelf = Shelf()
    kalmar, vastervik = places.central["100"], places.central["200"]
    shelf.lay(kalmar, articles["43027"], 3)
    shelf.lay(kalmar, articles["46948"], 2)
    shelf.lay(vastervik, articles["37121"], 1)
    shelf.balances[kalmar.pk, articles["37121"].pk] = Balance(
        warehouse=kalmar, article=articles["37121"],
        expected_on=timezone.localdate() + dt.timedelta(days=11),
    )  # fmt: skip
    shelf.lay(places.stores["0880"], articles["43027"], 2)
    rollators = [a for a in articles.values() if a.iso_code == "120606" and a.is_marked]
    for article in rollators[:3]:
        shelf.lay(places.stores["0880"], article, 2)
    stocked = [a for a in articles.values() if a.is_stocked and a.number not in
               ("37121", "43027", "46948")]  # fmt: skip
    for warehouse, count in ((kalmar, 1500), (vastervik, 900)):
        for article in chance.sample(stocked, count):
            shelf.lay(warehouse, article, _how_many(chance, article))
    for store in places.stores.values():
        for article in chance.sample(stocked, 90):
            shelf.lay(store, article, chance.randint(1, 2 if article.is_marked else 6))
    for article in stocked[:3]:
        if (kalmar.pk, article.pk) not in shelf.balances:
            shelf.lay(kalmar, article, 40)
    return shelf


def _how_many(chance: random.Random, article: Article) -> int:
    if article.is_marked:
        return chance.choice([1, 1, 2, 2, 3, 4])
    return chance.randint(1, 60 if article.type != ArticleType.MAIN else 14)
