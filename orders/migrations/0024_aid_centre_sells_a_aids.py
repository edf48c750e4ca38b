"""The aid centre sells every A aid, also one that left a municipality's own store: lines that named
the store's owner name the owner of the unit's KHS warehouse."""

from django.db import migrations

FORWARD = """
UPDATE orders_orderline l SET seller_id = khs.owner_id
FROM articles_article a, organisation_warehouse w, orders_order o,
    organisation_unit u, organisation_warehouse khs
WHERE a.id = l.article_id AND a.responsibility = 'A' AND w.id = l.warehouse_id AND w.kind = 'buffer'
    AND o.id = l.order_id AND u.id = o.unit_id AND khs.id = u.delivering_warehouse_id
    AND l.seller_id IS DISTINCT FROM khs.owner_id
"""
BACKWARD = """
UPDATE orders_orderline l SET seller_id = w.owner_id
FROM organisation_warehouse w WHERE w.id = l.warehouse_id AND w.kind = 'buffer'
    AND l.seller_id IS DISTINCT FROM w.owner_id
"""


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0023_my_page"),
        ("articles", "0020_picture"),
        ("organisation", "0010_user_address"),
    ]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
