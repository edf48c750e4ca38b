"""What a dialog would put in the order: from where, when and at what price, before it is put."""

from collections.abc import Iterable, Sequence
from itertools import count

from django.utils import timezone

from articles import prices
from sesam.templatetags.sesam import datum
from sesam.words import listed

from . import cart as carts
from . import promises
from .models import Cart, CartLine
from .rules import Wish
from .shown import CartRow

# Lines that aren't there yet stand after all that are.
_UNSAVED, _LAST = 1 << 40, 1 << 14


def lines(cart: Cart, wishes: Iterable[Wish], *, besides: CartLine | None) -> list[CartRow]:
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
    return rows(made, [*others, *made])


def put(cart: Cart, made: Iterable[CartLine]) -> list[CartRow]:
    """The lines that were just put in the cart, as they stand there, with their components."""
    ids = {line.pk for line in made}
    all_lines = carts.lines(cart)
    here = [line for line in all_lines if line.pk in ids or line.component_of_id in ids]
    return rows(here, all_lines)


def rows(lines: Sequence[CartLine], all_lines: Sequence[CartLine]) -> list[CartRow]:
    """``lines`` of a cart, which has ``all_lines``, as pages show them. A fixed number of queries."""
    today = timezone.localdate()
    balances = promises.balances(all_lines)
    plans = promises.plans(all_lines, balances, today)
    amounts = prices.today({line.article_id for line in lines})
    found = []
    for line in lines:
        plan = plans[line.pk]
        balance = balances.get((line.warehouse_id, line.article_id))
        expected = balance.expected_on if balance and plan.short else None
        found.append(
            CartRow(
                line=line,
                amounts=amounts.get(line.article_id, prices.NONE),
                billing_form=line.article.billing_form,
                pieces=[line.individual.number] if line.individual else [],
                short=plan.short,
                planned=plan.day,
                waits_for=plan.waits_for,
                expected_on=expected if expected and expected >= today else None,
            )
        )
    return found


def sentence(made: Sequence[CartRow], asked: str) -> str:
    """«2 st Cross 6 och 1 st Cross 7 ligger i beställningen i stället för Cross 5.», and what is
    backlogged, components too."""
    lines = [row.line for row in made if row.line.component_of_id is None]
    alone = len(lines) == 1 and lines[0].quantity == 1
    names = [x.article.name if alone else f"{x.quantity} st {x.article.name}" for x in lines]
    instead = all(line.asked_article_id for line in lines)
    text = f"{listed(names)} ligger i beställningen"
    text += f" i stället för {asked}." if instead else "."
    for row in made:
        if row.short and not row.is_own:
            text += f" {backlog(row)}"
    return text


def backlog(row: CartRow) -> str:
    """«1 st Cross 5 restnoteras och väntas in 2026-12-06.»"""
    when = f"och väntas in {datum(row.expected_on)}" if row.expected_on else "utan datum än"
    text = f"{row.short} st {row.line.article.name} restnoteras, {when}."
    return text.replace(", och", " och")
