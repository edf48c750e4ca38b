"""Loaded twice on the same day, the demo is the same."""

import pytest
from django.db import transaction

from articles.models import Balance
from orders.models import Order
from portal import demo
from recipients.models import Recipient

pytestmark = pytest.mark.django_db


@pytest.fixture
def facts():
    """Load in a transaction of its own, and give what should be the same every time."""

    def load() -> list:
        with transaction.atomic():
            demo.load()
            found = [
                list(Recipient.objects.order_by("number").values_list("number", "key", "street")),
                list(Balance.objects.order_by("pk").values_list("on_hand", "reserved")),
                list(Order.objects.order_by("pk").values_list("recipient__number", "status")),
            ]
            transaction.set_rollback(True)
        return found

    return load


def test_it_is_the_same_every_time(facts):
    assert facts() == facts()
