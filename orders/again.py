"""What was ordered once is ordered again: each line is held against today's catalogue first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from django.db import transaction

from articles.models import Article, ArticleType, Balance, ReplacementMember
from articles.stock import available_words
from individuals.models import Individual
from organisation.models import Source, Unit, Warehouse
from recipients.models import Loan, Recipient
from sesam.errors import DomainError

from . import cart as carts
from .models import Cart, CartLine, Order, OrderLine, in_order
from .rules import Wish


@dataclass(frozen=True)
class Once:
    """A line as it was ordered; ``components`` are those of each aid. ``refused``: why it can't be
    ordered, whatever the catalogue says."""

    article: Article
    quantity: int
    source: str
    comment: str = ""
    fitted_to: Individual | None = None
    components: tuple[tuple[Article, int], ...] = ()
    refused: str = ""


@dataclass(frozen=True)
class Again:
    """The line as it would be today. Without a ``wish`` it can't be ordered, and ``words`` say why;
    else they say what is otherwise than then. ``preset``: it is chosen unless the user says no."""

    once: Once
    wish: Wish | None
    words: list[str] = field(default_factory=list)
    preset: bool = True

    @property
    def article(self) -> Article:
        return self.wish.article if self.wish else self.once.article


def lines_of(order: Order) -> list[Once]:
    """What was asked for; not what KHS put on the order for it."""
    lines = order.lines.select_related("article", "fitted_to__article").filter(put_for=None)
    return _lines(in_order(lines), masked=order.address_masked)


def lines_of_cart(cart: Cart) -> list[Once]:
    """What lies in the order in progress."""
    return _lines(
        in_order(cart.lines.select_related("article", "fitted_to__article")), masked=False
    )


def _lines(lines: Sequence[OrderLine] | Sequence[CartLine], *, masked: bool) -> list[Once]:
    parts: dict[int, list[OrderLine | CartLine]] = {}
    for line in lines:
        if line.component_of_id:
            parts.setdefault(line.component_of_id, []).append(line)
    return [
        Once(
            article=line.article,
            quantity=line.quantity,
            source=line.source,
            comment="" if masked else line.comment,
            fitted_to=line.fitted_to,
            components=tuple(
                (part.article, max(part.quantity // line.quantity, 1))
                for part in parts.get(line.pk, [])
            ),
        )
        for line in lines
        if not line.component_of_id
    ]


class _Today:
    """What the catalogue, the stores and the recipient's home say now. Three queries."""

    def __init__(self, lines: Iterable[Once], unit: Unit, recipient: Recipient | None) -> None:
        self.unit, self.central = unit, unit.delivering_warehouse
        lines = [line for line in lines if not line.refused]
        gone = [line.article.pk for line in lines if line.article.is_discontinued]
        self.stand_ins = _stand_ins(gone) if gone else {}
        self.stores = list(unit.own_stores.filter(is_active=True))
        wanted = {line.article.pk for line in lines} | {x.pk for x in self.stand_ins.values()}
        found = Balance.objects.filter(
            warehouse__in=[self.central, *self.stores], article__in=wanted
        )
        self.available = {(x.warehouse_id, x.article_id): x.available for x in found}
        pieces = [line.fitted_to for line in lines if line.fitted_to]
        held = Loan.objects.filter(recipient=recipient, individual__in=pieces, ended_at=None)
        self.held = set(held.values_list("individual", flat=True)) if pieces else set()

    def left(self, warehouse: Warehouse, article: Article) -> int:
        return max(self.available.get((warehouse.pk, article.pk), 0), 0)


def _stand_ins(gone: list[int]) -> dict[int, Article]:
    """By discontinued article the first of its group that can be ordered."""
    members = ReplacementMember.objects.filter(article__in=gone).values_list("article", "group")
    groups = {group: article for article, group in members}
    found: dict[int, Article] = {}
    others = (
        ReplacementMember.objects.filter(group__in=groups, article__is_discontinued=False)
        .select_related("article")
        .order_by("rank", "pk")
    )
    for member in others:
        found.setdefault(groups[member.group_id], member.article)
    return found


def check(
    lines: list[Once], *, unit: Unit, recipient: Recipient | None, destination: Warehouse | None
) -> list[Again]:
    """Each line as it would be ordered today by ``unit``, in a fixed number of queries."""
    today = _Today(lines, unit, recipient)
    found = [_today(line, today, destination) for line in lines]
    orderable = [x for x in found if x.wish]
    if destination is None and len(orderable) > 1:
        return [_beside_others(x) for x in found]
    return found


def _beside_others(line: Again) -> Again:
    if line.wish is None or not line.wish.article.own_order_only:
        return line
    word = "En säng beställs alltid på egen beställning. Välj den ensam."
    return Again(line.once, line.wish, [*line.words, word], preset=False)


def _today(line: Once, today: _Today, destination: Warehouse | None) -> Again:
    article, words = line.article, []
    if line.refused:
        return Again(line, None, [line.refused])
    if article.is_discontinued:
        stand_in = today.stand_ins.get(article.pk)
        if stand_in is None:
            return Again(line, None, ["Har utgått och kan inte beställas."])
        words.append(f"{article.number} {article.name} har utgått och ersätts av den här.")
        article = stand_in
    if line.fitted_to and line.fitted_to.pk not in today.held:
        word = f"Individ {line.fitted_to.number}, som den monteras på, finns inte hos mottagaren."
        return Again(line, None, [word])
    if article.requires_comment and not line.comment.strip():
        return Again(line, None, ["Kräver en kommentar. Beställ den från artikelns sida."])
    source, warehouse = _from_where(line, article, today, destination, words)
    kept = tuple((part, n) for part, n in line.components if not part.is_discontinued)
    words += [
        f"Utan {part.name}, som har utgått." for part, _ in line.components if part.is_discontinued
    ]
    wish = Wish(
        article=article,
        quantity=line.quantity,
        source=source,
        warehouse=warehouse,
        comment=line.comment,
        fitted_to=line.fitted_to,
        components=kept if article == line.article else (),
        asked=None if article == line.article else line.article,
        because="" if article == line.article else "Har utgått",
    )
    return Again(line, wish, words)


def _from_where(
    line: Once, article: Article, today: _Today, destination: Warehouse | None, words: list[str]
) -> tuple[str, Warehouse]:
    """From an own store what was taken there and is there now, else from KHS; ``words`` get why."""
    if line.source == Source.OWN_STORE and destination is None and article.is_stocked:
        enough = [x for x in today.stores if today.left(x, article) >= line.quantity]
        if enough and not article.is_marked and not article.own_order_only:
            return Source.OWN_STORE, enough[0]
        words.append(
            "Beställs från KHS. En individ ur eget förråd väljs på artikelns sida."
            if enough
            else "Finns inte i eget förråd nu. Beställs från KHS."
        )
    if not article.is_stocked and article.type != ArticleType.SERVICE:
        words.append("Lagerförs inte. KHS tar hem den från leverantören.")
    elif article.is_stocked and (left := today.left(today.central, article)) < line.quantity:
        rest = "Resten" if left else "Det"
        words.append(f"{available_words(left)} i {today.central} nu. {rest} kommer senare.")
    return Source.CENTRAL, today.central


@transaction.atomic
def order(cart_of: Callable[[], Cart], wishes: list[tuple[int, Wish]], *, key: str) -> Cart:
    """All of it in the order in progress that ``cart_of`` gives, or nothing. ``DomainError.line``
    is the place of the line that hinders it; sent twice with the same ``key`` it is there once."""
    cart = cart_of()
    for place, wish in wishes:
        try:
            carts.put(cart, wish, dialog_key=f"{key}-{place:03}")
        except DomainError as fault:
            raise DomainError(fault.message, line=place) from fault
    return cart
