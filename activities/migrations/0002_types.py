from django.db import migrations

INSTRUCTIONS = [
    ("Teknikern kommer hem till mottagaren", "recipient"),
    ("Hjälpmedlet lämnas på tjänstestället", "unit"),
    ("Hjälpmedlet hämtas av KHS", "recipient"),
    ("Hjälpmedlet skickas till KHS", "unit"),
]
HOME, AT_UNIT, FETCHED, SENT = (name for name, _ in INSTRUCTIONS)

PRIORITIES = [
    {"name": "Normal", "days": 10},
    {"name": "Hög", "days": 5},
    {"name": "Akut", "days": 1, "is_urgent": True},
]

SUPPLIER = {
    "name": "Guldmann Sverige AB",
    "email": "info@guldmann.se",
    "phone": "0322-552 90",
    "iso_codes": "123612",
}

TYPES = [
    {
        "name": "Anpassning",
        "explanation": "Ett hjälpmedel som mottagaren har, eller som är beställt, ska anpassas.",
        "icon": "sliders-horizontal",
        "instruction": HOME,
    },
    {
        "name": "Avhjälpande underhåll/Reparation",
        "code": "repair",
        "explanation": "Ett hjälpmedel eller tillbehör är trasigt och ska lagas.",
        "icon": "wrench",
        "in_store": True,
        "instruction": HOME,
    },
    {
        "name": "Beställning av reservdel",
        "explanation": "Kommunen monterar reservdelen själv.",
        "advice": "Skriv vilken reservdel som ska beställas, och till vilken sida och storlek.",
        "icon": "settings",
        "done_by": "unit",
        "in_store": True,
        "instruction": AT_UNIT,
    },
    {
        "name": "Buffertreparation",
        "code": "store_repair",
        "explanation": "Egen personal på buffertförrådet lagar individen. Den är spärrad så länge.",
        "icon": "warehouse",
        "about": "piece",
        "in_store": True,
        "done_by": "store",
        "instruction": None,
    },
    {
        "name": "Flytt av säng",
        "explanation": "En säng flyttas inom KHS samverkansområde.",
        "advice": "Skriv vart sängen ska och vem som tar emot den.",
        "icon": "house",
        "instruction": HOME,
    },
    {
        "name": "Flytt av taklyft",
        "explanation": "En taklyft flyttas inom KHS samverkansområde. Leverantören gör det.",
        "icon": "arrow-up",
        "done_by": "supplier",
        "personal_data": False,
        "instruction": HOME,
        "supplier": True,
    },
    {
        "name": "Transport akut",
        "explanation": "En säng ska levereras akut.",
        "icon": "truck",
        "about": "maybe",
        "instruction": HOME,
    },
    {
        "name": "Hämtning elrullstol",
        "explanation": "KHS hämtar elrullstolen hemma hos mottagaren.",
        "icon": "undo-2",
        "instruction": FETCHED,
    },
    {
        "name": "Konsulentärende",
        "explanation": "Utprovning tillsammans med en hjälpmedelskonsulent.",
        "icon": "users",
        "about": "maybe",
        "instruction": HOME,
    },
    {
        "name": "Specialanpassningsärende",
        "explanation": "Hjälpmedlet byggs om för mottagaren. Tala med hjälpmedelskonsulenten först.",
        "advice": "Kontakta hjälpmedelskonsulent innan du skapar aktiviteten. Finns hjälpmedlet på"
        " listan, markera det; annars går du vidare utan.",
        "icon": "pencil",
        "about": "maybe",
        "attachment_name": "Anvisning vid specialanpassning",
        "instruction": SENT,
    },
    {
        "name": "Regionens sänghantering",
        "explanation": "Används bara av personal från Regionen.",
        "icon": "bookmark",
        "used_by": "region",
        "about": "maybe",
        "instruction": HOME,
    },
    {
        "name": "Förebyggande underhåll",
        "code": "maintenance",
        "explanation": "Görs enligt schema, av KHS.",
        "icon": "calendar",
        "used_by": "plan",
        "in_store": True,
        "about": "maybe",
        "instruction": HOME,
    },
]


def add(apps, schema_editor):
    def model(name):
        return apps.get_model("activities", name)

    instructions = {}
    for rank, (name, address) in enumerate(INSTRUCTIONS, 1):
        instructions[name], _ = model("AddressInstruction").objects.get_or_create(
            name=name, defaults={"address": address, "rank": rank}
        )
    for rank, facts in enumerate(PRIORITIES, 1):
        model("Priority").objects.get_or_create(
            name=facts["name"], defaults={**facts, "rank": rank}
        )
    supplier, _ = model("ServiceSupplier").objects.get_or_create(
        name=SUPPLIER["name"], defaults=SUPPLIER
    )
    for rank, facts in enumerate(TYPES, 1):
        values = facts | {
            "rank": rank,
            "instruction": instructions.get(facts["instruction"]),
            "supplier": supplier if facts.get("supplier") else None,
            "hour_price": 640,
        }
        model("ActivityType").objects.get_or_create(name=facts["name"], defaults=values)


class Migration(migrations.Migration):
    dependencies = [("activities", "0001_initial")]
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
