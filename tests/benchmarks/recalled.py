"""``python -m tests.benchmarks.recalled``: how long the list of a recall of 3 000 pieces takes on the
benchmark's data, from the notice to the complete list, and in how many questions."""

from __future__ import annotations

import datetime as dt
import time
import uuid

NUMBER = "3000000"
HELD, STANDING, PROMISED = 2700, 300, 250

SQL = """
INSERT INTO articles_article (number, name, type, supplier_id, supplier_number, iso_code,
    unit_of_measure, pack_size, product_group, responsibility, billing_form_id, is_marked,
    may_be_component, own_order_only, requires_comment, is_stocked, is_discontinued,
    extended_info, search_text)
SELECT {number}, 'Rullstol återkallad', 'main', min(supplier_id), 'R', '', 'st', 1, '', 'A',
    min(billing_form_id), true, false, false, false, true, false, '', ''
    FROM articles_article;
INSERT INTO individuals_individual (number, article_id, serial_number, lot, status, warehouse_id, text)
    SELECT (3000000 + n)::text, a.id, CASE WHEN n % 50 = 0 THEN '' ELSE 'SN-' || 3000000 + n END, '',
        CASE WHEN n > {held} THEN 'in_stock' ELSE 'with_recipient' END,
        CASE WHEN n > {held} THEN {warehouse} END, ''
    FROM generate_series(1, {held} + {standing}) n, articles_article a WHERE a.number = {number};
INSERT INTO articles_balance (warehouse_id, article_id, on_hand, reserved, unavailable)
    SELECT {warehouse}, id, {standing}, {promised}, 0 FROM articles_article WHERE number = {number};
INSERT INTO orders_orderline (position, article_id, quantity, source, warehouse_id, comment,
    deliver_together, replaced_because, order_id, reserved, delivered, cancelled, payer_id,
    seller_id, list_price, billing_form_id)
    SELECT 9, a.id, 1, 'central', {warehouse}, '', false, '', o.id, 1, 0, 0, {payer}, {payer}, 100,
        a.billing_form_id
    FROM articles_article a, (SELECT id FROM orders_order WHERE status = 'registered'
        ORDER BY id LIMIT {promised}) o WHERE a.number = {number};
INSERT INTO recipients_loan (recipient_id, article_id, individual_id, name, quantity, returned,
    unit_id, prescriber_name, case_number, delivered_at)
    SELECT (SELECT min(id) FROM recipients_recipient) + row_number() OVER (ORDER BY i.id),
        i.article_id, i.id, '', 1, 0, {unit}, 'Anna', 'B1', now() - interval '90 days'
    FROM individuals_individual i JOIN articles_article a ON a.id = i.article_id
    WHERE a.number = {number} AND i.status = 'with_recipient';
"""


def make() -> float:
    """A recall of 3 000 pieces, some of them promised; returns how many seconds its list took."""
    from django.db import connection, transaction
    from django.utils import timezone

    from articles.models import Article
    from deviations.recalls import Sought, finding, registering
    from individuals.models import Watch
    from organisation.models import User
    from sesam import awaited

    user = User.objects.get(username="bench")
    clerk = User.objects.get(username="bench_khs")
    facts = {
        "number": f"'{NUMBER}'", "held": HELD, "standing": STANDING, "promised": PROMISED,
        "warehouse": user.default_unit.delivering_warehouse_id, "unit": user.default_unit_id,
        "payer": user.default_unit.payer_id,
    }  # fmt: skip
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(SQL.format(**facts))
    began = time.monotonic()
    recall = registering.make(
        user=clerk,
        details={
            "sender": "Etac", "notice_on": timezone.localdate(), "fault": "Bromsen kan spricka.",
            "measure": "Byt broms.", "due_on": timezone.localdate() + dt.timedelta(14),
        },
        articles=[Article.objects.get(number=NUMBER)],
        sought=[Sought(Watch.By.SERIAL, "SN-3000001", "SN-3009999")],
        token=uuid.uuid4(),
    )  # fmt: skip
    finding.find(awaited.Work(recall))
    took = time.monotonic() - began
    with connection.cursor() as cursor:
        cursor.execute("UPDATE deviations_recallitem SET told_at = now(), told_how = 'message'"
                       " WHERE id % 3 = 0 AND loan_id IS NOT NULL")  # fmt: skip
        cursor.execute("ANALYZE deviations_recallitem, individuals_block")
    return took


def main() -> None:
    from tests.benchmarks import __main__ as benchmark

    benchmark.prepare(1)
    from deviations.models import Recall

    recall = Recall.objects.latest("pk")
    seconds = (recall.found_at - recall.created_at).total_seconds()
    print(f"{recall.items.count()} pieces: {seconds:.1f} s from the notice to the list")


if __name__ == "__main__":
    main()
