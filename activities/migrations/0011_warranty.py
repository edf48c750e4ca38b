from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("activities", "0010_change_history"),
        ("individuals", "0013_change_history"),
    ]
    operations = [
        migrations.CreateModel(
            name="PieceUnderWarranty",
            fields=[],
            options={
                "verbose_name": "individ vars garanti går ut",
                "verbose_name_plural": "individer vars garanti går ut",
                "proxy": True,
                "indexes": [],
                "constraints": [],
            },
            bases=("individuals.individual",),
        ),
    ]
