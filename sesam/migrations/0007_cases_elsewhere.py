from django.db import migrations, models

KINDS = [
    ("order", "Beställning"),
    ("activity", "Aktivitet"),
    ("pickup", "Hämtorder"),
    ("deviation", "Avvikelse/reklamation"),
    ("elsewhere", "Ärende i ett annat system"),
]


class Migration(migrations.Migration):
    dependencies = [("sesam", "0006_fewer_indexes")]
    operations = [
        migrations.AlterField(
            "casenumber",
            "kind",
            models.CharField(choices=KINDS, max_length=12, verbose_name="slag"),
        ),
        migrations.RemoveConstraint("casenumber", "case_kind_is_known"),
        migrations.AddConstraint(
            "casenumber",
            models.CheckConstraint(
                condition=models.Q(kind__in=[kind for kind, _ in KINDS]),
                name="case_kind_is_known",
            ),
        ),
    ]
