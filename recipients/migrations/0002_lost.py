from django.db import migrations, models
from django.db.models import F, Q


def count(apps, schema_editor):
    """Until now what was lost whole ended its loan without being counted anywhere."""
    Loan = apps.get_model("recipients", "Loan")
    Loan.objects.filter(ended_at__isnull=False).update(lost=F("quantity") - F("returned"))


class Migration(migrations.Migration):
    dependencies = [("recipients", "0001_initial")]

    operations = [
        migrations.RemoveConstraint(model_name="loan", name="returned_within_quantity"),
        migrations.AddField(
            model_name="loan",
            name="lost",
            field=models.PositiveIntegerField(default=0, verbose_name="saknas"),
        ),
        migrations.RunPython(count, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name="loan",
            constraint=models.CheckConstraint(
                condition=Q(quantity__gte=F("returned") + F("lost")),
                name="returned_within_quantity",
            ),
        ),
    ]
