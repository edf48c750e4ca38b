"""A month: what it owes, what hinders, and the run that puts it on invoices."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from organisation.models import Payer, User
from sesam import awaited
from sesam.days import MONTHS
from sesam.errors import DomainError

from . import rules, specification
from .drafts import Draft, Pair, Problem
from .models import Charge, ChargeKind, Invoice, InvoiceKind, MonthRun
from .models.invoices import last_day
from .sources import credits, deliveries, losses, rents, returns, works
from .sources.window import Window

AT_ONCE = 2000  # rows of an insert
CHOICES = 12  # months back, before any was run
KIND_ORDER = {kind: n for n, kind in enumerate(InvoiceKind)}


@dataclass
class Plan:
    """What a month's run would put on which invoice."""

    pairs: dict[Pair, list[Draft]] = field(default_factory=lambda: defaultdict(list))
    problems: list[Problem] = field(default_factory=list)


def first_month(month: dt.date) -> dt.date:
    """The first month that was ever run: what was handed out before isn't charged here. Before
    there is any, ``month`` itself."""
    run = MonthRun.objects.exclude(confirmed_at=None).order_by("month").first()
    return min(run.month, month) if run else month


def first_choices() -> list[dt.date]:
    """The months with which charging may begin: the last year's, the newest first."""
    found = [rules.first_of(timezone.localdate())]
    for _ in range(CHOICES):
        found.append(rules.first_of(found[-1] - dt.timedelta(days=1)))
    return found[1:]


@transaction.atomic
def begin(month: dt.date, *, user: User) -> MonthRun:
    """The run of a month, which is there once. Months are run in their order, when they are over;
    another one that was only tried is forgotten."""
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE invoicing_monthrun IN SHARE ROW EXCLUSIVE MODE")
    if there := MonthRun.objects.filter(month=month).first():
        return there
    if month >= rules.first_of(timezone.localdate()):
        raise DomainError(f"{name_of(month)} är inte slut än.", field="month")
    last = MonthRun.objects.exclude(confirmed_at=None).first()
    if last and not last.finished_at:
        raise DomainError(f"{name_of(last.month)} är inte färdigkörd.", field="month")
    if last and month != rules.next_month(last.month):
        due = name_of(rules.next_month(last.month)).lower()
        raise DomainError(f"Månaderna körs i ordning. Nästa är {due}.", field="month")
    if last is None and month not in first_choices():
        raise DomainError("Välj en månad ur listan.", field="month")
    MonthRun.objects.filter(confirmed_at=None).delete()
    return MonthRun.objects.create(month=month, started_by=user, done_at=timezone.now())


@transaction.atomic
def confirm(run: MonthRun) -> bool:
    """The trial was seen, and its run is wanted; whether this call said so first."""
    run = MonthRun.objects.select_for_update(of=("self",)).get(pk=run.pk)
    if run.finished_at or (run.confirmed_at and awaited.waits(run)):
        return False
    if run.trial is None:
        raise DomainError("Provkör månaden först.")
    if run.trial["problems"]:
        raise DomainError("Rätta det som hindrar körningen och provkör igen.")
    run.confirmed_at = run.confirmed_at or timezone.now()
    awaited.begin(run, "confirmed_at")
    return True


def name_of(month: dt.date) -> str:
    """
    >>> name_of(dt.date(2026, 10, 1))
    'Oktober 2026'
    """
    return f"{MONTHS[month.month - 1]} {month.year}".capitalize()


def plan(month: dt.date) -> Plan:
    """All that is owed up to the month's end and isn't charged yet. Writes nothing."""
    window = Window(month, first_month(month))
    credited = credits.drafts(window)
    handed = deliveries.drafts(window)
    drafts = [
        *credited,
        *handed,
        *rents.drafts(window, {draft.source_key for draft in handed}),
        *returns.drafts(window, handed),
        *works.drafts(window),
        *losses.drafts(window),
    ]
    made = Plan(problems=window.problems)
    for draft in drafts:
        pair = _pair(draft, window)
        draft.vat_rate = _vat_rate(draft, window)
        made.pairs[pair].append(draft)
    return made


def _pair(draft: Draft, window: Window) -> Pair:
    if draft.credits_id is not None:
        kind = InvoiceKind.CREDIT
    elif draft.seller_id in window.conditions.centres:
        kind = InvoiceKind.CENTRE
    elif draft.seller_id == draft.buyer_id:
        kind = InvoiceKind.INTERNAL
    else:
        kind = InvoiceKind.BETWEEN
    return kind, draft.seller_id, draft.buyer_id, draft.credits_id


def _vat_rate(draft: Draft, window: Window) -> Decimal:
    if draft.kind in (ChargeKind.CREDIT, ChargeKind.MENDED, ChargeKind.RETURN):
        return draft.vat_rate  # that of the row which it corrects
    return window.vat_rate(draft.day, draft.seller_id, draft.buyer_id)


def vat_of(drafts: list[Draft]) -> Decimal:
    """An invoice's VAT: of the sum at each rate, rounded once."""
    sums: dict[Decimal, Decimal] = defaultdict(Decimal)
    for draft in drafts:
        sums[draft.vat_rate] += draft.owed.amount
    return sum((rules.vat(amount, rate) for rate, amount in sums.items()), Decimal("0.00"))


def total_of(drafts: list[Draft]) -> Decimal:
    return sum((draft.owed.amount for draft in drafts), Decimal("0.00"))


@transaction.atomic
def put_on_invoice(run: MonthRun, pair: Pair, drafts: list[Draft]) -> Invoice | None:
    """The invoice of a seller and a buyer, once: None where it is there already, or where another
    run has charged all of it. What comes after it was made goes on the next month's."""
    run = MonthRun.objects.select_for_update(of=("self",)).get(pk=run.pk)
    kind, seller, buyer, corrected = pair
    there = run.invoices.filter(kind=kind, seller=seller, buyer=buyer, credits=corrected)
    if run.finished_at or there.exists():
        return None
    drafts = _still_uncharged(drafts)
    if not drafts:
        return None
    invoice = Invoice.objects.create(
        run=run,
        kind=kind,
        seller_id=seller,
        buyer_id=buyer,
        credits_id=corrected,
        date=last_day(run.month),
        total=total_of(drafts),
        vat=vat_of(drafts),
    )
    ids: dict[str, int] = {}
    for some in (
        [draft for draft in drafts if not draft.of_key],
        [draft for draft in drafts if draft.of_key],
    ):
        made = Charge.objects.bulk_create(
            [d.charge(invoice.pk, ids.get(d.of_key) or d.of_id) for d in some], batch_size=AT_ONCE
        )
        ids |= {charge.source_key: charge.pk for charge in made}
    return invoice


def _still_uncharged(drafts: list[Draft]) -> list[Draft]:
    charged = set(
        Charge.objects.filter(source_key__in=[draft.source_key for draft in drafts]).values_list(
            "source_key", flat=True
        )
    )
    return [draft for draft in drafts if draft.source_key not in charged]


@transaction.atomic
def give_numbers(run: MonthRun) -> None:
    """The run is at its end: its invoices get their numbers, by kind, seller and buyer."""
    run = MonthRun.objects.select_for_update(of=("self",)).get(pk=run.pk)
    if run.finished_at:
        return
    invoices = list(run.invoices.select_related("seller", "buyer", "credits"))
    invoices.sort(
        key=lambda i: (
            KIND_ORDER[InvoiceKind(i.kind)],
            i.seller.code,
            i.buyer.code,
            i.credits.number or "" if i.credits else "",
        )
    )
    for nth, invoice in enumerate(invoices, start=1):
        invoice.number = f"{run.month:%y%m}{nth:04d}"
        invoice.save(update_fields=["number"])
    specification.keep_sums(run)
    run.finished_at = timezone.now()
    run.save(update_fields=["finished_at"])


def try_out(work: awaited.Work[MonthRun]) -> None:
    """The trial: what the run would do is kept with it, and nothing else is written."""
    run = work.record
    made = plan(run.month)
    work.progress(80)
    run.trial = {
        "rows": [_told(pair, drafts) for pair, drafts in sorted(made.pairs.items(), key=_by_kind)],
        "problems": [problem.kept() for problem in made.problems],
        "inactive": _inactive(made),
    }
    work.finish("trial")


def perform(work: awaited.Work[MonthRun]) -> None:
    """The run. What is there already stays; a run that was cut off goes on."""
    run = work.record
    if not run.finished_at:
        made = plan(run.month)
        if made.problems:
            raise DomainError("Något hindrar körningen. Provkör igen.")
        work.progress(40)
        for nth, (pair, drafts) in enumerate(sorted(made.pairs.items(), key=_by_kind), start=1):
            put_on_invoice(run, pair, drafts)
            work.progress(40 + 55 * nth // len(made.pairs))
        give_numbers(run)
        run.refresh_from_db()
    work.finish()


def _by_kind(item: tuple[Pair, list[Draft]]) -> tuple[int, int, int, int]:
    (kind, seller, buyer, corrected), _ = item
    return KIND_ORDER[kind], seller, buyer, corrected or 0


def _told(pair: Pair, drafts: list[Draft]) -> dict[str, Any]:
    kind, seller, buyer, corrected = pair
    return {
        "kind": kind.value,
        "seller": seller,
        "buyer": buyer,
        "credits": corrected,
        "count": len(drafts),
        "amount": str(total_of(drafts)),
    }


def _inactive(made: Plan) -> list[str]:
    there = {payer for _, seller, buyer, _ in made.pairs for payer in (seller, buyer)}
    return [str(payer) for payer in Payer.objects.filter(pk__in=there, is_active=False)]
