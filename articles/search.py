"""Finding articles: all words must match.

Of no more than the list counts, one question tells how many there are and which of them stand on the
page: MATERIALIZED, so that the planner keeps to the trigram index on ``search_text`` instead of walking
an index of names for words that stand together in it. Of more, the page is read in its order, by a walk
of such an index, and nothing is sorted; by supplier or price they are read in the order of these, each
with its own articles (``WALKS``). What is shown of the page's articles is asked for last.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import connection, connections
from django.db.models import Value
from django.db.models.functions import Upper
from django.utils import timezone

from sesam import planned
from sesam.tables import Asked, label_places

from .filters import Filters
from .measures import Span
from .models import Article, ArticleType
from .prices import Amounts

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
class ArticleHit:
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
    list_price: Decimal | None
    rent: Decimal | None
    billing_rule: str
    seat_width: Span | None
    seat_depth: Span | None
    picture: str
    is_favourite: bool = False

    @property
    def article_type(self) -> str:
        return self.type

    @property
    def article_number(self) -> str:
        return self.number

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
    def amounts(self) -> Amounts:
        return Amounts(self.list_price, self.rent)


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


def few_with(words: list[str]) -> list[int] | None:
    """The keys of the articles that have all ``words``; None where they are more than a few."""
    found = Article.objects.values_list("pk", flat=True)
    for word in words:
        found = found.filter(search_text__contains=Upper(Value(word)))
    with planned.for_its_values(connections[found.db]):
        keys = list(found[: FEW + 1])
    return keys if len(keys) <= FEW else None


def pattern(word: str) -> str:
    """``word`` for LIKE, with nothing in it meaning anything else than itself."""
    escaped = word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


_AVAILABLE = "CASE WHEN {a}.is_stocked THEN coalesce(b.on_hand - b.reserved - b.unavailable, 0) END"
_FORM = " JOIN articles_billingform f ON f.id = {a}.billing_form_id"
_PRICE = (
    " LEFT JOIN LATERAL (SELECT list_price, rent FROM articles_price WHERE article_id = {a}.id"
    " AND valid_from <= %(today)s ORDER BY valid_from DESC LIMIT 1) p ON true"
)
_CHARGED = "CASE WHEN f.rule = 'rent' THEN p.rent ELSE p.list_price END"  # prices.Amounts.charged
_BALANCE = (
    " LEFT JOIN articles_balance b ON b.article_id = {a}.id AND b.warehouse_id = %(warehouse)s"
)
_SUPPLIER = " LEFT JOIN articles_supplier s ON s.id = {a}.supplier_id"
_TYPE_PLACES = "CASE {a}.type " + " ".join(
    f"WHEN '{value}' THEN {place}" for value, place in label_places(ArticleType.choices).items()
)

#: The list's sort keys, of the article ``{a}``: what to sort by, and what must be joined for it.
SORTS: dict[str, tuple[str, str]] = {
    "number": ("length({a}.number) {d}, {a}.number {d}", ""),
    "name": ("{a}.sort_key {d}, {a}.name {d}", ""),
    "supplier": ("s.sort_key {d} NULLS LAST", _SUPPLIER),
    "supplier_number": ("lower({a}.supplier_number) {d}", ""),
    "type": (_TYPE_PLACES + " END {d}", ""),
    "iso_code": ("{a}.iso_code {d}", ""),
    "responsibility": ("{a}.responsibility {d}", ""),
    "available": (f"CASE WHEN {{few}} THEN {_AVAILABLE} END {{d}} NULLS LAST", _BALANCE),
    "price": (_CHARGED + " {d} NULLS LAST", _FORM + _PRICE),
}


#: Columns of an article that a sort key, or what is joined for one, may name.
_SORTED_BY = (
    "id", "number", "name", "sort_key", "type", "iso_code", "supplier_id", "supplier_number",
    "responsibility", "is_stocked", "billing_form_id",
)  # fmt: skip
FEW = 1_000  # articles that are sorted faster than they are looked for in an index


def _by_amount(amount: str, sign: str) -> str:
    """The first by one of the two prices, of the articles whose billing form charges that one:
    whose rule is rent, or isn't. (Of ``<> ALL`` PostgreSQL thinks that hardly any article is so.)

    Read from the index of that price; where few of the articles are charged it, that would be read
    to its end, so those few are sorted."""
    forms = f"SELECT id FROM articles_billingform WHERE rule {sign} 'rent'"  # noqa: S608
    charged = f"a.billing_form_id = ANY(ARRAY({forms}))"
    shown = f"a.id, a.sort_key, a.name, s.{amount} AS amount"
    first = f"ORDER BY s.{amount} {{falling}}, a.sort_key, a.name, a.id LIMIT %(until)s"
    return (
        "WITH these AS MATERIALIZED (SELECT a.id, a.sort_key, a.name"  # noqa: S608
        f" FROM articles_article a WHERE {charged} AND {{matching}} LIMIT {{few}}),"
        f" known AS MATERIALIZED (SELECT count(*) < {{few}} AS are_few FROM these)"
        f" (SELECT {shown} FROM articles_price s JOIN articles_article a ON a.id = s.article_id"
        f" WHERE NOT (SELECT are_few FROM known) AND {charged}"
        f" AND s.{amount} IS NOT NULL AND s.valid_from <= %(today)s"
        " AND NOT EXISTS (SELECT FROM articles_price newer"
        " WHERE newer.article_id = s.article_id AND newer.valid_from > s.valid_from"
        f" AND newer.valid_from <= %(today)s) AND {{matching}} {first})"
        f" UNION ALL (SELECT {shown} FROM these a CROSS JOIN LATERAL ("
        f"SELECT {amount} FROM articles_price WHERE article_id = a.id"
        " AND valid_from <= %(today)s ORDER BY valid_from DESC LIMIT 1) s"
        f" WHERE (SELECT are_few FROM known) AND s.{amount} IS NOT NULL {first})"
    )


#: Sort keys that stand in another table: where their order is read from, and which articles ``a``
#: have none, which stand last both ways.
WALKS: dict[str, tuple[str, str]] = {
    SORTS["supplier"][0]: (
        # The first of each supplier, from its index: joined, all hits would be sorted.
        "articles_supplier s CROSS JOIN LATERAL (SELECT a.id, a.sort_key, a.name"
        " FROM articles_article a WHERE a.supplier_id = s.id AND {matching}"
        " ORDER BY a.sort_key, a.name, a.id LIMIT %(until)s) a",
        "a.supplier_id IS NULL",
    ),
    SORTS["price"][0]: (
        # The rents and the list prices, each from their own index.
        f"(({_by_amount('rent', '=')}) UNION ALL ({_by_amount('list_price', '<>')})) a",
        f"(SELECT {_CHARGED} FROM articles_billingform f{_PRICE.format(a='a')}"  # noqa: S608
        " WHERE f.id = a.billing_form_id) IS NULL",
    ),
}
_WALKED = {SORTS["supplier"][0]: "s.sort_key", SORTS["price"][0]: "a.amount"}


def search(
    words: list[str],
    asked: Asked,
    *,
    filters: Filters,
    user_id: int | None = None,
    with_prices: bool = True,
) -> tuple[list[ArticleHit], int]:
    """One page of the articles in which every word occurs and that the filters let through, and how
    many there are in all: no further than the list counts. Whose favourites they are is ``user_id``."""
    narrowed, values = filters.conditions()
    wanted: dict[str, Any] = {
        "user": user_id,
        **values,
        "limit": asked.per_page,
        "offset": asked.offset,
        "until": asked.offset + asked.per_page,
        "most": asked.most,
        "today": timezone.localdate(),
    }
    conditions = []
    for i, word in enumerate(words[:MAX_WORDS]):
        wanted[f"w{i}"] = pattern(word)
        conditions.append(f"a.search_text LIKE upper(%(w{i})s)")
    matching = " AND ".join([*conditions, *narrowed]) or "true"
    # Only fixed text of this module is put together here; what was typed goes as parameters.
    with connection.cursor() as cursor:
        with planned.for_its_values(connection):
            cursor.execute(_first_question(matching, asked), wanted)
            total, page = cursor.fetchone()
            if total == 0 or asked.is_beyond_count:
                return [], total
            if page is None:
                cursor.execute(_walk_question(matching, asked), wanted)
                page = [key for (key,) in cursor.fetchall()]
        cursor.execute(
            _rows_question(asked, total, with_prices=with_prices), wanted | {"page": page}
        )
        found = cursor.fetchall()
    return [ArticleHit(*row) for row in found], total


def _order(asked: Asked, a: str, few: str) -> str:
    falling = "DESC" if asked.falling else "ASC"
    key = asked.sort[0].format(a=a, d=falling, few=few)
    return f"{key}, {a}.sort_key, {a}.name, {a}.id"


def _first_question(matching: str, asked: Asked) -> str:
    """How many are found, and the keys of the page; NULL where there are more than are counted."""
    few = f"(SELECT total FROM counted) <= {settings.AVAILABILITY_ROW_LIMIT}"  # noqa: S608
    page = (
        f"SELECT h.id FROM hits h {asked.sort[1].format(a='h')}"  # noqa: S608
        f" ORDER BY {_order(asked, 'h', few)} LIMIT %(limit)s OFFSET %(offset)s"
    )
    kept = ", ".join(f"a.{column}" for column in _SORTED_BY if f"h.{column}" in page)
    return f"""
        WITH hits AS MATERIALIZED (
            SELECT {kept} FROM articles_article a WHERE {matching} LIMIT %(most)s
        ), counted AS MATERIALIZED (SELECT count(*) AS total FROM hits)
        SELECT total, CASE WHEN total < %(most)s THEN ARRAY({page}) END FROM counted
    """  # noqa: S608


def _walk_question(matching: str, asked: Asked) -> str:
    """The keys of a page of more than are counted, read in their order."""
    falling = "DESC" if asked.falling else "ASC"
    key, joins = asked.sort
    if key not in WALKS:
        return f"""
            SELECT a.id FROM articles_article a {joins.format(a="a")} WHERE {matching}
            ORDER BY {_order(asked, "a", "false")} LIMIT %(limit)s OFFSET %(offset)s
        """  # noqa: S608
    read_from, without = WALKS[key]
    return f"""
        (SELECT a.id FROM {read_from.format(matching=matching, falling=falling, few=FEW)}
         ORDER BY {_WALKED[key]} {falling}, a.sort_key, a.name, a.id LIMIT %(until)s)
        UNION ALL
        (SELECT a.id FROM articles_article a WHERE {without} AND {matching}
         ORDER BY a.sort_key, a.name, a.id LIMIT %(until)s)
        LIMIT %(limit)s OFFSET %(offset)s
    """  # noqa: S608


def _rows_question(asked: Asked, total: int, *, with_prices: bool) -> str:
    """All that is shown of the page's articles."""
    few = "true" if total <= settings.AVAILABILITY_ROW_LIMIT else "false"
    return f"""
        SELECT a.id, a.number, a.name, a.type, a.iso_code, s.name, a.supplier_number,
               a.responsibility, a.is_discontinued, a.is_stocked,
               CASE WHEN {few} THEN {_AVAILABLE.format(a="a")} END, b.expected_on,
               {few} AND coalesce(b.on_hand - b.reserved - b.unavailable, 0) = 0 AND EXISTS (
                   SELECT FROM articles_replacementmember m
                   JOIN articles_replacementmember other
                     ON other.group_id = m.group_id AND other.article_id <> a.id
                   JOIN articles_article o ON o.id = other.article_id AND NOT o.is_discontinued
                   JOIN articles_balance ob ON ob.article_id = o.id
                     AND ob.warehouse_id = %(warehouse)s
                     AND ob.on_hand - ob.reserved - ob.unavailable > 0
                   WHERE m.article_id = a.id),
               {"p.list_price, p.rent" if with_prices else "NULL::numeric, NULL::numeric"}, f.rule,
               a.seat_width, a.seat_depth, a.picture,
               EXISTS (SELECT FROM articles_favourite mine
                   WHERE mine.article_id = a.id AND mine.user_id = %(user)s)
        FROM unnest(%(page)s::bigint[]) WITH ORDINALITY page (id, place)
        JOIN articles_article a ON a.id = page.id
        {_SUPPLIER.format(a="a")} {_BALANCE.format(a="a")} {_FORM.format(a="a")}
        {_PRICE.format(a="a") if with_prices else ""}
        ORDER BY page.place
    """  # noqa: S608
