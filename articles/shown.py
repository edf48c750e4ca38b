"""What an article's page says at its top: price, where there are how many, when it comes, measures."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import urlencode

from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString

from organisation import stores
from organisation.models import Warehouse
from sesam.templatetags.sesam import kr, stock_html

from . import measures, prices, search
from .measures import MEASURES, Measure
from .models import Article, ArticleDocument, Balance, BillingForm, Fit, Price, StandardComponent
from .pictograms import pictogram_of
from .slots import Offer, outlooks

#: As many warehouses stand in the line whatever they have; of more only those that have some.
STORES_SHOWN = 6
#: What the drawing with the letters is of.
DRAWN = "wheelchair-manual"


@dataclass(frozen=True)
class StoreLine:
    warehouse: Warehouse
    stock: SafeString


@dataclass(frozen=True)
class MeasureLine:
    measure: Measure
    value: str


@dataclass(frozen=True)
class PriceWords:
    """What is charged, in bold, and the rest of it."""

    charged: str
    more: str


def balances(article: Article, seen: stores.Seen) -> dict[int, Balance]:
    """By warehouse; one query."""
    rows = Balance.objects.filter(article=article, warehouse__in=seen.warehouses)
    return {row.warehouse_id: row for row in rows}


def price_words(article: Article) -> PriceWords:
    """«148,00 kr/mån» «hyra · listpris 5 480,00 kr exkl. moms». One query."""
    amounts = prices.today([article.pk]).get(article.pk, prices.NONE)
    form = article.billing_form
    charged = prices.charged_text(amounts, form.rule)
    is_rent = form.rule == BillingForm.Rule.RENT
    words = ["hyra" if is_rent and charged else form.name]
    if is_rent and amounts.list_price is not None:
        words.append(f"listpris {kr(amounts.list_price)}")
    if not is_rent and amounts.rent is not None:
        words.append(f"hyra {prices.rent_text(amounts.rent)}")
    has_any = amounts != prices.NONE
    return PriceWords(
        charged or ("" if has_any else "Pris saknas"),
        " · ".join(words) + (" exkl. moms" if has_any else ""),
    )


def store_lines(
    article: Article, seen: stores.Seen, chosen: Warehouse | None, there: dict[int, Balance]
) -> list[StoreLine]:
    """How many there are in each of one's warehouses."""
    if not article.is_stocked:
        return []
    wanted: Sequence[Warehouse] = seen.warehouses
    if len(wanted) > STORES_SHOWN:
        wanted = [
            w
            for w in wanted
            if w == chosen or w.is_central or (w.pk in there and there[w.pk].available > 0)
        ]
    return [StoreLine(w, stock(there.get(w.pk))) for w in wanted]


def stock(balance: Balance | None) -> SafeString:
    """«3 st», «0 st, väntas 2026-12-04»."""
    return stock_html(
        balance.available if balance else 0,
        search.stock_note(
            available=balance.available if balance else 0,
            is_discontinued=False,
            has_replacement=False,
            expected_on=balance.expected_on if balance else None,
        ),
    )


def day_of(
    request: HttpRequest, article: Article, warehouse: Warehouse, balance: Balance | None
) -> tuple[bool, dt.date | None]:
    """Whether anything is known of when it comes if it is ordered today, and the day."""
    offer = Offer(
        article,
        warehouse,
        available=balance.available if balance else 0,
        expected_on=balance.expected_on if balance else None,
    )
    entry = next(iter(outlooks.open_to(request, offer)), None)
    return (entry is not None, entry.day(request, offer) if entry else None)


def measure_lines(article: Article) -> list[MeasureLine]:
    known = [(m, getattr(article, m.name)) for m in MEASURES]
    return [MeasureLine(m, m.text(value)) for m, value in known if value is not None]


def is_drawn(article: Article) -> bool:
    """Whether the drawing that has the letters is of such an article."""
    return pictogram_of(article.iso_code, article.type) == DRAWN


def similar(article: Article) -> dict[str, str] | None:
    """«Andra med sittbredd 43–47 cm»: in the same branch, within two centimetres."""
    width = article.seat_width
    if width is None:
        return None
    near = measures.span(max(width.lower - 2, Decimal(1)), width.upper + 2)
    query = {"sittbredd": measures.written(near).replace("–", "-")}
    if article.iso_class_id:
        query["gren"] = article.iso_class_id[:4]
    return {
        "label": f"Andra med sittbredd {measures.BY_NAME['seat_width'].text(near)}",
        "url": f"{reverse('articles:search')}?{urlencode(query)}",
    }


def class_url(article: Article) -> str:
    """The article's branch of «Sortimentskataloger»; none for what is out of the assortment."""
    if article.iso_class_id is None or article.is_discontinued:
        return ""
    return reverse("articles:assortment_branch", args=[article.iso_class_id])


def tab_counts(article: Article, seen: stores.Seen) -> dict[str, int]:
    """How many there are under the tabs that hold several. One query."""

    def counted(
        rows: QuerySet[Price | ArticleDocument | StandardComponent | Fit], key: str
    ) -> Coalesce:
        of_it = rows.filter(**{key: OuterRef("pk")}).order_by().values(key)
        return Coalesce(Subquery(of_it.annotate(n=Count("pk")).values("n")), 0)

    standard = StandardComponent.objects.filter(article=article).values("component")
    found = Article.objects.filter(pk=article.pk).values_list(
        counted(Price.objects.all(), "article"),
        counted(StandardComponent.objects.all(), "article")
        + counted(Fit.objects.exclude(part__in=standard), "main"),
        counted(ArticleDocument.objects.all(), "article"),
    )
    names = ("priser", "komponenter", "dokument")
    return {**dict(zip(names, found[0], strict=True)), "lagersaldon": len(seen.warehouses)}


# --- what may stand in for it ------------------------------------------------------------


@dataclass(frozen=True)
class MemberRow:
    """An article of a replacement group, in one warehouse, beside the article of the page."""

    rank: int
    article: Article
    is_this: bool
    available: int
    stock: SafeString
    is_known: bool
    day: dt.date | None
    measures: list[MeasureCell]


@dataclass(frozen=True)
class MeasureCell:
    label: str
    value: str
    differs: bool


def member_rows(
    request: HttpRequest, article: Article, warehouse: Warehouse | None
) -> tuple[list[MemberRow], list[Measure]]:
    """The article's group by rank, and the measures that are worth comparing. Two queries."""
    group = getattr(article, "replacement", None) and article.replacement.group
    if not group:
        return [], []
    members = list(group.members.select_related("article"))
    articles = [member.article for member in members]
    there = {
        b.article_id: b for b in Balance.objects.filter(warehouse=warehouse, article__in=articles)
    }
    compared = compared_measures(articles)[:3]
    rows = []
    for member in members:
        other, balance = member.article, there.get(member.article_id)
        is_known, day = day_of(request, other, warehouse, balance) if warehouse else (False, None)
        rows.append(
            MemberRow(
                rank=member.rank,
                article=other,
                is_this=other.pk == article.pk,
                available=balance.available if balance else 0,
                stock=stock_html(
                    balance.available if balance else 0,
                    search.stock_note(
                        available=balance.available if balance else 0,
                        is_discontinued=other.is_discontinued,
                        has_replacement=False,
                        expected_on=balance.expected_on if balance and not day else None,
                    ),
                ),
                is_known=is_known and not other.is_discontinued,
                day=day,
                measures=[
                    MeasureCell(
                        m.label,
                        m.text(value) if (value := getattr(other, m.name)) is not None else "",
                        value != getattr(article, m.name),
                    )
                    for m in compared
                ],
            )
        )
    return rows, compared


def comparable(article: Article) -> list[str]:
    """The article's number, and those of what stands in for it: as many as are compared. One query,
    for an article of a group."""
    group = getattr(article, "replacement", None) and article.replacement.group
    others = group.members.values_list("article__number", flat=True)[:4] if group else []
    return list(dict.fromkeys([article.number, *others]))[:4]


def compared_measures(articles: Iterable[Article]) -> list[Measure]:
    """Those that any of the articles has."""
    found = list(articles)
    return [m for m in MEASURES if any(getattr(a, m.name) is not None for a in found)]
