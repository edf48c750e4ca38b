"""Finding articles: all words must match, and one query does it all.

The hits are MATERIALIZED, so that the planner keeps to the trigram index on ``search_text``
instead of walking an index of names, and one query gives both the page and the count.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils import timezone

from sesam.tables import Asked

from .models import Article, ArticleType, BillingForm

MIN_CHARACTERS = 3
MAX_WORDS = 12

#: The values of ``typ`` in the address.
TYPES = {
    "huvudhjalpmedel": ArticleType.MAIN,
    "tillbehor": ArticleType.ACCESSORY,
    "reservdel": ArticleType.SPARE_PART,
    "forbrukning": ArticleType.CONSUMABLE,
    "tjanst": ArticleType.SERVICE,
}


@dataclass(slots=True)
class Hit:
    """A row of the list. ``available`` is None where it isn't shown."""

    pk: int
    number: str
    name: str
    type: str
    iso_code: str
    supplier: str | None
    supplier_number: str
    responsibility: str
    is_discontinued: bool
    is_stocked: bool
    available: int | None
    expected_on: dt.date | None
    has_replacement: bool
    price: Decimal | None
    billing_rule: str

    @property
    def note(self) -> str:
        """What is said beside «0 st»."""
        return stock_note(
            available=self.available,
            is_discontinued=self.is_discontinued,
            has_replacement=self.has_replacement,
            expected_on=self.expected_on,
        )

    @property
    def is_rent(self) -> bool:
        return self.billing_rule == BillingForm.Rule.RENT


def stock_note(
    *,
    available: int | None,
    is_discontinued: bool,
    has_replacement: bool,
    expected_on: dt.date | None,
) -> str:
    """«ersättning finns», «väntas 2026-12-04» or «utgått»; nothing where there is stock."""
    if is_discontinued:
        return "utgått"
    if available:
        return ""
    if has_replacement:
        return "ersättning finns"
    return f"väntas {expected_on:%Y-%m-%d}" if expected_on else ""


def words_of(typed: str) -> list[str]:
    """The words that all must match; each once."""
    return list(dict.fromkeys(typed.replace("\0", "").split()))


def long_enough(words: list[str]) -> bool:
    return sum(map(len, words)) >= MIN_CHARACTERS


def exact(typed: str) -> str | None:
    """The article number that was typed, if there is one like it. No query for words."""
    number = typed.strip().upper()
    if not 1 <= len(number) <= 12 or " " in number or "\0" in number:
        return None
    if not any(c.isdigit() for c in number) and number != "MANUELL":
        return None
    return Article.objects.filter(number=number).values_list("number", flat=True).first()


def any_with(typed: str) -> bool:
    """Whether the search would find an article by what was typed."""
    found = Article.objects.all()
    for word in words_of(typed)[:MAX_WORDS]:
        found = found.filter(search_text__contains=word.upper())
    return found.exists()


def pattern(word: str) -> str:
    """``word`` for LIKE, with nothing in it meaning anything else than itself."""
    escaped = word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


_AVAILABLE = "CASE WHEN {a}.is_stocked THEN coalesce(b.on_hand - b.reserved - b.unavailable, 0) END"
_PRICE = (
    "(SELECT price.amount FROM articles_price price WHERE price.article_id = {a}.id"
    " AND price.valid_from <= %(today)s ORDER BY price.valid_from DESC LIMIT 1)"
)
_BALANCE = (
    " LEFT JOIN articles_balance b ON b.article_id = {a}.id AND b.warehouse_id = %(warehouse)s"
)
_SUPPLIER = " LEFT JOIN articles_supplier s ON s.id = {a}.supplier_id"
_FEW = "(SELECT count(*) FROM hits) <= %(row_limit)s"
_TYPE_LABELS = (
    "CASE {a}.type "
    + " ".join(f"WHEN '{value}' THEN '{label}'" for value, label in ArticleType.choices)
    + " END"
)

#: The list's sort keys: what to sort by, and what must be joined for it.
SORTS: dict[str, tuple[str, str]] = {
    "number": ("length(h.number) {d}, h.number {d}", ""),
    "name": ("sv_sortkey(h.name) {d}, h.name {d}", ""),
    "supplier": ("sv_sortkey(s.name) {d} NULLS LAST", _SUPPLIER),
    "supplier_number": ("sv_sortkey(h.supplier_number) {d}", ""),
    "type": ("sv_sortkey(" + _TYPE_LABELS.format(a="h") + ") {d}", ""),
    "iso_code": ("h.iso_code {d}", ""),
    "responsibility": ("h.responsibility {d}", ""),
    "available": (
        f"CASE WHEN {_FEW} THEN {_AVAILABLE.format(a='h')} END {{d}} NULLS LAST",
        _BALANCE,
    ),
    "price": (_PRICE.format(a="h") + " {d} NULLS LAST", ""),
}


def search(
    words: list[str],
    asked: Asked,
    *,
    article_type: str | None,
    warehouse_id: int | None,
    with_prices: bool = True,
) -> tuple[list[Hit], int]:
    """One page of the articles in which every word occurs, and how many there are in all."""
    wanted: dict[str, Any] = {
        "warehouse": warehouse_id,
        "type": article_type,
        "limit": asked.per_page,
        "offset": asked.offset,
        "row_limit": settings.AVAILABILITY_ROW_LIMIT,
        "today": timezone.localdate(),
    }
    conditions = []
    for i, word in enumerate(words[:MAX_WORDS]):
        wanted[f"w{i}"] = pattern(word)
        conditions.append(f"a.search_text LIKE upper(%(w{i})s)")
    if article_type:
        conditions.append("a.type = %(type)s")
    sort, joins = asked.sort
    falling = "DESC" if asked.falling else "ASC"
    few = "p.total <= %(row_limit)s"
    # Only fixed text of this module is put together here; what was typed goes as parameters.
    sql = f"""
        WITH hits AS MATERIALIZED (
            SELECT a.id, a.number, a.name, a.type, a.iso_code, a.supplier_id, a.supplier_number,
                   a.responsibility, a.is_discontinued, a.is_stocked, a.billing_form_id
            FROM articles_article a WHERE {" AND ".join(conditions)}
        ), page AS (
            SELECT h.*, count(*) OVER () AS total, row_number() OVER (
                ORDER BY {sort.format(d=falling)}, sv_sortkey(h.name), h.name, h.id) AS place
            FROM hits h {joins.format(a="h")}
            ORDER BY place LIMIT %(limit)s OFFSET %(offset)s
        )
        SELECT p.total, p.id, p.number, p.name, p.type, p.iso_code, s.name, p.supplier_number,
               p.responsibility, p.is_discontinued, p.is_stocked,
               CASE WHEN {few} THEN {_AVAILABLE.format(a="p")} END, b.expected_on,
               {few} AND coalesce(b.on_hand - b.reserved - b.unavailable, 0) = 0 AND EXISTS (
                   SELECT FROM articles_replacementmember m
                   JOIN articles_replacementmember other
                     ON other.group_id = m.group_id AND other.article_id <> p.id
                   JOIN articles_article o ON o.id = other.article_id AND NOT o.is_discontinued
                   JOIN articles_balance ob ON ob.article_id = o.id
                     AND ob.warehouse_id = %(warehouse)s
                     AND ob.on_hand - ob.reserved - ob.unavailable > 0
                   WHERE m.article_id = p.id),
               {_PRICE.format(a="p") if with_prices else "NULL::numeric"}, f.rule
        FROM page p {_SUPPLIER.format(a="p")} {_BALANCE.format(a="p")}
        JOIN articles_billingform f ON f.id = p.billing_form_id
        ORDER BY p.place
    """  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(sql, wanted)
        found = cursor.fetchall()
    return [Hit(*row[1:]) for row in found], found[0][0] if found else 0
