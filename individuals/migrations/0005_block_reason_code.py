from django.db import migrations, models
from django.db.models import Q

NAMES = {
    "repair": "under reparation",
    "cleaning": "under rengöring",
    "inquiry": "utredning efter avvikelse",
    "recall": "återkallelse",
}


def give_codes(apps, schema_editor):
    """What code looks for; a reason that was renamed before this is made anew."""
    BlockReason = apps.get_model("individuals", "BlockReason")
    for code, name in NAMES.items():
        BlockReason.objects.update_or_create(name=name, defaults={"code": code})


class Migration(migrations.Migration):
    dependencies = [("individuals", "0004_search_and_history")]
    operations = [
        migrations.AddField(
            "blockreason",
            "code",
            models.CharField(
                "kod",
                max_length=10,
                blank=True,
                editable=False,
                choices=[
                    ("repair", "Under reparation"),
                    ("cleaning", "Under rengöring"),
                    ("inquiry", "Utredning efter avvikelse"),
                    ("recall", "Återkallelse"),
                ],
            ),
            preserve_default=True,
        ),
        migrations.RunPython(give_codes, migrations.RunPython.noop),
        migrations.AddConstraint(
            "blockreason",
            models.UniqueConstraint(
                fields=["code"], condition=~Q(code=""), name="one_block_reason_a_code"
            ),
        ),
    ]
