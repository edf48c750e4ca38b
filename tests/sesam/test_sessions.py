"""A session ends half an hour after the latest request, and is written when it changed."""

import datetime as dt

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
def clock():
    with time_machine.travel(dt.datetime(2026, 11, 25, 9, tzinfo=dt.UTC), tick=False) as clock:
        yield clock


@pytest.fixture
def client(clock):
    client = Client()
    client.force_login(UserFactory())
    return client


def is_signed_in(client) -> bool:
    return client.get("/artiklar/").status_code == 200


def test_it_lasts_as_long_as_there_is_a_request_each_half_hour(client, clock):
    for _ in range(5):
        clock.shift(29 * MINUTE)
        assert is_signed_in(client)
    clock.shift(31 * MINUTE)
    assert not is_signed_in(client)


def test_the_browser_is_told_the_new_end_too(client, clock):
    clock.shift(5 * MINUTE)
    cookie = client.get("/artiklar/").cookies["session"]
    assert cookie["max-age"] == 30 * 60
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"


def test_requests_within_a_minute_write_no_session(client, clock):
    clock.shift(5 * MINUTE)
    is_signed_in(client)
    clock.shift(MINUTE / 2)
    with CaptureQueriesContext(connection) as asked:
        answer = client.get("/artiklar/")
    assert "session" not in answer.cookies
    assert not [q for q in asked if "UPDATE" in q["sql"] and "django_session" in q["sql"]]


def test_a_request_that_runs_while_another_tab_signs_out_opens_nothing_again(client, clock):
    clock.shift(5 * MINUTE)
    other = Client()
    other.cookies = client.cookies
    key = client.cookies["session"].value
    store = client.session
    store.load()
    other.post("/logga-ut/")
    assert store.renew() is False
    assert not Session.objects.filter(session_key=key).exists()
