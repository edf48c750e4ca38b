"""The case number is a foreign key to the numbers that were given out; the text stays in its column.

The ledger's rows are never changed, but for this once: «no case» is NULL from now on. Only the
owner, who migrates, can lift the trigger.
"""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q

import sesam.models

FORWARD = """
INSERT INTO sesam_casenumber (number, kind, created_at)
SELECT case_number, 'elsewhere', min(at)
FROM articles_stockmovement WHERE case_number <> '' GROUP BY 1
ON CONFLICT (number) DO NOTHING;
DROP INDEX movement_case;
ALTER TABLE articles_stockmovement ALTER case_number DROP NOT NULL;
ALTER TABLE articles_stockmovement DISABLE TRIGGER USER;
UPDATE articles_stockmovement SET case_number = NULL WHERE case_number = '';
ALTER TABLE articles_stockmovement ENABLE TRIGGER USER;
CREATE INDEX movement_case ON articles_stockmovement (case_number) WHERE case_number IS NOT NULL;
ALTER TABLE articles_stockmovement ADD CONSTRAINT articles_stockmovement_case
    FOREIGN KEY (case_number) REFERENCES sesam_casenumber (number) DEFERRABLE INITIALLY DEFERRED;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("articles", "0013_read_in_order"),
        ("sesam", "0007_cases_elsewhere"),
    ]
    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(FORWARD)],
            state_operations=[
                migrations.RemoveIndex("stockmovement", "movement_case"),
                migrations.RemoveField("stockmovement", "case_number"),
                migrations.AddField(
                    "stockmovement",
                    "case",
                    sesam.models.CaseNumberKey(
                        verbose_name="ärende",
                        null=True,
                        blank=True,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="sesam.casenumber",
                    ),
                ),
                migrations.AddIndex(
                    "stockmovement",
                    models.Index(
                        fields=["case"], condition=Q(case__isnull=False), name="movement_case"
                    ),
                ),
            ],
        )
    ]
