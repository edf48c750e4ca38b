"""What may be ordered together with an article: the dialog's step «Komponenter»."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db.models import QuerySet
from django.utils.html import format_html
from django.utils.safestring import SafeString

from articles import prices
from articles import search as finder
from articles.models import Article, ArticleType, Balance, Fit, StandardComponent
from articles.stock import available_words
from organisation.models import Warehouse

SHOWN = 25  # of what fits or is found: more is narrowed by searching


@dataclass(frozen=True)
class OfferedPart:
    """A component that is offered, and how many go with each main article.

    ``mains`` are the articles that it goes with, by key: those whose template has it, else those
    that it is known to fit, else (``fits`` is false) all that are ordered.
    """

    article: Article
    quantity: int = 1
    mains: frozenset[int] = frozenset()
    fits: bool = True


@dataclass
class Offered:
    """By article number. ``more`` says that searching would show others, ``found`` how many the
    search found."""

    articles: list[Article] = field(default_factory=list)
    warehouse: Warehouse | None = None
    standard: dict[str, OfferedPart] = field(default_factory=dict)
    others: dict[str, OfferedPart] = field(default_factory=dict)
    found: int = 0
    more: bool = False
    available: dict[int, int] = field(default_factory=dict)
    amounts: dict[int, prices.Amounts] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.standard or self.others)

    def of(self, main: Article, chosen: Iterable[str]) -> tuple[tuple[Article, int], ...]:
        """(article, how many) of what was ``chosen`` and goes with ``main``."""
        parts = [self.standard.get(number) or self.others[number] for number in chosen]
        return tuple((part.article, part.quantity) for part in parts if main.pk in part.mains)

    def text(self, part: OfferedPart) -> SafeString:
        """Name, number, how many, availability, price, and whether it fits or which it goes with."""
        article = part.article
        facts = [article.number, f"{part.quantity} st"]
        if len(self.articles) > 1:
            names = [main.name for main in self.articles if main.pk in part.mains]
            facts[1] += f" till varje {' och '.join(names)}"
        if article.is_stocked and self.warehouse:
            left = self.available.get(article.pk, 0)
            facts.append(f"{available_words(max(left, 0))} i {self.warehouse}")
            if left < 1 and not self.warehouse.is_central:
                facts.append("kommer från KHS")
        amounts = self.amounts.get(article.pk, prices.NONE)
        if price := prices.charged_text(amounts, article.billing_form.rule):
            facts.append(price)
        if article.number not in self.standard:
            facts.append("passar" if part.fits else "okänt om den passar")
        return format_html(
            '{} <small class="part-facts">{}</small>', article.name, " · ".join(facts)
        )


def _may_be_components() -> QuerySet[Article]:
    return Article.objects.filter(may_be_component=True, is_discontinued=False).select_related(
        "billing_form"
    )


def offered(
    articles: Iterable[Article],
    *,
    words: str = "",
    picked: Iterable[str] = (),
    warehouse: Warehouse | None = None,
) -> Offered:
    """What goes with ``articles`` (several where some stand in for others).

    Standard are those of the individual template. Others are the accessories that fit, or with
    ``words`` all components in which every word occurs. What was ``picked`` stays on the list.
    Availability is that of ``warehouse``.
    """
    mains = list(dict.fromkeys(articles))
    ids = [article.pk for article in mains]
    standard = _standard(ids)
    if words:
        found = _may_be_components().exclude(pk__in=ids)
        for word in finder.words_of(words):
            found = found.filter(search_text__contains=word.upper())
    else:
        found = (
            _may_be_components()
            .filter(fits_on__main__in=ids, type=ArticleType.ACCESSORY)
            .distinct()
        )
    rows = list(found.exclude(number__in=standard).order_by("number")[: SHOWN + 1])
    others = {article.number: article for article in rows[:SHOWN]}
    missing = [number for number in picked if number not in others and number not in standard]
    if missing:
        kept = _may_be_components().filter(number__in=missing)
        others = {article.number: article for article in kept} | others
    keys = {part.article.pk for part in standard.values()} | {x.pk for x in others.values()}
    here = Balance.objects.filter(warehouse=warehouse, article__in=keys)
    return Offered(
        articles=mains,
        warehouse=warehouse,
        standard=standard,
        others=_fitting(others, ids),
        found=len(rows[:SHOWN]) if words else 0,
        more=len(rows) > SHOWN,
        available={balance.article_id: balance.available for balance in here},
        amounts=prices.today(keys),
    )


def _standard(ids: list[int]) -> dict[str, OfferedPart]:
    parts: dict[str, OfferedPart] = {}
    for row in StandardComponent.objects.filter(
        article__in=ids, component__is_discontinued=False
    ).select_related("component__billing_form"):
        before = parts.get(row.component.number)
        mains = (before.mains if before else frozenset()) | {row.article_id}
        parts[row.component.number] = OfferedPart(row.component, row.quantity, mains)
    return parts


def _fitting(others: dict[str, Article], ids: list[int]) -> dict[str, OfferedPart]:
    """Each with those of the ordered articles that it fits."""
    fits: dict[int, set[int]] = {}
    known = Fit.objects.filter(main__in=ids, part__in=[x.pk for x in others.values()])
    for main, part in known.values_list("main", "part"):
        fits.setdefault(part, set()).add(main)
    return {
        number: OfferedPart(
            article,
            mains=frozenset(fits.get(article.pk) or ids),
            fits=article.pk in fits,
        )
        for number, article in others.items()
    }
