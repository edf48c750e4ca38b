"""Stock count (inventering): what was counted on the shelf becomes what the books say.

Marked articles are not counted here: their balance is the pieces that stand there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q, QuerySet, Value
from django.db.models.functions import Upper
from django.http import QueryDict

from organisation.models import User, Warehouse
from sesam.errors import DomainError

from .models import Article, Balance, StockMovement
from .stock import Ledger

#: As many as one counts and sends at a time.
ROWS = 100
MOST = 99_999


@dataclass(frozen=True)
class Count:
    """``expected`` is what the books said when the counter looked."""

    article_id: int
    expected: int
    counted: int


class Faults(DomainError):
    """Some figures can't be taken over; nothing was. ``by_article`` says why."""

    def __init__(self, by_article: dict[int, str]) -> None:
        super().__init__("Inget är sparat än. Rätta raderna som är märkta nedan.")
        self.by_article = by_article


def count(warehouse: Warehouse, counts: Iterable[Count], *, user: User, reason: str) -> int:
    """Take over what was counted, all or nothing. Returns how many balances changed.

    Raises ``Faults`` where the balance has moved since ``expected`` was shown, or where less
    was counted than is promised to somebody; ``DomainError`` (field ``orsak``) without a reason.
    """
    counts = list(counts)
    reason = reason.strip()
    if not reason:
        raise DomainError("Skriv en orsak, till exempel «Årsinventering».", field="orsak")
    if not counts:
        raise DomainError("Fyll i hur många du räknade på minst en rad.")
    with transaction.atomic():
        marked = set(
            Article.objects.filter(pk__in=[c.article_id for c in counts], is_marked=True)
            .values_list("pk", flat=True)
        )  # fmt: skip
        ledger = Ledger(
            [(warehouse.pk, c.article_id) for c in counts], user=user, note=reason[:200]
        )
        faults = {}
        for c in counts:
            if c.article_id in marked:
                faults[c.article_id] = "Artikeln är individmärkt och räknas per individ."
            elif fault := _fault(ledger, (warehouse.pk, c.article_id), c):
                faults[c.article_id] = fault
        if faults:
            raise Faults(faults)
        changed = [c for c in counts if c.counted != c.expected]
        for c in changed:
            place = (warehouse.pk, c.article_id)
            if c.counted > c.expected:
                ledger.add(place, c.counted - c.expected, StockMovement.Kind.COUNT)
            else:
                ledger.take(place, c.expected - c.counted, StockMovement.Kind.COUNT)
        ledger.save()
    return len(changed)


def _fault(ledger: Ledger, place: tuple[int, int], c: Count) -> str:
    now, promised = ledger.on_hand(place), ledger.promised(place)
    if now != c.expected:
        return (
            f"Saldot har ändrats från {c.expected} till {now} sedan sidan visades."
            " Räkna om och skriv in antalet igen."
        )
    if c.counted < promised:
        return (
            f"{promised} är reserverade eller spärrade, så saldot kan inte bli lägre än {promised}."
            " Leverera eller makulera det som är reserverat först."
        )
    return ""


# --- the page ----------------------------------------------------------------------------


@dataclass
class CountedRow:
    """An article to be counted, and what was typed at it."""

    warehouse: Warehouse
    article: Article
    on_hand: int
    promised: int
    typed: str = ""
    error: str = ""

    @property
    def name(self) -> str:
        return f"antal-{self.article.pk}"

    @property
    def expected_name(self) -> str:
        return f"saldo-{self.article.pk}"


def rows(
    warehouse: Warehouse, words: list[str], *, only: list[int] | None = None
) -> tuple[list[CountedRow], bool]:
    """What to count, by number: with words every stocked article that has them all, else what
    the books say is there. True when there was more than ``ROWS``."""
    articles: QuerySet[Article] = Article.objects.filter(is_stocked=True)
    here = Balance.objects.filter(warehouse=warehouse)
    if only is not None:
        articles = articles.filter(pk__in=only)
    elif words:
        for word in words:
            articles = articles.filter(search_text__contains=Upper(Value(word)))
        articles = articles.filter(Q(is_discontinued=False) | Q(pk__in=here.values("article")))
    else:
        articles = articles.filter(pk__in=here.filter(on_hand__gt=0).values("article"))
    found = list(articles.order_by("number")[: ROWS + 1])
    balances = {b.article_id: b for b in here.filter(article__in=found)}
    made = []
    for article in found[:ROWS]:
        b = balances.get(article.pk) or Balance()
        made.append(CountedRow(warehouse, article, b.on_hand, b.reserved + b.unavailable))
    return made, len(found) > ROWS


def typed_articles(data: QueryDict) -> list[int]:
    """The articles of the page that was sent."""
    ids = (re.fullmatch(r"saldo-([0-9]{1,18})", name) for name in data)
    return [int(found[1]) for found in ids if found][:ROWS]


def read(found: list[CountedRow], data: QueryDict) -> list[Count]:
    """What was counted; a row with ``error`` gives none, nor does one that was left empty."""
    counts = []
    for row in found:
        row.typed = data.get(row.name, "").strip()
        if not row.typed or row.article.is_marked:
            continue
        number = re.sub(r"[\s\u00a0]", "", row.typed)
        expected = data.get(row.expected_name, "")
        if not _whole(number) or int(number) > MOST:
            row.error = f"Ange ett heltal från 0 till {MOST}."
        elif not _whole(expected):
            row.error = "Sidan var gammal. Räkna om och skriv in antalet igen."
        else:
            counts.append(Count(row.article.pk, int(expected), int(number)))
    return counts


def _whole(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10
