from django.db import migrations

EVENTS = (
    "Fall", "Klämning eller skärning", "Tryckskada", "Hjälpmedlet gick sönder vid användning",
    "El, batteri eller laddning", "Broms eller lås", "Fel eller olämpligt hjälpmedel",
    "Felaktig montering eller inställning", "Bristande instruktion", "Felaktig användning",
    "Utebliven eller sen leverans", "Annat",
)  # fmt: skip
COMPLAINTS = (
    "Fel på produkt vid leverans", "Fel under användning", "Transportskada",
    "Fel artikel levererad", "Fel antal eller delar saknas", "Leveransförsening",
    "Brist i utförd tjänst", "Brist i rengöring", "Felaktig faktura", "Annat",
)  # fmt: skip


def add(apps, schema_editor):
    Category = apps.get_model("deviations", "DeviationCategory")
    for of_complaints, names in ((False, EVENTS), (True, COMPLAINTS)):
        for rank, name in enumerate(names, 1):
            Category.objects.get_or_create(
                name=name, of_complaints=of_complaints, defaults={"rank": rank}
            )


class Migration(migrations.Migration):
    dependencies = [("deviations", "0001_initial")]
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
