"""A line copies both of its article's prices. What was copied is what the line's billing form makes
it."""

from django.db import migrations, models

SPLIT = """
UPDATE orders_orderline l SET rent = l.list_price, list_price = NULL
FROM articles_billingform f WHERE f.id = l.billing_form_id AND f.rule = 'rent'
    AND l.list_price IS NOT NULL
"""
JOIN = """
UPDATE orders_orderline l SET list_price = l.rent
FROM articles_billingform f WHERE f.id = l.billing_form_id AND f.rule = 'rent'
"""


def money(label: str) -> models.DecimalField:
    return models.DecimalField(label, max_digits=10, decimal_places=2, null=True)


class Migration(migrations.Migration):
    dependencies = [("orders", "0019_case_keys"), ("articles", "0016_two_prices")]
    operations = [
        migrations.RenameField("orderline", "price", "list_price"),
        migrations.AlterField("orderline", "list_price", money("listpris")),
        migrations.AddField("orderline", "rent", money("hyra per månad")),
        migrations.RunSQL(SPLIT, JOIN),
    ]
