"""The tables that charges are reckoned from, until KHS decides on its own."""

from datetime import date
from decimal import Decimal

from django.db import migrations

FIRST = date(2020, 1, 1)
TABLES = {
    "return": [(0, 75), (7, 50), (13, 25), (25, 0)],
    "used": [(0, 100), (1, 80), (2, 60), (3, 40), (4, 20), (5, 10)],
}


def add(apps, schema_editor):
    apps.get_model("invoicing", "Terms").objects.create(
        valid_from=FIRST, vat=Decimal(25), vat_within=Decimal(0), minutes_step=15
    )
    for kind, steps in TABLES.items():
        table = apps.get_model("invoicing", "ShareTable").objects.create(
            kind=kind, valid_from=FIRST
        )
        for age, percent in steps:
            apps.get_model("invoicing", "ShareStep").objects.create(
                table=table, from_age=age, percent=percent
            )


class Migration(migrations.Migration):
    dependencies = [("invoicing", "0001_initial")]
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
