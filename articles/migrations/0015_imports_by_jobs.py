"""A catalogue sheet is read and imported by jobs, which tell its page how far they have come."""

import datetime as dt

from django.db import migrations, models

#: Sheets of the last day were read by their pages: one reads them anew («Försök igen»).
LONG_AGO = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


class Migration(migrations.Migration):
    dependencies = [("articles", "0014_case_keys")]
    operations = [
        migrations.AddField(
            "catalogueimport",
            "progress",
            models.PositiveSmallIntegerField("procent", default=0),
        ),
        migrations.AddField(
            "catalogueimport", "error", models.CharField("fel", max_length=200, blank=True)
        ),
        migrations.AddField(
            "catalogueimport",
            "touched_at",
            models.DateTimeField("senast ändrad", auto_now_add=True, default=LONG_AGO),
            preserve_default=False,
        ),
        migrations.AddField(
            "catalogueimport", "done_at", models.DateTimeField("klar", null=True, blank=True)
        ),
        migrations.AddField(
            "catalogueimport",
            "report",
            models.JSONField("provläsning", null=True, editable=False),
        ),
        migrations.AddField(
            "catalogueimport",
            "confirmed_at",
            models.DateTimeField("bekräftad", null=True, blank=True),
        ),
        migrations.AddConstraint(
            "catalogueimport",
            models.CheckConstraint(
                condition=models.Q(progress__lte=100), name="import_progress_in_percent"
            ),
        ),
    ]
