from django.db import migrations

# Handbook: «Beställa komplett taklyftssystem» goes by an offer, «taklyftsmotor till befintlig
# skena» without one.
COURSES = [("39302", "with_offer"), ("39303", "without_offer")]


def mark(apps, schema_editor):
    Article = apps.get_model("articles", "Article")
    for number, course in COURSES:
        Article.objects.filter(number=number, type="service", is_stocked=False).update(
            project=course
        )


class Migration(migrations.Migration):
    dependencies = [("articles", "0007_project")]
    operations = [migrations.RunPython(mark, migrations.RunPython.noop)]
