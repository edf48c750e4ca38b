"""The case number is a foreign key to the numbers that were given out; the text stays in its column."""

import django.db.models.deletion
from django.db import migrations, models

import sesam.models

# What an order waits for is an activity; what the orders themselves say of numbers is right.
FORWARD = """
INSERT INTO sesam_casenumber (number, kind, created_at)
SELECT case_number, 'order', sent_at FROM orders_order
ON CONFLICT (number) DO UPDATE SET kind = 'order';
INSERT INTO sesam_casenumber (number, kind, created_at)
SELECT case_number, 'activity', min(since) FROM orders_orderhold GROUP BY 1
ON CONFLICT (number) DO UPDATE SET kind = 'activity'
    WHERE sesam_casenumber.kind = 'elsewhere';
ALTER TABLE orders_orderhold ADD CONSTRAINT orders_orderhold_case
    FOREIGN KEY (case_number) REFERENCES sesam_casenumber (number) DEFERRABLE INITIALLY DEFERRED;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0018_removed_files"),
        ("sesam", "0007_cases_elsewhere"),
        # A number that nobody gave out is taken to be from elsewhere, until it is known here.
        ("articles", "0014_case_keys"),
        ("individuals", "0010_case_keys"),
        ("recipients", "0007_case_keys"),
    ]
    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(FORWARD)],
            state_operations=[
                migrations.RemoveConstraint("orderhold", "one_hold_a_case"),
                migrations.RemoveField("orderhold", "case_number"),
                migrations.AddField(
                    "orderhold",
                    "case",
                    sesam.models.CaseNumberKey(
                        verbose_name="ärende",
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="sesam.casenumber",
                    ),
                ),
                migrations.AddConstraint(
                    "orderhold",
                    models.UniqueConstraint(fields=["order", "case"], name="one_hold_a_case"),
                ),
            ],
        )
    ]
