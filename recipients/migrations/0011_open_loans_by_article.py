from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    """Loans are read and written while the index is made."""

    atomic = False

    dependencies = [("recipients", "0010_payer_moves")]

    operations = [
        AddIndexConcurrently(
            model_name="loan",
            index=models.Index(
                fields=["article"], condition=Q(ended_at__isnull=True), name="loan_open_article"
            ),
        ),
    ]
