"""Any history: whatever is ordered, delivered, returned in part, fetched, scrapped, worked on, at
prices that change, by people who move, and whenever months are run: each delivered quantity is
charged once by its rule, each rented day once, and sums are sums."""

import datetime as dt
import uuid
from collections import Counter
from contextlib import nullcontext
from decimal import Decimal

import pytest
import time_machine
from django.db import transaction
from django.db.models import F, Q, Sum
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from articles.models import Price
from individuals.models import Individual
from invoicing import months, rules
from invoicing.models import Charge, Correction, Invoice, LossVerdict
from invoicing.services import credit_invoice, credit_row, decide
from invoicing.sources import losses
from orders import services as orders
from orders.models import LineDelivery
from orders.services import Pick
from pickups import services
from pickups.models import PickupReceipt, ReturnLine
from pickups.services import Back, Got
from recipients.models import Loan, PayerMove, Recipient
from sesam import awaited
from sesam.errors import DomainError
from tests.activities import builders as work
from tests.deviations.builders import khs_user
from tests.factories import (
    BufferFactory,
    PayerFactory,
    RecipientFactory,
    WarehouseFactory,
    put_in_stock,
)
from tests.orders.builders import add, start
from tests.pickups.builders import fetched, prescriber

from .builders import article

pytestmark = pytest.mark.django_db

FIRST = dt.date(2027, 12, 20)
WORTH = Decimal("5000.00")
pick = st.integers(min_value=0, max_value=1000)


def one_of(rows, index: int):
    rows = list(rows.order_by("-pk"))
    return rows[index % len(rows)] if rows else None


class World:
    def __init__(self) -> None:
        self.store, self.khs = BufferFactory(), WarehouseFactory()
        self.user, self.staff = prescriber(), khs_user()
        self.technician = work.technician()
        self.payers = [PayerFactory(), PayerFactory(code="0881", name="Nybro kommun")]
        self.people = [RecipientFactory(payer=payer) for payer in self.payers]
        self.articles = [
            article("rent", "95.00", name="Stol", responsibility="A"),
            article("rent", "33.33", name="Stöd"),
            article("sale", "129.90", name="Bord"),
            article("sale_return", "3900.00", name="Lyft"),
            article("sale_return", "4000.00", name="Säng", is_marked=True),
            article("none", None, name="Lån"),
        ]
        for each in self.articles:  # what it is worth where it is lost
            if each.billing_form.rule in ("rent", "none"):
                first = {"article": each, "valid_from": dt.date(2020, 1, 1)}
                Price.objects.update_or_create(**first, defaults={"list_price": WORTH})
        for each in self.articles:
            for place in (self.store, self.khs):
                put_in_stock(place, each, 6 if each.is_marked else 30)
        Individual.objects.update(purchased_on=dt.date(2024, 2, 29))
        self.done: Counter[str] = Counter()


class History(RuleBasedStateMachine):
    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world
        self.block = transaction.atomic()
        self.block.__enter__()
        self.time = time_machine.travel(self.at(FIRST), tick=False)
        self.clock = self.time.start()
        self.today = FIRST
        self.month = rules.first_of(FIRST)

    @staticmethod
    def at(day: dt.date) -> dt.datetime:
        return timezone.make_aware(dt.datetime.combine(day, dt.time(10)))

    def did(self, what: str) -> None:
        self.world.done[what] += 1

    # The first month that is run is one of the last year's.
    @precondition(lambda self: self.today - self.month < dt.timedelta(days=200))
    @rule(days=st.sampled_from([1, 3, 9, 17, 31, 62]))
    def days_pass(self, days):
        self.today += dt.timedelta(days=days)
        self.clock.move_to(self.at(self.today))

    @rule(who=pick, what=pick, quantity=st.integers(1, 3))
    def withdraw(self, who, what, quantity):
        """Out of the own store, handed out at once."""
        chosen = self.world.articles[what % len(self.world.articles)]
        piece = {}
        if chosen.is_marked:
            found = one_of(Individual.objects.filter(warehouse=self.world.store), what)
            if found is None:
                return
            quantity, piece = 1, {"individual": found}
        cart = start(self.world.user, self.world.people[who % 2], replace=True)
        add(cart, chosen, quantity, warehouse=self.world.store, **piece)
        orders.send(cart, user=self.world.user)
        self.did(f"withdrawn {chosen.billing_form.rule}")

    @rule(who=pick, what=pick, part=st.integers(1, 3), filling=st.booleans())
    def order_from_khs(self, who, what, part, filling):
        """Three are ordered, and some of them come."""
        counted = [each for each in self.world.articles if not each.is_marked]
        chosen = counted[what % len(counted)]
        facts = (
            {"destination": self.world.store}
            if filling and chosen.billing_form.rule != "rent"
            else {"recipient": self.world.people[who % 2]}
        )
        cart = start(self.world.user, replace=True, **facts)
        add(cart, chosen, 3, warehouse=self.world.khs)
        order = orders.send(cart, user=self.world.user)
        orders.deliver(order, [Pick(order.lines.get().pk, part)], user=self.world.staff)
        self.did("filled" if filling else "delivered in part")

    @precondition(lambda self: Loan.objects.filter(ended_at=None).exists())
    @rule(which=pick, part=pick, scrap=st.sampled_from([False, False, True]))
    def give_back(self, which, part, scrap):
        loan = one_of(Loan.objects.filter(ended_at=None), which)
        services.give_back(
            loan.recipient,
            [Back(loan.pk, 1 + part % loan.held, scrap)],
            user=self.world.user,
            unit=self.world.user.default_unit,
            warehouse=self.world.store,
            key=uuid.uuid4(),
            confirmed=True,
        )
        self.did("scrapped" if scrap else "given back")

    @precondition(lambda self: Loan.objects.filter(ended_at=None).exists())
    @rule(which=pick, state=st.sampled_from(["stock", "cleaning", "scrapped", "missing"]))
    def fetch(self, which, state):
        loan = one_of(Loan.objects.filter(ended_at=None), which)
        pickup = fetched(loan, quantity=1, user=self.world.user)
        receive = services.receive
        receive(pickup, [Got(pickup.lines.get().pk, 1, state)], user=self.world.staff)
        self.did(f"fetched {state}")

    @precondition(lambda self: losses.undecided())
    @rule(which=pick, charge=st.booleans())
    def decide(self, which, charge):
        """KHS says of what is gone whether it is charged."""
        waiting = losses.undecided()
        decide(waiting[which % len(waiting)], user=self.world.staff, charge=charge)
        self.did("decided")

    @precondition(lambda self: Loan.objects.filter(ended_at=None).exists())
    @rule(which=pick, minutes=st.integers(0, 200))
    def work_on(self, which, minutes):
        loan = one_of(Loan.objects.filter(ended_at=None), which)
        activity = work.registered(loan, user=self.world.user)
        activity.type.hour_price = Decimal("640.00")
        activity.type.save()
        bord = self.world.articles[2]
        put_in_stock(self.world.khs, bord, 1)
        work.closed(activity, (bord, 1), minutes=minutes, user=self.world.technician)
        self.did("worked on")

    @rule(what=pick, price=st.decimals("0", "9999", places=2))
    def change_price(self, what, price):
        chosen = self.world.articles[what % 5]
        field = "rent" if chosen.billing_form.rule == "rent" else "list_price"
        Price.objects.update_or_create(
            article=chosen, valid_from=self.today, defaults={"list_price": WORTH, field: price}
        )

    @rule(who=pick)
    def move(self, who):
        person = self.world.people[who % 2]
        person.refresh_from_db()
        other = self.world.payers[person.payer == self.world.payers[0]]
        Recipient.objects.filter(pk=person.pk).update(payer=other)
        PayerMove.objects.filter(pk=PayerMove.objects.latest("pk").pk).update(at=timezone.now())
        self.did("moved")

    @precondition(lambda self: rules.next_month(self.month) <= self.today)
    @rule()
    def run_a_month(self):
        run = months.begin(self.month, user=self.world.staff)
        months.try_out(awaited.Work(run))
        assert run.trial["problems"] == []
        assert months.confirm(run)
        run.refresh_from_db()
        months.perform(awaited.Work(run))
        plan = months.plan(self.month)
        assert (dict(plan.pairs), plan.problems) == ({}, [])
        self.did("run")
        self.month = rules.next_month(self.month)

    def teardown(self) -> None:
        try:
            self.today = max(self.today, rules.next_month(self.month))
            self.clock.move_to(self.at(self.today))
            while rules.next_month(self.month) <= self.today:
                self.run_a_month()
            self.all_is_charged_once()
            self.what_is_right_is_charged_once()
            self.crediting_everything_gives_nothing()
        finally:
            self.time.stop()
            transaction.set_rollback(True)
            self.block.__exit__(None, None, None)

    def all_is_charged_once(self) -> None:
        for invoice in Invoice.objects.all():
            sums = invoice.charges.aggregate(amount=Sum("amount"))
            assert sums["amount"] == invoice.total
            assert not invoice.charges.exclude(seller=F("invoice__seller")).exists()
            assert not invoice.charges.exclude(buyer=F("invoice__buyer")).exists()
        numbers = list(Invoice.objects.order_by("number").values_list("number", flat=True))
        assert None not in numbers
        assert len(set(numbers)) == len(numbers)
        keys = set(Charge.objects.values_list("source_key", flat=True))
        for handed in LineDelivery.objects.filter(delivery__at__lt=self.at(self.month)):
            self.a_delivery_is_charged_once(handed, keys)
        for key, came in self.came_back():
            assert (key in keys) == came, key
        for said in LossVerdict.objects.filter(at__lt=self.at(self.month)):
            assert (f"loss:{said.pk}" in keys) == said.is_charged

    def crediting_everything_gives_nothing(self) -> None:
        for invoice in Invoice.objects.filter(credits=None):
            if invoice.charges.filter(correction=None).exclude(amount=0).exists():
                credit_invoice(invoice, user=self.world.staff)
        before = set(Charge.objects.values_list("pk", flat=True))
        self.today = rules.next_month(self.month)
        self.clock.move_to(self.at(self.today))
        self.run_a_month()
        credited = Charge.objects.filter(Q(pk__in=before) | Q(kind="credit"))
        assert (credited.aggregate(sum=Sum("amount"))["sum"] or 0) == 0
        for invoice in Invoice.objects.filter(credits=None, run__month__lt=self.today):
            back = list(invoice.credited_by.all())
            if len(back) == 1:
                assert (back[0].total, back[0].vat) == (-invoice.total, -invoice.vat)

    @precondition(lambda self: Charge.objects.exclude(kind="credit").exclude(amount=0).exists())
    @rule(which=pick, right=st.none() | st.decimals("0.01", "9999", places=2))
    def credit(self, which, right):
        """KHS credits a row, whatever has come of it since, and may say what is right."""
        row = one_of(Charge.objects.exclude(kind="credit").exclude(amount=0), which)
        said = Correction.objects.filter(charge=row).first()
        depends = row.corrections.exclude(kind="credit").exclude(amount=0).exists()
        refused = (said is not None and said.right_amount != right) or (
            right is not None and (row.amount <= 0 or right == row.amount or depends)
        )
        with pytest.raises(DomainError) if refused else nullcontext():
            credit_row(row, user=self.world.staff, right_amount=right)
        if not refused:
            self.did("credited" if right is None else "mended")

    def what_is_right_is_charged_once(self) -> None:
        """In place of what was wrong, which is credited once."""
        for said in Correction.objects.filter(at__lt=self.at(self.month)).select_related("charge"):
            amounts = Charge.objects.values_list("amount", flat=True)
            credits = amounts.filter(of=said.charge, kind="credit")
            assert list(credits) == [-said.charge.amount]
            right = amounts.filter(source_key=f"mended:{said.charge_id}")
            assert list(right) == [said.right_amount] * (said.right_amount is not None)

    def a_delivery_is_charged_once(self, handed, keys) -> None:
        rents = Charge.objects.filter(loan=handed.loan_id, kind="rent") if handed.loan_id else []
        if f"delivery:{handed.pk}" in keys:
            assert not rents
            return
        days: Counter[dt.date] = Counter()
        for charge in rents:
            days[charge.month] += charge.days
        held = self.days_held(handed)
        assert days == held
        assert not held or handed.line.billing_form.rule == "rent"

    def days_held(self, handed) -> Counter:
        """Day by day, how many of it somebody had."""
        begun = timezone.localdate(handed.delivery.at)
        back = [
            (timezone.localdate(at), quantity)
            for rows in (
                ReturnLine.objects.filter(loan=handed.loan_id).values_list("of__at", "quantity"),
                PickupReceipt.objects.filter(line__loan=handed.loan_id).values_list(
                    "at", "quantity"
                ),
            )
            for at, quantity in rows
        ]
        held: Counter[dt.date] = Counter()
        day = begun
        while day < self.month:
            count = handed.quantity - sum(quantity for at, quantity in back if at <= day)
            if count:
                held[rules.first_of(day)] += count
            day += dt.timedelta(days=1)
        return held

    def came_back(self):
        rule = "line__billing_form__rule"
        for line in ReturnLine.objects.filter(of__at__lt=self.at(self.month)):
            sold = LineDelivery.objects.filter(loan=line.loan, **{rule: "sale_return"}).exists()
            yield f"return:{line.pk}", sold and not line.scrapped
        for receipt in PickupReceipt.objects.filter(at__lt=self.at(self.month)):
            loan = receipt.line.loan
            sold = LineDelivery.objects.filter(loan=loan, **{rule: "sale_return"}).exists()
            whole = receipt.state not in ("scrapped", "missing")
            yield f"receipt:{receipt.pk}", sold and whole


def test_any_history_is_charged_once():
    world = World()
    run_state_machine_as_test(
        lambda: History(world),
        settings=settings(
            max_examples=12,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert {"run", "given back", "moved", "worked on"} <= set(world.done), world.done


def test_what_is_wrong_is_credited_and_what_is_right_is_charged_once():
    """A history that has what the others need not come to: rows that are credited with a right amount
    and without, one whose right amount is credited again, and a loss."""
    world = World()
    one = History(world)
    rent, sale, sale_return = 0, 2, 3
    for what in (rent, sale, sale_return):
        one.withdraw(who=0, what=what, quantity=2)
    one.fetch(which=2, state="missing")  # the oldest of the loans: of what is rented
    one.decide(which=0, charge=True)
    one.days_pass(days=17)
    one.run_a_month()
    assert set(Charge.objects.values_list("kind", flat=True)) == {"rent", "sale", "lost"}
    for which, right in ((0, None), (1, Decimal("250.00")), (2, Decimal("7777.77"))):
        one.credit(which=which, right=right)
    one.give_back(which=0, part=0, scrap=False)  # of what was sold with right of return
    one.days_pass(days=31)
    one.run_a_month()
    one.credit(which=0, right=Decimal("1.00"))
    one.teardown()
    done = {what: world.done[what] for what in ("credited", "mended", "decided", "given back")}
    assert done == {"credited": 1, "mended": 3, "decided": 1, "given back": 1}
