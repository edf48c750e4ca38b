"""Guessing at the door: slowed for a name and for an address, and nobody else is kept out."""

import datetime as dt
import logging
import re

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from organisation import sign_in_pace
from organisation.models import SignInFailure, SignInTurn
from tests.at_once import at_once
from tests.factories import UserFactory
from tests.organisation.test_sign_in import PASSWORD, URL, text

pytestmark = pytest.mark.django_db
HERE, ELSEWHERE = "192.0.2.1", "198.51.100.7"


@pytest.fixture
def clock():
    with time_machine.travel(timezone.now(), tick=False) as traveller:
        yield traveller


@pytest.fixture(autouse=True)
def limits(settings):
    settings.SIGN_IN_NAME_LIMIT = 4
    settings.SIGN_IN_ADDRESS_LIMIT = 6


def sign_in(name, password=PASSWORD, address=HERE, **more):
    data = {"username": str(getattr(name, "username", name)), "password": password}
    return Client().post(URL, data | more, REMOTE_ADDR=address)


def from_many_addresses(name, times):
    return [sign_in(name, "fel", f"203.0.113.{n}") for n in range(times)]


def on_many_names(address, times):
    return [sign_in(f"gissat{n}", "fel", address) for n in range(times)]


def seconds_to_wait(answer) -> int:
    assert answer.status_code == 429
    said = re.search(r"Vänta (\d+) sekund", text(answer))
    assert said and answer["Retry-After"] == said[1]
    return int(said[1])


def test_one_name_tried_from_many_addresses_is_slowed(clock):
    user = UserFactory()
    answers = from_many_addresses(user, 6)
    assert [a.status_code for a in answers] == [422] * 4 + [429] * 2
    assert SignInFailure.objects.count() == 4  # no password was looked at after that


def test_one_password_tried_on_many_names_is_slowed(clock):
    answers = on_many_names(HERE, 8)
    assert [a.status_code for a in answers] == [422] * 6 + [429] * 2


def test_whose_name_is_guessed_at_comes_in_after_the_wait(clock):
    user = UserFactory()
    from_many_addresses(user, 5)
    seconds = seconds_to_wait(sign_in(user, address=ELSEWHERE))
    assert 1 <= seconds <= 60
    clock.shift(seconds - 1)
    assert seconds_to_wait(sign_in(user, address=ELSEWHERE)) == 1  # it comes no later for that
    clock.shift(1)
    assert sign_in(user, address=ELSEWHERE).status_code == 302


def test_a_stranger_who_goes_on_guessing_pushes_nobodys_turn_back(clock):
    user = UserFactory()
    from_many_addresses(user, 5)
    seconds = seconds_to_wait(sign_in(user, address=ELSEWHERE))
    for _ in range(20):
        sign_in(user, "fel", HERE)
        clock.shift(seconds / 20)
    clock.shift(1)
    assert sign_in(user, address=ELSEWHERE).status_code == 302


def test_behind_the_guessers_address_others_come_in_after_the_wait(clock):
    user = UserFactory()
    on_many_names(HERE, 30)
    seconds = seconds_to_wait(sign_in(user))
    on_many_names(HERE, 10)
    clock.shift(seconds)
    assert sign_in(user).status_code == 302


def test_other_names_and_other_addresses_do_not_wait(clock):
    user = UserFactory()
    on_many_names(HERE, 10)
    assert sign_in(user, address=ELSEWHERE).status_code == 302
    from_many_addresses("gissad", 10)
    assert sign_in(user, address=ELSEWHERE).status_code == 302


def test_each_further_try_waits_anew(clock):
    user = UserFactory()
    from_many_addresses(user, 5)
    seconds = seconds_to_wait(sign_in(user, "fel", ELSEWHERE))
    clock.shift(seconds)
    assert sign_in(user, "fel", ELSEWHERE).status_code == 422
    assert seconds_to_wait(sign_in(user, "fel", ELSEWHERE)) >= seconds


def test_the_wait_grows_and_is_bounded(clock, settings):
    settings.SIGN_IN_WAIT_MAX = 30
    user = UserFactory()
    name = sign_in_pace._digest(user.username)
    waits = []
    for already in (5, 20, 2000):
        SignInFailure.objects.bulk_create(
            SignInFailure(name=name, address="203.0.113.9", at=timezone.now())
            for _ in range(already)
        )
        waits.append(seconds_to_wait(sign_in(user, address=f"198.51.100.{already % 250}")))
    assert waits == sorted(waits)
    assert waits[0] < waits[-1] == 30


@pytest.mark.parametrize(
    ("guess", "window"),
    [
        (lambda user: from_many_addresses(user, 5), dt.timedelta(hours=1)),
        (lambda user: on_many_names(HERE, 7), dt.timedelta(minutes=15)),
    ],
    ids=["name", "address"],
)
def test_after_its_time_a_failure_counts_no_more(clock, guess, window):
    user = UserFactory()
    guess(user)
    seconds_to_wait(sign_in(user))
    clock.shift(window + dt.timedelta(seconds=1))
    SignInTurn.objects.all().delete()
    assert sign_in(user).status_code == 302


def test_the_pair_of_name_and_address_locks_as_before(settings):
    settings.SIGN_IN_NAME_LIMIT = settings.SIGN_IN_ADDRESS_LIMIT = 100
    user = UserFactory()
    answers = [sign_in(user, "fel") for _ in range(settings.AXES_FAILURE_LIMIT + 1)]
    assert "Vänta 15 minuter" in text(answers[-1])
    assert "Vänta 15 minuter" in text(sign_in(user))
    assert sign_in(user, address=ELSEWHERE).status_code == 302
    # A locked try is no guess: no password was looked at.
    assert SignInFailure.objects.count() == settings.AXES_FAILURE_LIMIT


def test_upper_case_is_the_same_name_and_a_network_of_ipv6_the_same_address(clock):
    for turn in range(4):
        sign_in("Anna" if turn % 2 else "aNNa", "fel", f"2001:db8::{turn}")
    assert SignInFailure.objects.values("name", "address").distinct().count() == 1
    assert seconds_to_wait(sign_in("ANNA", address="192.0.2.9"))


def test_an_unknown_name_waits_as_a_known_one_does(clock):
    user = UserFactory()
    said = []
    for name in (user, "finns-inte"):
        from_many_addresses(name, 5)
        said.append(seconds_to_wait(sign_in(name, address=ELSEWHERE)))
    assert said[0] == said[1]


def test_what_is_slowed_is_logged_without_what_was_typed(clock, caplog):
    user = UserFactory()
    with caplog.at_level(logging.WARNING, "organisation.sign_in_pace"):
        from_many_addresses(user, 5)
        from_many_addresses("hemligt-ord", 5)
    told = [record.getMessage() for record in caplog.records if "pace" in record.name]
    assert len(told) == 2
    assert f"user {user.pk} from 203.0.113.4" in told[0]
    assert "an unknown name" in told[1]
    assert user.username not in caplog.text
    assert "hemligt-ord" not in caplog.text


def test_names_are_kept_as_checksums_for_a_day(clock):
    from_many_addresses("hemligt-ord", 5)
    assert not SignInFailure.objects.filter(name__contains="hemligt").exists()
    assert sign_in_pace.forget_old() == 0
    clock.shift(dt.timedelta(days=1, minutes=2))
    assert sign_in_pace.forget_old() == 5  # four failures and a turn
    assert not SignInFailure.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_tries_sent_at_once_one_has_the_turn():
    user = UserFactory()
    from_many_addresses(user, 5)
    seconds_to_wait(sign_in(user, address=ELSEWHERE))
    SignInTurn.objects.update(opens_at=timezone.now())
    answers = at_once(*[lambda: sign_in(user, "fel", ELSEWHERE) for _ in range(6)])
    assert sorted(a.status_code for a in answers) == [422, *[429] * 5]
    assert SignInTurn.objects.filter(address=ELSEWHERE).count() == 1
