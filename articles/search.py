"""«Sök artikel»: one query for a page of hits, their total and their availability.

Words, order and count as separate queries make the planner walk the name index; a
MATERIALIZED list of hits keeps it on the trigram index.
"""

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.db.models import Q

from organisation.models import User, Warehouse
from organisation.permissions import KHS, has_role

from .models import Article, ArticleType

SHORTEST = 3  # characters in all
TYPES = {
    "alla": "",
    "huvudhjalpmedel": ArticleType.MAIN,
    "tillbehor": ArticleType.ACCESSORY,
    "reservdel": ArticleType.SPARE_PART,
    "forbrukning": ArticleType.CONSUMABLE,
    "tjanst": ArticleType.SERVICE,
}
TYPE_LABELS = {"alla": "Alla artikeltyper"} | {
    key: ArticleType(value).label for key, value in TYPES.items() if value
}
# What a column sorts by; the number breaks ties.
ORDERS = {
    "number": "number",
    "name": "sv_sortkey(name), name",
    "supplier": "sv_sortkey(supplier) NULLS LAST",
    "supplier_number": "supplier_number",
    "type": "type",
    "iso": "iso_code",
}


@dataclass(slots=True)
class Hit:
    """A row of the result; ``available`` is None where it isn't shown."""

    number: str
    name: str
    type: str
    supplier: str
    supplier_number: str
    iso_code: str
    is_discontinued: bool
    is_stocked: bool
    available: int | None = None
    note: str = ""

    @property
    def type_label(self) -> str:
        return _TYPE_NAMES[self.type]


_TYPE_NAMES = dict(ArticleType.choices)


@dataclass
class Result:
    hits: list[Hit] = field(default_factory=list)
    total: int = 0
    with_availability: bool = False


def words(text: str) -> list[str]:
    """The search words, upper-cased as ``Article.search_text`` is."""
    return text.upper().split()


def long_enough(text: str) -> bool:
    return sum(len(word) for word in words(text)) >= SHORTEST


def literal(word: str) -> str:
    """A LIKE pattern that finds ``word`` itself, whatever signs are in it."""
    escaped = word.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_")
    return f"%{escaped}%"


def search(
    text: str,
    *,
    type: str = "",
    warehouse: Warehouse | None = None,
    order: str = "name",
    limit: int = 25,
    offset: int = 0,
    most_with_availability: int = 200,
) -> Result:
    """Articles that hold every word. One query; a second only for a page past the end.

    ``order`` is a key of ``ORDERS``, with ``-`` before it for falling. Availability comes for
    at most ``most_with_availability`` hits.
    """
    found = words(text)
    where = " AND ".join(["a.search_text LIKE %s"] * len(found)) or "TRUE"
    params: list[Any] = [literal(word) for word in found]
    if type:
        where += " AND a.type = %s"
        params.append(type)
    falling = order.startswith("-")
    keys = ORDERS.get(order.removeprefix("-"), ORDERS["name"])
    direction = " DESC" if falling else ""
    sorting = ", ".join(
        part.replace(" NULLS LAST", "") + direction + " NULLS LAST" for part in _split(keys)
    )
    sql = f"""
        WITH hits AS MATERIALIZED (
            SELECT a.id, a.number, a.name, a.type, a.supplier_number, a.iso_code,
                   a.is_discontinued, a.is_stocked, s.name AS supplier
            FROM articles_article a LEFT JOIN articles_supplier s ON s.id = a.supplier_id
            WHERE {where}
        ), page AS (
            SELECT *, count(*) OVER () AS total FROM hits ORDER BY {sorting}, number
            LIMIT %s OFFSET %s
        )
        SELECT p.number, p.name, p.type, coalesce(p.supplier, ''), p.supplier_number, p.iso_code,
               p.is_discontinued, p.is_stocked, p.total,
               coalesce(b.on_hand - b.reserved - b.unavailable, 0), b.expected_on,
               CASE WHEN coalesce(b.on_hand - b.reserved - b.unavailable, 0) <= 0 THEN EXISTS (
                   SELECT FROM articles_replacementmember m
                   JOIN articles_replacementmember o ON o.group_id = m.group_id
                       AND o.article_id <> m.article_id
                   JOIN articles_balance ob ON ob.article_id = o.article_id
                       AND ob.warehouse_id = %s
                       AND ob.on_hand - ob.reserved - ob.unavailable > 0
                   WHERE m.article_id = p.id) END
        FROM page p
        LEFT JOIN articles_balance b ON b.article_id = p.id AND b.warehouse_id = %s
        ORDER BY {_outer(sorting)}, p.number
    """  # noqa: S608  only words of this module are put in
    here = warehouse.pk if warehouse else None
    with connection.cursor() as cursor:
        cursor.execute(sql, [*params, limit, offset, here, here])
        rows = cursor.fetchall()
    if not rows and offset:
        return search(
            text,
            type=type,
            warehouse=warehouse,
            order=order,
            limit=limit,
            most_with_availability=most_with_availability,
        )
    total = rows[0][8] if rows else 0
    shown = warehouse is not None and total <= most_with_availability
    hits = [_hit(row, shown) for row in rows]
    return Result(hits, total, shown)


def _split(keys: str) -> list[str]:
    return [key.strip() for key in keys.split(", ")]


def _outer(sorting: str) -> str:
    """The page's own order again: a join promises none."""
    for name in ("supplier_number", "supplier", "iso_code", "name", "type", "number"):
        sorting = sorting.replace(f"({name})", f"(p.{name})")
    parts = []
    for part in sorting.split(", "):
        head, _, tail = part.partition(" ")
        parts.append(part if "(" in head else f"p.{head} {tail}".strip())
    return ", ".join(parts)


def _hit(row: tuple, shown: bool) -> Hit:
    hit = Hit(*row[:8])
    if shown and hit.is_stocked:
        hit.available = row[9]
        hit.note = note(row[9], hit.is_discontinued, bool(row[11]), row[10])
    elif hit.is_discontinued:
        hit.available, hit.note = 0, "utgått"
    return hit


def note(available: int, discontinued: bool, replaceable: bool, expected: dt.date | None) -> str:
    """What stands beside the figure: the one thing that helps most."""
    if discontinued:
        return "utgått"
    if available > 0:
        return ""
    if replaceable:
        return "ersättning finns"
    return f"väntas {expected:%Y-%m-%d}" if expected else ""


def warehouses_for(user: User) -> list[Warehouse]:
    """What a user sees the stock of: KHS's warehouses and the own stores of the user's units."""
    central = Q(kind=Warehouse.Kind.CENTRAL)
    visible = Warehouse.objects.filter(is_active=True)
    if not has_role(user, KHS):
        visible = visible.filter(central | Q(units__users=user)).distinct()
    return sorted(visible, key=lambda w: (not w.is_central, w.number))


def exact(text: str) -> Article | None:
    """The article whose whole number was typed."""
    number = text.strip().upper()
    return Article.objects.filter(number=number).first() if number else None
