"""The sums of invoices that were numbered before sums were kept."""

from django.db import migrations

KEEP = """
WITH charge AS (
    SELECT c.* FROM invoicing_charge c JOIN invoicing_invoice i ON i.id = c.invoice_id
    WHERE i.run_id = %(run)s
), pair AS (
    SELECT i.id AS now, b.id AS before FROM invoicing_invoice i
    JOIN invoicing_monthrun r ON r.id = i.run_id
    JOIN invoicing_monthrun p ON p.month = (r.month - interval '1 month')::date
    JOIN invoicing_invoice b ON b.run_id = p.id AND b.kind = i.kind AND b.seller_id = i.seller_id
        AND b.buyer_id = i.buyer_id AND b.credits_id IS NULL
    WHERE i.run_id = %(run)s AND i.credits_id IS NULL
), now AS (
    SELECT pair.now, c.loan_id, sum(c.amount) AS amount, max(c.unit_price) AS price
    FROM pair JOIN charge c ON c.invoice_id = pair.now WHERE c.kind = 'rent' GROUP BY 1, 2
), before AS (
    SELECT pair.now, c.loan_id, sum(c.amount) AS amount, max(c.unit_price) AS price
    FROM pair JOIN invoicing_charge c ON c.invoice_id = pair.before WHERE c.kind = 'rent' GROUP BY 1, 2
), rents AS (
    SELECT now, CASE WHEN before.price IS NULL THEN 'nya' WHEN now.price IS NULL THEN 'avslutade'
            WHEN now.price <> before.price THEN 'pris' ELSE 'dagar' END AS part,
        coalesce(now.amount, 0) - coalesce(before.amount, 0) AS amount
    FROM now FULL JOIN before USING (now, loan_id)
), once AS (
    SELECT pair.now, count(*) FILTER (WHERE c.invoice_id = pair.now) AS count,
        sum(CASE WHEN c.invoice_id = pair.now THEN c.amount ELSE -c.amount END) AS amount
    FROM pair JOIN invoicing_charge c ON c.invoice_id IN (pair.now, pair.before)
    WHERE c.kind <> 'rent' AND c.amount <> 0 GROUP BY 1
)
INSERT INTO invoicing_invoicesum (invoice_id, cut, value, count, amount)
SELECT invoice_id, 'iso', coalesce(nullif(iso_group, ''), %(work)s), count(*), sum(amount)
FROM charge WHERE amount <> 0 GROUP BY 1, 3
UNION ALL
SELECT invoice_id, 'enhet', coalesce(unit_id::text, %(work)s), count(*), sum(amount)
FROM charge WHERE amount <> 0 GROUP BY 1, 3
UNION ALL
SELECT invoice_id, 'slag', kind, count(*), sum(amount) FROM charge WHERE amount <> 0 GROUP BY 1, 3
UNION ALL
SELECT invoice_id, 'noll', '', count(*), 0 FROM charge WHERE amount = 0 GROUP BY 1
UNION ALL
SELECT now, 'andring', part, count(*), sum(amount) FROM rents WHERE amount <> 0 GROUP BY 1, 3
UNION ALL
SELECT now, 'andring', 'engang', count, amount FROM once WHERE count > 0 OR amount <> 0
"""


def keep(apps, schema_editor):
    runs = apps.get_model("invoicing", "MonthRun").objects.exclude(finished_at=None)
    with schema_editor.connection.cursor() as cursor:
        for run in runs.order_by("month").values_list("pk", flat=True):
            cursor.execute(KEEP, {"run": run, "work": "–"})


class Migration(migrations.Migration):
    dependencies = [("invoicing", "0009_kept_sums")]
    operations = [migrations.RunPython(keep, migrations.RunPython.noop)]
