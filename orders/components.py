"""What may be ordered together with an article: the dialog's step «Komponenter»."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from articles import search as finder
from articles.models import Article, ArticleType, StandardComponent

SHOWN = 25  # of what fits or is found: more is narrowed by searching


@dataclass(frozen=True)
class Part:
    """A component that is offered, how many go with each main article, and with which (their
    keys; none: with the first)."""

    article: Article
    quantity: int = 1
    mains: frozenset[int] = frozenset()

    @property
    def text(self) -> str:
        return f"{self.article.number} {self.article.name}, {self.quantity} st"


@dataclass(frozen=True)
class Offered:
    """By article number. ``more`` says that searching would show others."""

    standard: dict[str, Part] = field(default_factory=dict)
    others: dict[str, Part] = field(default_factory=dict)
    more: bool = False

    def __bool__(self) -> bool:
        return bool(self.standard or self.others)

    def of(self, main: Article, chosen: Iterable[str], *, first: bool) -> tuple:
        """(article, how many) of what was ``chosen`` and goes with ``main``."""
        parts = [self.standard.get(number) or self.others[number] for number in chosen]
        return tuple(
            (part.article, part.quantity)
            for part in parts
            if main.pk in part.mains or (first and not part.mains)
        )


def _may_be_components():
    return Article.objects.filter(may_be_component=True, is_discontinued=False)


def offered(articles: Iterable[Article], *, words: str = "", picked: Iterable[str] = ()) -> Offered:
    """What goes with ``articles`` (several where some stand in for others).

    Standard are those of the individual template. Others are the accessories that fit, or with
    ``words`` all components in which every word occurs. What was ``picked`` stays on the list.
    """
    ids = [article.pk for article in articles]
    standard: dict[str, Part] = {}
    for row in StandardComponent.objects.filter(
        article__in=ids, component__is_discontinued=False
    ).select_related("component"):
        before = standard.get(row.component.number)
        mains = (before.mains if before else frozenset()) | {row.article_id}
        standard[row.component.number] = Part(row.component, row.quantity, mains)
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
    others = {article.number: Part(article) for article in rows[:SHOWN]}
    missing = [number for number in picked if number not in others and number not in standard]
    if missing:
        kept = _may_be_components().filter(number__in=missing)
        others = {article.number: Part(article) for article in kept} | others
    return Offered(standard, others, more=len(rows) > SHOWN)
