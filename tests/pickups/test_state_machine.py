"""Any sequence of what can happen to aids between store, home and KHS.

The machine orders, delivers, returns, undoes, scraps, has things fetched and receives them, has
them worked on and orders wait for it; after every step the books agree, each piece is in one place,
nothing is lent twice or lost, and nothing is held by what has ended. Nights pass meanwhile: chairs
fall due for maintenance, and those that are overdue in a store are held back; and chairs and rails
are recalled, wherever they are.
"""

import datetime as dt
import uuid
from collections import Counter
from functools import partial

import pytest
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Sum
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from activities import services as activities
from activities.maintenance import holding, night
from activities.maintenance.rules import months_after
from activities.models import Activity, ActivityLine, MaintenancePlan, MaintenanceSchedule
from articles.models import ArticleType, Balance, StockMovement
from articles.stock import Kind
from deviations import recalls
from deviations import services as deviations
from deviations.models import FREE_AFTER, Answer, Deviation, DeviationCategory, Recall, RecallItem
from deviations.recalls import Sought, finding, registering
from individuals import services as individuals
from individuals.models import Block, Component, Individual, Watch
from individuals.stock_check import differences
from orders import services as orders
from orders.models import Order, OrderHold
from orders.services import Pick
from pickups import services
from pickups.models import (
    PickupLine,
    PickupOrder,
    PickupReceipt,
    PickupStatus,
    ReceivedState,
    Return,
)
from pickups.services import Back, Extra, Got, Wish
from recipients.cases import EventKind, last_event
from recipients.held import parts_of
from recipients.models import Loan
from sesam import awaited
from sesam.errors import DomainError
from tests.activities import builders as work
from tests.deviations.builders import khs_user
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

GONE = (Individual.Status.SCRAPPED, Individual.Status.MISSING)
IN_EACH_PLACE = {"Rullstol": 3, "Stödhandtag": 6, "Sittdyna": 6}

MANY = 8  # loans: enough at home, so that most goes back
# Those that wait first: what is drawn most should have most to follow.
STATES = ["cleaning", "repair", "stock", "scrapped", "missing"]

pick = st.integers(min_value=0, max_value=1000)
some = st.integers(min_value=1, max_value=3)
rarely = st.sampled_from([False, False, False, False, True])
# Most often an aid that can be asked for; also one on its way to KHS, and one that has come back.
whose = st.sampled_from(["free", "free", "free", "free", "fetched", "ended"])


def one_of(rows, index: int):
    """One of the rows; 0, which is drawn most, is the latest."""
    rows = list(rows.order_by("-pk"))
    return rows[index % len(rows)] if rows else None


def not_gone():
    return Individual.objects.exclude(status__in=GONE)


def by(key: str, rows, field="quantity") -> dict[int, int]:
    return dict(rows.order_by().values_list(key).annotate(sum=Sum(field)))


class World:
    """Two recipients, an own store, KHS; marked chairs with two cushions each, and counted rails.

    Made once: every example starts here and is rolled back. ``done`` and ``refused`` count the
    deeds of all examples.
    """

    def __init__(self) -> None:
        self.store, self.khs = BufferFactory(), WarehouseFactory()
        self.user, self.reason = prescriber(), reason()
        self.technician = work.technician()
        self.clerk = khs_user()
        self.people = [RecipientFactory(), RecipientFactory()]
        self.chair = ArticleFactory(name="Rullstol", is_marked=True)
        self.rail = ArticleFactory(name="Stödhandtag")
        self.cushion = ArticleFactory(
            name="Sittdyna", type=ArticleType.ACCESSORY, may_be_component=True
        )
        self.counted = [self.rail, self.cushion]
        self.plan = work.plan_of(self.chair, blocks=True)
        for place in (self.store, self.khs):
            for article in (self.chair, self.rail, self.cushion):
                put_in_stock(place, article, IN_EACH_PLACE[article.name])
        for person in self.people:
            self.order(person, self.chair, with_part=True)
            self.order(person, self.rail, quantity=2)
        night.run()
        self.done: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()

    def order(self, person, article, *, quantity=1, with_part=False, central=False, piece=None):
        """An order of the article is sent; from the own store it is handed out at once."""
        facts = {"components": ((self.cushion, 2),)} if with_part else {}
        if article.is_marked:
            shelf = Individual.objects.filter(warehouse=self.store)
            facts["individual"] = piece or shelf.order_by("pk").first()
        cart = start(self.user, person, replace=True)
        add(cart, article, quantity, warehouse=self.khs if central else self.store, **facts)
        orders.send(cart, user=self.user)


class Aids(RuleBasedStateMachine):
    def __init__(self, world: World) -> None:
        super().__init__()
        self.world, self.user = world, world.user
        self.may_be_late = False  # since the last night a date or the plan has changed
        self.block = transaction.atomic()
        self.block.__enter__()

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.block.__exit__(None, None, None)

    def attempt(self, deed: str, act, *facts, **more) -> None:
        """What the rules refuse must leave nothing behind."""
        try:
            with transaction.atomic():
                act(*facts, user=self.user, **more)
        except DomainError:
            self.world.refused[deed] += 1
        else:
            self.world.done[deed] += 1

    def a_loan(self, index: int, kind: str = "free") -> Loan | None:
        on_its_way = PickupLine.objects.filter(is_open=True).values("loan")
        loans = Loan.objects.filter(ended_at__isnull=kind != "ended")
        if kind == "free":
            loans = loans.exclude(pk__in=on_its_way)
        elif kind == "fetched":
            loans = loans.filter(pk__in=on_its_way)
        return one_of(loans, index)

    # --- out ---

    @precondition(lambda self: Individual.objects.filter(warehouse=self.world.store).exists())
    @rule(who=st.booleans(), which=pick, with_part=st.booleans())
    def take_a_chair_from_the_store(self, who, which, with_part):
        piece = one_of(Individual.objects.filter(warehouse=self.world.store), which)

        def act(user):
            person = self.world.people[who]
            self.world.order(person, self.world.chair, with_part=with_part, piece=piece)

        self.attempt("take a chair", act)

    @precondition(lambda self: Loan.objects.filter(ended_at=None).count() < MANY)
    @precondition(lambda self: Order.objects.undelivered().count() < 2)
    @rule(who=st.booleans(), quantity=some, central=st.booleans())
    def order_rails(self, who, quantity, central):
        def act(user):
            person = self.world.people[who]
            self.world.order(person, self.world.rail, quantity=quantity, central=central)

        self.attempt("order rails", act)

    @precondition(lambda self: Order.objects.undelivered().exists())
    @rule(which=pick)
    def deliver(self, which):
        order = one_of(Order.objects.undelivered(), which)
        picks = [Pick(x.pk, x.reserved) for x in order.lines.all() if x.reserved]
        self.attempt("deliver", orders.deliver, order, picks)

    @precondition(lambda self: Order.objects.undelivered().exists())
    @rule(which=pick, sure=rarely)
    def cancel_an_order(self, which, sure):
        if sure:
            order = one_of(Order.objects.undelivered(), which)
            self.attempt("cancel an order", orders.cancel, order)

    # --- what goes wrong ---

    @precondition(lambda self: not_gone().exists())
    @rule(which=pick, grave=st.booleans(), block=st.booleans())
    def report_a_deviation(self, which, grave, block):
        """About a chair, at home or in a store; a grave one holds it back, promised or not."""
        piece = one_of(not_gone(), which)
        loan = Loan.objects.filter(individual=piece, ended_at=None).first()
        kind = DeviationCategory.objects.get(name="Broms eller lås")

        def act(user):
            deviations.register(
                user=user,
                unit=user.default_unit,
                details={
                    "event_type": "adverse" if grave else "near_miss",
                    "category": kind,
                    "consequence": "serious" if grave else "none",
                    "happened_on": timezone.localdate(),
                    "what_happened": "Bromsen släppte.",
                    "contact_phone": "08-465 004 41",
                },
                token=uuid.uuid4(),
                recipient=loan.recipient if loan else None,
                wishes=[deviations.Wish(loan.pk)] if loan else [],
                piece=None if loan else piece,
                block=block,
            )

        self.attempt("report a deviation", act)

    @precondition(lambda self: Deviation.objects.exists())
    @rule(which=pick, how=st.sampled_from(["receive", "grave", "close", "release", "withdraw",
                                            "hold", "reopen", "reclassify"]))  # fmt: skip
    def handle_a_deviation(self, which, how):
        deviation = one_of(Deviation.objects, which)

        def act(user):
            if how in ("grave", "close"):
                seen = last_event(deviation)
                if how == "grave":
                    deviations.investigate(deviation, user=user, seen=seen, could_be_grave=True)
                else:
                    answer = {"answer": "Bromsen är bytt.", "release_pieces": True}
                    deviations.close(deviation, user=user, seen=seen, **answer)
            elif how == "reclassify":
                harmed = deviation.consequence == "none"
                deviations.reclassify(
                    deviation, user=user, seen=last_event(deviation), category=deviation.category,
                    event_type="adverse" if harmed else "near_miss",
                    consequence="serious" if harmed else "none", why="Visade sig senare.",
                )  # fmt: skip
            else:
                why = {"why": "Samma fel igen."} if how == "reopen" else {}
                getattr(deviations, how)(deviation, user=user, **why)

        self.attempt(f"{how} a deviation", act)

    # --- recalls ---

    @precondition(lambda self: Recall.objects.count() < 3)
    @rule(what=st.sampled_from(["all", "one", "rails"]), which=pick)
    def recall(self, what, which):
        """All chairs, one of them by its number, or all rails, wherever they are and promised or not."""
        article, sought = self.world.chair, Sought(Watch.By.ARTICLE)
        if what == "one" and (piece := one_of(not_gone(), which)):
            Individual.objects.filter(pk=piece.pk).update(serial_number=f"SN-{piece.pk}")
            sought = Sought(Watch.By.SERIAL, f"SN-{piece.pk}", f"SN-{piece.pk}")
        elif what == "rails":
            article = self.world.rail

        def act(user):
            made = registering.make(
                user=user,
                details={
                    "sender": "Etac", "notice_on": timezone.localdate(), "fault": "Broms",
                    "measure": "Byt",
                },
                articles=[article],
                sought=[sought],
                token=uuid.uuid4(),
            )  # fmt: skip
            finding.find(awaited.Work(made))

        self.attempt("recall", act)

    @precondition(lambda self: RecallItem.objects.exists())
    @rule(which=pick, answer=st.sampled_from([*Answer.values]))
    def answer_a_recall(self, which, answer):
        item = one_of(RecallItem.objects.select_related("recall"), which)

        def act(user):
            recalls.answer(item.recall, [item.pk], Answer(answer), user=self.world.clerk)

        self.attempt("answer a recall", act)

    @precondition(lambda self: RecallItem.objects.filter(individual__isnull=False).exists())
    @rule(which=pick, other=pick)
    def correct_a_plate(self, which, other):
        """To the number of another piece, which a recall may look for."""
        pieces = not_gone()
        piece, like = one_of(pieces, which), one_of(pieces, other)
        if piece is None or like is None:
            return
        wanted = individuals.Plate(f"SN-{like.pk}", "")

        def act(user):
            individuals.correct_plate(piece, plate=wanted, user=user)
            finding.take_up()

        self.attempt("correct a plate", act)

    # --- back to the store ---

    @precondition(lambda self: Loan.objects.filter(ended_at=None).exists())
    @rule(
        which=pick,
        quantity=some,
        over=rarely,
        scrap=rarely,
        alone=rarely,
        kind=whose,
    )
    def give_back(self, which, quantity, over, scrap, alone, kind):
        loan = self.a_loan(which, kind)
        if loan is None:
            return
        backs = [Back(loan.pk, quantity if over else min(quantity, loan.held), scrap)]
        if not alone:
            backs += [Back(part.pk, part.held, scrap) for part in parts_of([loan])[loan.pk]]
        self.attempt(
            "give back",
            services.give_back,
            loan.recipient,
            backs,
            unit=self.user.default_unit,
            warehouse=self.world.store,
            key=uuid.uuid4(),
            confirmed=True,
        )

    @precondition(lambda self: Return.objects.filter(undone_at=None).exists())
    @rule(which=pick)
    def undo(self, which):
        self.attempt("undo", services.undo, one_of(Return.objects.filter(undone_at=None), which))

    # --- back to KHS ---

    @precondition(lambda self: Loan.objects.filter(ended_at=None).exists())
    @rule(which=pick, quantity=some, over=rarely, alone=rarely, kind=whose)
    def have_it_fetched(self, which, quantity, over, alone, kind):
        loan = self.a_loan(which, kind)
        if loan is None:
            return
        wishes = [Wish(loan.pk, quantity if over else min(quantity, loan.held))]
        if not alone:
            wishes += [Wish(part.pk, part.held) for part in parts_of([loan])[loan.pk]]
        self.attempt(
            "order a pickup",
            services.order_pickup,
            loan.recipient,
            wishes,
            unit=self.user.default_unit,
            prescriber=self.user,
            reason=self.world.reason,
            details=DETAILS,
            token=uuid.uuid4(),
        )

    @precondition(lambda self: PickupOrder.objects.due().exists())
    @rule(which=pick, sure=rarely)
    def cancel_a_pickup(self, which, sure):
        if sure:
            pickup = one_of(PickupOrder.objects.due(), which)
            self.attempt("cancel a pickup", services.cancel_pickup, pickup)

    @precondition(lambda self: PickupOrder.objects.due().exists())
    @rule(which=pick, state=st.sampled_from(STATES))
    def receive_all_of_it(self, which, state):
        self.receive_some(which, 1000, state, state, None, False)

    @precondition(lambda self: PickupOrder.objects.due().exists())
    @rule(
        which=pick,
        quantity=some,
        state=st.sampled_from(STATES),
        parts_state=st.sampled_from([*STATES, ""]),
        extra=st.none() | pick,
        finish=rarely,
    )
    def receive_some(self, which, quantity, state, parts_state, extra, finish):
        pickup = one_of(PickupOrder.objects.due(), which)
        got = []
        for line in pickup.lines.filter(is_open=True).annotate(came=Sum("receipts__quantity")):
            its_state = parts_state if line.came_with_id else state
            if its_state:
                left = line.quantity - (line.came or 0)
                got.append(Got(line.pk, min(quantity, left), its_state))
        self.attempt(
            "receive",
            services.receive,
            pickup,
            got,
            extras=[] if extra is None else self.extras(pickup, extra, quantity, state),
            finish=finish,
        )

    def extras(self, pickup: PickupOrder, which: int, quantity: int, state: str) -> list[Extra]:
        """What came without standing on the order: anybody's chair, or more of the person's own."""
        loan = self.a_loan(which // 2, "free" if which % 2 else "fetched")
        if loan is None or pickup.lines.filter(loan=loan, is_open=True).exists():
            return []
        if loan.individual:
            return [Extra(1, state, number=loan.individual.number)]
        if loan.recipient_id == pickup.recipient_id:
            return [Extra(min(quantity, loan.held), state, loan_id=loan.pk)]
        return []

    @precondition(lambda self: PickupReceipt.objects.filter(finished_at=None).exists())
    @rule(which=pick)
    def make_available(self, which):
        receipt = one_of(PickupReceipt.objects.filter(finished_at=None), which)
        self.attempt("make available", services.make_available, receipt)

    # --- work ---

    def register(self, deed: str, kind: str, *loans: Loan, **facts) -> None:
        wanted = work.wanted(*loans, type=kind, unit=self.user.default_unit, **facts)
        self.attempt(deed, activities.register, wanted, token=uuid.uuid4())

    @precondition(lambda self: Activity.objects.still_open().count() < 3)
    @precondition(lambda self: Loan.objects.filter(ended_at=None).exists())
    @rule(which=pick, kind=st.sampled_from(["Buffertreparation", "Anpassning"]), whose=whose)
    def ask_for_work(self, which, kind, whose):
        if loan := self.a_loan(which, whose):
            self.register("ask for work", kind, loan)

    @precondition(lambda self: Individual.objects.filter(warehouse=self.world.store).exists())
    @rule(which=pick)
    def repair_in_the_store(self, which):
        piece = one_of(Individual.objects.filter(warehouse=self.world.store), which)
        self.register("repair in the store", "Buffertreparation", piece=piece)

    @precondition(lambda self: Order.objects.undelivered().exists())
    @rule(which=pick)
    def let_an_order_wait(self, which):
        order = one_of(Order.objects.undelivered(), which)
        self.register("let an order wait", "Anpassning", recipient=order.recipient, order=order)

    @precondition(lambda self: Activity.objects.still_open().exists())
    @rule(which=pick, quantity=st.integers(min_value=0, max_value=4), close=st.booleans())
    def report_work(self, which, quantity, close):
        activity = one_of(Activity.objects.still_open(), which)
        material = [activities.Used(self.world.cushion, quantity)] if quantity else []

        def act(user):
            activities.report(
                activity,
                user=self.world.technician,
                token=uuid.uuid4(),
                text="Lagat.",
                material=material,
                close=close,
            )

        self.attempt("close work" if close else "report work", act)

    @precondition(lambda self: Activity.objects.still_open().exists())
    @rule(which=pick)
    def cancel_work(self, which):
        activity = one_of(Activity.objects.still_open(), which)
        self.attempt("cancel work", activities.cancel, activity)

    # --- maintenance ---

    @rule(which=pick, days=st.sampled_from([-1, -1, 3, 100]), passes=st.booleans())
    def a_piece_falls_due(self, which, days, passes):
        """As if it had been looked after long ago; and mostly a night passes."""
        schedule = one_of(MaintenanceSchedule.objects.select_related("plan"), which)
        due = timezone.localdate() + dt.timedelta(days)
        MaintenanceSchedule.objects.filter(pk=schedule.pk).update(
            last_on=months_after(due, -schedule.months), due_on=due
        )
        self.may_be_late = True
        if passes:
            self.a_night_passes()

    @rule()
    def a_night_passes(self):
        found = night.run()
        self.world.done["make maintenance"] += found.made
        self.world.done["hold back what is overdue"] += found.held
        self.may_be_late = False

    @rule(
        months=st.sampled_from([12, 13, 24]),
        blocks=st.booleans(),
        done_by=st.sampled_from(["khs", "store"]),
    )
    def change_the_plan(self, months, blocks, done_by):
        plans = MaintenancePlan.objects.filter(pk=self.world.plan.pk)
        plans.update(months=months, blocks=blocks, done_by=done_by)
        self.may_be_late = True

    # --- what always holds ---

    @invariant()
    def the_books_agree(self):
        assert differences() == []

    @invariant()
    def every_piece_is_in_one_place(self):
        open_loans = Loan.objects.filter(ended_at=None, individual__isnull=False)
        lent = Counter(open_loans.values_list("individual", flat=True))
        for piece in Individual.objects.all():
            places = [lent[piece.pk] > 0, piece.warehouse_id is not None, piece.status in GONE]
            assert places.count(True) == 1, (piece, places)
            assert lent[piece.pk] <= 1, f"{piece} is lent twice"

    @invariant()
    def nothing_is_lost(self):
        """What is counted is in a store, at somebody's, scrapped or missing: once, all of it."""
        held = Loan.objects.filter(ended_at=None)
        of_an_open_loan = held.filter(component=OuterRef("pk"))
        places = [
            by("article", Balance.objects.all(), "on_hand"),
            by("article", held, F("quantity") - F("returned") - F("lost")),
            by("article", StockMovement.objects.filter(kind=Kind.SCRAP), -F("quantity")),
            by("line__article", PickupReceipt.objects.filter(state=ReceivedState.MISSING)),
            by("article", StockMovement.objects.filter(kind=Kind.MATERIAL), -F("quantity")),
            # Parts that came back sitting on their aid have no loan of their own any more.
            by("article", Component.objects.filter(~Exists(of_an_open_loan), removed_at=None)),
        ]
        for article in self.world.counted:
            found = [place.get(article.pk, 0) for place in places]
            assert sum(found) == 2 * IN_EACH_PLACE[article.name], (article, found)

    @invariant()
    def what_is_held_back_is_just_what_is_blocked(self):
        unavailable = by("warehouse", Balance.objects.all(), "unavailable")
        waiting = PickupReceipt.objects.filter(finished_at=None, line__individual=None)
        counted = Counter(by("warehouse", waiting))
        going = ActivityLine.objects.filter(
            is_held=True, activity__in=Activity.objects.still_open()
        )
        counted.update(by("activity__warehouse", going))
        blocked = Block.objects.filter(until=None, individual__warehouse__isnull=False)
        places = blocked.values_list("individual__warehouse", "individual").distinct()
        pieces = Counter(warehouse for warehouse, _ in places)
        counted.update(by("warehouse", RecallItem.objects.exclude(warehouse=None), "held_back"))
        for warehouse, quantity in unavailable.items():
            assert quantity == pieces[warehouse] + counted.get(warehouse, 0)

    @invariant()
    def nothing_is_held_by_what_has_ended(self):
        ended = Activity.objects.filter(status__in=Activity.ENDED).values("case_number")
        assert not Block.objects.filter(until=None, case__in=ended).exists()
        holds = OrderHold.objects.filter(released_at=None).select_related("order")
        for hold in holds:
            assert not hold.order.has_ended
            assert (
                hold.order == Activity.objects.still_open().get(case_number=hold.case_number).order
            )

    @invariant()
    def a_schedule_has_one_open_activity_at_most(self):
        going = Activity.objects.still_open().filter(maintenance__isnull=False)
        made = Counter(going.values_list("maintenance", flat=True))
        assert all(count == 1 for count in made.values())

    @invariant()
    def what_is_overdue_in_a_store_is_held_back_from_when_it_came_until_it_is_done(self):
        """Whatever is done with it by day, as long as its date or its plan isn't changed."""
        if not self.may_be_late:
            assert not holding.to_hold(timezone.localdate()).exists()
            assert not holding.to_let_go(timezone.localdate()).exists()

    @invariant()
    def what_is_overdue_is_held_back_once_and_names_what_is_to_be_done(self):
        blocks = Block.objects.filter(until=None, reason__code="overdue").select_related(
            "individual"
        )
        assert len({block.individual_id for block in blocks}) == len(blocks)
        for block in blocks:
            if block.case_number:
                activity = Activity.objects.still_open().get(case_number=block.case_number)
                assert activity.maintenance.individual == block.individual

    @invariant()
    def a_grave_event_holds_its_piece_back_until_it_is_let_go(self):
        for deviation in Deviation.objects.grave().filter(is_withdrawn=False):
            released = deviation.events.filter(kind=EventKind.UNBLOCKED).exists()
            for item in deviation.items.filter(individual__isnull=False):
                blocks = item.individual.blocks.filter(case=deviation.case_number, until=None)
                assert blocks.exists() or released, (deviation, item)

    @invariant()
    def a_recalled_piece_is_held_back_until_it_is_remedied_or_not_meant(self):
        items = RecallItem.objects.exclude(answer__in=FREE_AFTER).exclude(found="scrapped")
        for item in items.filter(individual__isnull=False).select_related("recall"):
            mine = Block.objects.filter(individual=item.individual, case=item.recall.case_number)
            assert mine.filter(until=None).count() == 1, item
        for item in RecallItem.objects.filter(answer__in=FREE_AFTER).select_related("recall"):
            mine = Block.objects.filter(individual=item.individual, case=item.recall.case_number)
            assert item.held_back == 0 and not mine.filter(until=None).exists()

    @invariant()
    def as_many_parts_sit_on_a_piece_as_are_held_of_them(self):
        for loan in Loan.objects.filter(ended_at=None).select_related("component"):
            if part := loan.sits_as:
                assert part.quantity == loan.held
                assert Loan.objects.filter(
                    individual=part.individual_id, ended_at=None, recipient=loan.recipient_id
                ).exists()

    @invariant()
    def an_open_pickup_only_names_what_is_held(self):
        lines = PickupLine.objects.filter(is_open=True).select_related("loan", "pickup")
        for line in lines.annotate(came=Sum("receipts__quantity")):
            assert line.loan.ended_at is None
            assert line.pickup.status not in (PickupStatus.RECEIVED, PickupStatus.CANCELLED)
            assert 0 < line.quantity - (line.came or 0) <= line.loan.held


SETTINGS = settings(
    max_examples=15,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


def test_any_sequence_keeps_the_books():
    run_state_machine_as_test(partial(Aids, World()), settings=SETTINGS)


def test_the_machine_can_do_each_of_its_deeds():
    """One that is refused everything would prove nothing."""
    world = World()
    aids = Aids(world)
    deeds = [
        partial(aids.repair_in_the_store, 0),
        partial(aids.cancel_work, 0),
        partial(aids.take_a_chair_from_the_store, True, 0, True),
        partial(aids.order_rails, True, 2, True),
        partial(aids.deliver, 0),
        partial(aids.order_rails, True, 2, True),
        partial(aids.cancel_an_order, 0, True),
        partial(aids.give_back, 0, 1, False, False, False, "free"),
        partial(aids.undo, 0),
        partial(aids.have_it_fetched, 0, 1, False, False, "free"),
        partial(aids.cancel_a_pickup, 0, True),
        partial(aids.have_it_fetched, 0, 1, False, False, "free"),
        partial(aids.receive_all_of_it, 0, "cleaning"),
        partial(aids.make_available, 0),
        partial(aids.ask_for_work, 0, "Anpassning", "free"),
        partial(aids.report_work, 0, 1, False),
        partial(aids.report_work, 0, 1, True),
        partial(aids.order_rails, True, 2, True),
        partial(aids.let_an_order_wait, 0),
        partial(aids.report_work, 0, 0, True),
        partial(aids.have_it_fetched, 0, 1, False, False, "free"),
        partial(aids.receive_all_of_it, 0, "repair"),
        partial(aids.report_work, 0, 0, True),
        partial(aids.report_a_deviation, 0, True, False),
        partial(aids.handle_a_deviation, 0, "receive"),
        partial(aids.handle_a_deviation, 0, "release"),
        partial(aids.report_a_deviation, 0, False, True),
        partial(aids.handle_a_deviation, 0, "withdraw"),
        partial(aids.report_a_deviation, 0, False, True),
        partial(aids.handle_a_deviation, 0, "receive"),
        partial(aids.handle_a_deviation, 0, "close"),
        partial(aids.report_a_deviation, 0, False, False),
        partial(aids.handle_a_deviation, 0, "receive"),
        partial(aids.handle_a_deviation, 0, "grave"),
        partial(aids.recall, "rails", 0),
        partial(aids.answer_a_recall, 0, "taken_out"),
        partial(aids.answer_a_recall, 0, "remedied"),
        partial(aids.recall, "one", 0),
    ]
    nights = [partial(aids.a_piece_falls_due, turn, -1, False) for turn in range(20)]

    for deed in deeds:
        deed()

    assert world.done.total() == len(deeds)
    assert not world.refused
    for deed in nights:
        deed()
    aids.a_night_passes()
    assert world.done["make maintenance"] and world.done["hold back what is overdue"]
    aids.teardown()
