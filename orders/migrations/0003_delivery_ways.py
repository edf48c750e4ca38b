from django.db import migrations

WAYS = [
    ("Till mottagarens adress", "recipient"),
    ("Till tjänstestället", "unit"),
    ("Till eget förråd", "store"),
    ("Hämtas på KHS", "none"),
]


def add(apps, schema_editor):
    DeliveryWay = apps.get_model("orders", "DeliveryWay")
    for rank, (name, address) in enumerate(WAYS, 1):
        DeliveryWay.objects.get_or_create(name=name, defaults={"address": address, "rank": rank})


class Migration(migrations.Migration):
    dependencies = [("orders", "0002_initial")]
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
