"""The walk that the tables of addresses are tested by can fail, and leaves nothing behind."""

import pytest

from organisation.models import Payer
from tests.walking import Walk

pytestmark = pytest.mark.django_db


def test_what_is_wrong_at_one_address_is_told_after_the_others_were_walked_too():
    walk = Walk()
    seen = []
    for name in ("first", "second", "third"):
        with walk.at(name):
            seen.append(name)
            assert name != "second", "not found"
    assert seen == ["first", "second", "third"]
    with pytest.raises(AssertionError, match="second: .*not found"):
        walk.end()


def test_what_is_written_at_one_address_is_not_there_at_the_next():
    before, walk = Payer.objects.count(), Walk()
    for name in ("first", "second"):
        with walk.at(name):
            Payer.objects.create(code="9999", name="Prov")
            assert Payer.objects.count() == before + 1
    walk.end()
    assert Payer.objects.count() == before


def test_a_walk_of_nothing_proves_nothing():
    with pytest.raises(AssertionError, match="nothing was walked"):
        Walk().end()
