"""Months that are closed: their invoices, rows that are questioned, a credit."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal

from django.db.models import QuerySet
from django.utils import timezone

from activities.models import ActivityType
from articles.models import BillingForm
from invoicing import doubts, months, services
from invoicing.figures import counting
from invoicing.models import CalloutFee, Charge, Invoice, LossVerdict, MonthRun, Question
from invoicing.rules import first_of, next_month, rounded
from orders.models import Order
from organisation.models import User
from pickups.models import Return
from pickups.services import Back, give_back
from recipients.models import Loan, Recipient, RegisterPerson
from sesam import awaited

from . import people

MONTHS = 3
FEE = Decimal("350.00")
KNOWN_NUMBERS = [people.KNOWN, people.MANY_AIDS, people.LONG_NAME]


def load() -> None:
    """The three months before this one. What controllers asked of the first is on its way through
    KHS; one row was wrong, and the second month credits it."""
    khs = User.objects.get(username="khs")
    controller = User.objects.get(username="controller")
    due = _closed()
    CalloutFee.objects.create(
        type=ActivityType.objects.get(code=ActivityType.Code.REPAIR),
        valid_from=due[0].replace(month=1, day=1),
        amount=FEE,
    )
    _gave_back(due[1])
    _scrapped(due[1], khs)
    for nth, month in enumerate(due):
        run = months.begin(month, user=khs)
        _run(run)
        if nth == 0:
            credited, refused, mended = _rows(controller, 3)
            question = _ask(credited, controller, "Hjälpmedlet lämnades tillbaka oanvänt.")
            services.answer(question, user=khs, credit=True, text="Det stämmer. Raden krediteras.")
            question = _ask(refused, controller, "Priset är högre än i katalogen.")
            services.answer(
                question, user=khs, credit=False,
                text="Priset är det som gällde när beställningen skickades.",
            )  # fmt: skip
            services.credit_row(mended, user=khs, right_amount=rounded(mended.amount / 2))
    asked, under_inquiry = _rows(controller, 2)
    _ask(asked, controller, "Vi hittar ingen beställning med det numret.")
    question = _ask(under_inquiry, controller, "Hjälpmedlet hämtades i början av månaden.")
    services.inquire(question, user=khs)
    _gone()
    counting.count()
    doubts.find()


def _closed() -> list[dt.date]:
    """The first days of the last months that are over."""
    found: list[dt.date] = []
    month = first_of(timezone.localdate())
    for _ in range(MONTHS):
        month = first_of(month - dt.timedelta(days=1))
        found.insert(0, month)
    return found


def _run(run: MonthRun) -> None:
    months.try_out(awaited.Work(run))
    months.confirm(run)
    run.refresh_from_db()
    months.perform(awaited.Work(run))


def _rows(controller: User, count: int) -> list[Charge]:
    """The dearest rows of the newest invoice that the aid centre sent to the controller's payer."""
    invoice = Invoice.objects.filter(buyer__in=controller.payers.all(), kind="centre").latest(
        "date", "pk"
    )
    return list(invoice.charges.filter(question=None).order_by("-amount", "pk")[:count])


def _ask(charge: Charge, user: User, reason: str) -> Question:
    return services.ask(charge, user=user, reason=reason)


def _gave_back(month: dt.date) -> None:
    """Something sold with right of return came back in the middle of the month."""
    if loan := _held(BillingForm.Rule.SALE_RETURN, month).first():
        _return(loan, month)


def _scrapped(month: dt.date, khs: User) -> None:
    """Something rented came back broken by neglect, and is charged: KHS said so the next day."""
    if loan := _held(BillingForm.Rule.RENT, month).first():
        made = _return(loan, month, scrap=True)
        LossVerdict.objects.create(
            return_line=made.lines.get(),
            is_charged=True,
            by=khs,
            at=made.at + dt.timedelta(days=1),
        )


def _return(loan: Loan, month: dt.date, *, scrap: bool = False) -> Return:
    user = User.objects.get(username="buffertansvarig")
    unit = user.default_unit
    store = unit.own_stores.filter(is_active=True).first() if unit else None
    if unit is None or store is None:
        raise LookupError("who has charge of a store has a unit with a store")
    return give_back(
        loan.recipient,
        [Back(loan.pk, loan.held, scrap)],
        user=user,
        unit=unit,
        warehouse=store,
        key=uuid.uuid5(uuid.NAMESPACE_URL, "demo-scrapped" if scrap else "demo"),
        confirmed=True,
        at=timezone.make_aware(dt.datetime.combine(month.replace(day=20), dt.time(14))),
    )


def _held(rule: BillingForm.Rule, month: dt.date) -> QuerySet[Loan]:
    """What was lent or sold before the middle of the month, and nothing else is done with."""
    return (
        Loan.objects.filter(
            delivery__line__billing_form__rule=rule,
            delivered_at__lt=timezone.make_aware(dt.datetime.combine(next_month(month), dt.time()))
            - dt.timedelta(days=20),
            ended_at=None,
            part_of=None,
            recipient__is_protected=False,
            pickup_lines=None,
            activity_lines=None,
        )
        .exclude(recipient__number__in=KNOWN_NUMBERS)
        .order_by("-delivered_at", "pk")
    )


def _gone() -> None:
    """Somebody who rents has died, somebody has moved far away: their loans are there still."""
    renting = Loan.objects.filter(
        delivery__line__billing_form__rule=BillingForm.Rule.RENT,
        ended_at=None,
        recipient__kind=Recipient.Kind.PERSON,
        recipient__is_protected=False,
        pickup_lines=None,
        activity_lines=None,
    ).exclude(recipient__in=Order.objects.undelivered().exclude(recipient=None).values("recipient"))
    found = renting.exclude(recipient__number__in=KNOWN_NUMBERS).values_list(
        "recipient__number", flat=True
    )
    numbers = sorted(set(found))[:2]
    for people_ in (Recipient.objects.all(), RegisterPerson.objects.all()):
        people_.filter(number__in=numbers[:1]).update(
            deceased_on=timezone.localdate() - dt.timedelta(days=12)
        )
        people_.filter(number__in=numbers[1:]).update(municipality_code="0180")
