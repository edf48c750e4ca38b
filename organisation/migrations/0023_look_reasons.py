"""The reasons of «Varför?» are records, which the log's rows refer to.

The log's rows are never changed, but for this once: what stood there as a code is a key from now on.
Only the owner, who migrates, can lift the trigger.
"""

import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models

REASONS = {
    "new_case": {
        "name": "Nytt ärende",
        "text": "Du ska registrera något för personen",
        "icon": "file-text",
    },
    "substitute": {
        "name": "Vikarierar",
        "text": "Du arbetar åt ett annat tjänsteställe",
        "icon": "user",
    },
    "colleague": {
        "name": "En kollega bad om det",
        "text": "Skriv gärna vem",
        "icon": "users",
    },
    "emergency": {
        "name": "Akut",
        "text": "Det kan inte vänta på den som har ärendet",
        "icon": "triangle-alert",
        "is_emergency": True,
    },
    "other": {
        "name": "Annat",
        "text": "Skriv vad det gäller",
        "icon": "pencil",
        "needs_text": True,
    },
}
LOG = "organisation_accesslogentry"
LIFTED = f"ALTER TABLE {LOG} DISABLE TRIGGER USER"
BACK = f"ALTER TABLE {LOG} ENABLE TRIGGER USER"


def add(apps, schema_editor):
    """The first ones, and each row that was answered by one."""
    LookReason = apps.get_model("organisation", "LookReason")
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(LIFTED)
        for rank, (code, facts) in enumerate(REASONS.items(), 1):
            reason = LookReason.objects.create(rank=rank, **facts)
            cursor.execute(
                f"UPDATE {LOG} SET reason_id = %s"  # noqa: S608  its own words
                " WHERE old_reason = %s AND old_reason <> ''",
                [reason.pk, code],
            )
        cursor.execute(BACK)


class Migration(migrations.Migration):
    dependencies = [("organisation", "0022_rare_in_a_long_log")]
    operations = [
        migrations.CreateModel(
            name="LookReason",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=60, unique=True, verbose_name="namn")),
                ("text", models.CharField(blank=True, help_text="Står under namnet i frågan.", max_length=120, verbose_name="förklaring")),
                ("icon", models.CharField(blank=True, choices=[("file-text", "Papper"), ("user", "Person"), ("users", "Flera personer"), ("triangle-alert", "Varningstriangel"), ("pencil", "Penna"), ("phone", "Telefon"), ("clock", "Klocka")], max_length=20, verbose_name="ikon")),
                ("needs_text", models.BooleanField(default=False, help_text="Den som väljer skälet måste också skriva vad det gäller.", verbose_name="kräver text")),
                ("is_emergency", models.BooleanField(default=False, help_text="Hittas av «Nödöppningar» i åtkomstloggen.", verbose_name="akut")),
                ("rank", models.PositiveSmallIntegerField(default=0, verbose_name="ordning")),
                ("is_active", models.BooleanField(default=True, verbose_name="aktiv")),
            ],
            options={
                "verbose_name": "skäl till åtkomst",
                "verbose_name_plural": "skäl till åtkomst",
                "ordering": ["rank", "id"],
            },
        ),
        migrations.AddConstraint(
            "lookreason",
            models.CheckConstraint(condition=~models.Q(name=""), name="look_reason_has_a_name"),
        ),
        migrations.AddConstraint(
            "lookreason",
            models.CheckConstraint(
                condition=models.Q(icon__in=["", "file-text", "user", "users", "triangle-alert", "pencil", "phone", "clock"]),
                name="look_reason_icon_is_known",
            ),
        ),
        migrations.RemoveConstraint("accesslogentry", "reason_is_known"),
        migrations.RemoveConstraint("accesslogentry", "reason_is_somebodys_about_somebody"),
        migrations.RemoveConstraint("accesslogentry", "other_reason_is_told"),
        # By the old one the rows are found; its name is the new one's, and it goes with its column.
        migrations.RenameIndex("accesslogentry", old_name="log_of_reasons", new_name="log_of_old_reasons"),
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(f"ALTER TABLE {LOG} RENAME reason TO old_reason"),
            ],
            state_operations=[
                migrations.RemoveIndex("accesslogentry", "log_of_old_reasons"),
                migrations.RemoveField("accesslogentry", "reason"),
            ],
        ),
        migrations.AddField(
            "accesslogentry",
            "reason",
            models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, to="organisation.lookreason", verbose_name="skäl"),
        ),
        migrations.RunPython(add),
        migrations.RunSQL(f"ALTER TABLE {LOG} DROP old_reason"),
        migrations.AddIndex(
            "accesslogentry",
            models.Index(condition=models.Q(reason__isnull=False), fields=["reason", "at"], name="log_of_reasons"),
        ),
        migrations.AddConstraint(
            "accesslogentry",
            models.CheckConstraint(
                condition=models.Q(action="reason", reason__isnull=False, recipient_key__isnull=False, user__isnull=False)
                | ~models.Q(action="reason") & models.Q(reason=None),
                name="reason_is_somebodys_about_somebody",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='accesslogentry',
            trigger=pgtrigger.compiler.Trigger(name='reason_is_told', sql=pgtrigger.compiler.UpsertTriggerSql(condition="WHEN (NEW.reason_id IS NOT NULL AND NEW.detail = '')", func="IF EXISTS (SELECT FROM organisation_lookreason WHERE id = NEW.reason_id AND needs_text) THEN RAISE EXCEPTION 'the reason wants words' USING ERRCODE = 'check_violation', CONSTRAINT = 'reason_is_told'; END IF; RETURN NEW;", hash='8e2dcda7cbc6d49645e78cdcd95a3d6b26d8367c', operation='INSERT', pgid='pgtrigger_reason_is_told_37dd8', table='organisation_accesslogentry', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='lookreason',
            trigger=pgtrigger.compiler.Trigger(name='what_was_answered_stays', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.name <> NEW.name OR OLD.is_emergency <> NEW.is_emergency)', func="IF EXISTS (SELECT FROM organisation_accesslogentry WHERE reason_id = OLD.id) THEN RAISE EXCEPTION 'a reason that stands in the access log keeps its words' USING ERRCODE = 'check_violation'; END IF; RETURN NEW;", hash='e7ba37d8881eb38bccc828a02d33829a2cf4b749', operation='UPDATE OF "name", "is_emergency"', pgid='pgtrigger_what_was_answered_stays_3f0b9', table='organisation_lookreason', when='BEFORE')),
        ),
    ]
