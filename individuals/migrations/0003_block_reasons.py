from django.db import migrations

REASONS = ["under reparation", "under rengöring", "utredning efter avvikelse", "återkallelse"]


def add(apps, schema_editor):
    BlockReason = apps.get_model("individuals", "BlockReason")
    for name in REASONS:
        BlockReason.objects.get_or_create(name=name)


class Migration(migrations.Migration):
    dependencies = [("individuals", "0002_initial")]
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
