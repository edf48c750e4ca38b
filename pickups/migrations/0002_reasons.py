from django.db import migrations

REASONS = [
    {
        "name": "Hämtning av A-hjälpmedel KHS",
        "explanation": "Hjälpmedel som står i ett buffertförråd hämtas av KHS.",
        "done_by": "khs",
        "address": "store",
        "document_name": "Hämtorder KHS",
    },
    {
        "name": "Hämtning av säng/sängtillbehör KHS",
        "explanation": "Säng och sängtillbehör hämtas hemma hos mottagaren av KHS.",
        "done_by": "khs",
        "address": "recipient",
        "document_name": "Hämtorder KHS",
        "iso_codes": "1812",
    },
    {
        "name": "Hämtning av taklyft Guldmann",
        "explanation": "Leverantören hämtar. Hämtordern mejlas utan personuppgifter, och"
        " personuppgifterna lämnas per telefon.",
        "done_by": "supplier",
        "address": "recipient",
        "document_name": "Hämtorder taklyft",
        "personal_data": False,
        "iso_codes": "123612 123615 123618",
        "supplier": "Guldmann Sverige AB",
        "supplier_email": "info@guldmann.se",
        "supplier_phone": "0322-552 90",
    },
]


def add(apps, schema_editor):
    PickupReason = apps.get_model("pickups", "PickupReason")
    for rank, facts in enumerate(REASONS, 1):
        PickupReason.objects.get_or_create(
            name=facts["name"], defaults={**facts, "rank": rank}
        )


class Migration(migrations.Migration):
    dependencies = [("pickups", "0001_initial")]
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
