"""Whose active unit is taken from them gets the first of those that are left, or none: whatever writes,
nobody goes on at a unit that they have left. KHS works for all units, whether they are its own."""

from django.db import migrations

NEXT = """(
    SELECT own.unit_id FROM organisation_user_units own
    JOIN organisation_unit unit ON unit.id = own.unit_id AND unit.is_active
    WHERE own.user_id = organisation_user.id ORDER BY unit.code LIMIT 1
)"""
CREATE = """
CREATE FUNCTION organisation_left_unit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE organisation_user SET default_unit_id = (THE NEXT)
    WHERE id = OLD.user_id AND default_unit_id = OLD.unit_id;
    RETURN NULL;
END $$;
CREATE TRIGGER left_unit AFTER DELETE ON organisation_user_units
    FOR EACH ROW EXECUTE FUNCTION organisation_left_unit();
UPDATE organisation_user SET default_unit_id = (THE NEXT)
WHERE default_unit_id IS NOT NULL
    AND NOT EXISTS (
        SELECT FROM organisation_user_units own
        WHERE own.user_id = organisation_user.id AND own.unit_id = default_unit_id
    )
    AND NOT EXISTS (
        SELECT FROM organisation_user_groups held JOIN auth_group role ON role.id = held.group_id
        WHERE held.user_id = organisation_user.id AND role.name = 'khs'
    );
""".replace("(THE NEXT)", NEXT)
DROP = """
DROP TRIGGER left_unit ON organisation_user_units;
DROP FUNCTION organisation_left_unit;
"""


class Migration(migrations.Migration):
    dependencies = [("organisation", "0018_reasons_to_look")]
    operations = [migrations.RunSQL(CREATE, DROP)]
