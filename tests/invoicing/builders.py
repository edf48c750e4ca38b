"""Days, what happens on them, and the months that are run after them."""

import datetime as dt
import re
from decimal import Decimal
from html import unescape

import time_machine
from django.utils import timezone

from articles.models import BillingForm, Price
from invoicing import months
from invoicing.models import Charge, Invoice, MonthRun
from invoicing.rules import next_month
from sesam import awaited
from tests.deviations.builders import khs_user
from tests.factories import ArticleFactory, BillingFormFactory, PayerFactory
from tests.reading import read_page

OCTOBER, NOVEMBER, DECEMBER = (dt.date(2026, month, 1) for month in (10, 11, 12))
JANUARY = dt.date(2027, 1, 1)
LONG_AGO = dt.date(2001, 10, 1)  # before what the demo has
FORMS = {
    "rent": "Hyra per månad",
    "sale": "Försäljning",
    "sale_return": "Försäljning med retur",
    "none": "Ingen debitering",
}


def on(day: dt.date | str):
    """At ten o'clock that day."""
    day = dt.date.fromisoformat(day) if isinstance(day, str) else day
    at = timezone.make_aware(dt.datetime.combine(day, dt.time(10)))
    return time_machine.travel(at, tick=False)


def article(rule: str = "rent", price: str | None = "95.00", **facts):
    """An article with a billing form of the rule, at a price that has held for long."""
    form = BillingForm.objects.filter(rule=rule).first() or BillingFormFactory(
        name=FORMS[rule], rule=rule
    )
    made = ArticleFactory(billing_form=form, **{"responsibility": "B", **facts})
    if price is not None:
        costs(made, price, "2020-01-01")
    return made


def costs(made, price: str, since: str) -> None:
    field = "rent" if made.billing_form.rule == "rent" else "list_price"
    Price.objects.create(
        article=made, valid_from=dt.date.fromisoformat(since), **{field: Decimal(price)}
    )


def begun(month: dt.date, user=None) -> MonthRun:
    """The month's trial was seen and its run is wanted; it is over."""
    with on(next_month(month)):
        run = months.begin(month, user=user or khs_user())
        months.try_out(awaited.Work(run))
        months.confirm(run)
        run.refresh_from_db()
    return run


def run_month(month: dt.date) -> list[Invoice]:
    """The month is run; its invoices."""
    run = begun(month)
    with on(next_month(month)):
        months.perform(awaited.Work(run))
    return list(run.invoices.order_by("number"))


def charged_once() -> Charge:
    """A row of a finished month's invoice, that the database alone knows of; the same if asked again."""
    made = Charge.objects.filter(source_key="delivery:0").first()
    if made is not None:
        return made
    payer = PayerFactory()
    run = MonthRun.objects.create(
        month=LONG_AGO, started_by=khs_user(), confirmed_at=timezone.now(),
        finished_at=timezone.now(), progress=100, done_at=timezone.now(),
    )  # fmt: skip
    invoice = Invoice.objects.create(
        run=run, kind="internal", seller=payer, buyer=payer,
        date=dt.date(2001, 10, 31), total=10, vat=0,
    )  # fmt: skip
    made = Charge.objects.create(
        invoice=invoice, source_key="delivery:0", kind="sale", month=LONG_AGO, day=LONG_AGO,
        seller=payer, buyer=payer, text="123456 Bord", quantity=1, unit_price=10, amount=10,
        vat_rate=0, inputs={"price": "10.00"},
    )  # fmt: skip
    invoice.number = "01100001"
    invoice.save(update_fields=["number"])
    return made


def words(response) -> str:
    """What stands on the page, with one space between all."""
    text = re.sub(r"<[^>]+>", " ", read_page(response))
    return " ".join(unescape(text).split())


def charged(month: dt.date | None = None, **facts) -> list[tuple[str, str]]:
    """Kind and amount of the charges, those on a month's invoices or all."""
    if month:
        facts["invoice__run__month"] = month
    rows = Charge.objects.filter(**facts).order_by("pk")
    return [(charge.kind, str(charge.amount)) for charge in rows]
