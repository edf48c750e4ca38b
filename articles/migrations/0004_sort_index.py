from django.db import migrations

# Not in the model's state: Django can't compare an index on a function of ours reliably.
CREATE = "CREATE INDEX article_sv_order ON articles_article (sv_sortkey(name), name, id)"


class Migration(migrations.Migration):
    dependencies = [("articles", "0003_billing_forms"), ("sesam", "0002_sv_sortkey")]
    operations = [migrations.RunSQL(CREATE, "DROP INDEX article_sv_order")]
