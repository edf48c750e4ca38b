from django.db import migrations


class Migration(migrations.Migration):
    """When a piece is looked after stands in its schedules (activities)."""

    dependencies = [("individuals", "0011_overdue"), ("activities", "0009_maintenance")]
    operations = [
        migrations.RemoveField(model_name="individual", name="last_maintenance"),
        migrations.RemoveField(model_name="individual", name="maintenance_interval"),
        migrations.RemoveField(model_name="individual", name="next_maintenance"),
    ]
