"""Whether the stock's books agree with each other."""

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


def differences() -> list[str]:
    """A line for each balance that its movements or its pieces don't bear out."""
    found = []
    with connection.cursor() as cursor:
        for sql, what in ((_LEDGER, "movements"), (_SHELF, "pieces on the shelf")):
            cursor.execute(sql)
            found += [
                f"warehouse {w}, article {a}: balance {on_hand}, {what} {other}"
                for w, a, on_hand, other in cursor.fetchall()
            ]
    return found
