from django.db import migrations

# Nobody writes articles meanwhile, for some hundredths of a second.
COUNT = """
LOCK TABLE articles_article IN SHARE MODE;
DELETE FROM articles_classcount;
INSERT INTO articles_classcount (iso_class_id, articles)
    SELECT iso_class_id, count(*) FROM articles_article
    WHERE NOT is_discontinued AND iso_class_id IS NOT NULL GROUP BY iso_class_id
"""


class Migration(migrations.Migration):

    dependencies = [
        ('articles', '0024_class_count_kept'),
    ]

    operations = [
        migrations.RunSQL(COUNT, migrations.RunSQL.noop),
    ]
