from django.db import migrations

# Swedish order without ICU: lower-case, accents folded, and å ä ö mapped to the three code
# points after z. Immutable, so that it can stand in an index.
CREATE = """
CREATE FUNCTION sv_sortkey(text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN translate(
    lower($1),
    'åäöæøáàâãéèêëíìîïóòôõúùûüýÿçñ',
    '{|}|}aaaaeeeeiiiioooouuuyyycn'
)
"""


class Migration(migrations.Migration):
    dependencies = [("sesam", "0001_initial")]
    operations = [migrations.RunSQL(CREATE, "DROP FUNCTION sv_sortkey(text)")]
