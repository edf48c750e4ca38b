"""Finding marked pieces by a part of their number or serial number; one query does it all.

As in articles/search.py the hits are MATERIALIZED, so that the planner keeps to the trigram
indexes, and one query gives both the page and the count.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import connection

from articles.search import pattern
from sesam.tables import Asked

from .models import Individual, StockStatus, stock_status

MIN_CHARACTERS = 3
_Status = Individual.Status


@dataclass(slots=True)
class Hit:
    """A row of the list. Says nothing of who has the piece."""

    number: str
    article_number: str
    name: str
    serial_number: str
    status: str
    blocked: bool

    @property
    def stock(self) -> StockStatus:
        return stock_status(self.status, blocked=self.blocked)


def exact(typed: str) -> str | None:
    """The number of the piece that has, or had, the number that was typed."""
    number = typed.strip().replace("\0", "")
    if not 1 <= len(number) <= 20:
        return None
    wanted = {number, number.upper()}
    now = Individual.objects.filter(number__in=wanted).values_list("number", flat=True)
    was = Individual.objects.filter(former_numbers__number__in=wanted)
    return next(iter(now.union(was.values_list("number", flat=True))), None)


_BLOCKED = (
    "EXISTS (SELECT FROM individuals_block k WHERE k.individual_id = {i}.id AND k.until IS NULL)"
)
_LABELS = "CASE h.status " + " ".join(f"WHEN '{v}' THEN '{label}'" for v, label in _Status.choices)
#: What stands first is what can be handed out.
_STOCK = (
    f"CASE WHEN h.status = '{_Status.IN_STOCK}' AND NOT {_BLOCKED.format(i='h')} THEN 1"
    f" WHEN h.status = '{_Status.RESERVED}' THEN 2 ELSE 3 END"
)
#: The list's sort keys.
SORTS = {
    "number": "length(h.number) {d}, h.number {d}",
    "article": "length(a.number) {d}, a.number {d}",
    "name": "sv_sortkey(a.name) {d}, a.name {d}",
    "serial": "nullif(h.serial_number, '') {d} NULLS LAST",
    "status": f"sv_sortkey({_LABELS} END) {{d}}",
    "stock": _STOCK + " {d}",
}


def search(typed: str, asked: Asked) -> tuple[list[Hit], int]:
    """One page of the pieces in whose number or serial number ``typed`` occurs, and how many
    there are in all."""
    falling = "DESC" if asked.falling else "ASC"
    wanted: dict[str, Any] = {
        "like": pattern(typed),
        "limit": asked.per_page,
        "offset": asked.offset,
    }
    # Only fixed text of this module is put together here; what was typed goes as a parameter.
    sql = f"""
        WITH hits AS MATERIALIZED (
            SELECT i.id, i.number, i.serial_number, i.status, i.article_id
            FROM individuals_individual i
            WHERE upper(i.number) LIKE upper(%(like)s)
               OR upper(i.serial_number) LIKE upper(%(like)s)
        ), page AS (
            SELECT h.*, a.number AS article_number, a.name, count(*) OVER () AS total,
                   row_number() OVER (
                       ORDER BY {asked.sort.format(d=falling)}, length(h.number), h.number) AS place
            FROM hits h JOIN articles_article a ON a.id = h.article_id
            ORDER BY place LIMIT %(limit)s OFFSET %(offset)s
        )
        SELECT p.total, p.number, p.article_number, p.name, p.serial_number, p.status,
               {_BLOCKED.format(i="p")}
        FROM page p ORDER BY p.place
    """  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(sql, wanted)
        found = cursor.fetchall()
    return [Hit(*row[1:]) for row in found], found[0][0] if found else 0
