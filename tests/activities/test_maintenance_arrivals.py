"""A piece that comes to stand in a store while its maintenance is overdue can't be handed out from that
instant, however it comes; what its activity brings then, and what others do meanwhile."""

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone

from activities import services
from activities.maintenance import dates, night
from activities.models import Activity, MaintenanceSchedule
from articles.models import Balance
from individuals import services as individuals
from individuals.counting import count
from individuals.models import Block, Individual
from individuals.stock_check import differences
from orders import services as orders
from orders.services import Pick
from organisation.models import Warehouse
from pickups import services as pickups
from recipients.models import Loan, Recipient
from tests.at_once import at_once, while_others_write
from tests.factories import ArticleFactory, BufferFactory, WarehouseFactory, put_in_stock
from tests.orders.builders import add, start
from tests.pickups.builders import lend, prescriber, returned, someone

from .builders import closed, due_in, made_of, plan_of, technician

pytestmark = pytest.mark.django_db
HELD = "är spärrad och kan inte lämnas ut: underhåll har gått ut."


@pytest.fixture
def hoist():
    return ArticleFactory(name="Taklyft", is_marked=True, iso_code="123612")


def blocks(piece: Individual) -> list[Block]:
    return list(Block.objects.filter(individual=piece, until=None))


def available(piece: Individual) -> int:
    piece.refresh_from_db()
    return Balance.objects.get(article=piece.article, warehouse=piece.warehouse).available


def overdue_at_home(hoist) -> tuple[Loan, MaintenanceSchedule]:
    loan = lend(someone(), hoist)
    schedule = due_in(-1, loan.individual)
    night.run()
    return loan, schedule


def test_what_is_returned_overdue_is_blocked_at_once_and_names_its_activity(hoist):
    plan_of(hoist, blocks=True)
    loan, schedule = overdue_at_home(hoist)
    returned(loan)
    (block,) = blocks(loan.individual)
    assert str(block.reason) == "underhåll har gått ut"
    assert block.case_number == made_of(schedule).case_number
    assert available(loan.individual) == 0 and differences() == []


def test_the_night_moves_its_activity_to_the_store_and_never_lets_it_go(hoist):
    plan_of(hoist, blocks=True)
    loan, schedule = overdue_at_home(hoist)
    returned(loan)
    (block,) = blocks(loan.individual)
    found = night.run()
    assert (found.taken_back, found.made, found.let_go, found.held) == (1, 1, 0, 0)
    (after,) = blocks(loan.individual)
    assert after == block and after.case_number == made_of(schedule).case_number
    closed(made_of(schedule))
    assert not blocks(loan.individual)
    assert available(loan.individual) == 1 and differences() == []


def test_closing_the_activity_that_was_at_home_lifts_the_block(hoist):
    plan_of(hoist, blocks=True)
    loan, schedule = overdue_at_home(hoist)
    services.take(made_of(schedule), user=technician())
    returned(loan)
    assert blocks(loan.individual)
    closed(made_of(schedule))
    assert not blocks(loan.individual)
    assert available(loan.individual) == 1 and differences() == []


def test_cancelling_the_activity_that_was_at_home_lifts_nothing(hoist):
    plan_of(hoist, blocks=True)
    loan, schedule = overdue_at_home(hoist)
    returned(loan)
    services.cancel(made_of(schedule), user=technician())
    assert blocks(loan.individual) and available(loan.individual) == 0
    night.run()
    assert made_of(schedule).recipient is None
    assert blocks(loan.individual)[0].case_number == made_of(schedule).case_number
    assert differences() == []


def test_what_comes_back_of_somebody_who_has_died_is_blocked_though_it_has_no_activity(hoist):
    plan_of(hoist, blocks=True)
    loan = lend(someone(), hoist)
    schedule = due_in(-1, loan.individual)
    Recipient.objects.filter(pk=loan.recipient_id).update(deceased_on=timezone.localdate())
    night.run()
    assert not Activity.objects.exists()
    returned(loan)
    (block,) = blocks(loan.individual)
    assert block.case_number is None
    night.run()
    assert [x.case_number for x in blocks(loan.individual)] == [made_of(schedule).case_number]
    closed(made_of(schedule))
    assert not blocks(loan.individual) and differences() == []


def test_what_isnt_overdue_or_whose_plan_doesnt_ask_for_it_isnt_blocked(hoist):
    plan_of(hoist, blocks=True)
    calm = ArticleFactory(is_marked=True)
    plan_of(calm)
    for article, days in ((hoist, 0), (calm, -20)):
        loan = lend(someone(), article)
        due_in(days, loan.individual)
        returned(loan)
        assert not blocks(loan.individual) and available(loan.individual) == 1


def test_of_what_is_counted_from_delivery_nothing_is_overdue_once_it_has_come_back(hoist):
    plan_of(hoist, blocks=True, counts_from="delivery")
    loan = lend(someone(), hoist)
    Loan.objects.filter(pk=loan.pk).update(delivered_at=timezone.now() - dt.timedelta(800))
    dates.reschedule()
    assert MaintenanceSchedule.objects.get().is_late
    returned(loan)
    assert not blocks(loan.individual)
    assert MaintenanceSchedule.objects.get().due_on is None


def test_a_piece_that_is_registered_old_is_blocked(hoist):
    plan_of(hoist, blocks=True)
    store = BufferFactory(may_register_individuals=True)
    made = individuals.register(
        warehouse=store, article=b_hoist(hoist), number="LYFT-77", user=prescriber(), age=5
    )
    assert blocks(made) and available(made) == 0 and differences() == []
    young = individuals.register(
        warehouse=store, article=hoist, number="LYFT-78", user=prescriber()
    )
    assert not blocks(young)


def b_hoist(hoist):
    hoist.responsibility = "B"
    hoist.save(update_fields=["responsibility"])
    return hoist


def test_a_piece_that_is_found_again_is_blocked_as_its_dates_are_then(hoist, client):
    plan_of(hoist, blocks=True)
    (piece,) = put_in_stock(WarehouseFactory(), hoist, 1)
    due_in(-1, piece)
    khs = technician()
    count(piece.warehouse, hoist, missing=[piece.pk], found=[], user=khs, reason="Inventering")
    dates.reschedule()
    assert MaintenanceSchedule.objects.get().due_on is None
    data = {"lager": "100", "artikel": hoist.number, "aterfunna": piece.number, "orsak": "Åter"}
    url = reverse("admin:individuals_individual_count")
    client.force_login(khs)
    page = client.post(url, data, follow=True).content.decode()
    assert f"Individ {piece.number} {HELD}" in page
    assert blocks(piece) and available(piece) == 0 and differences() == []


def test_a_store_that_is_filled_up_gets_no_overdue_piece_to_hand_out(hoist):
    """It fell due between the night's job and the delivery."""
    plan_of(hoist, blocks=True)
    (piece,) = put_in_stock(WarehouseFactory(), hoist, 1)
    store = BufferFactory()
    user = prescriber()
    cart = start(user, destination=store)
    add(cart, hoist)
    order = orders.send(cart, user=user)
    due_in(-1, piece)
    orders.deliver(order, [Pick(order.lines.get().pk, 1, [piece.pk])], user=technician())
    assert blocks(piece) and available(piece) == 0
    assert piece.warehouse == Warehouse.objects.get(pk=store.pk) and differences() == []


def test_the_return_says_which_piece_cant_be_handed_out(hoist, client):
    plan_of(hoist, blocks=True)
    loan, _ = overdue_at_home(hoist)
    user = prescriber()
    made = returned(loan, user=user)
    url = reverse("pickups:returned", args=[made.key])
    client.force_login(user)
    assert f"Individ {loan.individual.number} {HELD}" in client.get(url).content.decode()


def test_a_return_that_is_undone_keeps_the_books_right(hoist):
    plan_of(hoist, blocks=True)
    loan, schedule = overdue_at_home(hoist)
    user = prescriber()
    pickups.undo(returned(loan, user=user), user=user)
    assert differences() == []
    night.run()
    closed(made_of(schedule))
    assert not blocks(loan.individual) and differences() == []


# --- at the same instant: two connections ---


@pytest.mark.django_db(transaction=True)
def test_a_piece_that_comes_back_while_its_maintenance_is_closed_can_be_handed_out(hoist):
    plan_of(hoist, blocks=True)
    loan, schedule = overdue_at_home(hoist)
    activity, khs, user = made_of(schedule), technician(), prescriber()
    while_others_write(lambda: closed(activity, user=khs), lambda: returned(loan, user=user))
    assert not blocks(loan.individual)
    assert available(loan.individual) == 1 and differences() == []


@pytest.mark.django_db(transaction=True)
def test_a_maintenance_that_is_closed_while_the_piece_comes_back_lifts_the_block(hoist):
    plan_of(hoist, blocks=True)
    loan, schedule = overdue_at_home(hoist)
    activity, khs, user = made_of(schedule), technician(), prescriber()
    while_others_write(lambda: returned(loan, user=user), lambda: closed(activity, user=khs))
    assert not blocks(loan.individual)
    assert available(loan.individual) == 1 and differences() == []


@pytest.mark.django_db(transaction=True)
def test_the_night_and_returns_at_once_leave_each_blocked_once(hoist):
    plan_of(hoist, blocks=True)
    loans = [overdue_at_home(hoist)[0] for _ in range(4)]
    user = prescriber()

    def come_back():
        for loan in loans:
            returned(loan, user=user)

    at_once(night.run, come_back, night.run)
    assert Block.objects.filter(until=None).count() == len(loans)
    night.run()
    assert Block.objects.filter(until=None).count() == len(loans)
    for schedule in MaintenanceSchedule.objects.all():
        assert made_of(schedule).recipient is None
    assert differences() == []
