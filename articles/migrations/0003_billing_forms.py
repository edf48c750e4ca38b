from django.db import migrations

FORMS = [
    ("Hyra", "rent"),
    ("Försäljning", "sale"),
    ("Försäljning med retur", "sale_return"),
    ("Ingen debitering", "none"),
]


def add(apps, schema_editor):
    BillingForm = apps.get_model("articles", "BillingForm")
    for name, rule in FORMS:
        BillingForm.objects.get_or_create(name=name, defaults={"rule": rule})


class Migration(migrations.Migration):
    dependencies = [("articles", "0002_initial")]
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
