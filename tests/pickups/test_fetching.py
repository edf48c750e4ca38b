"""«Hämtning elrullstol» ends in the same receiving as a pickup order."""

import pytest
from django.test import Client
from django.urls import reverse

from activities.models import ActivityStatus
from individuals.models import Individual
from individuals.stock_check import differences
from organisation.permissions import KHS
from pickups import services
from pickups.models import PickupOrder
from pickups.services import Got
from sesam.errors import DomainError
from tests.activities.builders import closed, registered, technician
from tests.factories import ArticleFactory, RecipientFactory, UserFactory

from .builders import lend, returned

pytestmark = pytest.mark.django_db


@pytest.fixture
def chair():
    return lend(RecipientFactory(), ArticleFactory(name="Elrullstol", is_marked=True))


def test_what_was_fetched_is_received_and_the_activity_is_closed(chair):
    activity = registered(chair, type="Hämtning")
    khs = Client()
    khs.force_login(UserFactory(roles=[KHS], is_staff=True))
    page = reverse("activities:detail", args=[activity.case_number])
    where = reverse("pickups:fetch", args=[activity.case_number])
    assert where in khs.get(page).content.decode()
    assert khs.get(where).status_code == 200
    answer = khs.post(where)
    pickup = PickupOrder.objects.get()
    assert answer.url == reverse("pickups:receive", args=[pickup.case_number])
    assert khs.post(where).url == answer.url  # sent twice
    assert (pickup.street, pickup.activity) == ("Storgatan 7", activity)

    services.receive(pickup, [Got(pickup.lines.get().pk, 1, "stock")], user=technician())

    activity.refresh_from_db()
    assert activity.status == ActivityStatus.CLOSED
    assert pickup.case_number in activity.reports.get().text
    piece = Individual.objects.get(pk=chair.individual_id)
    assert piece.status == Individual.Status.IN_STOCK
    assert differences() == []


def test_other_work_is_not_received(chair):
    activity = registered(chair)
    khs = Client()
    khs.force_login(UserFactory(roles=[KHS], is_staff=True))
    page = khs.get(reverse("activities:detail", args=[activity.case_number])).content.decode()
    assert reverse("pickups:fetch", args=[activity.case_number]) not in page


def test_what_came_back_or_is_closed_is_told(chair):
    activity, user = registered(chair, type="Hämtning"), technician()
    returned(chair)
    with pytest.raises(DomainError, match="finns inte längre hos mottagaren"):
        services.fetch(activity, user=user)
    with pytest.raises(DomainError, match="redan avslutad"):
        services.fetch(closed(activity), user=user)
