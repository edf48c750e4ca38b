"""What a region has invoiced, who sees that, and its accounts: for the table of pages.

A year's invoices between 25 payers; the last one of KHS's to the largest has 50 000 rows, the one before
it 48 000, most of them rents. (Their totals aren't their rows' sums: nothing measures that.) The night
has counted «Siffror» and found loans to question.
"""

from __future__ import annotations

import datetime as dt

from django.contrib.auth.models import Group
from django.db import connection, transaction
from django.utils import timezone

from organisation.models import Unit, User
from organisation.permissions import CONTROLLER, LOGGRANSKARE

MONTHS, ROWS, ROWS_BEFORE, USERS = 12, 50_000, 48_000, 2_000

SQL = """
INSERT INTO organisation_payer (code, name, kind, is_active)
    SELECT '9' || lpad(n::text, 3, '0'), 'Kommun ' || n, 'municipality', true FROM generate_series(1, 24) n;
INSERT INTO organisation_unit (code, name, payer_id, delivering_warehouse_id, is_active)
    SELECT 'i' || n, 'Enhet ' || n, (SELECT min(id) FROM organisation_payer WHERE code LIKE '9%') + n % 24,
        {warehouse}, true FROM generate_series(1, 200) n;
INSERT INTO invoicing_monthrun (month, started_by_id, trial, confirmed_at, finished_at, done_at, touched_at, progress,
    error)
    SELECT month, {clerk}, '{{"rows": [], "problems": [], "inactive": []}}', now(), now(), now(), now(), 100, ''
    FROM unnest(ARRAY[{months}]::date[]) AS month;
INSERT INTO invoicing_invoice (run_id, kind, seller_id, buyer_id, date, total, vat)
    SELECT r.id, 'centre', {payer}, p.id, r.month + interval '1 month - 1 day', 100, 25
    FROM invoicing_monthrun r, organisation_payer p
    UNION ALL
    SELECT r.id, 'between', p.id, p.id + 1, r.month + interval '1 month - 1 day', 100, 25
    FROM invoicing_monthrun r, organisation_payer p WHERE p.code LIKE '9%' AND p.code < '9024';
CREATE TEMPORARY TABLE large AS
    SELECT i.id, row_number() OVER (ORDER BY i.date DESC) AS nth, r.month FROM invoicing_invoice i
    JOIN invoicing_monthrun r ON r.id = i.run_id WHERE i.kind = 'centre' AND i.buyer_id = {payer};
INSERT INTO invoicing_charge (invoice_id, source_key, kind, month, day, seller_id, buyer_id, article_id,
    text, iso_group, individual_number, case_number, unit_id, prescriber_code, quantity, unit_price, amount,
    vat_rate, inputs, days, loan_id)
SELECT large.id, 'x' || large.id || ':' || l.n,
    CASE WHEN l.n % 5 = 0 THEN 'sale' ELSE 'rent' END, large.month, large.month, {payer}, {payer},
    l.article_id, a.number || ' ' || a.name, left(a.iso_code, 2), i.number, l.case_number, u.first + l.n % 200,
    'BENCH', 1, 100 + (l.n % 97 + (large.nth = 1 AND l.n % 11 = 0)::int), 100 + l.n % 97
        + (large.nth = 1 AND l.n % 11 = 0)::int, 25,
    CASE WHEN l.n % 5 = 0 THEN '{{"price": "100"}}'::jsonb
        ELSE '{{"price": "100", "parts": [[1, 30]], "of": 30}}'::jsonb END,
    CASE WHEN l.n % 5 = 0 THEN NULL ELSE 30 END, CASE WHEN l.n % 5 = 0 THEN NULL ELSE l.id END
FROM large
JOIN LATERAL (SELECT id, article_id, individual_id, case_number, row_number() OVER (ORDER BY id) AS n
    FROM recipients_loan ORDER BY id LIMIT {rows}) l
    ON CASE large.nth WHEN 1 THEN l.n <= {rows} WHEN 2 THEN l.n BETWEEN 2001 AND 2000 + {before}
        ELSE l.n <= 20 END
JOIN articles_article a ON a.id = l.article_id
JOIN individuals_individual i ON i.id = l.individual_id,
    (SELECT min(id) AS first FROM organisation_unit WHERE code LIKE 'i%') u;
INSERT INTO invoicing_charge (invoice_id, source_key, kind, month, day, seller_id, buyer_id, text, iso_group,
    quantity, unit_price, amount, vat_rate, inputs, individual_number, prescriber_code)
SELECT i.id, 'y' || i.id || ':' || n, 'sale', r.month, r.month, i.seller_id, i.buyer_id, 'Bord', '18', 1, 5, 5,
    25, '{{"price": "5"}}', '', ''
FROM invoicing_invoice i JOIN invoicing_monthrun r ON r.id = i.run_id, generate_series(1, 20) n
WHERE i.id NOT IN (SELECT id FROM large);
INSERT INTO invoicing_question (charge_id, reason, status, asked_by_id, asked_at, answer)
    SELECT id, 'Lämnades tillbaka.', 'asked', {money}, now(), '' FROM invoicing_charge
    WHERE source_key LIKE 'x%' AND id % 500 = 0;
UPDATE invoicing_invoice i SET number = to_char(i.date, 'YYMM') || lpad(n::text, 4, '0')
    FROM (SELECT id, row_number() OVER (PARTITION BY run_id ORDER BY kind, seller_id, buyer_id) AS n
        FROM invoicing_invoice) numbered WHERE numbered.id = i.id;
UPDATE articles_balance SET on_hand = 10000;
UPDATE orders_linedelivery d SET loan_id = l.id
    FROM orders_delivery e JOIN orders_order o ON o.id = e.order_id
    JOIN recipients_loan l ON l.case_number = o.case_number, orders_orderline n
    WHERE d.delivery_id = e.id AND n.id = d.line_id AND n.position = 1 AND d.loan_id IS NULL;
UPDATE orders_orderline n SET billing_form_id = a.billing_form_id
    FROM orders_linedelivery d JOIN recipients_loan l ON l.id = d.loan_id
    JOIN articles_article a ON a.id = l.article_id WHERE d.line_id = n.id;
UPDATE recipients_recipient SET deceased_on = current_date - 20
    WHERE id BETWEEN (SELECT min(id) + 3000 FROM recipients_recipient)
        AND (SELECT min(id) + 3050 FROM recipients_recipient);
INSERT INTO organisation_user (username, password, is_superuser, is_staff, is_active, date_joined,
    first_name, last_name, email, preferences)
    SELECT 'bench' || n, '', false, false, true, now(), 'Anna', 'Nilsson ' || n, '', '{{}}'
    FROM generate_series(1, {users}) n;
INSERT INTO organisation_user_units (user_id, unit_id)
    SELECT id, (SELECT min(id) FROM organisation_unit WHERE code LIKE 'i%') + id % 200
    FROM organisation_user WHERE last_name LIKE 'Nilsson %';
INSERT INTO organisation_user_groups (user_id, group_id)
    SELECT id, (SELECT id FROM auth_group WHERE name = 'forskrivare') FROM organisation_user
    WHERE last_name LIKE 'Nilsson %';
"""


def make() -> None:
    """Beside what ``data`` has made."""
    from invoicing import doubts, specification
    from invoicing.figures import counting
    from invoicing.models import MonthRun
    from invoicing.rules import first_of

    clerk, user = (User.objects.get(username=name) for name in ("bench_khs", "bench"))
    unit = Unit.objects.get(pk=user.default_unit_id)
    months = [first_of(timezone.localdate())]
    for _ in range(MONTHS):
        months.append(first_of(months[-1] - dt.timedelta(days=1)))
    with transaction.atomic(), connection.cursor() as cursor:
        money, reviewer = (
            User.objects.create(username=name, default_unit=unit)
            for name in ("bench_money", "bench_log")
        )
        unit.users.add(money, reviewer)
        money.payers.add(unit.payer)
        money.groups.add(Group.objects.get(name=CONTROLLER))
        reviewer.groups.add(Group.objects.get(name=LOGGRANSKARE))
        cursor.execute(
            SQL.format(
                warehouse=unit.delivering_warehouse_id,
                payer=unit.payer_id,
                clerk=clerk.pk,
                money=money.pk,
                rows=ROWS,
                before=ROWS_BEFORE,
                users=USERS,
                months=", ".join(f"'{month}'" for month in months[1:]),
            )
        )
    for run in MonthRun.objects.order_by("month"):
        specification.keep_sums(run)
    counting.count()
    doubts.find()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
