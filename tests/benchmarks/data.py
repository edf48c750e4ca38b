"""A region's data, made by SQL. Nobody in it can be real: everybody is born before 1890."""

from django.contrib.auth.models import Group
from django.db import connection, transaction

from activities.models import MaintenancePlan
from deviations.models import Recall
from organisation.models import Payer, Unit, User, Warehouse
from organisation.permissions import FORSKRIVARE, KHS
from recipients.models import CareRelation
from tests.benchmarks import invoiced, recalled

CARE = """
INSERT INTO recipients_carerelation (recipient_id, unit_id, case_number, since)
    SELECT recipient_id, unit_id, case_number, sent_at FROM orders_order
"""
SQL = """
INSERT INTO articles_isoclass (code, level, parent_id, title, title_en)
    SELECT code, length(code) / 2, CASE WHEN length(code) > 2 THEN left(code, -2) END,
        'Hjälpmedel ' || code, ''
    FROM (SELECT lpad(n::text, 2, '0') FROM generate_series(4, 30, 3) n
        UNION SELECT lpad(n::text, 2, '0') || lpad(m::text, 2, '0')
        FROM generate_series(4, 30, 3) n, generate_series(3, 30, 3) m
        UNION SELECT lpad(n::text, 2, '0') || lpad(m::text, 2, '0') || lpad(k::text, 2, '0')
        FROM generate_series(4, 30, 3) n, generate_series(3, 30, 3) m,
            generate_series(3, 30, 3) k) AS c (code)
    ORDER BY length(code), code;
INSERT INTO sesam_casenumber (number, kind, created_at)
    SELECT 'B' || n, 'order', now() FROM generate_series(1, 1 + greatest({lines} / 3, {individuals})) n
    UNION ALL SELECT 'H' || n, 'pickup', now() FROM generate_series(1, {lines} / 15) n;
INSERT INTO articles_supplier (name) SELECT 'Leverantör ' || n FROM generate_series(1, 100) n;
INSERT INTO articles_article (number, name, type, supplier_id, supplier_number, iso_code,
    iso_class_id, unit_of_measure, pack_size, product_group, responsibility, billing_form_id, is_marked,
    may_be_component, own_order_only, requires_comment, is_stocked, is_discontinued,
    extended_info, search_text)
SELECT (100000 + n)::text,
    (ARRAY['Rullstol','Rollator','Säng','Lyft','Stol','Dyna','Bord','Ramp'])[1 + n % 8] || ' ' ||
    (ARRAY['Cross','Panda','Öjvind','Ängla','Sola','Netti','Real','Turtle'])[1 + n / 8 % 8] || ' ' ||
    (ARRAY['lång','kort','bred','smal','hög'])[1 + n / 64 % 5] || ' ' || (35 + n / 320 % 20),
    'main', (SELECT min(id) FROM articles_supplier) + n % 100, 'L' || n,
    lpad((4 + n % 9 * 3)::text, 2, '0') || lpad((3 + n / 9 % 10 * 3)::text, 2, '0')
        || lpad((3 + n / 90 % 10 * 3)::text, 2, '0'),
    lpad((4 + n % 9 * 3)::text, 2, '0') || lpad((3 + n / 9 % 10 * 3)::text, 2, '0')
        || lpad((3 + n / 90 % 10 * 3)::text, 2, '0'),
    'st', 1, '', 'A',
    (SELECT id FROM articles_billingform
        WHERE rule = CASE WHEN n % 4 = 0 THEN 'rent' ELSE 'sale' END), n % 4 = 0, false, false, false, true, false, '', ''
FROM generate_series(1, {articles}) n;
INSERT INTO articles_price (article_id, list_price, rent, valid_from)
    SELECT a.id, 100 + a.id % 3000, CASE WHEN f.rule = 'rent' THEN 100 + a.id % 500 END,
        '2024-01-01'
    FROM articles_article a JOIN articles_billingform f ON f.id = a.billing_form_id;
INSERT INTO articles_balance (warehouse_id, article_id, on_hand, reserved, unavailable)
    SELECT w, id, 1000000, 0, 0 FROM articles_article, unnest(ARRAY[{warehouse}, {store}]) w;
INSERT INTO articles_standardcomponent (article_id, component_id, quantity)
    SELECT a, a + n, 1 FROM (SELECT min(id) AS a FROM articles_article), generate_series(1, 20) n;
INSERT INTO articles_fit (main_id, part_id)
    SELECT a, a + n FROM (SELECT min(id) AS a FROM articles_article), generate_series(1, 100) n;
INSERT INTO articles_stockmovement (warehouse_id, article_id, kind, quantity, case_number, user_id, at)
    SELECT {warehouse}, (SELECT min(id) FROM articles_article) + n % {articles}, 'delivery', -1,
        'B' || 1 + n / 3, {user}, now() - n * interval '1 minute'
    FROM generate_series(1, {lines}) n;
INSERT INTO individuals_individual (number, article_id, serial_number, status, text)
    SELECT (200000 + n)::text, (SELECT min(id) FROM articles_article) + n % {articles}, 'S' || n,
    'with_recipient', '' FROM generate_series(1, {individuals}) n;
INSERT INTO individuals_block (individual_id, reason_id, since, until)
    SELECT (SELECT min(id) FROM individuals_individual) + n,
        (SELECT min(id) FROM individuals_blockreason), now(),
        CASE WHEN n > 300 THEN now() END
    FROM generate_series(1, {individuals} / 10) n;
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
    recipient_id, unit_id, ordered_by_id, prescriber_id, delivery_way_id, sent_at,
    planned_delivery, delivered_at)
SELECT '', '', '', '', '', '', '', '', '', '', '', '', '', false, '', 'B' || n, 'customer',
    CASE WHEN n > 600 THEN 'delivered' WHEN n > 500 THEN 'picking' ELSE 'registered' END,
    (SELECT min(id) FROM recipients_recipient) + n % {recipients}, {unit}, {user},
    {user}, (SELECT min(id) FROM orders_deliveryway), now() - n * interval '1 minute',
    current_date + 3 - n / 1440, CASE WHEN n > 600 THEN now() - n * interval '1 minute' END
FROM generate_series(1, {lines} / 3) n;
INSERT INTO orders_orderline (position, article_id, quantity, source, warehouse_id, comment,
    deliver_together, replaced_because, order_id, reserved, delivered, cancelled, payer_id,
    seller_id, list_price, billing_form_id)
SELECT n % 3 + 1, (SELECT min(id) FROM articles_article) + n % {articles}, 1, 'central',
    {warehouse}, '', false, '', (SELECT min(id) FROM orders_order) + n / 3 % ({lines} / 3),
    (n < 1500)::int, (n >= 1800)::int, 0, {payer}, {payer}, 100, (SELECT min(id) FROM articles_billingform)
FROM generate_series(0, {lines} - 1) n;
INSERT INTO orders_delivery (order_id, number, at, by_id)
    SELECT id, 1, delivered_at, {user} FROM orders_order WHERE status = 'delivered';
INSERT INTO orders_linedelivery (delivery_id, line_id, quantity)
    SELECT delivery.id, line.id, line.delivered FROM orders_orderline line
    JOIN orders_delivery delivery ON delivery.order_id = line.order_id
    WHERE line.delivered > 0;
INSERT INTO recipients_loan (recipient_id, article_id, individual_id, name, quantity, returned,
    unit_id, prescriber_name, case_number, delivered_at)
SELECT (SELECT min(id) FROM recipients_recipient) + (n - 1) / 40,
    (SELECT min(id) FROM articles_article) + n % {articles},
    (SELECT min(id) FROM individuals_individual) + n, '', 1, 0, {unit}, 'Anna', 'B' || n,
    now() - n * interval '1 minute'
FROM generate_series(1, {individuals} - 1) n;
{care};
INSERT INTO orders_orderevent (order_id, at, user_id, kind, text)
    SELECT id, sent_at, {user}, 'created', 'Beställningen skickades' FROM orders_order;
INSERT INTO orders_orderevent (order_id, at, user_id, kind, text)
    SELECT id, sent_at, {user}, 'delivered', 'Utlevererad' FROM orders_order WHERE status = 'delivered';
INSERT INTO pickups_pickuporder (token, case_number, reason_id, status, recipient_id, unit_id,
    warehouse_id, ordered_by_id, prescriber_id, is_urgent, created_at, received_at)
    SELECT gen_random_uuid(), 'H' || n, (SELECT min(id) FROM pickups_pickupreason),
        CASE WHEN n > 300 THEN 'received' ELSE 'registered' END,
        (SELECT min(id) FROM recipients_recipient) + n % {recipients}, {unit}, {warehouse},
        {user}, {user}, n % 50 = 0, now() - n * interval '5 minutes',
        CASE WHEN n > 300 THEN now() - n * interval '5 minutes' END
    FROM generate_series(1, {lines} / 15) n;
INSERT INTO pickups_pickupline (pickup_id, loan_id, article_id, quantity, with_components, is_open)
    SELECT p.id, l.id, l.article_id, 1, true, p.status = 'registered'
    FROM (SELECT id, status, row_number() OVER (ORDER BY id) AS n FROM pickups_pickuporder) p,
        generate_series(0, 1) m, recipients_loan l
    WHERE l.id = (SELECT min(id) FROM recipients_loan) + p.n * 2 + m;
INSERT INTO pickups_pickupreceipt (line_id, quantity, state, warehouse_id, at, by_id, finished_at)
    SELECT l.id, 1, CASE WHEN l.id % 500 = 0 THEN 'missing' WHEN l.id % 3 = 0 THEN 'cleaning'
        ELSE 'stock' END, {warehouse}, p.received_at, {user},
        CASE WHEN l.id % 700 <> 0 THEN p.received_at END
    FROM pickups_pickupline l JOIN pickups_pickuporder p ON p.id = l.pickup_id
    WHERE p.status = 'received';
INSERT INTO organisation_accesslogentry (at, user_id, unit_id, action, recipient_key, ip)
    SELECT now() - interval '1 day' - n * interval '10 seconds', {user}, {unit}, 'view', r.key, '127.0.0.1'
    FROM generate_series(1, {log}) n JOIN recipients_recipient r
        ON r.id = (SELECT min(id) FROM recipients_recipient) + n % {recipients};
"""

# Activities and deviations, open (the first 600 and 120) and ended; what was told of pickup orders
# and to users; and a prescriber who has ordered a hundredth of all there is.
WORK = """
INSERT INTO sesam_casenumber (number, kind, created_at)
    SELECT 'A' || n, 'activity', now() FROM generate_series(1, {lines} / 10) n
    UNION ALL SELECT 'V' || n, 'deviation', now() FROM generate_series(1, {lines} / 100) n;
INSERT INTO activities_activity (token, case_number, type_id, priority_id, status, address_of,
    street, postcode, locality, contact_name, contact_phone, request, recipient_id, unit_id,
    warehouse_id, ordered_by_id, technician_id, created_at, due_on, planned_for, closed_at, order_id)
SELECT gen_random_uuid(), 'A' || n, t.id, p.id,
    CASE WHEN n > 600 THEN 'closed' WHEN n % 4 = 0 THEN 'underway' WHEN n % 4 = 1 THEN 'planned'
        ELSE 'registered' END,
    'recipient', 'Gatan ' || n, '39231', 'Kalmar', 'Anna', '08-465 004 41', 'Bromsen tar inte.',
    first.recipient + n % 3750, {unit}, {warehouse}, {user},
    CASE WHEN n > 600 OR n % 4 < 2 THEN {clerk} END, now() - n * interval '9 minutes',
    current_date + 5 - n / 100, CASE WHEN n % 4 < 2 THEN current_date + n / 100 END,
    CASE WHEN n > 600 THEN now() - n * interval '8 minutes' END,
    CASE WHEN n % 60 = 2 AND n <= 600 THEN first.o + n % 500 END
FROM generate_series(1, {lines} / 10) n,
    (SELECT (SELECT min(id) FROM recipients_recipient) AS recipient,
        (SELECT min(id) FROM orders_order) AS o) AS first,
    LATERAL (SELECT id FROM activities_activitytype WHERE done_by = 'khs' ORDER BY id
        LIMIT 1 OFFSET n % 5) t,
    LATERAL (SELECT id FROM activities_priority ORDER BY days DESC LIMIT 1
        OFFSET (n % 5 = 0)::int + (n % 30 = 0)::int) p;
INSERT INTO activities_activityline (activity_id, article_id, individual_id, loan_id, quantity)
    SELECT a.id, l.article_id, l.individual_id, l.id, 1 FROM activities_activity a,
        LATERAL (SELECT * FROM recipients_loan l WHERE l.recipient_id = a.recipient_id
            ORDER BY l.id LIMIT 1 OFFSET a.id % 37) l;
INSERT INTO activities_activityevent (activity_id, at, user_id, kind, text)
    SELECT id, created_at, {user}, 'created', 'Aktiviteten registrerades' FROM activities_activity
    UNION ALL SELECT id, created_at + interval '1 minute', {clerk}, 'taken', 'Påbörjad'
        FROM activities_activity WHERE status IN ('underway', 'closed')
    UNION ALL SELECT id, created_at + interval '1 minute', {clerk}, 'planned', 'Planerad'
        FROM activities_activity WHERE status = 'planned'
    UNION ALL SELECT id, closed_at, {clerk}, 'closed', 'Avslutad' FROM activities_activity
        WHERE status = 'closed';
INSERT INTO deviations_deviation (token, case_number, status, event_type, consequence, category_id,
    recipient_id, unit_id, ordered_by_id, created_at, happened_on, what_happened, answer, handler_id,
    received_at, closed_at, due_on, contact_name, contact_phone)
SELECT gen_random_uuid(), 'V' || n,
    CASE WHEN n > 120 THEN 'closed' WHEN n % 3 = 0 THEN 'investigating' WHEN n % 3 = 1
        THEN 'received' ELSE 'registered' END,
    CASE WHEN n % 2 = 0 THEN 'complaint' WHEN n % 7 = 0 THEN 'adverse' ELSE 'near_miss' END,
    CASE WHEN n % 2 = 1 AND n % 7 = 0 THEN CASE WHEN n % 21 = 0 THEN 'serious' ELSE 'mild' END
        ELSE 'none' END,
    c.id, first.recipient + n % 3750, {unit}, {user}, now() - n * interval '90 minutes',
    current_date - n / 16, 'Stolen tippade bakåt.', CASE WHEN n > 120 THEN 'Utbytt.' ELSE '' END,
    CASE WHEN n > 120 OR n % 3 < 2 THEN {clerk} END,
    CASE WHEN n > 120 OR n % 3 < 2 THEN now() - n * interval '89 minutes' END,
    CASE WHEN n > 120 THEN now() - n * interval '80 minutes' END,
    CASE WHEN n <= 120 THEN current_date + 20 - n / 4 END, 'Anna', '08-465 004 41'
FROM generate_series(1, {lines} / 100) n,
    (SELECT min(id) AS recipient FROM recipients_recipient) AS first,
    LATERAL (SELECT id FROM deviations_deviationcategory WHERE of_complaints = (n % 2 = 0)
        ORDER BY id LIMIT 1 OFFSET n % 9) c;
INSERT INTO deviations_deviationitem (deviation_id, article_id, individual_id, loan_id, quantity)
    SELECT d.id, l.article_id, l.individual_id, l.id, 1 FROM deviations_deviation d,
        LATERAL (SELECT * FROM recipients_loan l WHERE l.recipient_id = d.recipient_id
            ORDER BY l.id LIMIT 1 OFFSET d.id % 37) l;
INSERT INTO deviations_deviationevent (deviation_id, at, user_id, kind, text)
    SELECT id, created_at, {user}, 'created', 'Avvikelsen registrerades' FROM deviations_deviation
    UNION ALL SELECT id, received_at, {clerk}, 'received', 'Mottagen' FROM deviations_deviation
        WHERE received_at IS NOT NULL
    UNION ALL SELECT id, closed_at, {clerk}, 'closed', 'Avslutad' FROM deviations_deviation
        WHERE status = 'closed';
INSERT INTO pickups_pickupevent (pickup_id, at, user_id, kind, text)
    SELECT id, created_at, {user}, 'created', 'Hämtordern registrerades' FROM pickups_pickuporder
    UNION ALL SELECT id, received_at, {clerk}, 'received', 'Mottagen' FROM pickups_pickuporder
        WHERE received_at IS NOT NULL;
UPDATE orders_order SET ordered_by_id = {one}, prescriber_id = {one} WHERE id % 100 = 7;
UPDATE pickups_pickuporder SET ordered_by_id = {one}, prescriber_id = {one} WHERE id % 100 = 7;
UPDATE activities_activity SET ordered_by_id = {one} WHERE id % 100 = 7;
UPDATE deviations_deviation SET ordered_by_id = {one} WHERE id % 100 = 7;
INSERT INTO organisation_message (key, user_id, title, text, kind, about, sent_at, read_at, case_number)
    SELECT gen_random_uuid(), u, 'Beställning B' || 600 + n, 'Utlevererad.', 'delivered', NULL,
        now() - n * interval '3 hours', CASE WHEN n > 40 THEN now() END, 'B' || 600 + n
    FROM generate_series(1, 2000) n, unnest(ARRAY[{one}, {clerk}]) u;
"""

# Preventive maintenance of a third of the pieces, spread over the year: a twelfth overdue, as much due
# within a month, and the activities of what is late longest; and warranties, some of which end soon.
MAINTENANCE = """
INSERT INTO activities_maintenanceplan (kind, iso_class_id, months, counts_from, starts_on,
    lead_days, done_by, blocks, is_active)
    SELECT 'service', code, 12, 'last', '2020-01-01', 30, 'khs', code = '04', true
    FROM articles_isoclass WHERE code IN ('04', '07', '10');
INSERT INTO activities_maintenanceschedule (individual_id, kind, plan_id, since, last_on, due_on)
    SELECT i.id, 'service', p.id, current_date - 400, due.day - interval '1 year', due.day
    FROM individuals_individual i JOIN articles_article a ON a.id = i.article_id
    JOIN activities_maintenanceplan p ON p.iso_class_id = left(a.iso_code, 2),
        LATERAL (SELECT current_date - 30 + (i.id % 365)::int AS day) due;
INSERT INTO sesam_casenumber (number, kind, created_at)
    SELECT 'U' || n, 'activity', now() FROM generate_series(1, 2000) n;
INSERT INTO activities_activity (token, case_number, type_id, priority_id, status, address_of,
    request, recipient_id, unit_id, warehouse_id, created_at, due_on, maintenance_id)
    SELECT gen_random_uuid(), 'U' || s.n, t.id, p.id, 'registered', 'none', 'Service enligt schemat.',
        l.recipient_id, l.unit_id, {warehouse}, now(), s.due_on, s.id
    FROM (SELECT *, row_number() OVER (ORDER BY due_on, id) AS n
            FROM activities_maintenanceschedule) s
    JOIN recipients_loan l ON l.individual_id = s.individual_id AND l.ended_at IS NULL,
        (SELECT id FROM activities_activitytype WHERE code = 'maintenance') t,
        (SELECT id FROM activities_priority ORDER BY rank LIMIT 1) p
    WHERE s.n <= 2000;
INSERT INTO activities_activityline (activity_id, article_id, individual_id, loan_id, quantity)
    SELECT a.id, l.article_id, l.individual_id, l.id, 1
    FROM activities_activity a JOIN activities_maintenanceschedule s ON s.id = a.maintenance_id
    JOIN recipients_loan l ON l.individual_id = s.individual_id AND l.ended_at IS NULL;
UPDATE individuals_individual SET warranty_until = current_date - 600 + (id % 1200)::int
    WHERE id % 3 = 0;
"""

# Django gives its columns no default; the SQL here and in sending.py names only those that matter.
DEFAULTS = """
DO $$ DECLARE c record; BEGIN
FOR c IN SELECT table_name, column_name, CASE data_type
        WHEN 'boolean' THEN 'false' WHEN 'integer' THEN '0' ELSE '''''' END AS value
    FROM information_schema.columns
    WHERE table_schema = 'public' AND is_nullable = 'NO' AND column_default IS NULL
        AND is_identity = 'NO' AND data_type IN ('boolean', 'integer', 'character varying', 'text')
        AND split_part(table_name, '_', 1) IN ('articles', 'individuals', 'orders',
            'organisation', 'pickups', 'recipients', 'activities', 'deviations')
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
        store = Warehouse.objects.create(number="0880", name="Förråd", kind="buffer", owner=payer)
        unit = Unit.objects.create(
            code="1", name="Rehab", payer=payer, delivering_warehouse=khs, phone="08-465 004 41"
        )
        user = User.objects.create(
            username="bench", default_unit=unit, default_source="central", phone="08-465 004 41"
        )
        unit.own_stores.add(store)
        user.units.add(unit)
        clerk = User.objects.create(
            username="bench_khs", default_unit=unit, default_source="central",
            phone="08-465 004 41", is_staff=True,
        )  # fmt: skip
        clerk.groups.add(Group.objects.get(name=KHS))
        user.groups.add(Group.objects.get(name=FORSKRIVARE))
        with connection.cursor() as cursor:
            cursor.execute(
                SQL.format(
                    care=CARE,
                    articles=40_000 * times,
                    recipients=60_000 * times,
                    individuals=150_000 * times,
                    lines=600_000 * times,
                    log=1_000_000 * times,
                    warehouse=khs.pk,
                    store=store.pk,
                    payer=payer.pk,
                    unit=unit.pk,
                    user=user.pk,
                )
            )
    make_work(times)
    make_maintenance()


def make_work(times: int) -> None:
    """Activities, deviations, and what is told."""
    user, clerk = (User.objects.get(username=name) for name in ("bench", "bench_khs"))
    unit = user.default_unit
    with transaction.atomic(), connection.cursor() as cursor:
        one = User.objects.create(
            username="bench_one", default_unit=unit, default_source="central", phone=user.phone
        )
        one.units.add(unit)
        one.groups.add(Group.objects.get(name=FORSKRIVARE))
        User.objects.filter(pk=clerk.pk).update(is_technician=True)
        cursor.execute(
            WORK.format(
                lines=600_000 * times,
                warehouse=unit.delivering_warehouse_id,
                unit=unit.pk,
                user=user.pk,
                clerk=clerk.pk,
                one=one.pk,
            )
        )
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    invoiced.make()
    recalled.make()


def make_maintenance() -> None:
    """Plans, schedules, what is due, and warranties."""
    warehouse = Warehouse.objects.get(number="100")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(MAINTENANCE.format(warehouse=warehouse.pk))
    with connection.cursor() as cursor:
        for table in ("maintenanceschedule", "activity", "activityline"):
            cursor.execute(f"VACUUM ANALYZE activities_{table}")
        cursor.execute("VACUUM ANALYZE individuals_individual")


def as_it_is_made_now(times: int) -> None:
    """What an older version of this module made otherwise, or not at all."""
    if not User.objects.filter(username="bench_one").exists():
        make_work(times)
    if not User.objects.filter(username="bench_money").exists():
        invoiced.make()
    if not MaintenancePlan.objects.exists():
        make_maintenance()
    if not Recall.objects.exists():
        set_defaults()
        recalled.make()
    with connection.cursor() as cursor:
        if not CareRelation.objects.exists():
            cursor.execute(CARE)
            cursor.execute("VACUUM ANALYZE recipients_carerelation")
        cursor.execute("UPDATE articles_price SET list_price = 100 + article_id % 3000"
                       " WHERE list_price IS DISTINCT FROM 100 + article_id % 3000")  # fmt: skip
        if cursor.rowcount:
            cursor.execute("VACUUM ANALYZE articles_price")
        cursor.execute("ANALYZE individuals_block")


def deliver_what_was_sent() -> None:
    """What earlier runs have sent is delivered, so that they don't lengthen the queue."""
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH sent AS (UPDATE orders_order SET status = 'delivered', delivered_at = sent_at"
            " WHERE status = 'registered' AND case_number NOT LIKE 'B%' RETURNING id)"
            " UPDATE orders_orderline SET delivered = quantity - cancelled, reserved = 0"
            " WHERE order_id IN (SELECT id FROM sent)"
        )
