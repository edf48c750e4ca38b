"""While others work: without their waiting."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("invoicing", "0013_charges_by_case")]

    operations = [
        AddIndexConcurrently(
            model_name="charge",
            index=models.Index(
                fields=["invoice", "unit", "id"], include=("amount",), name="charges_by_unit"
            ),
        ),
        AddIndexConcurrently(
            model_name="charge",
            index=models.Index(
                condition=models.Q(("kind", "rent")),
                fields=["invoice", "loan"],
                include=("id", "case", "unit_price", "amount"),
                name="rents_of_an_invoice",
            ),
        ),
    ]
