"""What is locked is read once it is."""

import pytest

from orders.models import Cart
from sesam.locks import lock_rows
from tests.orders.builders import start

pytestmark = pytest.mark.django_db


def test_rows_come_locked_in_their_order_with_what_they_need(django_assert_num_queries):
    mine, others = start(), start()
    rows = Cart.objects.order_by("-pk").select_related("recipient")
    with django_assert_num_queries(2):
        found = [cart.recipient for cart in lock_rows(rows)]
    assert found == [others.recipient, mine.recipient]


def test_nothing_is_asked_again_where_nothing_was_locked(django_assert_num_queries):
    with django_assert_num_queries(1):
        assert lock_rows(Cart.objects.filter(closed_at=None)) == []


def test_a_question_that_locks_and_joins_fails_whichever_test_asks_it():
    rows = Cart.objects.select_related("recipient")
    with pytest.raises(AssertionError, match="locked and joined"):
        list(rows.select_for_update(of=("self",)))
    assert list(rows.select_for_update(of=("self",), skip_locked=True)) == []
