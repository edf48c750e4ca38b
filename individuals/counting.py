"""Stock count of marked articles: pieces that are missing from a shelf, or found again."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import Q

from articles.models import Article, StockMovement
from articles.stock import Ledger, Shortage
from organisation.models import User, Warehouse
from sesam.errors import DomainError

from . import arrivals
from .models import Individual
from .services import lock, with_blocked

Status = Individual.Status
_COUNT = StockMovement.Kind.COUNT


def on_shelf(warehouse: Warehouse, article: Article) -> list[Individual]:
    """All that should stand there, blocked or not, by number."""
    return list(with_blocked().filter(warehouse=warehouse, article=article).order_by("number"))


@dataclass(frozen=True)
class Counted:
    """What a count changed, by number; ``back`` is what was found, by key."""

    missing: list[str] = field(default_factory=list)
    found: list[str] = field(default_factory=list)
    back: list[int] = field(default_factory=list)


def count(
    warehouse: Warehouse,
    article: Article,
    *,
    missing: list[int],
    found: list[str],
    user: User,
    reason: str,
) -> Counted:
    """Pieces get the status «Saknas», or come back from it; all or nothing.

    Raises ``DomainError`` for a piece that has left the shelf meanwhile, that is promised to
    somebody, or that isn't missing; field ``orsak`` without a reason, ``aterfunna`` for a number.
    """
    reason = reason.strip()
    if not reason:
        raise DomainError("Skriv en orsak, till exempel «Årsinventering».", field="orsak")
    if not missing and not found:
        raise DomainError("Kryssa för det som saknas, eller skriv det som är återfunnet.")
    place = (warehouse.pk, article.pk)
    with transaction.atomic():
        ledger = Ledger([place], user=user, note=reason[:200])
        again = _again(article, found)
        pieces = lock([*missing, *again])
        gone = [_gone(pieces.get(pk), warehouse, article) for pk in missing]
        back = [_back(pieces[pk]) for pk in again]
        # First what comes in: the books are never lower in between than they are afterwards.
        for piece in back:
            ledger.add(place, 1, _COUNT, individual_number=piece.number)
        arrivals.stand(back, warehouse, ledger)
        for piece in gone:
            if piece.blocked:
                ledger.block(place, -1)
            _take(ledger, place, piece)
            piece.status, piece.warehouse = Status.MISSING, None
        ledger.save()
        Individual.objects.bulk_update(gone, ["status", "warehouse"])
    return Counted([p.number for p in gone], [p.number for p in back], [p.pk for p in back])


def _again(article: Article, numbers: list[str]) -> list[int]:
    """The pieces of the numbers, which may be former ones."""
    ids = []
    for number in dict.fromkeys(numbers):
        asked = Q(number=number) | Q(former_numbers__number=number)
        piece = Individual.objects.filter(asked).select_related("article").first()
        if piece is None:
            raise DomainError(f"Ingen individ har numret {number}.", field="aterfunna")
        if piece.article_id != article.pk:
            raise DomainError(
                f"Individ {number} är en annan artikel: {piece.article}.", field="aterfunna"
            )
        ids.append(piece.pk)
    return ids


def _gone(piece: Individual | None, warehouse: Warehouse, article: Article) -> Individual:
    if piece is None or piece.article_id != article.pk or piece.warehouse_id != warehouse.pk:
        name = f"Individ {piece.number}" if piece else "En individ"
        raise DomainError(f"{name} står inte längre i lagret. Läs om sidan och räkna igen.")
    if piece.status == Status.RESERVED:
        raise DomainError(
            f"Individ {piece.number} är reserverad. Välj en annan individ till beställningen först."
        )
    return piece


def _back(piece: Individual) -> Individual:
    if piece.status != Status.MISSING:
        raise DomainError(
            f"Individ {piece.number} saknas inte: {piece.get_status_display().lower()}.",
            field="aterfunna",
        )
    return piece


def _take(ledger: Ledger, place: tuple[int, int], piece: Individual) -> None:
    try:
        ledger.take(place, 1, _COUNT, individual_number=piece.number)
    except Shortage as short:
        raise DomainError(
            f"Individ {piece.number} kan inte tas bort: {ledger.promised(place)} är reserverade"
            " eller spärrade. Leverera eller makulera det som är reserverat först."
        ) from short
