"""A region's data, made by SQL. Nobody in it can be real: everybody is born before 1890."""

from django.contrib.auth.models import Group
from django.db import connection, transaction

from organisation.models import Payer, Unit, User, Warehouse
from organisation.permissions import FORSKRIVARE

SQL = """
INSERT INTO articles_supplier (name) SELECT 'Leverantör ' || n FROM generate_series(1, 100) n;
INSERT INTO articles_article (number, name, type, supplier_id, supplier_number, iso_code,
    unit_of_measure, pack_size, product_group, responsibility, billing_form_id, is_marked,
    may_be_component, own_order_only, requires_comment, is_stocked, is_discontinued,
    extended_info, search_text)
SELECT (100000 + n)::text,
    (ARRAY['Rullstol','Rollator','Säng','Lyft','Stol','Dyna','Bord','Ramp'])[1 + n % 8] || ' ' ||
    (ARRAY['Cross','Panda','Öjvind','Ängla','Sola','Netti','Real','Turtle'])[1 + n / 8 % 8] || ' ' ||
    (ARRAY['lång','kort','bred','smal','hög'])[1 + n / 64 % 5] || ' ' || (35 + n / 320 % 20),
    'main', (SELECT min(id) FROM articles_supplier) + n % 100, 'L' || n, '', 'st', 1, '', 'A',
    (SELECT min(id) FROM articles_billingform), n % 4 = 0, false, false, false, true, false, '', ''
FROM generate_series(1, {articles}) n;
INSERT INTO articles_price (article_id, amount, valid_from)
    SELECT id, 100, '2024-01-01' FROM articles_article;
INSERT INTO articles_balance (warehouse_id, article_id, on_hand, reserved, unavailable)
    SELECT {warehouse}, id, 1000000, 0, 0 FROM articles_article;
INSERT INTO individuals_individual (number, article_id, serial_number, status, text)
    SELECT (200000 + n)::text, (SELECT min(id) FROM articles_article) + n % {articles}, 'S' || n,
    'with_recipient', '' FROM generate_series(1, {individuals}) n;
INSERT INTO recipients_recipient (co, street, postcode, locality, given_name, family_name,
    municipality_code, is_protected, key, kind, number, phone, mobile, email, door_code,
    instructions, contact_prescriber, payer_id, created_at, version)
SELECT '', 'Gatan ' || n, '39231', 'Kalmar', 'Test', 'Person ' || n, '0880', false,
    gen_random_uuid(), 'person', 
    to_char(date '1800-01-01' + n % 32000, 'YYYYMMDD') || lpad((n / 32000)::text, 4, '0'), '', '070-1740605', '', '', '',
    false, {payer}, now(), 0
FROM generate_series(1, {recipients}) n;
INSERT INTO orders_order (co, street, postcode, locality, door_code, instructions,
    recipient_phone, recipient_mobile, recipient_email, contact_name, contact_phone,
    contact_mobile, contact_email, contact_prescriber, extra_info, case_number, kind, status,
    recipient_id, unit_id, ordered_by_id, prescriber_id, delivery_way_id, sent_at)
SELECT '', '', '', '', '', '', '', '', '', '', '', '', '', false, '', 'B' || n, 'customer',
    'delivered', (SELECT min(id) FROM recipients_recipient) + n % {recipients}, {unit}, {user},
    {user}, (SELECT min(id) FROM orders_deliveryway), now() - n * interval '1 minute'
FROM generate_series(1, {lines} / 3) n;
INSERT INTO orders_orderline (position, article_id, quantity, source, warehouse_id, comment,
    deliver_together, replaced_because, order_id, reserved, delivered, cancelled, payer_id,
    seller_id, price, billing_form_id)
SELECT n % 3 + 1, (SELECT min(id) FROM articles_article) + n % {articles}, 1, 'central',
    {warehouse}, '', false, '', (SELECT min(id) FROM orders_order) + n / 3 % ({lines} / 3), 0, 1,
    0, {payer}, {payer}, 100, (SELECT min(id) FROM articles_billingform)
FROM generate_series(0, {lines} - 1) n;
INSERT INTO recipients_loan (recipient_id, article_id, individual_id, name, quantity, returned,
    unit_id, prescriber_name, case_number, delivered_at)
SELECT (SELECT min(id) FROM recipients_recipient) + (n - 1) / 40,
    (SELECT min(id) FROM articles_article) + n % {articles},
    (SELECT min(id) FROM individuals_individual) + n, '', 1, 0, {unit}, 'Anna', 'B' || n,
    now() - n * interval '1 minute'
FROM generate_series(1, {individuals} - 1) n;
"""

# Django gives its columns no default; the SQL here and in sending.py names only those that matter.
DEFAULTS = """
DO $$ DECLARE c record; BEGIN
FOR c IN SELECT table_name, column_name, CASE data_type
        WHEN 'boolean' THEN 'false' WHEN 'integer' THEN '0' ELSE '''''' END AS value
    FROM information_schema.columns
    WHERE table_schema = 'public' AND is_nullable = 'NO' AND column_default IS NULL
        AND is_identity = 'NO' AND data_type IN ('boolean', 'integer', 'character varying', 'text')
        AND split_part(table_name, '_', 1) IN ('articles', 'individuals', 'orders', 'recipients')
LOOP EXECUTE format('ALTER TABLE %I ALTER %I SET DEFAULT %s', c.table_name, c.column_name, c.value);
END LOOP; END $$
"""


def set_defaults() -> None:
    """For the benchmark's database alone."""
    with connection.cursor() as cursor:
        cursor.execute(DEFAULTS)


def make(times: int = 1) -> None:
    """Fill an empty, migrated database."""
    with transaction.atomic():
        payer = Payer.objects.create(code="0880", name="Kalmar kommun")
        khs = Warehouse.objects.create(number="100", name="KHS", kind="central", owner=payer)
        unit = Unit.objects.create(
            code="1", name="Rehab", payer=payer, delivering_warehouse=khs, phone="08-465 004 41"
        )
        user = User.objects.create(
            username="bench", default_unit=unit, default_source="central", phone="08-465 004 41"
        )
        user.units.add(unit)
        user.groups.add(Group.objects.get(name=FORSKRIVARE))
        with connection.cursor() as cursor:
            cursor.execute(
                SQL.format(
                    articles=40_000 * times,
                    recipients=60_000 * times,
                    individuals=150_000 * times,
                    lines=600_000 * times,
                    warehouse=khs.pk,
                    payer=payer.pk,
                    unit=unit.pk,
                    user=user.pk,
                )
            )
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
