"""Whether the stock's books agree with each other.

An app above adds what it knows in its ``places.py``: what explains a balance's column
(``explain``), and records that must agree (``must_agree``).
"""

from __future__ import annotations

from collections import defaultdict

from django.db import connection

# Balances against the sum of their movements, both ways.
_LEDGER = """
    SELECT coalesce(b.warehouse_id, m.warehouse_id), coalesce(b.article_id, m.article_id),
           coalesce(b.on_hand, 0), coalesce(m.moved, 0)
    FROM articles_balance b
    FULL JOIN (SELECT warehouse_id, article_id, sum(quantity) AS moved
               FROM articles_stockmovement GROUP BY 1, 2) m
      ON m.warehouse_id = b.warehouse_id AND m.article_id = b.article_id
    WHERE coalesce(b.on_hand, 0) <> coalesce(m.moved, 0)
"""
# Marked articles: the pieces that stand on the shelf against the balance.
_SHELF = """
    SELECT coalesce(b.warehouse_id, i.warehouse_id), coalesce(b.article_id, i.article_id),
           coalesce(b.on_hand, 0), coalesce(i.pieces, 0)
    FROM (SELECT * FROM articles_balance
          WHERE article_id IN (SELECT id FROM articles_article WHERE is_marked)) b
    FULL JOIN (SELECT warehouse_id, article_id, count(*) AS pieces FROM individuals_individual
               WHERE warehouse_id IS NOT NULL GROUP BY 1, 2) i
      ON i.warehouse_id = b.warehouse_id AND i.article_id = b.article_id
    WHERE coalesce(b.on_hand, 0) <> coalesce(i.pieces, 0)
"""
# A column of the balances against what explains it: (warehouse, article, quantity) rows.
_EXPLAINED = """
    SELECT coalesce(b.warehouse_id, e.warehouse_id), coalesce(b.article_id, e.article_id),
           coalesce(b.{column}, 0), coalesce(e.explained, 0)
    FROM articles_balance b
    FULL JOIN (SELECT warehouse_id, article_id, sum(quantity) AS explained
               FROM ({rows}) AS each (warehouse_id, article_id, quantity) GROUP BY 1, 2) e
      ON e.warehouse_id = b.warehouse_id AND e.article_id = b.article_id
    WHERE coalesce(b.{column}, 0) <> coalesce(e.explained, 0)
"""
_BLOCKED = """
    SELECT warehouse_id, article_id, 1 FROM individuals_individual i
    WHERE warehouse_id IS NOT NULL AND EXISTS (
        SELECT FROM individuals_block WHERE individual_id = i.id AND until IS NULL)
"""

_explained: dict[tuple[str, str], list[str]] = defaultdict(list)
_agreements: dict[str, str] = {}


def explain(column: str, words: str, sql: str) -> None:
    """``sql`` gives (warehouse, article, quantity) of what is ``column`` (``reserved``,
    ``unavailable``) in the balances, ``words`` for the report. What several apps explain in the
    same words is added up."""
    if sql not in _explained[column, words]:
        _explained[column, words].append(sql)


def must_agree(what: str, sql: str) -> None:
    """``sql`` gives a row, (record, is, should be), for each record that doesn't agree."""
    _agreements[what] = sql


explain("unavailable", "blocked or held back", _BLOCKED)


def differences() -> list[str]:
    """A line for each balance that its movements, its pieces or what holds it don't bear out, and
    for each record that disagrees with another."""
    checks = [(_LEDGER, "balance {}, movements {}"), (_SHELF, "balance {}, pieces on the shelf {}")]
    for (column, words), sources in _explained.items():
        sql = _EXPLAINED.format(column=column, rows=" UNION ALL ".join(sources))
        checks.append((sql, f"{column} {{}}, {words} {{}}"))
    found = []
    with connection.cursor() as cursor:
        for sql, words in checks:
            cursor.execute(sql)
            found += [
                f"warehouse {warehouse}, article {article}: " + words.format(one, other)
                for warehouse, article, one, other in cursor.fetchall()
            ]
        for what, sql in _agreements.items():
            cursor.execute(sql)
            found += [
                f"{what} {record}: {one}, should be {other}"
                for record, one, other in cursor.fetchall()
            ]
    return found
