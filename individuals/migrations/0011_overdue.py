from django.db import migrations, models

NAME = "underhåll har gått ut"


def add(apps, schema_editor):
    apps.get_model("individuals", "BlockReason").objects.update_or_create(
        name=NAME, defaults={"code": "overdue"}
    )


class Migration(migrations.Migration):
    dependencies = [("individuals", "0010_case_keys")]
    operations = [
        migrations.AlterField(
            model_name="blockreason",
            name="code",
            field=models.CharField(
                blank=True,
                choices=[
                    ("repair", "Under reparation"),
                    ("cleaning", "Under rengöring"),
                    ("inquiry", "Utredning efter avvikelse"),
                    ("recall", "Återkallelse"),
                    ("overdue", "Underhåll har gått ut"),
                ],
                editable=False,
                max_length=10,
                verbose_name="kod",
            ),
        ),
        migrations.RunPython(add, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name="individual",
            index=models.Index(
                condition=models.Q(("warranty_until__isnull", False)),
                fields=["warranty_until", "id"],
                name="individual_warranty",
            ),
        ),
    ]
