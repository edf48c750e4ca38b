"""Maintenance that is done with other work, or registered by hand, counts as done."""

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone

from activities import services
from activities.maintenance import night
from activities.models import Activity, ActivityStatus, MaintenanceSchedule
from individuals.models import Block, Individual
from individuals.stock_check import differences
from tests.at_once import at_once
from tests.factories import ArticleFactory, WarehouseFactory, put_in_stock
from tests.pickups.builders import lend, someone
from tests.pickups.pages import form_of
from tests.reading import read_page

from .builders import closed, due_in, made_of, plan_of, registered, technician

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate


@pytest.fixture
def hoist():
    return ArticleFactory(name="Taklyft", is_marked=True, iso_code="123612")


@pytest.fixture
def khs(client):
    client.force_login(technician())
    return client


def both_plans(hoist) -> None:
    plan_of(hoist, blocks=True)
    plan_of(hoist, kind="inspection", months=6)


def schedules_of(
    piece: Individual, days: int = 20
) -> tuple[MaintenanceSchedule, MaintenanceSchedule]:
    return due_in(days, piece), due_in(days + 5, piece, "inspection")


def key(schedule: MaintenanceSchedule) -> str:
    return f"{schedule.individual_id}-{schedule.kind}"


def url_of(activity: Activity) -> str:
    return reverse("activities:report", args=[activity.case_number])


def close(client, activity: Activity, *done: MaintenanceSchedule):
    form = form_of(client.get(url_of(activity))) | {"text": "Klart.", "close": "on"}
    form["done"] = [key(one) for one in done]
    return client.post(url_of(activity), form)


def next_of(schedule: MaintenanceSchedule) -> dt.date | None:
    schedule.refresh_from_db()
    return schedule.due_on


def test_a_repair_that_included_the_inspection_moves_its_date_and_no_other(khs, hoist):
    both_plans(hoist)
    loan = lend(someone(), hoist)
    service, inspection = schedules_of(loan.individual)
    was = service.due_on
    repair = registered(loan)
    page = read_page(khs.get(url_of(repair)))
    assert f"Säkerhetsbesiktning, förfaller {inspection.due_on}" in page
    close(khs, repair, inspection)
    repair.refresh_from_db()
    inspection.refresh_from_db()
    assert repair.status == ActivityStatus.CLOSED
    assert inspection.last_on == TODAY()
    assert next_of(inspection) > TODAY() + dt.timedelta(150) and next_of(service) == was


def test_the_activity_that_its_schedule_had_made_is_cancelled_and_says_by_what(khs, hoist):
    both_plans(hoist)
    loan = lend(someone(), hoist)
    _, inspection = schedules_of(loan.individual)
    night.run()
    made, repair = made_of(inspection), registered(loan)
    close(khs, repair, inspection)
    made.refresh_from_db()
    assert made.status == ActivityStatus.CANCELLED
    assert repair.case_number in made.events.last().text
    assert night.run().made == 0


def test_one_that_somebody_has_begun_stays_theirs_and_is_told(khs, hoist):
    both_plans(hoist)
    loan = lend(someone(), hoist)
    _, inspection = schedules_of(loan.individual)
    night.run()
    made = made_of(inspection)
    services.take(made, user=technician())
    close(khs, registered(loan), inspection)
    made.refresh_from_db()
    assert made.status == ActivityStatus.UNDERWAY
    assert "Avsluta den här om inget mer ska göras" in made.events.last().text


def test_done_with_the_inspection_an_overdue_service_lifts_its_block(khs, hoist):
    both_plans(hoist)
    (piece,) = put_in_stock(WarehouseFactory(), hoist, 1)
    service, inspection = schedules_of(piece, -1)
    night.run()
    assert Block.objects.filter(individual=piece, until=None).exists()
    close(khs, made_of(inspection), service)
    assert not Block.objects.filter(individual=piece, until=None).exists()
    assert Activity.objects.get(maintenance=service).status == ActivityStatus.CANCELLED
    assert differences() == []


def test_preventive_maintenance_by_hand_has_ticked_what_is_due_first(khs, hoist):
    both_plans(hoist)
    loan = lend(someone(), hoist)
    service, inspection = schedules_of(loan.individual, 100)
    by_hand = registered(loan, type="Förebyggande underhåll", user=technician())
    form = form_of(khs.get(url_of(by_hand)))
    assert form["done"] == [key(service)]
    khs.post(url_of(by_hand), form | {"text": "Serviceprotokoll bifogat.", "close": "on"})
    service.refresh_from_db()
    inspection.refresh_from_db()
    assert service.last_on == TODAY() != inspection.last_on


def test_ticked_without_closing_is_told_at_its_field_and_what_was_typed_is_kept(khs, hoist):
    both_plans(hoist)
    loan = lend(someone(), hoist)
    service, _ = schedules_of(loan.individual)
    repair = registered(loan)
    form = form_of(khs.get(url_of(repair))) | {"text": "Halvvägs.", "done": [key(service)]}
    answer = khs.post(url_of(repair), form)
    assert answer.status_code == 422
    page = read_page(answer)
    assert (
        "Underhållet räknas från den dag som aktiviteten avslutas" in page and "Halvvägs." in page
    )
    assert next_of(service) == service.due_on


def test_of_aids_without_a_schedule_nothing_is_asked(khs):
    activity = registered(lend(someone(), ArticleFactory()))
    assert "Underhåll som gjordes" not in read_page(khs.get(url_of(activity)))


def test_somebody_elses_piece_cant_be_ticked(khs, hoist):
    both_plans(hoist)
    loan, other = lend(someone(), hoist), lend(someone(), hoist)
    schedules_of(loan.individual)
    service, _ = schedules_of(other.individual)
    repair = registered(loan)
    assert close(khs, repair, service).status_code == 422
    repair.refresh_from_db()
    assert not repair.has_ended


@pytest.mark.django_db(transaction=True)
def test_two_that_each_do_the_others_maintenance_end_once(hoist):
    both_plans(hoist)
    loan = lend(someone(), hoist)
    service, inspection = schedules_of(loan.individual)
    night.run()
    first, second, user = made_of(service), made_of(inspection), technician()
    at_once(
        lambda: closed(first, user=user, done=[(loan.individual_id, "inspection")]),
        lambda: closed(second, user=user, done=[(loan.individual_id, "service")]),
    )
    for one in (first, second):
        one.refresh_from_db()
    assert sorted((first.status, second.status)) == ["cancelled", "closed"]
    assert not Activity.objects.still_open().exists()
