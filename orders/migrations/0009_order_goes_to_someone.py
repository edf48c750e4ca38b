from django.db import migrations, models
from django.db.models import Q

GOES_TO_SOMEONE = Q(
    kind="customer", recipient__isnull=False, destination__isnull=True
) | Q(kind="replenishment", recipient__isnull=True, destination__isnull=False)


def mend(apps, schema_editor):
    """What an order has says its kind. The services never made any other; where there is one all
    the same it can't be guessed, so its number is told."""
    orders = apps.get_model("orders", "Order").objects.all()
    orders.filter(recipient__isnull=False, destination__isnull=True).exclude(
        kind="customer"
    ).update(kind="customer")
    orders.filter(recipient__isnull=True, destination__isnull=False).exclude(
        kind="replenishment"
    ).update(kind="replenishment")
    wrong = orders.exclude(GOES_TO_SOMEONE).values_list("case_number", flat=True)
    if numbers := ", ".join(wrong[:20]):
        raise RuntimeError(f"Orders with neither or both of recipient and store: {numbers}")


class Migration(migrations.Migration):
    dependencies = [("orders", "0008_promised_days")]
    operations = [
        migrations.RunPython(mend, migrations.RunPython.noop),
        migrations.RunSQL("SET CONSTRAINTS ALL IMMEDIATE", migrations.RunSQL.noop),
        migrations.AddConstraint(
            "order", models.CheckConstraint(condition=GOES_TO_SOMEONE, name="order_goes_to_someone")
        ),
    ]
