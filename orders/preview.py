"""What a dialog would put in the order: from where, when and at what price, before it is put."""

from collections.abc import Iterable, Sequence
from itertools import count

from django.utils import timezone

from organisation.models import Source
from sesam.templatetags.sesam import datum

from . import cart as carts
from . import promises, services, shown
from .models import Cart, CartLine
from .rules import Wish

# Lines that aren't there yet stand after all that are.
_UNSAVED, _LAST = 1 << 40, 1 << 14


def lines(cart: Cart, wishes: Iterable[Wish], *, besides: CartLine | None) -> list[CartLine]:
    """The lines that the wishes would make, each with its components after it; nothing is saved.
    ``besides`` is the line that they would replace."""
    ids = count(_UNSAVED)
    made = []
    for wish in wishes:
        for line in carts.lines_of(cart, wish, besides=besides):
            line.pk = next(ids)
            line.position = besides.position if besides else _LAST
            if line.component_of is not None:
                line.component_of_id = line.component_of.pk
            made.append(line)
    gone = besides and besides.pk
    others = [x for x in carts.lines(cart) if gone is None or gone not in (x.pk, x.component_of_id)]
    tell(made, [*others, *made])
    return made


def put(cart: Cart, made: Iterable[CartLine]) -> list[CartLine]:
    """The lines that were just put in the cart, as they stand there, without their components."""
    ids = {line.pk for line in made}
    all_lines = list(carts.lines(cart))
    found = [line for line in all_lines if line.pk in ids]
    tell(found, all_lines)
    return found


def tell(lines: Sequence[CartLine], all_lines: Sequence[CartLine]) -> None:
    """Set on ``lines`` of a cart what pages show of them: ``sum``, ``planned_delivery``, ``short``,
    ``expected_on`` where what is short is expected in, ``is_own``."""
    today = timezone.localdate()
    balances = promises.balances(all_lines)
    promises.set_planned(all_lines, balances, today)
    prices = services.prices({line.article_id for line in lines})
    for line in lines:
        shown.set_sum(line, prices.get(line.article_id), line.article.billing_form)
        line.is_own = line.source == Source.OWN_STORE
        balance = balances.get((line.warehouse_id, line.article_id))
        expected = balance.expected_on if balance and line.short else None
        line.expected_on = expected if expected and expected >= today else None


def sentence(made: Sequence[CartLine], asked: str) -> str:
    """«2 st Cross 6 och 1 st Cross 7 ligger i beställningen i stället för Cross 5.», and what is
    backlogged. Needs the lines told."""
    alone = len(made) == 1 and made[0].quantity == 1
    names = [x.article.name if alone else f"{x.quantity} st {x.article.name}" for x in made]
    instead = all(line.asked_article_id for line in made)
    text = f"{listed(names)} ligger i beställningen"
    text += f" i stället för {asked}." if instead else "."
    for line in made:
        if line.short and not line.is_own:
            text += f" {backlog(line)}"
    return text


def backlog(line: CartLine) -> str:
    """«1 st Cross 5 restnoteras och väntas in 2026-12-06.»"""
    when = f"och väntas in {datum(line.expected_on)}" if line.expected_on else "utan datum än"
    return f"{line.short} st {line.article.name} restnoteras, {when}.".replace(", och", " och")


def listed(names: Sequence[str]) -> str:
    """«a, b och c»."""
    return " och ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
