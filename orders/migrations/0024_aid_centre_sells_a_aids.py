"""The aid centre sells every A aid, also one that left a municipality's own store: lines that named
the store's owner name the owner of the unit's KHS warehouse.

Some lines at a time, each time for itself: nobody waits for all of them, and what was cut off goes
on where it was.
"""

from django.db import migrations

AT_ONCE = 20_000  # lines
FORWARD = """
UPDATE orders_orderline l SET seller_id = khs.owner_id
FROM articles_article a, organisation_warehouse w, orders_order o,
    organisation_unit u, organisation_warehouse khs
WHERE a.id = l.article_id AND a.responsibility = 'A' AND w.id = l.warehouse_id AND w.kind = 'buffer'
    AND o.id = l.order_id AND u.id = o.unit_id AND khs.id = u.delivering_warehouse_id
    AND l.seller_id IS DISTINCT FROM khs.owner_id AND l.id >= %s AND l.id < %s
"""
BACKWARD = """
UPDATE orders_orderline l SET seller_id = w.owner_id
FROM organisation_warehouse w WHERE w.id = l.warehouse_id AND w.kind = 'buffer'
    AND l.seller_id IS DISTINCT FROM w.owner_id AND l.id >= %s AND l.id < %s
"""


def in_parts(statement):
    def run(apps, schema_editor):
        with schema_editor.connection.cursor() as cursor:
            cursor.execute("SELECT min(id), max(id) FROM orders_orderline")
            first, last = cursor.fetchone()
            for start in range(first or 0, (last or -1) + 1, AT_ONCE):
                cursor.execute(statement, [start, start + AT_ONCE])

    return run


class Migration(migrations.Migration):
    atomic = False
    dependencies = [
        ("orders", "0023_my_page"),
        ("articles", "0020_picture"),
        ("organisation", "0010_user_address"),
    ]
    operations = [migrations.RunPython(in_parts(FORWARD), in_parts(BACKWARD))]
