"""What a line must be like to lie in the order in progress, and to be sent."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from articles.models import Article, Balance
from individuals import services as individuals
from individuals.models import Individual
from organisation.models import Source, Warehouse
from sesam.errors import DomainError

from .models import Cart, CartLine, OrderKind

BED_FROM_KHS = "Sängar beställs från KHS."
MOST = 999  # of one article on a line: more is a slip of the finger


@dataclass(frozen=True)
class Wish:
    """What a user wants on a line, as the dialog has gathered it."""

    article: Article
    quantity: int
    source: str
    warehouse: Warehouse
    comment: str = ""
    individual: Individual | None = None
    fitted_to: Individual | None = None
    components: tuple[tuple[Article, int], ...] = field(default=())
    asked: Article | None = None  # what was asked for, where ``article`` stands in for it
    because: str = ""


def find_fault(cart: Cart, wish: Wish, *, besides: CartLine | None = None) -> DomainError | None:
    """The first rule that ``wish`` breaks on this cart. ``besides`` is the line it replaces."""
    article, warehouse = wish.article, wish.warehouse
    if article.is_discontinued:
        return DomainError(f"{article.number} har utgått och kan inte beställas.", field="quantity")
    if not 1 <= wish.quantity <= MOST:
        return DomainError(f"Ange ett antal från 1 till {MOST}.", field="quantity")
    if wish.source == Source.CENTRAL and not warehouse.is_central:
        return DomainError("Välj ett av KHS lager.", field="warehouse")
    if wish.source == Source.OWN_STORE:
        if fault := _own_store_fault(cart, wish, besides):
            return fault
    if article.own_order_only and wish.source != Source.CENTRAL and not cart.destination:
        return DomainError(BED_FROM_KHS, field="source")
    if article.project and wish.quantity != 1:
        return DomainError("Varje projekt är en egen rad: antalet ska vara 1.", field="quantity")
    return own_order_fault(cart, article, besides)


def _own_store_fault(cart: Cart, wish: Wish, besides: CartLine | None) -> DomainError | None:
    article, warehouse = wish.article, wish.warehouse
    if cart.destination:
        return DomainError("Lagerpåfyllnad levereras från KHS.", field="source")
    if warehouse.is_central or not cart.unit.own_stores.filter(pk=warehouse.pk).exists():
        return DomainError("Välj ett av tjänsteställets egna förråd.", field="warehouse")
    if not article.is_stocked:
        return DomainError("Artikeln lagerförs inte. Beställ den från KHS.", field="source")
    there = left(cart, warehouse, article, besides)
    if wish.quantity > there:
        text = f"Det finns {max(there, 0)} st i {warehouse}. Minska antalet eller beställ från KHS."
        return DomainError(text, field="quantity")
    if article.is_marked:
        return _individual_fault(cart, wish, besides)
    return None


def left(cart: Cart, store: Warehouse, article: Article, besides: CartLine | None = None) -> int:
    """What the store has beside what already lies in the cart."""
    balance = Balance.objects.filter(warehouse=store, article=article).first()
    others = cart.lines.filter(warehouse=store, article=article)
    if besides:
        others = others.exclude(pk=besides.pk).exclude(component_of=besides.pk)
    return (balance.available if balance else 0) - sum(line.quantity for line in others)


def _individual_fault(cart: Cart, wish: Wish, besides: CartLine | None) -> DomainError | None:
    if wish.individual is None:
        return DomainError("Välj vilken individ som lämnas ut.", field="individual")
    if wish.quantity != 1:
        return DomainError("En rad gäller en individ: antalet ska vara 1.", field="quantity")
    shelf = individuals.on_shelf(wish.warehouse.pk, wish.article.pk)
    if not shelf.filter(pk=wish.individual.pk).exists():
        return DomainError(
            "Individen finns inte längre i förrådet. Välj en annan.", field="individual"
        )
    twice = cart.lines.filter(individual=wish.individual)
    if besides:
        twice = twice.exclude(pk=besides.pk)
    if twice.exists():
        return DomainError("Individen ligger redan i beställningen.", field="individual")
    return None


def own_order_fault(cart: Cart, article: Article, besides: CartLine | None) -> DomainError | None:
    """A bed stands alone on its order with its components; replenishment is exempt."""
    if cart.kind == OrderKind.REPLENISHMENT:
        return None
    others = cart.lines.filter(component_of=None)
    if besides:
        others = others.exclude(pk=besides.pk)
    if article.own_order_only and others.exists():
        return DomainError(
            "En säng beställs alltid på egen beställning. Slutför den pågående först.",
            field="quantity",
        )
    if others.filter(article__own_order_only=True).exists():
        return DomainError(
            "Beställningen innehåller en säng, som alltid beställs för sig."
            " Slutför den först och gör sedan en ny beställning.",
            field="quantity",
        )
    return None


def faults(kind: str, lines: Iterable[CartLine]) -> dict[int, str]:
    """What hinders the lines of a cart from being sent, by line: whatever held when they were
    added, the catalogue may have changed since. Needs article and warehouse loaded."""
    lines = list(lines)
    mains = [line for line in lines if line.component_of_id is None]
    found = {}
    for line in lines:
        is_main = line.component_of_id is None
        bed = line.article.own_order_only and is_main and kind == OrderKind.CUSTOMER
        if line.article.is_discontinued:
            text = f"{line.article.number} har utgått och kan inte beställas. Ta bort raden."
        elif is_main and line.article.requires_comment and not line.comment.strip():
            text = "Raden behöver en kommentar. Skriv den med pennan."
        elif bed and len(mains) > 1:
            text = "En säng beställs alltid på egen beställning. Ta bort raden, eller de andra."
        elif bed and line.source != Source.CENTRAL:
            text = f"{BED_FROM_KHS} Ändra raden."
        else:
            continue
        found[line.pk] = text
    return found
