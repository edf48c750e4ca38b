"""What came with a pickup order, before anything is locked or moved: lines, extras, numbers."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Sum

from articles.models import Article
from individuals.models import Individual
from recipients.held import returnable
from recipients.models import Loan
from sesam.errors import DomainError

from ..models import PickupLine, PickupOrder


@dataclass(frozen=True)
class Got:
    """So much of a line came, in this state. ``MISSING`` came not and never will."""

    line_id: int
    quantity: int
    state: str


@dataclass(frozen=True)
class Extra:
    """What came without standing on the order: a loan of the same recipient, a piece by its
    number (whoever has it), or a counted article by its number."""

    quantity: int
    state: str
    loan_id: int | None = None
    number: str = ""
    field: str | None = None  # of the form in which the number was typed


@dataclass
class Arrived:
    """A thing that came, once it is known what it is."""

    quantity: int
    state: str
    article: Article
    loan: Loan | None = None
    individual_id: int | None = None
    line: PickupLine | None = None
    stays_on: bool = False
    field: str | None = None


def resolve(pickup: PickupOrder, extras: list[Extra]) -> list[Arrived]:
    """What the extras are; nothing is locked yet."""
    found = []
    for extra in extras:
        if extra.loan_id is not None:
            loan = (
                returnable()
                .filter(pk=extra.loan_id, recipient=pickup.recipient_id)
                .select_related("article")
                .first()
            )
            if loan is None:
                raise DomainError("Ett hjälpmedel finns inte längre hos mottagaren.")
            found.append(
                Arrived(extra.quantity, extra.state, loan.article, loan, loan.individual_id)
            )
            continue
        try:
            thing = _by_number(extra)
        except DomainError as fault:
            raise DomainError(fault.message, field=extra.field) from fault
        thing.field = extra.field
        found.append(thing)
    return found


def _by_number(extra: Extra) -> Arrived:
    number = extra.number.strip()
    piece = (
        Individual.objects.filter(number=number).select_related("article", "warehouse").first()
        or Individual.objects.filter(former_numbers__number=number)
        .select_related("article", "warehouse")
        .first()
    )
    if piece is None:
        article = Article.objects.filter(number=number).first()
        if article is None:
            raise DomainError(f"Ingen individ och ingen artikel har numret {number}.")
        if article.is_marked or not article.is_stocked:
            raise DomainError(f"{article} tas emot med individnummer.")
        return Arrived(extra.quantity, extra.state, article)
    if piece.status == Individual.Status.SCRAPPED:
        raise DomainError(f"Individ {piece.number} är skrotad och kan inte tas emot.")
    if piece.warehouse_id:
        raise DomainError(f"Individ {piece.number} står redan i {piece.warehouse}.")
    loan = Loan.objects.filter(individual=piece, ended_at=None).first()
    return Arrived(1, extra.state, piece.article, loan, piece.pk)


def from_lines(pickup: PickupOrder, got: list[Got]) -> list[Arrived]:
    lines = {
        line.pk: line
        for line in pickup.lines.filter(is_open=True)
        .select_related("article", "loan")
        .annotate(received=Sum("receipts__quantity"))
    }
    arrived = []
    for one in got:
        line = lines.get(one.line_id)
        if line is None:
            raise DomainError("Raden är redan mottagen.", line=one.line_id)
        left = line.quantity - (line.received or 0)
        if one.quantity > left:
            raise DomainError(
                f"{line.title}: {left} st återstår. Kom det fler står resten under «Annat som kom».",
                line=line.pk,
            )
        line.received = (line.received or 0) + one.quantity
        arrived.append(
            Arrived(one.quantity, one.state, line.article, line.loan, line.individual_id, line)
        )
    return arrived
