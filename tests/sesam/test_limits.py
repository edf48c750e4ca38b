"""At a human's pace: so many an hour, a fifth of them at once, also where many ask at the same time."""

import datetime as dt

import pytest
import time_machine
from django.core.management import call_command

from sesam import limits
from sesam.models import Allowance
from tests.at_once import at_once

pytestmark = pytest.mark.django_db
NOON = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)


def test_a_fifth_of_an_hours_at_once_and_then_one_at_a_time():
    with time_machine.travel(NOON, tick=False) as clock:
        assert [limits.wait("x", 60) for _ in range(12)] == [0] * 12
        assert limits.wait("x", 60) == 60  # one a minute
        clock.shift(59)
        assert limits.wait("x", 60) == 1  # asking too early moves nothing
        clock.shift(1)
        assert [limits.wait("x", 60), limits.wait("x", 60)] == [0, 60]
        clock.shift(dt.timedelta(hours=2))
        assert [limits.wait("x", 60) for _ in range(12)] == [0] * 12


def test_each_has_their_own_and_nothing_is_no_limit():
    assert limits.wait("x", 1) == 0
    assert limits.wait("x", 1) > 0
    assert limits.wait("y", 1) == 0
    assert [limits.wait("z", 0) for _ in range(3)] == [0, 0, 0]


def test_what_is_no_longer_spent_is_forgotten():
    with time_machine.travel(NOON):
        limits.wait("x", 60)
    limits.wait("y", 60)
    call_command("clear_old")
    assert list(Allowance.objects.values_list("key", flat=True)) == ["y"]


@pytest.mark.django_db(transaction=True)
def test_many_at_once_do_not_pass_the_limit_together():
    found = at_once(*[lambda: limits.wait("x", 15)] * 8)
    assert sorted(seconds > 0 for seconds in found) == [False] * 3 + [True] * 5


def test_one_that_asked_a_little_earlier_and_comes_later_has_its_turn():
    turns = []
    for late in (0.2, 0.1, 0):
        with time_machine.travel(NOON + dt.timedelta(seconds=late), tick=False):
            turns.append(limits.wait("x", 15))
    assert turns == [0, 0, 0]
    with time_machine.travel(NOON + dt.timedelta(seconds=0.2), tick=False):
        assert limits.wait("x", 15) > 230
