"""Preventive maintenance: what falls due gets its activity, once, wherever the piece is."""

import datetime as dt

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.utils import timezone

from activities import services
from activities.maintenance import dates, making, night
from activities.models import (
    Activity,
    ActivityStatus,
    MaintenancePlan,
    MaintenanceSchedule,
    ServiceSupplier,
)
from articles.models import Balance
from individuals.models import Block, Individual
from individuals.stock_check import differences
from orders import services as orders
from orders.services import Pick
from organisation.models import Message
from recipients.models import CareRelation, Loan, Recipient
from sesam.errors import DomainError
from tests.at_once import at_once
from tests.factories import (
    ArticleFactory,
    BufferFactory,
    IsoClassFactory,
    UnitFactory,
    WarehouseFactory,
    put_in_stock,
)
from tests.orders.builders import sent
from tests.pickups.builders import lend, prescriber, returned, someone, unit_with_store

from .builders import LONG_AGO, closed, due_in, made_of, plan_of, registered, technician

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate


@pytest.fixture
def hoist():
    return ArticleFactory(name="Taklyft", is_marked=True, iso_code="123612")


def at_khs(article) -> Individual:
    (piece,) = put_in_stock(WarehouseFactory(), article, 1)
    return piece


def home(article) -> Loan:
    return lend(someone(), article)


def of_loan(loan: Loan, days: int, kind: str = "service") -> MaintenanceSchedule:
    return due_in(days, loan.individual, kind)


# --- the dates ---


def test_every_marked_piece_under_a_plan_has_a_schedule_and_no_other(hoist):
    mine, other = at_khs(hoist), at_khs(ArticleFactory(is_marked=True, iso_code="122203"))
    IsoClassFactory(code="1236", level=2, title="Personlyftar")
    plan_of(iso_class_id="1236")
    plan_of(hoist, kind="inspection", months=6)
    assert dates.reschedule() == 2
    assert dates.reschedule() == 0
    kinds = MaintenanceSchedule.objects.filter(individual=mine).values_list("kind", "due_on")
    assert {kind for kind, _ in kinds} == {"service", "inspection"} and all(d for _, d in kinds)
    assert not MaintenanceSchedule.objects.filter(individual=other).exists()


def test_the_articles_plan_comes_before_the_classs_and_another_takes_over_when_it_ends(hoist):
    IsoClassFactory(code="1236", level=2, title="Personlyftar")
    wide, own = plan_of(iso_class_id="1236", months=24), plan_of(hoist)
    schedule = due_in(100, at_khs(hoist))
    assert schedule.plan == own
    MaintenancePlan.objects.filter(pk=own.pk).update(is_active=False)
    dates.reschedule()
    schedule.refresh_from_db()
    assert schedule.plan == wide
    MaintenancePlan.objects.filter(pk=wide.pk).update(is_active=False)
    dates.reschedule()
    schedule.refresh_from_db()
    assert (schedule.plan, schedule.due_on) == (None, None)


def test_two_plans_of_a_kind_for_one_article_are_refused(hoist):
    plan_of(hoist)
    with pytest.raises(IntegrityError), transaction.atomic():
        plan_of(hoist)
    plan_of(hoist, is_active=False)


# --- the activities ---


def test_what_falls_due_within_the_plans_time_gets_its_activity_once(hoist):
    plan_of(hoist, lead_days=14)
    soon, later = of_loan(home(hoist), 14), of_loan(home(hoist), 15)
    assert night.run().made == 1
    assert night.run().made == 0
    activity = made_of(soon)
    assert activity.due_on == soon.due_on
    assert str(activity.type) == "Förebyggande underhåll"
    assert activity.lines.get().individual == soon.individual
    assert not Activity.objects.filter(maintenance=later).exists()


def test_it_is_done_at_home_by_khs_for_the_unit_that_lent_it(hoist):
    plan_of(hoist, instructions="Provlyft med 200 kg.")
    loan = home(hoist)
    schedule = of_loan(loan, 3)
    night.run()
    activity = made_of(schedule)
    assert (activity.recipient, activity.unit) == (loan.recipient, loan.unit)
    assert activity.street == loan.recipient.street and activity.is_workshops
    assert "Provlyft med 200 kg." in activity.request
    assert activity.ordered_by is None and activity.orderer == "Underhållsschemat"
    related = CareRelation.objects.filter(case_number=activity.case_number)
    assert related.get().recipient == loan.recipient


def test_what_stands_at_khs_is_khss_own_and_no_units(hoist):
    plan_of(hoist)
    piece = at_khs(hoist)
    schedule = due_in(3, piece)
    night.run()
    activity = made_of(schedule)
    assert (activity.recipient, activity.unit) == (None, None)
    assert activity.performer == "KHS" and activity.warehouse == piece.warehouse


def test_the_own_store_does_what_it_has_and_what_its_unit_lent(hoist):
    plan_of(hoist, done_by="store")
    store = BufferFactory()
    loan = home(hoist)
    (piece,) = put_in_stock(store, hoist, 1)
    here, lent = due_in(3, piece), of_loan(loan, 3)
    at_centre = due_in(3, at_khs(hoist))
    night.run()
    for schedule in (here, lent):
        assert made_of(schedule).performer == str(store)
        assert services.may_report(prescriber(), made_of(schedule))
    assert made_of(at_centre).performer == "KHS"


def test_a_supplier_does_it_and_its_paper_names_nobody(hoist):
    supplier = ServiceSupplier.objects.get()
    plan_of(hoist, done_by="supplier", supplier=supplier)
    schedule = of_loan(home(hoist), 3)
    night.run()
    activity = made_of(schedule)
    assert activity.supplier == supplier and not activity.bears_personal_data
    assert not activity.is_workshops


def test_closing_it_counts_the_next_time_from_that_day(hoist):
    plan_of(hoist)
    schedule = of_loan(home(hoist), -3)
    night.run()
    closed(made_of(schedule))
    schedule.refresh_from_db()
    assert schedule.last_on == TODAY()
    assert schedule.due_on.year == TODAY().year + 1
    assert night.run().made == 0


@time_machine.travel("2028-02-29 12:00+01:00")
def test_what_is_done_on_29_february_is_due_on_28_february(hoist):
    plan_of(hoist)
    schedule = of_loan(home(hoist), 0)
    night.run()
    closed(made_of(schedule))
    schedule.refresh_from_db()
    assert schedule.due_on == dt.date(2029, 2, 28)


def test_other_work_on_the_piece_moves_no_date(hoist):
    plan_of(hoist)
    loan = home(hoist)
    schedule = of_loan(loan, 100)
    closed(registered(loan))
    before = schedule.due_on
    schedule.refresh_from_db()
    assert schedule.due_on == before


def test_a_plan_that_is_changed_moves_its_open_activity(hoist):
    plan = plan_of(hoist)
    schedule = of_loan(home(hoist), 3)
    night.run()
    MaintenancePlan.objects.filter(pk=plan.pk).update(months=18)
    night.run()
    activity, before = made_of(schedule), schedule.due_on
    schedule.refresh_from_db()
    assert activity.due_on == schedule.due_on > before
    assert "schemat har ändrats" in activity.events.last().text


def test_a_plan_that_ends_takes_back_what_nobody_has_begun(hoist):
    plan = plan_of(hoist)
    untouched, begun = of_loan(home(hoist), 3), of_loan(home(hoist), 3)
    night.run()
    services.take(made_of(begun), user=technician())
    MaintenancePlan.objects.filter(pk=plan.pk).update(is_active=False)
    assert night.run().taken_back == 1
    assert not Activity.objects.still_open().filter(maintenance=untouched).exists()
    assert made_of(begun).status == ActivityStatus.UNDERWAY


@pytest.mark.parametrize("stands", [True, False])
def test_a_plan_that_somebody_else_does_now_moves_to_them_what_nobody_has_begun(hoist, stands):
    """From one to the other, at home and in a store; what is as the plan says stays as it is."""
    plan, supplier = plan_of(hoist), ServiceSupplier.objects.get()
    store = unit_with_store().own_stores.get()
    piece = put_in_stock(store, hoist, 1)[0] if stands else home(hoist).individual
    schedule = due_in(3, piece)
    night.run()
    now_by = {
        "store": ({"done_by": "store", "supplier": None}, str(store)),
        "supplier": ({"done_by": "supplier", "supplier": supplier}, str(supplier)),
        "khs": ({"done_by": "khs", "supplier": None}, "KHS"),
    }
    for turn in ("store", "supplier", "store", "khs", "supplier", "khs"):
        facts, performer = now_by[turn]
        MaintenancePlan.objects.filter(pk=plan.pk).update(**facts)
        found = night.run()
        assert (found.taken_back, found.made) == (1, 1), turn
        assert made_of(schedule).performer == performer
        again = night.run()
        assert (again.taken_back, again.made) == (0, 0), turn
    services.take(made_of(schedule), user=technician())
    MaintenancePlan.objects.filter(pk=plan.pk).update(done_by="store")
    assert night.run().taken_back == 0


def test_what_has_no_store_or_no_supplier_any_more_stays_khss(hoist):
    supplier = ServiceSupplier.objects.get()
    plan = plan_of(hoist, done_by="store")
    schedule = due_in(3, at_khs(hoist))
    night.run()
    MaintenancePlan.objects.filter(pk=plan.pk).update(done_by="supplier", supplier=supplier)
    ServiceSupplier.objects.filter(pk=supplier.pk).update(is_active=False)
    for _ in range(2):
        found = night.run()
        assert (found.taken_back, made_of(schedule).performer) == (0, "KHS")


def test_it_cant_be_cancelled_while_it_is_to_be_done(hoist):
    plan_of(hoist)
    schedule = of_loan(home(hoist), 3)
    night.run()
    with pytest.raises(DomainError, match="undanta den"):
        services.cancel(made_of(schedule), user=technician())


# --- a piece that is moved meanwhile ---


def test_a_piece_that_is_returned_is_looked_after_where_it_stands(hoist):
    plan_of(hoist)
    loan = home(hoist)
    schedule = of_loan(loan, 3)
    night.run()
    at_home = made_of(schedule)
    returned(loan)
    found = night.run()
    assert (found.taken_back, found.made) == (1, 1)
    at_home.refresh_from_db()
    assert at_home.status == ActivityStatus.CANCELLED
    assert made_of(schedule).recipient is None


def test_a_piece_that_is_handed_out_is_looked_after_at_home(hoist):
    plan_of(hoist)
    loan = home(hoist)
    returned(loan)
    schedule = of_loan(loan, 3)
    night.run()
    assert made_of(schedule).recipient is None
    lend_again = sent_from_store(loan.individual)
    night.run()
    assert made_of(schedule).recipient == lend_again.recipient


def sent_from_store(piece: Individual) -> Loan:
    from tests.orders.builders import add, start

    piece.refresh_from_db()
    cart = start(prescriber(), someone())
    add(cart, piece.article, warehouse=piece.warehouse, individual=piece)
    order = orders.send(cart, user=cart.user)
    return Loan.objects.get(case_number=order.case_number)


def test_a_piece_that_fills_an_own_store_is_looked_after_by_its_unit(hoist):
    plan_of(hoist, done_by="store")
    piece, unit = at_khs(hoist), unit_with_store()
    schedule = due_in(3, piece)
    night.run()
    assert (made_of(schedule).unit, made_of(schedule).performer) == (None, "KHS")
    store = unit.own_stores.get()
    move(piece, store)
    assert (night.run().made, made_of(schedule).unit) == (1, unit)
    assert made_of(schedule).performed_by == "store" and made_of(schedule).warehouse == store
    assert (night.run().made, night.run().taken_back) == (0, 0)
    other = BufferFactory(number="0881")
    UnitFactory(code="ANNAN", own_stores=[other])
    move(piece, other)
    assert services.why_not_cancel(made_of(schedule)) == ""
    assert (night.run().made, made_of(schedule).warehouse) == (1, other)


def move(piece: Individual, store) -> None:
    """As filling a store or a stocktaking does."""
    Individual.objects.filter(pk=piece.pk).update(warehouse=store)


def test_of_a_scrapped_piece_nothing_is_left_to_do(hoist):
    plan_of(hoist)
    loan = home(hoist)
    schedule = of_loan(loan, 3)
    night.run()
    returned(loan, scrap=True)
    found = night.run()
    assert (found.taken_back, found.made) == (1, 0)
    schedule.refresh_from_db()
    assert schedule.due_on is None


def test_what_a_technician_has_begun_stays_theirs_when_the_piece_is_returned(hoist):
    plan_of(hoist)
    loan = home(hoist)
    schedule = of_loan(loan, 3)
    night.run()
    services.take(made_of(schedule), user=technician())
    returned(loan)
    found = night.run()
    assert (found.taken_back, found.made) == (0, 0)
    closed(made_of(schedule))
    schedule.refresh_from_db()
    assert schedule.last_on == TODAY()


def test_nobody_is_sent_to_somebody_who_has_died(hoist):
    plan_of(hoist)
    loan = home(hoist)
    schedule = of_loan(loan, 3)
    night.run()
    Recipient.objects.filter(pk=loan.recipient_id).update(deceased_on=TODAY())
    found = night.run()
    assert (found.taken_back, found.made) == (1, 0)
    returned(loan)
    assert night.run().made == 1
    assert made_of(schedule).recipient is None


def test_of_a_protected_person_no_address_is_known_and_the_unit_writes_it(hoist):
    plan_of(hoist)
    loan = home(hoist)
    Recipient.objects.filter(pk=loan.recipient_id).update(is_protected=True)
    schedule = of_loan(loan, 3)
    night.run()
    activity = made_of(schedule)
    assert activity.lacks_address
    assert not activity.street and not activity.door_code and not activity.instructions


def test_who_became_protected_afterwards_is_asked_for_an_address_too(hoist):
    plan_of(hoist)
    loan = home(hoist)
    schedule = of_loan(loan, 3)
    night.run()
    Recipient.objects.filter(pk=loan.recipient_id).update(is_protected=True)
    night.run()
    assert made_of(schedule).lacks_address


# --- what is overdue in a store ---


def test_what_is_overdue_in_a_store_is_blocked_until_it_is_done(hoist):
    plan_of(hoist, blocks=True)
    piece = at_khs(hoist)
    schedule = due_in(-1, piece)
    assert night.run().held == 1
    assert night.run().held == 0
    block = Block.objects.get(individual=piece, until=None)
    assert str(block.reason) == "underhåll har gått ut"
    assert block.case_number == made_of(schedule).case_number
    assert Balance.objects.get(article=hoist).available == 0
    closed(made_of(schedule))
    assert not Block.objects.filter(until=None).exists()
    assert Balance.objects.get(article=hoist).available == 1
    assert differences() == []


def test_what_is_due_today_or_whose_plan_doesnt_ask_for_it_can_be_handed_out(hoist):
    plan_of(hoist, blocks=True)
    calm = ArticleFactory(name="Säng", is_marked=True)
    plan_of(calm)
    due_in(0, at_khs(hoist))
    due_in(-20, at_khs(calm))
    assert night.run().held == 0


def test_what_is_overdue_at_home_is_blocked_when_it_has_come_back(hoist):
    plan_of(hoist, blocks=True)
    loan = home(hoist)
    schedule = of_loan(loan, -1)
    assert night.run().held == 0
    returned(loan)
    assert Block.objects.filter(individual=schedule.individual, until=None).count() == 1
    night.run()
    assert made_of(schedule).recipient is None
    assert differences() == []


def test_an_order_that_it_was_promised_to_waits_and_who_picks_is_told(hoist):
    plan_of(hoist, blocks=True)
    piece = at_khs(hoist)
    order = sent((hoist, 1))
    picker = technician()
    orders.start_picking(order, user=picker)
    due_in(-1, piece)
    assert night.run().held == 1
    line = order.lines.get()
    assert line.reserved == 0
    assert Message.objects.filter(user=picker, title__contains=order.case_number).exists()
    with pytest.raises(DomainError):
        orders.deliver(order, [Pick(line.pk, 1, [piece.pk])], user=picker)
    assert differences() == []


def test_who_picks_such_ones_is_told_where_there_is_another(hoist):
    plan_of(hoist, blocks=True)
    piece = at_khs(hoist)
    at_khs(hoist)
    order = sent((hoist, 1))
    picker = technician()
    orders.start_picking(order, user=picker)
    due_in(-1, piece)
    night.run()
    assert order.lines.get().reserved == 1
    title = f"Individ {piece.number} lämnas inte ut"
    assert Message.objects.filter(user=picker, title=title).exists()


def test_a_plan_that_gives_it_more_time_lets_it_go(hoist):
    plan = plan_of(hoist, blocks=True)
    due_in(-1, at_khs(hoist))
    night.run()
    MaintenancePlan.objects.filter(pk=plan.pk).update(months=18)
    assert night.run().let_go == 1
    assert not Block.objects.filter(until=None).exists()
    assert differences() == []


def test_a_repair_that_ends_leaves_the_overdue_block(hoist):
    plan_of(hoist, blocks=True)
    (piece,) = put_in_stock(BufferFactory(), hoist, 1)
    due_in(-1, piece)
    night.run()
    repair = registered(piece=piece, type="Buffertreparation")
    closed(repair, user=repair.ordered_by)
    assert Block.objects.filter(individual=piece, until=None).count() == 1
    assert differences() == []


def test_a_piece_with_two_schedules_waits_for_both(hoist):
    plan_of(hoist, blocks=True)
    plan_of(hoist, kind="inspection", blocks=True)
    piece = at_khs(hoist)
    service, inspection = due_in(-1, piece), due_in(-1, piece, "inspection")
    night.run()
    closed(made_of(service))
    assert Block.objects.filter(individual=piece, until=None).count() == 1
    closed(made_of(inspection))
    assert differences() == [] and not Block.objects.filter(until=None).exists()


# --- at the same instant ---


@pytest.mark.django_db(transaction=True)
def test_two_nights_at_once_make_each_activity_once(hoist):
    plan_of(hoist, blocks=True)
    for _ in range(6):
        due_in(-1, at_khs(hoist))
    for _ in range(4):
        of_loan(home(hoist), 3)
    at_once(night.run, night.run)
    assert Activity.objects.filter(maintenance__isnull=False).count() == 10
    assert Block.objects.filter(until=None).count() == 6
    assert differences() == []


@pytest.mark.django_db(transaction=True)
def test_what_is_closed_during_the_night_keeps_its_new_date(hoist):
    plan_of(hoist)
    schedule = of_loan(home(hoist), -1)
    night.run()
    activity, user = made_of(schedule), technician()
    at_once(night.run, lambda: closed(activity, user=user), dates.reschedule)
    schedule.refresh_from_db()
    assert schedule.last_on == TODAY() and schedule.due_on > TODAY()
    assert LONG_AGO < schedule.due_on


def test_what_was_done_meanwhile_isnt_made_again(hoist):
    plan_of(hoist)
    schedule = due_in(3, at_khs(hoist))
    (found,) = making.falling_due(TODAY()).values_list("pk", flat=True)
    night.run()
    closed(made_of(schedule))
    assert making.make(found) is None
    assert not Activity.objects.still_open().exists()


def test_one_that_cant_be_taken_back_hinders_no_other(hoist, monkeypatch):
    plan_of(hoist)
    schedules = [of_loan(home(hoist), 3) for _ in range(2)]
    night.run()
    for schedule in schedules:
        returned(Loan.objects.get(individual=schedule.individual))
    taken = made_of(schedules[0])
    cancel = making.cancel

    def begun_meanwhile(activity, user):
        if activity == taken:
            raise DomainError("Bara en aktivitet med status Registrerad kan makuleras.")
        return cancel(activity, user=user)

    monkeypatch.setattr(making, "cancel", begun_meanwhile)
    assert night.run().taken_back == 1
    assert made_of(schedules[1]).recipient is None


def test_the_night_counts_by_the_plans_as_they_are_when_its_turn_comes(hoist, monkeypatch):
    plan = plan_of(hoist)
    schedule = due_in(3, at_khs(hoist))
    pieces = dates._all_pieces

    def changed_meanwhile():
        MaintenancePlan.objects.filter(pk=plan.pk).update(months=24)
        yield from pieces()

    monkeypatch.setattr(dates, "_all_pieces", changed_meanwhile)
    before = schedule.due_on
    dates.reschedule()
    schedule.refresh_from_db()
    assert schedule.due_on.year == before.year + 1
