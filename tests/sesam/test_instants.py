"""Moments are read from the database as they stand there."""

import datetime as dt

import pytest
from django.db import DataError, connection

pytestmark = pytest.mark.django_db


def read(moment: str) -> dt.datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::timestamptz", [moment])
        return cursor.fetchone()[0]


@pytest.mark.parametrize(
    "figures",
    [
        (2026, 11, 30, 2, 42, 2, 952469),
        (2026, 11, 30, 2, 42, 2, 900000),
        (2026, 7, 1),
        (1, 1, 1),
        (9999, 12, 31, 23, 59, 59, 999999),
    ],
)
def test_a_moment_is_read_to_the_microsecond(figures):
    moment = dt.datetime(*figures, tzinfo=dt.UTC)
    assert read(moment.isoformat()) == moment


def test_it_is_in_utc_whatever_the_connection_speaks():
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL TIME ZONE 'Europe/Stockholm'")
    assert read("2026-07-01 00:30+02").isoformat() == "2026-06-30T22:30:00+00:00"


@pytest.mark.parametrize("moment", ["infinity", "10000-01-01 00:00+00", "0044-03-15 00:00+00 BC"])
def test_what_python_has_no_moment_for_is_refused(moment):
    with pytest.raises(DataError):
        read(moment)
