import django.db.models.deletion
from django.db import migrations, models


def kept(related_name):
    return models.ForeignKey(
        on_delete=django.db.models.deletion.PROTECT,
        related_name=related_name,
        to="individuals.individual",
    )


class Migration(migrations.Migration):
    dependencies = [("individuals", "0006_long_lists")]
    operations = [
        migrations.AlterField("block", "individual", kept("blocks")),
        migrations.AlterField("component", "individual", kept("components")),
        migrations.AlterField("formernumber", "individual", kept("former_numbers")),
    ]
