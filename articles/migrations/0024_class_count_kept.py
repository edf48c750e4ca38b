import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('articles', '0023_class_count'),
    ]

    operations = [
        pgtrigger.migrations.AddTrigger(
            model_name='article',
            trigger=pgtrigger.compiler.Trigger(name='class_count', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n                    IF TG_OP = 'UPDATE' AND (OLD.iso_class_id, OLD.is_discontinued)\n                            IS NOT DISTINCT FROM (NEW.iso_class_id, NEW.is_discontinued) THEN\n                        RETURN NULL;\n                    END IF;\n                    IF TG_OP <> 'INSERT' THEN\n                        UPDATE articles_classcount SET articles = articles - 1\n                        WHERE iso_class_id = OLD.iso_class_id AND NOT OLD.is_discontinued;\n                    END IF;\n                    IF TG_OP <> 'DELETE' THEN\n                        INSERT INTO articles_classcount AS counted (iso_class_id, articles)\n                        SELECT NEW.iso_class_id, 1\n                        WHERE NEW.iso_class_id IS NOT NULL AND NOT NEW.is_discontinued\n                        ON CONFLICT (iso_class_id) DO UPDATE SET articles = counted.articles + 1;\n                    END IF;\n                    RETURN NULL;\n                ", hash='3c5edf4c75b7b569def52ff092be2cded3079aee', operation='INSERT OR DELETE OR UPDATE OF "iso_class_id", "is_discontinued"', pgid='pgtrigger_class_count_cea16', table='articles_article', when='AFTER')),
        ),
    ]
