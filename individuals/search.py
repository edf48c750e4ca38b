"""Finding marked pieces by a part of their number or serial number.

As in articles/search.py they are counted first; few are MATERIALIZED, so that the planner keeps to
the trigram indexes, and many are read in the list's order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Q

from articles.search import pattern
from sesam.tables import Asked, label_places

from .models import Individual, StockStatus, stock_status

MIN_CHARACTERS = 3
_Status = Individual.Status


@dataclass(slots=True)
class PieceHit:
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


def any_with(typed: str) -> bool:
    """Whether the search would find a piece by what was typed."""
    wanted = Q(number__icontains=typed) | Q(serial_number__icontains=typed)
    return len(typed) >= MIN_CHARACTERS and Individual.objects.filter(wanted).exists()


_HITS = (
    "FROM individuals_individual i WHERE upper(i.number) LIKE upper(%(like)s)"
    " OR upper(i.serial_number) LIKE upper(%(like)s)"
)
_BLOCKED = (
    "EXISTS (SELECT FROM individuals_block k WHERE k.individual_id = i.id AND k.until IS NULL)"
)
_PLACES = "CASE i.status " + " ".join(
    f"WHEN '{value}' THEN {place}" for value, place in label_places(_Status.choices).items()
)
#: What stands first is what can be handed out.
_STOCK = (
    f"CASE WHEN i.status = '{_Status.IN_STOCK}' AND NOT {_BLOCKED} THEN 1"
    f" WHEN i.status = '{_Status.RESERVED}' THEN 2 ELSE 3 END"
)
#: The list's sort keys, of the piece ``i`` and its article ``a``.
SORTS = {
    "number": "length(i.number) {d}, i.number {d}",
    "article": "length(a.number) {d}, a.number {d}",
    "name": "a.sort_key {d}, a.name {d}",
    "serial": "nullif(i.serial_number, '') {d} NULLS LAST",
    "status": _PLACES + " END {d}",
    "stock": _STOCK + " {d}",
}


def search(typed: str, asked: Asked) -> tuple[list[PieceHit], int]:
    """One page of the pieces in whose number or serial number ``typed`` occurs, and how many
    there are in all: no further than the list counts."""
    wanted: dict[str, Any] = {
        "like": pattern(typed),
        "limit": asked.per_page,
        "offset": asked.offset,
        "most": asked.most,
    }
    # Only fixed text of this module is put together here; what was typed goes as a parameter.
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*) FROM (SELECT {_HITS} LIMIT %(most)s) counted",  # noqa: S608
            wanted,
        )
        total: int = cursor.fetchone()[0]
        if total == 0 or asked.is_beyond_count:
            return [], total
        is_many = asked.counted_to is not None and total > asked.counted_to
        order = asked.sort.format(d="DESC" if asked.falling else "ASC")
        order += ", length(i.number), i.number"
        cursor.execute(
            f"""
            WITH hits AS {"NOT" if is_many else ""} MATERIALIZED (
                SELECT i.id, i.number, i.serial_number, i.status, i.article_id {_HITS}
            ), page AS MATERIALIZED (
                SELECT i.id, i.number, i.serial_number, i.status, i.article_id
                FROM hits i JOIN articles_article a ON a.id = i.article_id
                ORDER BY {order} LIMIT %(limit)s OFFSET %(offset)s
            )
            SELECT i.number, a.number, a.name, i.serial_number, i.status, {_BLOCKED}
            FROM page i JOIN articles_article a ON a.id = i.article_id
            ORDER BY {order}
            """,  # noqa: S608
            wanted,
        )
        found = cursor.fetchall()
    return [PieceHit(*row) for row in found], total
