"""«Lån att ifrågasätta»: which they are, what they cost a month, and asking their prescriber."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, F, Max, QuerySet, Sum
from django.utils import timezone

from organisation import access_log, messages
from organisation.models import User
from pickups.models import PickupLine
from sesam import replica
from sesam.errors import DomainError

from .models import Doubt, DoubtfulLoan
from .sources.window import moment

# Of what is rented the month's rent of as many as are held; of consumables what is used more of than
# before; what was sold costs nothing a month. Whether a protected person has moved is nobody's to know.
_FIND = """
WITH price AS (
    SELECT DISTINCT ON (article_id) article_id, list_price, rent FROM articles_price
    WHERE valid_from <= %(today)s::date ORDER BY article_id, valid_from DESC
), held AS (
    SELECT l.id, l.recipient_id, l.article_id, l.individual_id, l.delivered_at, a.type,
        f.rule = 'rent' AS is_rented,
        CASE WHEN f.rule = 'rent' THEN coalesce(p.rent, o.rent, 0) ELSE 0 END
            * (l.quantity - l.returned - l.lost) AS per_month,
        r.kind, r.deceased_on, r.municipality_code, r.is_protected
    FROM recipients_loan l
    JOIN recipients_recipient r ON r.id = l.recipient_id
    JOIN articles_article a ON a.id = l.article_id
    LEFT JOIN orders_linedelivery d ON d.loan_id = l.id
    LEFT JOIN orders_orderline o ON o.id = d.line_id
    JOIN articles_billingform f ON f.id = coalesce(o.billing_form_id, a.billing_form_id)
    LEFT JOIN price p ON p.article_id = l.article_id
    WHERE l.ended_at IS NULL AND l.part_of_id IS NULL AND a.type <> 'consumable'
), used AS (
    SELECT o.recipient_id, l.article_id, max(d.loan_id) AS loan_id,
        coalesce(sum(d.quantity) FILTER (WHERE e.at >= %(recent)s::timestamptz), 0) AS recent,
        count(*) FILTER (WHERE e.at >= %(recent)s::timestamptz) AS times,
        coalesce(sum(d.quantity) FILTER (WHERE e.at < %(recent)s::timestamptz), 0) / 3.0 AS before
    FROM orders_linedelivery d
    JOIN orders_delivery e ON e.id = d.delivery_id
    JOIN orders_orderline l ON l.id = d.line_id
    JOIN orders_order o ON o.id = l.order_id
    JOIN articles_article a ON a.id = l.article_id AND a.type = 'consumable'
    JOIN recipients_recipient r ON r.id = o.recipient_id AND r.kind = 'person'
    WHERE e.at >= %(long_ago)s::timestamptz
    GROUP BY 1, 2
), found AS (
    SELECT id, 'deceased' AS doubt, per_month FROM held WHERE deceased_on IS NOT NULL
    UNION ALL
    SELECT id, 'moved', per_month FROM held
    WHERE kind = 'person' AND deceased_on IS NULL AND NOT is_protected AND municipality_code <> ''
        AND NOT EXISTS (SELECT FROM organisation_payer y WHERE y.code = municipality_code)
    UNION ALL
    SELECT id, 'twice', per_month FROM (
        SELECT id, per_month, row_number() OVER (
            PARTITION BY recipient_id, article_id ORDER BY delivered_at, id) AS nth
        FROM held WHERE kind = 'person' AND type = 'main'
    ) same WHERE nth > 1
    UNION ALL
    SELECT h.id, 'unserviced', h.per_month FROM held h
    WHERE h.is_rented AND h.delivered_at < %(year_ago)s::timestamptz AND h.individual_id IS NOT NULL
        AND NOT EXISTS (
            SELECT FROM activities_maintenanceschedule s
            WHERE s.individual_id = h.individual_id AND s.last_on >= %(year_ago_day)s::date)
        AND NOT EXISTS (
            SELECT FROM activities_activityline t JOIN activities_activity x ON x.id = t.activity_id
            WHERE t.individual_id = h.individual_id AND x.closed_at >= %(year_ago)s::timestamptz)
    UNION ALL
    SELECT u.loan_id, 'fast', (u.recent - u.before) * coalesce(p.list_price, 0) / 3
    FROM used u JOIN recipients_loan l ON l.id = u.loan_id AND l.ended_at IS NULL
    LEFT JOIN price p ON p.article_id = u.article_id
    WHERE u.times > 1 AND u.before > 0 AND u.recent > 2 * u.before
)
SELECT id, doubt, round(per_month, 2) FROM found
"""
_KEEP = """
INSERT INTO invoicing_doubtfulloan (loan_id, doubt, per_month, found_at)
SELECT loan_id, doubt, per_month, %s::timestamptz
FROM unnest(%s::bigint[], %s::text[], %s::numeric[]) AS found (loan_id, doubt, per_month)
ON CONFLICT (loan_id, doubt) DO UPDATE
    SET per_month = excluded.per_month, found_at = excluded.found_at
RETURNING id
"""


def find() -> int:
    """Find them anew; how many there are. What is no doubt any more is gone."""
    now, today = timezone.now(), timezone.localdate()
    year_ago = today - dt.timedelta(days=365)
    asked = {
        "today": today,
        "recent": moment(today - dt.timedelta(days=90)),
        "long_ago": moment(today - dt.timedelta(days=360)),
        "year_ago": moment(year_ago),
        "year_ago_day": year_ago,
    }

    def ask() -> list[tuple[Any, ...]]:
        with replica.connection().cursor() as cursor:
            cursor.execute(_FIND, asked)
            return list(cursor.fetchall())

    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("LOCK TABLE invoicing_doubtfulloan IN SHARE ROW EXCLUSIVE MODE")
        found = replica.read(ask)
        loans, doubts, costs = (
            (list(column) for column in zip(*found, strict=True)) if found else ([], [], [])
        )
        cursor.execute(_KEEP, [now, loans, doubts, costs])
        there = [pk for (pk,) in cursor.fetchall()]
        cursor.execute(
            "DELETE FROM invoicing_doubtfulloan WHERE NOT id = ANY(%s::bigint[])", [there]
        )
    return len(there)


@dataclass(frozen=True)
class DoubtSum:
    """How many loans are doubted for a reason. A loan that is doubted for two is in both."""

    doubt: str
    label: str
    count: int


def sums() -> list[DoubtSum]:
    found = dict(_held().order_by().values_list("doubt").annotate(count=Count("pk")))
    return [DoubtSum(doubt.value, doubt.label, found.get(doubt.value, 0)) for doubt in Doubt]


def each_once(doubt: str = "") -> tuple[int, Decimal]:
    """How many loans are doubted, for the reason or for any, and what they cost a month: one that is
    doubted for two reasons is one loan, and costs its rent once."""
    loans = _of(doubt).order_by().values("loan").annotate(costs=Max("per_month"))
    found = loans.aggregate(count=Count("loan"), sum=Sum("costs"))
    return found["count"], found["sum"] or Decimal(0)


def doubtful(doubt: str = "") -> QuerySet[DoubtfulLoan]:
    """Those still held, whose prescriber wasn't asked first, the dearest first."""
    return _of(doubt).select_related(
        "loan__recipient", "loan__article", "loan__individual", "loan__unit",
        "loan__delivery__line__order__prescriber",
    ).order_by(F("asked_at").asc(nulls_first=True), "-per_month", "pk")  # fmt: skip


def dearest(doubt: str, most: int) -> list[DoubtfulLoan]:
    """The first of them. Which they are is asked first, without all that is shown of each."""
    keys = list(doubtful(doubt).select_related(None).values_list("pk", flat=True)[:most])
    return list(doubtful().filter(pk__in=keys))


def _of(doubt: str) -> QuerySet[DoubtfulLoan]:
    return _held().filter(doubt=doubt) if doubt else _held()


def _held() -> QuerySet[DoubtfulLoan]:
    return DoubtfulLoan.objects.filter(loan__ended_at=None)


def pickups_of(loans: list[int]) -> dict[int, str]:
    """On which pickup order each stands that is to be fetched."""
    lines = PickupLine.objects.filter(is_open=True, loan__in=loans)
    return dict(lines.values_list("loan", "pickup__case_number"))


def prescriber_of(doubt: DoubtfulLoan) -> User | None:
    """Who prescribed it, and can still read what is written to them."""
    handed = getattr(doubt.loan, "delivery", None)
    user = handed.line.order.prescriber if handed else None
    return user if user and user.is_active else None


_ASKS = {
    Doubt.DECEASED: "Mottagaren har avlidit. Beställ hämtning av hjälpmedlet.",
    Doubt.MOVED: "Mottagaren är folkbokförd utanför länet. Behövs hjälpmedlet hos oss?",
    Doubt.TWICE: "Mottagaren har flera likadana. Behövs alla?",
    Doubt.UNSERVICED: "Det har varit uthyrt i mer än ett år utan service. Används det?",
    Doubt.FAST: "Det beställs mer än dubbelt så mycket som förut. Stämmer behovet?",
}


@transaction.atomic
def ask(doubt: DoubtfulLoan, *, user: User) -> DoubtfulLoan:
    """The loan's prescriber is asked about it. Twice is once."""
    found = DoubtfulLoan.objects.select_for_update(of=("self",)).get(pk=doubt.pk)
    if found.asked_at:
        return found
    prescriber = prescriber_of(doubt)
    if prescriber is None:
        raise DomainError("Förskrivaren har slutat. Kontakta tjänstestället.")
    loan = doubt.loan
    number, person = loan.case_number, loan.recipient
    messages.send(
        prescriber,
        title=f"KHS frågar om ett hjälpmedel på beställning {number}",
        text="" if person.is_protected else f"{loan.article}: {_ASKS[Doubt(doubt.doubt)]}",
        case_number=number,
        about=person.key,
    )
    access_log.record(
        user,
        access_log.Action.CHANGE,
        person.key,
        detail="Frågade förskrivaren om ett hjälpmedel",
        case_number=number,
    )
    found.asked_at, found.asked_by = timezone.now(), user
    found.save(update_fields=["asked_at", "asked_by"])
    return found
