from django.db import migrations, models

BACK = "Lämnad tillbaka till kön"


def take_why_out(apps, schema_editor):
    """Why it was handed back was a part of the event's text, which is shown to everybody."""
    events = apps.get_model("activities", "ActivityEvent").objects
    for event in events.filter(text__startswith=f"{BACK}."):
        event.note = event.text.removeprefix(f"{BACK}.").strip()
        event.text = BACK
        event.save(update_fields=["text", "note"])


class Migration(migrations.Migration):

    dependencies = [
        ("activities", "0006_mine"),
    ]

    operations = [
        migrations.AddField(
            model_name="activityevent",
            name="note",
            field=models.CharField(blank=True, max_length=300, verbose_name="varför"),
        ),
        migrations.RunPython(take_why_out, migrations.RunPython.noop),
    ]
