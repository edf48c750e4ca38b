"""The case number is a foreign key to the numbers that were given out; the text stays in its column."""

import django.db.models.deletion
from django.db import migrations

import sesam.models

FORWARD = """
INSERT INTO sesam_casenumber (number, kind, created_at)
SELECT case_number, 'elsewhere', min(since) FROM individuals_block WHERE case_number <> '' GROUP BY 1
ON CONFLICT (number) DO NOTHING;
INSERT INTO sesam_casenumber (number, kind, created_at)
SELECT case_number, 'elsewhere', min(fitted_at) FROM individuals_component
WHERE case_number <> '' GROUP BY 1
ON CONFLICT (number) DO NOTHING;
ALTER TABLE individuals_block ALTER case_number DROP NOT NULL;
ALTER TABLE individuals_component ALTER case_number DROP NOT NULL;
UPDATE individuals_block SET case_number = NULL WHERE case_number = '';
UPDATE individuals_component SET case_number = NULL WHERE case_number = '';
ALTER TABLE individuals_block ADD CONSTRAINT individuals_block_case
    FOREIGN KEY (case_number) REFERENCES sesam_casenumber (number) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE individuals_component ADD CONSTRAINT individuals_component_case
    FOREIGN KEY (case_number) REFERENCES sesam_casenumber (number) DEFERRABLE INITIALLY DEFERRED;
"""


def key():
    return sesam.models.CaseNumberKey(
        verbose_name="ärende",
        null=True,
        blank=True,
        db_index=False,
        on_delete=django.db.models.deletion.PROTECT,
        related_name="+",
        to="sesam.casenumber",
    )


class Migration(migrations.Migration):
    dependencies = [
        ("individuals", "0009_fewer_indexes"),
        ("sesam", "0007_cases_elsewhere"),
    ]
    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(FORWARD)],
            state_operations=[
                migrations.RemoveField("block", "case_number"),
                migrations.AddField("block", "case", key()),
                migrations.RemoveField("component", "case_number"),
                migrations.AddField("component", "case", key()),
            ],
        )
    ]
