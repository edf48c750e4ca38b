from django.db import migrations

# As in organisation.permissions; written out, since a migration must not change with the code.
ROLES = ["forskrivare", "buffertansvarig", "controller", "khs", "loggranskare"]


def add(apps, schema_editor):
    group = apps.get_model("auth", "Group")
    for name in ROLES:
        group.objects.get_or_create(name=name)


class Migration(migrations.Migration):
    dependencies = [
        ("organisation", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
    ]
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
