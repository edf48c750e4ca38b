"""What a test left is taken back, even while a page's last request still writes."""

import pytest
from django.db import OperationalError

from organisation.models import Payer, Warehouse
from tests.as_migrated import AsMigrated
from tests.at_once import while_others_write
from tests.factories import PayerFactory, WarehouseFactory


@pytest.mark.django_db(transaction=True)
def test_where_a_last_request_and_the_clearing_wait_for_each_other_the_request_is_given_up():
    WarehouseFactory()

    def clearing() -> None:
        AsMigrated().put_back()

    with pytest.raises(OperationalError, match="deadlock detected"):
        while_others_write(
            lambda: Warehouse.objects.update(name="Sist"),  # the clearing waits for this
            clearing,
            before_commit=lambda: Payer.objects.update(name="Sist"),  # and this for the clearing
        )
    assert not Warehouse.objects.exists()
    PayerFactory()  # nothing of this test is in the way of the next
