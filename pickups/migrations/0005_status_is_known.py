import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("pickups", "0004_long_lists")]
    operations = [
        migrations.AlterField(
            "pickupevent",
            "pickup",
            models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="events",
                to="pickups.pickuporder",
            ),
        ),
        migrations.AddConstraint(
            "pickuporder",
            models.CheckConstraint(
                condition=Q(
                    status__in=["registered", "planned", "partly", "received", "cancelled"]
                ),
                name="pickup_status_is_known",
            ),
        ),
    ]
