"""What the night counts: each measure is one question, for all the months that it counts anew."""

from __future__ import annotations

import datetime as dt
from itertools import chain
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from sesam import replica
from sesam.working_days import is_working_day

from ..models import CountedMonth, Figure
from ..rules import first_of, next_month
from ..sources.window import moment

KEPT = 48  # months back
AGAIN = 13  # of them, how many are counted anew: what was registered late changes them
LONGEST = 400  # days back from the first month that an order is followed

_KEEP = """
COPY invoicing_figure
    (month, measure, payer_id, unit_id, store_id, iso_group, bucket, count, amount)
FROM STDIN
"""
# Internal invoices are left out: the store's owner has paid for what lies there once already.
_COST = """
SELECT date_trunc('month', i.date)::date, 'cost', c.buyer_id, c.unit_id, NULL::bigint, c.iso_group,
    0, count(*), sum(c.amount)
FROM invoicing_charge c
JOIN invoicing_invoice i ON i.id = c.invoice_id
JOIN invoicing_monthrun r ON r.id = i.run_id AND r.finished_at IS NOT NULL
LEFT JOIN invoicing_invoice w ON w.id = i.credits_id
WHERE i.date >= %(since)s::date AND i.date < %(until)s::date AND c.amount <> 0
    AND coalesce(w.kind, i.kind) <> 'internal'
GROUP BY 1, 3, 4, 6
"""
_LEAD = """
WITH calendar AS (SELECT * FROM unnest(%(days)s::date[], %(nth)s::int[]) AS c (day, nth))
SELECT date_trunc('month', came.day)::date, 'lead', l.payer_id, o.unit_id, NULL::bigint,
    left(a.iso_code, 2), greatest(0, least(came.nth - sent.nth, 250)), count(*), 0
FROM orders_linedelivery d
JOIN orders_delivery e ON e.id = d.delivery_id
JOIN orders_orderline l ON l.id = d.line_id AND l.component_of_id IS NULL
JOIN orders_order o ON o.id = l.order_id AND o.destination_id IS NULL
JOIN articles_article a ON a.id = l.article_id
JOIN calendar came ON came.day = (e.at AT TIME ZONE %(zone)s)::date
JOIN calendar sent
    ON sent.day = greatest((o.sent_at AT TIME ZONE %(zone)s)::date, %(earliest)s::date)
WHERE e.at >= %(since_at)s::timestamptz AND e.at < %(until_at)s::timestamptz
GROUP BY 1, 3, 4, 6, 7
"""
_REUSE = """
WITH holder AS (
    SELECT individual_id, recipient_id, min(delivered_at) AS since FROM recipients_loan
    WHERE individual_id IS NOT NULL GROUP BY 1, 2
), handed AS (
    SELECT (e.at AT TIME ZONE %(zone)s)::date AS day, l.payer_id, o.unit_id,
        left(a.iso_code, 2) AS iso, EXISTS (
            SELECT FROM holder WHERE holder.individual_id = d.individual_id
                AND holder.recipient_id <> o.recipient_id
                AND holder.since < coalesce(own.delivered_at, e.at))::int AS used,
        l.list_price
    FROM orders_linedelivery d
    JOIN orders_delivery e ON e.id = d.delivery_id
    JOIN orders_orderline l ON l.id = d.line_id
    JOIN orders_order o ON o.id = l.order_id AND o.destination_id IS NULL
    JOIN articles_article a ON a.id = l.article_id
    LEFT JOIN recipients_loan own ON own.id = d.loan_id
    WHERE d.individual_id IS NOT NULL
        AND e.at >= %(since_at)s::timestamptz AND e.at < %(until_at)s::timestamptz
)
SELECT date_trunc('month', day)::date, 'reuse', payer_id, unit_id, NULL::bigint, iso,
    used, count(*), coalesce(sum(list_price) FILTER (WHERE used = 1), 0)
FROM handed GROUP BY 1, 3, 4, 6, 7
"""
_LATE = """
SELECT date_trunc('month', x.due_on)::date, 'late', coalesce(r.payer_id, u.payer_id), x.unit_id,
    NULL::bigint, '', (coalesce((x.closed_at AT TIME ZONE %(zone)s)::date, %(today)s::date)
        > x.due_on)::int,
    count(*), 0
FROM activities_activity x
JOIN organisation_unit u ON u.id = x.unit_id
LEFT JOIN recipients_recipient r ON r.id = x.recipient_id
WHERE x.due_on >= %(since)s::date AND x.due_on < %(until)s::date AND x.status <> 'cancelled'
    AND (x.closed_at IS NOT NULL OR x.due_on < %(today)s::date)
GROUP BY 1, 3, 4, 7
"""
_DEVIATIONS = """
SELECT date_trunc('month', x.created_at AT TIME ZONE %(zone)s)::date, 'deviations',
    coalesce(r.payer_id, u.payer_id), x.unit_id, NULL::bigint, '', 0, count(*), 0
FROM deviations_deviation x
LEFT JOIN organisation_unit u ON u.id = x.unit_id
LEFT JOIN recipients_recipient r ON r.id = x.recipient_id
WHERE x.created_at >= %(since_at)s::timestamptz AND x.created_at < %(until_at)s::timestamptz
    AND NOT x.is_withdrawn
GROUP BY 1, 3, 4
"""
_LOANS = """
SELECT m.month, 'loans', coalesce(r.payer_id, u.payer_id), l.unit_id, NULL::bigint,
    left(a.iso_code, 2), 0, count(*), 0
FROM unnest(%(months)s::date[], %(ends)s::timestamptz[]) AS m (month, ends)
JOIN recipients_loan l
    ON l.delivered_at < m.ends AND (l.ended_at IS NULL OR l.ended_at >= m.ends)
JOIN recipients_recipient r ON r.id = l.recipient_id
JOIN organisation_unit u ON u.id = l.unit_id
JOIN articles_article a ON a.id = l.article_id
WHERE l.part_of_id IS NULL AND a.type <> 'consumable'
GROUP BY 1, 3, 4, 6
"""
_BACK = """
WITH lent AS (
    SELECT l.id, (l.delivered_at AT TIME ZONE %(zone)s)::date AS day,
        coalesce(r.payer_id, u.payer_id) AS payer_id, l.unit_id, left(a.iso_code, 2) AS iso,
        l.returned > 0 AND l.ended_at < l.delivered_at + interval '90 days' AS back
    FROM recipients_loan l
    JOIN recipients_recipient r ON r.id = l.recipient_id
    JOIN organisation_unit u ON u.id = l.unit_id
    JOIN articles_article a ON a.id = l.article_id
    WHERE l.part_of_id IS NULL AND a.type <> 'consumable'
        AND l.delivered_at >= %(since_at)s::timestamptz AND l.delivered_at < %(until_at)s::timestamptz
)
SELECT date_trunc('month', day)::date, 'back', payer_id, unit_id, NULL::bigint, iso,
    CASE WHEN back IS NOT TRUE THEN 0 WHEN f.answer IS NULL THEN 1
        WHEN f.answer IN ('used', 'adjust') THEN 2 WHEN f.answer = 'wrong' THEN 3 ELSE 4 END,
    count(*), 0
FROM lent LEFT JOIN LATERAL (
    SELECT answer FROM recipients_followup WHERE loan_id = lent.id AND back
    ORDER BY at DESC, id DESC LIMIT 1
) f ON true
GROUP BY 1, 3, 4, 6, 7
"""
_BACKLOG = """
SELECT %(this)s::date, 'backlog', l.payer_id, o.unit_id, NULL::bigint, left(a.iso_code, 2),
    least(%(today)s::date - (o.sent_at AT TIME ZONE %(zone)s)::date, 9999),
    sum(l.quantity - l.delivered - l.cancelled - l.reserved), 0
FROM orders_orderline l
JOIN orders_order o ON o.id = l.order_id
JOIN articles_article a ON a.id = l.article_id
WHERE l.quantity > l.delivered + l.cancelled AND a.is_stocked
    AND l.quantity > l.delivered + l.cancelled + l.reserved
GROUP BY 3, 4, 6, 7
"""
_STOCK = """
WITH moved AS (
    SELECT warehouse_id, article_id, sum(quantity) AS net,
        -sum(quantity) FILTER (
            WHERE quantity < 0 AND kind IN ('delivery', 'transfer', 'material')) AS gone
    FROM articles_stockmovement WHERE at >= %(year_ago)s::timestamptz GROUP BY 1, 2
), price AS (
    SELECT DISTINCT ON (article_id) article_id, list_price FROM articles_price
    WHERE valid_from <= %(today)s::date AND list_price IS NOT NULL
    ORDER BY article_id, valid_from DESC
), stood AS (
    SELECT w.id AS store_id, w.owner_id, left(a.iso_code, 2) AS iso, b.on_hand,
        coalesce(m.gone, 0) AS gone, greatest(b.on_hand - coalesce(m.net, 0), 0) AS before,
        coalesce(p.list_price, 0) AS price
    FROM articles_balance b
    JOIN organisation_warehouse w ON w.id = b.warehouse_id
    JOIN articles_article a ON a.id = b.article_id
    LEFT JOIN moved m ON m.warehouse_id = b.warehouse_id AND m.article_id = b.article_id
    LEFT JOIN price p ON p.article_id = b.article_id
    WHERE b.on_hand > 0 OR m.article_id IS NOT NULL
)
SELECT %(this)s::date, part.measure, owner_id, NULL::bigint, store_id, iso, 0,
    sum(part.pieces), sum(part.pieces * price)
FROM stood, LATERAL (VALUES
    ('out', gone), ('stock', on_hand), ('before', before),
    ('dead', CASE WHEN gone = 0 THEN least(on_hand, before) ELSE 0 END)
) AS part (measure, pieces)
WHERE part.pieces > 0
GROUP BY part.measure, owner_id, store_id, iso
"""
_QUESTIONS = (_COST, _LEAD, _REUSE, _LATE, _DEVIATIONS, _LOANS, _BACK, _BACKLOG, _STOCK)


def count() -> int:
    """Count the months that aren't counted, and the newest ones anew; how many that were. One at a
    time: who comes meanwhile waits."""
    today = timezone.localdate()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("LOCK TABLE invoicing_countedmonth IN SHARE ROW EXCLUSIVE MODE")
        now = timezone.now()  # what happens from now on may be left out
        months = _to_count(first_of(today))
        Figure.objects.filter(month__gte=months[0]).delete()
        asked = _asked(months, today)
        counted = replica.read(lambda: [_counted(question, asked) for question in _QUESTIONS])
        with cursor.copy(_KEEP) as kept:
            for row in chain.from_iterable(counted):
                kept.write_row(row)
        CountedMonth.objects.filter(month__gte=months[0]).delete()
        CountedMonth.objects.bulk_create([CountedMonth(month=month, at=now) for month in months])
    return len(months)


def _counted(question: str, asked: dict[str, Any]) -> list[tuple[Any, ...]]:
    with replica.connection().cursor() as cursor:
        cursor.execute(question, asked)
        return list(cursor.fetchall())


def months_until(this: dt.date, count: int) -> list[dt.date]:
    """So many months, the last of them ``this``.

    >>> months_until(dt.date(2026, 1, 1), 2)
    [datetime.date(2025, 12, 1), datetime.date(2026, 1, 1)]
    """
    found = [this]
    while len(found) < count:
        found.insert(0, first_of(found[0] - dt.timedelta(days=1)))
    return found


def _to_count(this: dt.date) -> list[dt.date]:
    """From the first that isn't counted; the newest ones always."""
    kept = months_until(this, KEPT)
    counted = set(CountedMonth.objects.values_list("month", flat=True))
    missing = next((n for n, month in enumerate(kept) if month not in counted), KEPT)
    return kept[min(missing, KEPT - AGAIN) :]


def _asked(months: list[dt.date], today: dt.date) -> dict[str, Any]:
    since, until = months[0], next_month(months[-1])
    earliest = since - dt.timedelta(days=LONGEST)
    days = [earliest + dt.timedelta(days=n) for n in range((until - earliest).days)]
    nth, working = [], 0
    for day in days:
        working += is_working_day(day)
        nth.append(working)
    return {
        "zone": settings.TIME_ZONE,
        "today": today,
        "this": months[-1],
        "since": since,
        "until": until,
        "since_at": moment(since),
        "until_at": moment(until),
        "year_ago": moment(today - dt.timedelta(days=365)),
        "earliest": earliest,
        "days": days,
        "nth": nth,
        "months": months,
        "ends": [moment(next_month(month)) for month in months],
    }
