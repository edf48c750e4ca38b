"""What was delivered at the same moment becomes a delivery with its number."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q

GATHER = """
    INSERT INTO orders_delivery (order_id, number, at, by_id)
    SELECT line.order_id, row_number() OVER (PARTITION BY line.order_id ORDER BY part.at),
        part.at, min(part.by_id)
    FROM orders_linedelivery part JOIN orders_orderline line ON line.id = part.line_id
    GROUP BY line.order_id, part.at;
    UPDATE orders_linedelivery part SET delivery_id = delivery.id
    FROM orders_orderline line, orders_delivery delivery
    WHERE line.id = part.line_id
        AND delivery.order_id = line.order_id AND delivery.at = part.at;
    SET CONSTRAINTS ALL IMMEDIATE;
"""
SPREAD = """
    UPDATE orders_linedelivery part SET at = delivery.at, by_id = delivery.by_id
    FROM orders_delivery delivery WHERE delivery.id = part.delivery_id;
    SET CONSTRAINTS ALL IMMEDIATE;
"""
PROTECT = django.db.models.deletion.PROTECT


def delivered_by(**facts):
    return models.ForeignKey(
        on_delete=PROTECT, related_name="+", to=settings.AUTH_USER_MODEL, **facts
    )


def delivery_of(**facts):
    return models.ForeignKey(
        on_delete=PROTECT, related_name="lines", to="orders.delivery", **facts
    )


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0013_long_lists"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.CreateModel(
            name="Delivery",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveSmallIntegerField(verbose_name="nummer")),
                ("at", models.DateTimeField(verbose_name="tid")),
                ("by", delivered_by()),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=PROTECT, related_name="deliveries", to="orders.order"
                    ),
                ),
            ],
            options={
                "verbose_name": "utleverans",
                "verbose_name_plural": "utleveranser",
                "ordering": ["number"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=["order", "number"], name="a_delivery_number_once"
                    ),
                    models.CheckConstraint(
                        condition=Q(number__gte=1), name="deliveries_count_from_one"
                    ),
                ],
            },
        ),
        migrations.AddField("linedelivery", "delivery", delivery_of(null=True)),
        # Going back, these take the rows before they hold anything.
        migrations.AlterField(
            "linedelivery", "at", models.DateTimeField(verbose_name="tid", null=True)
        ),
        migrations.AlterField("linedelivery", "by", delivered_by(null=True)),
        migrations.RunSQL(GATHER, SPREAD),
        migrations.AlterField("linedelivery", "delivery", delivery_of()),
        migrations.AlterModelOptions(
            name="linedelivery",
            options={
                "ordering": ["id"],
                "verbose_name": "utlevererad rad",
                "verbose_name_plural": "utlevererade rader",
            },
        ),
        migrations.RemoveField("linedelivery", "at"),
        migrations.RemoveField("linedelivery", "by"),
        migrations.AddConstraint(
            "linedelivery",
            models.CheckConstraint(condition=Q(quantity__gte=1), name="delivery_of_something"),
        ),
        migrations.AddConstraint(
            "linedelivery",
            models.CheckConstraint(
                condition=Q(individual__isnull=True) | Q(quantity=1),
                name="a_delivered_piece_is_one",
            ),
        ),
        migrations.AddConstraint(
            "order",
            models.CheckConstraint(
                condition=Q(
                    status__in=["registered", "picking", "partly", "delivered", "cancelled"]
                ),
                name="order_status_is_known",
            ),
        ),
        migrations.AlterField(
            "orderevent",
            "order",
            models.ForeignKey(on_delete=PROTECT, related_name="events", to="orders.order"),
        ),
        migrations.AlterField(
            "orderhold",
            "order",
            models.ForeignKey(on_delete=PROTECT, related_name="holds", to="orders.order"),
        ),
        migrations.AlterField(
            "orderline",
            "component_of",
            models.ForeignKey(
                blank=True,
                null=True,
                on_delete=PROTECT,
                related_name="components",
                to="orders.orderline",
            ),
        ),
        migrations.RunSQL("SET CONSTRAINTS ALL DEFERRED", migrations.RunSQL.noop),
    ]
