"""A schedule that KHS adds in the instant in which the night adds the same: two connections."""

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from activities.maintenance import dates, night
from activities.models import Activity, MaintenanceSchedule
from recipients.cases import lock_case
from tests.at_once import at_once, while_others_write
from tests.factories import ArticleFactory, WarehouseFactory, put_in_stock
from tests.reading import read_page

from .builders import made_of, plan_of, technician

pytestmark = pytest.mark.django_db(transaction=True)
ADD = "admin:activities_maintenanceschedule_add"


@pytest.fixture
def piece():
    hoist = ArticleFactory(name="Taklyft", is_marked=True, iso_code="123612")
    plan_of(hoist)
    (piece,) = put_in_stock(WarehouseFactory(), hoist, 1)
    return piece


@pytest.fixture
def khs():
    client = Client()
    client.force_login(technician())
    return client


def add(khs, piece, months: str = "3"):
    said = {"number": piece.number, "kind": "service", "own_months": months, "last_on": ""}
    return khs.post(reverse(ADD), said)


def test_what_the_night_has_just_made_is_told_and_not_written_over(khs, piece):
    answer = while_others_write(dates.reschedule, lambda: add(khs, piece))
    assert "Individen har redan ett sådant schema" in read_page(answer)
    assert MaintenanceSchedule.objects.get().own_months is None


def test_what_khs_has_just_added_the_night_leaves_as_it_is(khs, piece):
    while_others_write(lambda: add(khs, piece), dates.reschedule)
    schedule = MaintenanceSchedule.objects.get()
    assert schedule.own_months == 3 and schedule.due_on is not None


@pytest.mark.parametrize("turn", range(4))
def test_at_once_there_is_one_schedule_and_one_activity(khs, piece, turn):
    found = at_once(lambda: add(khs, piece, "1"), night.run, lambda: dates.reschedule([piece.pk]))
    assert found[0].status_code in (200, 302)
    schedule = MaintenanceSchedule.objects.get()
    assert (schedule.own_months == 1) == (found[0].status_code == 302)
    night.run()
    if schedule.own_months:
        assert made_of(schedule)
    assert Activity.objects.filter(maintenance__isnull=False).count() <= 1


def test_a_technician_whom_a_colleague_has_just_chosen_is_the_activitys(khs, piece):
    """It is nobody's, so no recipient's lock comes first: who is second waits for the case itself."""
    add(khs, piece, "1")
    night.run()
    activity, chosen = Activity.objects.get(), technician()
    found = while_others_write(
        lambda: Activity.objects.filter(pk=activity.pk).update(technician=chosen),
        lambda: transaction.atomic(lock_case)(activity),
    )
    assert found.technician == chosen
