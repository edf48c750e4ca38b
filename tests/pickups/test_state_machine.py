"""Any sequence of what can happen to aids between store, home and KHS.

The machine orders, delivers, returns, undoes, scraps, has things fetched and receives them; after
every step the books agree, each piece is in one place, and nothing is lent twice.
"""

import uuid

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from articles.models import ArticleType, Balance
from individuals.models import Block, Individual
from individuals.stock_check import differences
from orders import services as orders
from orders.models import Order
from orders.services import Pick
from organisation.models import Warehouse
from pickups import parts, services
from pickups.models import (
    PickupLine,
    PickupOrder,
    PickupReceipt,
    PickupStatus,
    ReceivedState,
    Return,
)
from pickups.services import Back, Extra, Got, Wish
from recipients.models import Loan
from sesam.errors import DomainError
from tests.factories import (
    ArticleFactory,
    BufferFactory,
    RecipientFactory,
    WarehouseFactory,
    put_in_stock,
)
from tests.orders.builders import add, start

from .builders import DETAILS, prescriber, reason

pytestmark = pytest.mark.django_db

pick = st.integers(min_value=0, max_value=1000)
some = st.integers(min_value=1, max_value=3)


def one_of(rows, index: int):
    rows = list(rows)
    return rows[index % len(rows)] if rows else None


class Aids(RuleBasedStateMachine):
    """Two recipients, an own store, KHS; a marked chair with its cushion, and a counted rail."""

    def __init__(self) -> None:
        super().__init__()
        self.block = transaction.atomic()
        self.block.__enter__()
        self.store, self.khs = BufferFactory(), WarehouseFactory()
        self.user = prescriber()
        self.people = [RecipientFactory(), RecipientFactory()]
        self.chair = ArticleFactory(name="Rullstol", is_marked=True)
        self.rail = ArticleFactory(name="Stödhandtag")
        self.cushion = ArticleFactory(
            name="Sittdyna", type=ArticleType.ACCESSORY, may_be_component=True
        )
        for place in (self.store, self.khs):
            put_in_stock(place, self.chair, 2)
            put_in_stock(place, self.rail, 4)
            put_in_stock(place, self.cushion, 2)
        self.refused = 0

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.block.__exit__(None, None, None)

    def attempt(self, act) -> None:
        """What the rules refuse must leave nothing behind."""
        try:
            with transaction.atomic():
                act()
        except DomainError:
            self.refused += 1

    # --- out ---

    @rule(who=pick, piece=pick, with_part=st.booleans())
    def take_a_chair_from_the_store(self, who, piece, with_part):
        chosen = one_of(Individual.objects.filter(article=self.chair, warehouse=self.store), piece)
        if chosen is None:
            return

        def act():
            cart = start(self.user, one_of(self.people, who), replace=True)
            components = ((self.cushion, 1),) if with_part else ()
            add(cart, self.chair, warehouse=self.store, individual=chosen, components=components)
            orders.send(cart, user=self.user)

        self.attempt(act)

    @rule(who=pick, quantity=some, central=st.booleans())
    def order_rails(self, who, quantity, central):
        def act():
            cart = start(self.user, one_of(self.people, who), replace=True)
            add(cart, self.rail, quantity, warehouse=self.khs if central else self.store)
            orders.send(cart, user=self.user)

        self.attempt(act)

    @rule(which=pick)
    def deliver(self, which):
        order = one_of(Order.objects.undelivered(), which)
        if order:
            picks = [Pick(x.pk, x.reserved) for x in order.lines.all() if x.reserved]
            self.attempt(lambda: orders.deliver(order, picks, user=self.user))

    @rule(which=pick)
    def cancel_an_order(self, which):
        order = one_of(Order.objects.undelivered(), which)
        if order:
            self.attempt(lambda: orders.cancel(order, user=self.user))

    # --- back to the store ---

    @rule(which=pick, quantity=some, scrap=st.booleans(), along=st.booleans())
    def give_back(self, which, quantity, scrap, along):
        loan = one_of(Loan.objects.order_by("pk"), which)  # ended ones too: asked for again
        if loan is None:
            return
        backs = [Back(loan.pk, quantity, scrap)]
        if along:
            backs += [Back(p.loan.pk, p.loan.held, scrap) for p in parts.of_loans([loan])[loan.pk]]
        self.attempt(
            lambda: services.give_back(
                loan.recipient, backs, user=self.user, unit=self.user.default_unit,
                warehouse=self.store, key=uuid.uuid4(),
            )
        )  # fmt: skip

    @rule(which=pick)
    def undo(self, which):
        made = one_of(Return.objects.order_by("pk"), which)
        if made:
            self.attempt(lambda: services.undo(made, user=self.user))

    # --- back to KHS ---

    @rule(which=pick, quantity=some, along=st.booleans())
    def have_it_fetched(self, which, quantity, along):
        loan = one_of(Loan.objects.order_by("pk"), which)
        if loan is None:
            return
        wishes = [Wish(loan.pk, quantity)]
        if along:
            wishes += [Wish(p.loan.pk, p.loan.held) for p in parts.of_loans([loan])[loan.pk]]
        self.attempt(
            lambda: services.order_pickup(
                loan.recipient, wishes, user=self.user, unit=self.user.default_unit,
                prescriber=self.user, reason=reason(), details=DETAILS, token=uuid.uuid4(),
            )
        )  # fmt: skip

    @rule(which=pick)
    def cancel_a_pickup(self, which):
        pickup = one_of(PickupOrder.objects.order_by("pk"), which)
        if pickup:
            self.attempt(lambda: services.cancel_pickup(pickup, user=self.user))

    @rule(
        which=pick,
        quantity=some,
        state=st.sampled_from(ReceivedState.values),
        extra=pick,
        with_extra=st.booleans(),
        finish=st.booleans(),
    )
    def receive(self, which, quantity, state, extra, with_extra, finish):
        pickup = one_of(PickupOrder.objects.due().order_by("pk"), which)
        if pickup is None:
            return
        got = [
            Got(line.pk, min(quantity, line.quantity), state)
            for line in pickup.lines.filter(is_open=True)
        ]
        extras = []
        if with_extra:
            loan = one_of(Loan.objects.filter(ended_at=None).order_by("pk"), extra)
            if loan and loan.individual:
                extras = [Extra(1, state, number=loan.individual.number)]
            elif loan and loan.recipient_id == pickup.recipient_id:
                extras = [Extra(min(quantity, loan.held), state, loan_id=loan.pk)]
        self.attempt(
            lambda: services.receive(pickup, got, user=self.user, extras=extras, finish=finish)
        )

    @rule(which=pick)
    def cleaned_or_repaired(self, which):
        receipt = one_of(PickupReceipt.objects.filter(finished_at=None).order_by("pk"), which)
        if receipt:
            self.attempt(lambda: services.make_available(receipt, user=self.user))

    # --- what always holds ---

    @invariant()
    def the_books_agree(self):
        assert differences() == []

    @invariant()
    def every_piece_is_in_one_place(self):
        for piece in Individual.objects.all():
            lent = Loan.objects.filter(individual=piece, ended_at=None).count()
            shelved = piece.warehouse_id is not None
            gone = piece.status in (Individual.Status.SCRAPPED, Individual.Status.MISSING)
            assert [bool(lent), shelved, gone].count(True) == 1, (piece, lent, piece.status)
            assert lent <= 1

    @invariant()
    def nothing_is_lost(self):
        """All rails are in a store, at somebody's, scrapped or missing: none twice, none gone."""
        moved = "SELECT coalesce(sum(-quantity), 0) FROM articles_stockmovement WHERE"
        with connection.cursor() as cursor:
            cursor.execute(f"{moved} kind = 'scrap' AND article_id = %s", [self.rail.pk])
            scrapped = cursor.fetchone()[0]
        missing = sum(
            r.quantity
            for r in PickupReceipt.objects.filter(
                state=ReceivedState.MISSING, line__article=self.rail
            )
        )
        held = sum(loan.held for loan in Loan.objects.filter(article=self.rail, ended_at=None))
        shelved = sum(b.on_hand for b in Balance.objects.filter(article=self.rail))
        assert held + shelved + scrapped + missing == 8

    @invariant()
    def what_is_held_back_is_just_what_is_blocked(self):
        for warehouse in Warehouse.objects.all():
            blocked = Block.objects.filter(until=None, individual__warehouse=warehouse)
            pieces = blocked.values("individual").distinct().count()
            counted = sum(
                r.quantity
                for r in PickupReceipt.objects.filter(
                    finished_at=None, warehouse=warehouse, line__individual=None
                )
            )
            unavailable = sum(b.unavailable for b in Balance.objects.filter(warehouse=warehouse))
            assert unavailable == pieces + counted

    @invariant()
    def an_open_pickup_only_names_what_is_held(self):
        for line in PickupLine.objects.filter(is_open=True).select_related("loan", "pickup"):
            assert line.loan.ended_at is None
            assert line.pickup.status not in (PickupStatus.RECEIVED, PickupStatus.CANCELLED)
            came = sum(receipt.quantity for receipt in line.receipts.all())
            assert 0 < line.quantity - came <= line.loan.held


def test_any_sequence_keeps_the_books():
    run_state_machine_as_test(
        Aids,
        settings=settings(
            max_examples=25,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
