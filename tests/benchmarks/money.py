"""``python -m tests.benchmarks.money``: a region's month, the night's figures, and 50 000 rows of Excel.

30 000 loans that are open, of which three of four are rented; 6 000 deliveries, 1 500 returns and 800
closed activities a month, between twelve payers. Two months are run, so that the second finds what the
first has charged. What the plots ask and how long the night counts is told too, and the Excel sheet is
held against openpyxl alone, which writes the same cells. In a database of its own, thrown away in the end.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import resource
import time
from collections.abc import Callable
from typing import Any

NAME = "benchmark_money"
OPEN, MONTHLY, RETURNED, WORKED, ROWS = 30_000, 6_000, 1_500, 800, 50_000
MONTHS = (dt.date(2026, 9, 1), dt.date(2026, 10, 1))

# A unit for each payer; n is the delivery: those of before first, then those of the months.
MADE = """
INSERT INTO articles_article (number, name, type, supplier_id, supplier_number, iso_code,
    unit_of_measure, pack_size, responsibility, billing_form_id, is_stocked, search_text)
SELECT (500000 + n)::text, 'Rullstol Cross ' || n, 'main', {supplier}, 'L' || n,
    lpad((4 + n % 9 * 3)::text, 2, '0') || '0303', 'st', 1, 'A',
    (SELECT min(id) FROM articles_billingform WHERE rule = CASE WHEN n % 4 = 0 THEN 'sale'
        ELSE 'rent' END), true, ''
FROM generate_series(1, 2000) n;
INSERT INTO articles_price (article_id, list_price, rent, valid_from)
    SELECT a.id, 100 + a.id % 3000, CASE WHEN f.rule = 'rent' THEN 50 + a.id % 400 END, '2024-01-01'
    FROM articles_article a JOIN articles_billingform f ON f.id = a.billing_form_id
    WHERE a.number >= '500000';
INSERT INTO recipients_recipient (family_name, municipality_code, key, kind, number, payer_id,
    created_at)
SELECT 'Person ' || n, '08' || lpad((n % 12)::text, 2, '0'), gen_random_uuid(), 'person',
    to_char(date '1700-01-01' + n % 32000, 'YYYYMMDD') || lpad((n / 32000)::text, 4, '0'),
    (SELECT id FROM organisation_payer ORDER BY id LIMIT 1 OFFSET n % 12), now()
FROM generate_series(1, 12000) n;
CREATE TABLE handed AS
    SELECT n, 'M' || n AS number, CASE
            WHEN n <= {open} THEN timestamptz '2026-08-31 10:00+02' - n * interval '1 hour' / 3
            WHEN n <= {open} + {monthly} THEN timestamptz '2026-09-01 10:00+02' + n % 28 * interval '1 day'
            ELSE timestamptz '2026-10-01 10:00+02' + n % 28 * interval '1 day' END AS at,
        (SELECT min(id) FROM articles_article WHERE number >= '500000') + n % 2000 AS article,
        (SELECT min(id) FROM recipients_recipient) + n % 12000 AS recipient,
        (SELECT min(id) FROM organisation_unit WHERE code LIKE 'm%') + n % 12 AS unit
    FROM generate_series(1, {open} + 2 * {monthly}) n;
INSERT INTO sesam_casenumber (number, kind, created_at) SELECT number, 'order', now() FROM handed;
INSERT INTO orders_order (case_number, kind, status, recipient_id, unit_id, ordered_by_id,
    prescriber_id, delivery_way_id, sent_at, delivered_at)
SELECT number, 'customer', 'delivered', recipient, unit, {user}, {user},
    (SELECT min(id) FROM orders_deliveryway), at - (n % 9) * interval '1 day', at FROM handed;
INSERT INTO orders_orderline (position, article_id, quantity, source, warehouse_id, order_id, delivered,
    payer_id, seller_id, list_price, rent, billing_form_id)
SELECT 1, h.article, 1, 'central', {warehouse}, o.id, 1, r.payer_id, {seller}, p.list_price, p.rent,
    a.billing_form_id
FROM handed h JOIN orders_order o ON o.case_number = h.number
JOIN recipients_recipient r ON r.id = h.recipient JOIN articles_article a ON a.id = h.article
JOIN articles_price p ON p.article_id = a.id;
INSERT INTO recipients_loan (recipient_id, article_id, quantity, unit_id, prescriber_name, case_number,
    delivered_at)
SELECT recipient, article, 1, unit, 'Anna', number, at FROM handed;
INSERT INTO orders_delivery (order_id, number, at, by_id)
    SELECT id, 1, delivered_at, {user} FROM orders_order WHERE case_number LIKE 'M%';
INSERT INTO orders_linedelivery (delivery_id, line_id, quantity, loan_id)
SELECT d.id, l.id, 1, n.id FROM orders_delivery d JOIN orders_order o ON o.id = d.order_id
JOIN orders_orderline l ON l.order_id = o.id JOIN recipients_loan n ON n.case_number = o.case_number;
INSERT INTO pickups_return (key, recipient_id, unit_id, warehouse_id, at, by_id)
SELECT gen_random_uuid(), recipient, unit, {warehouse},
    timestamptz '2026-09-02 12:00+02' + (n % 56) * interval '1 day', {user}
FROM handed WHERE n <= 2 * {returned};
INSERT INTO pickups_returnline (of_id, loan_id, quantity)
SELECT r.id, l.id, 1 FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM pickups_return) r
JOIN handed h ON h.n = r.n JOIN recipients_loan l ON l.case_number = h.number;
UPDATE recipients_loan l SET returned = 1, ended_at = r.at FROM pickups_returnline t
    JOIN pickups_return r ON r.id = t.of_id WHERE t.loan_id = l.id;
INSERT INTO sesam_casenumber (number, kind, created_at)
    SELECT 'W' || n, 'activity', now() FROM generate_series(1, 2 * {worked}) n;
INSERT INTO activities_activity (token, case_number, type_id, priority_id, status, address_of, request,
    recipient_id, unit_id, warehouse_id, ordered_by_id, created_at, due_on, closed_at)
SELECT gen_random_uuid(), 'W' || n, (SELECT min(id) FROM activities_activitytype),
    (SELECT min(id) FROM activities_priority), 'closed', 'none', 'Bromsen tar inte.', recipient, unit,
    {warehouse}, {user}, now(), '2026-10-15',
    timestamptz '2026-09-02 12:00+02' + (n % 56) * interval '1 day'
FROM handed WHERE n <= 2 * {worked};
INSERT INTO activities_workreport (token, activity_id, at, by_id, minutes, hour_price, closes)
    SELECT gen_random_uuid(), id, closed_at, {user}, 45, 640, true FROM activities_activity;
"""

CHARGES = """
INSERT INTO invoicing_charge (invoice_id, source_key, kind, month, day, seller_id, buyer_id,
    article_id, text, iso_group, individual_number, case_number, unit_id, prescriber_code, quantity,
    unit_price, amount, vat_rate, inputs)
SELECT {invoice}, 'delivery:x' || h.n || ':' || m, 'sale', '2026-10-01', '2026-10-12', {seller}, {seller},
    h.article, a.number || ' ' || a.name, '12', (200000 + h.n)::text, h.number, h.unit, 'ABC', 1, 100, 100, 25,
    '{{"price": "100.00"}}'
FROM handed h JOIN articles_article a ON a.id = h.article, generate_series(1, 2) m
ORDER BY h.n LIMIT {rows}
"""


def main() -> None:
    argparse.ArgumentParser(description=__doc__).parse_args()
    os.environ |= {"DB_NAME": NAME, "DB_AS_OWNER": "1"}
    os.environ |= {"DEMO": "1", "DEBUG": "0", "HTTPS": "0"}
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sesam.settings")
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    from sesam.dev import local_postgres
    from tests.benchmarks import data

    local_postgres.start(local_postgres.DEV)
    local_postgres.drop_database(NAME)
    local_postgres.start(local_postgres.DEV, NAME)
    try:
        call_command("migrate", verbosity=0)
        data.set_defaults()
        facts = make()
        for month in MONTHS:
            told(f"the run of {month:%Y-%m}", lambda month=month: run(month))
        figures()
        excel(facts)
    finally:
        connection.close()
        local_postgres.drop_database(NAME)


def make() -> dict[str, Any]:
    from django.db import connection

    from articles.models import Supplier
    from organisation.models import Payer, Unit, User, Warehouse

    payers = [Payer.objects.create(code=f"08{n:02}", name=f"Kommun {n}") for n in range(12)]
    region = Payer.objects.create(code="08", name="Regionen", kind=Payer.Kind.REGION)
    khs = Warehouse.objects.create(number="100", name="KHS", kind="central", owner=region)
    for n, payer in enumerate(payers):
        Unit.objects.create(
            code=f"m{n:02}", name=f"Rehab {n}", payer=payer, delivering_warehouse=khs
        )
    user = User.objects.create(username="bench", default_unit=Unit.objects.first())
    facts = {
        "open": OPEN, "monthly": MONTHLY, "returned": RETURNED, "worked": WORKED, "rows": ROWS,
        "warehouse": khs.pk, "seller": region.pk, "user": user.pk,
        "supplier": Supplier.objects.create(name="Leverantör").pk,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(MADE.format(**facts))
        cursor.execute("ANALYZE")
    return facts


def told(what: str, work: Callable[[], object]) -> float:
    """Do it, and print how long it took and the most memory that the process has had."""
    began, worked = time.perf_counter(), time.process_time()
    found = work()
    taken, worked = time.perf_counter() - began, time.process_time() - worked
    print(
        f"{what}: {found}; {taken:.1f} s, of them {worked:.1f} s the process's own, memory at most"
        f" {peak():.0f} MB",
        flush=True,
    )
    return taken


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def run(month: dt.date) -> str:
    from invoicing import months
    from invoicing.models import Charge, MonthRun
    from organisation.models import User
    from sesam import awaited

    made = MonthRun.objects.create(month=month, started_by=User.objects.get())
    months.try_out(awaited.Work(made))
    assert not made.trial["problems"], made.trial["problems"][:3]
    months.confirm(made)
    made.refresh_from_db()
    months.perform(awaited.Work(made))
    count = Charge.objects.filter(invoice__run=made).count()
    return f"{made.invoices.count()} invoices, {count} charges (trial and run)"


def figures() -> None:
    from django.http import QueryDict

    from invoicing import doubts
    from invoicing.figures import asking, counting, plots
    from organisation.models import User
    from organisation.permissions import KHS

    told("the night's figures, all months", counting.count)
    told("the night's figures, the newest months", counting.count)
    told("loans to question", doubts.find)
    user = User.objects.get()
    user.role_names = {KHS}
    for query in ("", "tid=36&efter=enhet"):

        def draw(query: str = query) -> int:
            asked = asking.Asked.of(user, QueryDict(query))
            return sum(len(make(plots.Drawn(asked)).drawing) for make in plots.PLOTS.values())

        told(f"all plots, «{query}»", draw)


def excel(facts: dict[str, Any]) -> None:
    from django.db import connection

    from invoicing import sheets
    from invoicing.models import Invoice, MonthRun
    from organisation.models import Payer

    seller = Payer.objects.get(pk=facts["seller"])
    invoice = Invoice.objects.create(
        run=MonthRun.objects.latest("month"), kind="internal", seller=seller, buyer=seller,
        date=dt.date(2026, 10, 31), total=5_000_000, vat=0,
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(CHARGES.format(**facts, invoice=invoice.pk))
        cursor.execute("ANALYZE invoicing_charge")
    before = peak()
    ours = told("the specification", lambda: f"{len(sheets.write(invoice))} bytes")
    grown = peak() - before
    cells = list(sheets._rows(invoice))
    alone = told("openpyxl alone", lambda: f"{alone_of(cells)} bytes")
    print(f"{ROWS} rows: {ours / alone:.2f} × openpyxl alone, {grown:+.0f} MB")


def alone_of(rows: list[tuple[Any, ...]]) -> int:
    """The same values in cells of the same styles, each style made once."""
    from io import BytesIO

    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell

    from invoicing.sheets import COLUMNS

    book = Workbook(write_only=True)
    sheet = book.create_sheet("Rader")
    styles = []
    for _, _, shape in COLUMNS:
        cell = WriteOnlyCell(sheet)
        cell.number_format = shape
        styles.append(cell._style)
    for values in rows:
        row = []
        for value, style in zip(values, styles, strict=True):
            if value is None or value == "":
                row.append(None)
                continue
            cell = WriteOnlyCell(sheet, value)
            cell._style = style
            row.append(cell)
        sheet.append(row)
    out = BytesIO()
    book.save(out)
    return len(out.getvalue())


if __name__ == "__main__":
    main()
