"""Each is offered those reasons that may be theirs: a log reviewer opens no cases."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models

import sesam.history

CARES = ("Nytt ärende", "Vikarierar", "Akut")
REVIEWERS = {
    "text": "Ett stickprov, eller någon har frågat vem som har tittat",
    "icon": "file-text",
    "whose": "log",
}


def offer(apps, schema_editor):
    """As they are called if nobody has renamed them."""
    reasons = apps.get_model("organisation", "LookReason").objects
    reasons.filter(name__in=CARES).update(whose="care")
    reasons.get_or_create(name="Kontroll av loggen", defaults=REVIEWERS)


class Migration(migrations.Migration):

    dependencies = [
        ('organisation', '0025_recall_messages'),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name='lookreason',
            name='history_insert',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='lookreason',
            name='history_update',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='lookreason',
            name='history_delete',
        ),
        migrations.AddField(
            model_name='lookreason',
            name='whose',
            field=models.CharField(blank=True, choices=[('', 'Alla'), ('care', 'Vården och KHS'), ('log', 'Loggranskare')], help_text='Vem som kan välja skälet.', max_length=4, verbose_name='för vem'),
        ),
        migrations.AddField(
            model_name='lookreasonchange',
            name='whose',
            field=models.CharField(blank=True, choices=[('', 'Alla'), ('care', 'Vården och KHS'), ('log', 'Loggranskare')], help_text='Vem som kan välja skälet.', max_length=4, verbose_name='för vem'),
        ),
        # Before the history is kept again: nobody has changed anything.
        migrations.RunPython(offer, migrations.RunPython.noop),
        pgtrigger.migrations.AddTrigger(
            model_name='lookreason',
            trigger=pgtrigger.compiler.Trigger(name='history_insert', sql=sesam.history.AsOwnerSql(func='INSERT INTO "organisation_lookreasonchange" ("icon", "is_active", "is_emergency", "name", "needs_text", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "rank", "text", "whose") VALUES (NEW."icon", NEW."is_active", NEW."is_emergency", NEW."name", NEW."needs_text", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'insert\', NEW."id", NEW."rank", NEW."text", NEW."whose"); RETURN NULL;', hash='ec3e7a751507828180dfd3461ed034f3c39285f3', operation='INSERT', pgid='pgtrigger_history_insert_643f7', table='organisation_lookreason', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='lookreason',
            trigger=pgtrigger.compiler.Trigger(name='history_update', sql=sesam.history.AsOwnerSql(condition='WHEN (OLD."icon" IS DISTINCT FROM (NEW."icon") OR OLD."is_active" IS DISTINCT FROM (NEW."is_active") OR OLD."is_emergency" IS DISTINCT FROM (NEW."is_emergency") OR OLD."name" IS DISTINCT FROM (NEW."name") OR OLD."needs_text" IS DISTINCT FROM (NEW."needs_text") OR OLD."rank" IS DISTINCT FROM (NEW."rank") OR OLD."text" IS DISTINCT FROM (NEW."text") OR OLD."whose" IS DISTINCT FROM (NEW."whose"))', func='INSERT INTO "organisation_lookreasonchange" ("icon", "is_active", "is_emergency", "name", "needs_text", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "rank", "text", "whose") VALUES (OLD."icon", OLD."is_active", OLD."is_emergency", OLD."name", OLD."needs_text", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'update\', OLD."id", OLD."rank", OLD."text", OLD."whose"); RETURN NULL;', hash='510f06138fedf9f94734a1ed08fef397acab286d', operation='UPDATE', pgid='pgtrigger_history_update_0f22c', table='organisation_lookreason', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='lookreason',
            trigger=pgtrigger.compiler.Trigger(name='history_delete', sql=sesam.history.AsOwnerSql(func='INSERT INTO "organisation_lookreasonchange" ("icon", "is_active", "is_emergency", "name", "needs_text", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "rank", "text", "whose") VALUES (OLD."icon", OLD."is_active", OLD."is_emergency", OLD."name", OLD."needs_text", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'delete\', OLD."id", OLD."rank", OLD."text", OLD."whose"); RETURN NULL;', hash='f967715890394642a264cdf23f1cc9e3e83f2920', operation='DELETE', pgid='pgtrigger_history_delete_063f5', table='organisation_lookreason', when='AFTER')),
        ),
        migrations.AddConstraint(
            model_name='lookreason',
            constraint=models.CheckConstraint(condition=models.Q(('whose__in', ['', 'care', 'log'])), name='look_reason_is_somebodys'),
        ),
    ]
