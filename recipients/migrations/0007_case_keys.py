"""The case number is a foreign key to the numbers that were given out; the text stays in its column."""

import django.db.models.deletion
from django.db import migrations, models

import sesam.models

FORWARD = """
INSERT INTO sesam_casenumber (number, kind, created_at)
SELECT case_number, 'elsewhere', min(delivered_at) FROM recipients_loan GROUP BY 1
ON CONFLICT (number) DO NOTHING;
INSERT INTO sesam_casenumber (number, kind, created_at)
SELECT case_number, 'elsewhere', min(since) FROM recipients_carerelation
WHERE case_number <> '' GROUP BY 1
ON CONFLICT (number) DO NOTHING;
ALTER TABLE recipients_carerelation DROP CONSTRAINT one_relation_a_case;
ALTER TABLE recipients_carerelation ALTER case_number DROP NOT NULL;
UPDATE recipients_carerelation SET case_number = NULL WHERE case_number = '';
ALTER TABLE recipients_carerelation ADD CONSTRAINT one_relation_a_case
    UNIQUE NULLS NOT DISTINCT (recipient_id, unit_id, case_number);
ALTER TABLE recipients_carerelation ADD CONSTRAINT recipients_carerelation_case
    FOREIGN KEY (case_number) REFERENCES sesam_casenumber (number) DEFERRABLE INITIALLY DEFERRED;
DO $$
DECLARE old text;
BEGIN
    FOR old IN SELECT indexname FROM pg_indexes
        WHERE schemaname = current_schema() AND tablename = 'recipients_loan'
        AND indexname LIKE 'recipients_loan_case_number_%'
    LOOP EXECUTE format('DROP INDEX %I', old); END LOOP;
END $$;
CREATE INDEX loan_case ON recipients_loan (case_number);
ALTER TABLE recipients_loan ADD CONSTRAINT recipients_loan_case
    FOREIGN KEY (case_number) REFERENCES sesam_casenumber (number) DEFERRABLE INITIALLY DEFERRED;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("recipients", "0006_fewer_indexes"),
        ("sesam", "0007_cases_elsewhere"),
    ]
    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(FORWARD)],
            state_operations=[
                migrations.RemoveConstraint("carerelation", "one_relation_a_case"),
                migrations.RemoveField("carerelation", "case_number"),
                migrations.AddField(
                    "carerelation",
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
                migrations.AddConstraint(
                    "carerelation",
                    models.UniqueConstraint(
                        fields=["recipient", "unit", "case"],
                        nulls_distinct=False,
                        name="one_relation_a_case",
                    ),
                ),
                migrations.RemoveField("loan", "case_number"),
                migrations.AddField(
                    "loan",
                    "case",
                    sesam.models.CaseNumberKey(
                        verbose_name="ärende",
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="sesam.casenumber",
                    ),
                ),
                migrations.AddIndex("loan", models.Index(fields=["case"], name="loan_case")),
            ],
        )
    ]
