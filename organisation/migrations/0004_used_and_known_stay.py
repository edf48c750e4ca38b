"""What Django's PROTECT can't hold: relations of many to many, and the roles that the code knows.

A row between two tables goes with the record that is deleted, before it. So where such a row went,
the record must still be there when the transaction ends.
"""

from django.db import migrations

BETWEEN = [
    ("organisation_user_units", "unit_id", "organisation_unit"),
    ("organisation_user_payers", "payer_id", "organisation_payer"),
    ("organisation_user_groups", "group_id", "auth_group"),
    ("organisation_unit_own_stores", "warehouse_id", "organisation_warehouse"),
]
CREATE = """
CREATE FUNCTION organisation_used_stays() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    there boolean;
BEGIN
    EXECUTE format('SELECT EXISTS (SELECT FROM %I WHERE id = $1.%I)', TG_ARGV[1], TG_ARGV[0])
        INTO there USING OLD;
    IF NOT there THEN
        RAISE EXCEPTION 'a row of % was in use by %', TG_ARGV[1], TG_TABLE_NAME
            USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION organisation_known_role_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.name IN ('forskrivare', 'buffertansvarig', 'controller', 'khs', 'loggranskare') THEN
        RAISE EXCEPTION 'the role % is known to the code', OLD.name
            USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN OLD;
END $$;
CREATE TRIGGER known_role_stays BEFORE DELETE ON auth_group
    FOR EACH ROW EXECUTE FUNCTION organisation_known_role_stays();
CREATE TRIGGER known_role_keeps_its_name AFTER UPDATE OF name ON auth_group
    FOR EACH ROW WHEN (NEW.name <> OLD.name) EXECUTE FUNCTION organisation_known_role_stays();
"""
BETWEEN_EACH = """
CREATE CONSTRAINT TRIGGER used_stays AFTER DELETE ON {} DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION organisation_used_stays('{}', '{}');
"""
DROP = "".join(f"DROP TRIGGER used_stays ON {between};\n" for between, _, _ in BETWEEN) + """
DROP TRIGGER known_role_stays ON auth_group;
DROP TRIGGER known_role_keeps_its_name ON auth_group;
DROP FUNCTION organisation_known_role_stays;
DROP FUNCTION organisation_used_stays;
"""


class Migration(migrations.Migration):
    dependencies = [("organisation", "0003_counted_sign_ins")]
    operations = [
        migrations.RunSQL(CREATE + "".join(BETWEEN_EACH.format(*names) for names in BETWEEN), DROP)
    ]
