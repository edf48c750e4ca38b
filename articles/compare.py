"""Up to four articles side by side, with what differs marked. Which ones stands in the address."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString

from organisation import stores
from organisation.models import Warehouse
from sesam.places import BulkAction, Page, Shown
from sesam.templatetags.sesam import NBSP, datum, kr

from . import prices, shown
from .measures import MEASURES
from .models import Article, Balance
from .tables import iso_text

MOST = 4
NAMED = "artikel"  # in the address, once for each

_ACTION: BulkAction[Any] = BulkAction(name="compare", label="Jämför", url=Page("articles:compare"))


def actions() -> list[Shown[BulkAction[Any]]]:
    """On ticked rows of the search."""
    return [Shown(_ACTION, "Jämför", reverse("articles:compare"))]


def url_of(numbers: Iterable[str], **more: str) -> str:
    """The page that compares these, each once."""
    pairs = [(NAMED, number) for number in dict.fromkeys(numbers)]
    return f"{reverse('articles:compare')}?{urlencode([*pairs, *more.items()])}"


def articles_of(numbers: Sequence[str]) -> list[Article]:
    """In their order; what isn't a number is left out. One query."""
    wanted = list(dict.fromkeys(n.strip()[:12].upper() for n in numbers if n))
    found = Article.objects.select_related("supplier", "iso_class", "billing_form").in_bulk(
        wanted[: MOST * 2], field_name="number"
    )
    return [found[number] for number in wanted if number in found][:MOST]


@dataclass(frozen=True)
class Cell:
    value: str | SafeString
    differs: bool


@dataclass(frozen=True)
class Line:
    """A fact of all the compared articles; ``differs`` where one has another than the first."""

    label: str
    cells: list[Cell]

    @property
    def differs(self) -> bool:
        return any(cell.differs for cell in self.cells)


def lines(
    request: HttpRequest,
    articles: Sequence[Article],
    seen: stores.Seen,
    warehouse: Warehouse | None,
) -> list[Line]:
    """What is compared: what differs from the first article is marked. Two queries."""
    amounts = prices.today([article.pk for article in articles])
    there = {
        (b.article_id, b.warehouse_id): b
        for b in Balance.objects.filter(article__in=articles, warehouse__in=seen.warehouses)
    }

    def cost(article: Article) -> prices.Amounts:
        return amounts.get(article.pk, prices.NONE)

    def day(article: Article) -> str:
        if warehouse is None:
            return ""
        balance = there.get((article.pk, warehouse.pk))
        is_known, found = shown.day_of(request, article, warehouse, balance)
        return _day_words(found) if is_known else ""

    facts: list[tuple[str, Callable[[Article], Any]]] = [
        ("Leverantör", lambda a: a.supplier or ""),
        ("Artikeltyp", lambda a: a.get_type_display()),
        ("ISO-kod", lambda a: iso_text(a.iso_code)),
        ("Artikelansvar", lambda a: a.get_responsibility_display()),
        ("Pris", lambda a: prices.charged_text(cost(a), a.billing_form.rule)),
        ("Listpris", lambda a: kr(cost(a).list_price)),
        ("Debiteringsform", lambda a: a.billing_form.name),
        *(
            (str(w), lambda a, w=w: shown.stock(there.get((a.pk, w.pk))) if a.is_stocked else "")
            for w in seen.warehouses[: shown.STORES_SHOWN]
        ),
        (f"Leverans från {warehouse}", day),
        *(
            (m.label, lambda a, m=m: "" if (v := getattr(a, m.name)) is None else m.text(v))
            for m in MEASURES
        ),
        ("Förpackning", lambda a: f"{a.pack_size} {a.unit_of_measure}"),
        ("Individmärkt", lambda a: "Ja" if a.is_marked else "Nej"),
        ("Utökad artikelinformation", lambda a: a.extended_info),
    ]
    made = []
    for label, tell in facts:
        told = [_breaking(tell(article)) for article in articles]
        if any(told):
            made.append(Line(label, [Cell(value, value != told[0]) for value in told]))
    return made


def _breaking(value: Any) -> Any:
    """In a narrow column the unit may stand under the number."""
    return value if isinstance(value, SafeString) else re.sub(f"{NBSP}(?=[a-z])", " ", str(value))


def _day_words(day: dt.date | None) -> str:
    return datum(day) if day else "inget datum än"
