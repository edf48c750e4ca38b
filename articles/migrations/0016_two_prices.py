"""A price is two amounts with a common first day: to buy, and a month's rent. What was there is
what the billing form makes it."""

from django.db import migrations, models
from django.db.models import Q

SPLIT = """
UPDATE articles_price p SET rent = p.list_price, list_price = NULL
FROM articles_article a JOIN articles_billingform f ON f.id = a.billing_form_id
WHERE a.id = p.article_id AND f.rule = 'rent'
"""
JOIN = """
DELETE FROM articles_price p USING articles_article a JOIN articles_billingform f
    ON f.id = a.billing_form_id
WHERE a.id = p.article_id
    AND CASE WHEN f.rule = 'rent' THEN p.rent ELSE p.list_price END IS NULL;
UPDATE articles_price p SET list_price = p.rent
FROM articles_article a JOIN articles_billingform f ON f.id = a.billing_form_id
WHERE a.id = p.article_id AND f.rule = 'rent'
"""


def money(label: str) -> models.DecimalField:
    return models.DecimalField(label, max_digits=10, decimal_places=2, null=True, blank=True)


class Migration(migrations.Migration):
    dependencies = [("articles", "0015_imports_by_jobs")]
    operations = [
        migrations.RemoveConstraint("price", "price_not_negative"),
        migrations.RemoveIndex("price", "price_by_amount"),
        migrations.RenameField("price", "amount", "list_price"),
        migrations.AlterField("price", "list_price", money("listpris exkl. moms")),
        migrations.AddField("price", "rent", money("hyra per månad exkl. moms")),
        migrations.RunSQL(SPLIT, JOIN),
        migrations.AddIndex(
            "price",
            models.Index(
                fields=["list_price", "article"],
                condition=Q(list_price__isnull=False),
                name="price_by_list_price",
            ),
        ),
        migrations.AddIndex(
            "price",
            models.Index(
                fields=["rent", "article"], condition=Q(rent__isnull=False), name="price_by_rent"
            ),
        ),
        migrations.AddConstraint(
            "price",
            models.CheckConstraint(condition=Q(list_price__gte=0), name="price_not_negative"),
        ),
        migrations.AddConstraint(
            "price", models.CheckConstraint(condition=Q(rent__gte=0), name="rent_not_negative")
        ),
        migrations.AddConstraint(
            "price",
            models.CheckConstraint(
                condition=Q(list_price__isnull=False) | Q(rent__isnull=False),
                name="price_of_something",
                violation_error_message="Fyll i listpriset, hyran eller båda.",
            ),
        ),
    ]
