"""How the access log is kept: for its years, and found by keys that change."""

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.test import override_settings

from organisation import access_log
from organisation.models import AccessLogEntry
from tests.factories import UNUSED_NUMBERS, UserFactory

pytestmark = pytest.mark.django_db


def looked(*years_ago: float) -> None:
    """Looks that long ago."""
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO organisation_accesslogentry"
            " (at, user_id, job, action, searched, detail, case_number)"
            " VALUES (now() - %s * interval '1 year', %s, '', 'view', '', '', '')",
            [(years, UserFactory().pk) for years in years_ago],
        )


def test_the_log_is_thinned_after_its_years_and_says_so(capsys):
    looked(7, 6, 4.9, 0)
    call_command("thin_access_log")
    assert "2 rows" in capsys.readouterr().out
    *kept, told = AccessLogEntry.objects.order_by("id")
    assert len(kept) == 2
    assert told.detail.startswith("Gallrade 2 rader från före ")
    call_command("thin_access_log")
    assert AccessLogEntry.objects.count() == 3


@override_settings(ACCESS_LOG_YEARS=10)
def test_it_is_kept_for_longer_where_the_region_says_so():
    looked(11, 9)
    call_command("thin_access_log")
    assert AccessLogEntry.objects.filter(action="view").count() == 1


@override_settings(ACCESS_LOG_YEARS=1)
def test_nobody_shortens_the_legal_years():
    looked(4)
    with pytest.raises(CommandError, match="kept for 5"):
        call_command("thin_access_log")
    with pytest.raises(DatabaseError, match="Cannot delete"), transaction.atomic():
        AccessLogEntry.objects.all().delete()
    assert AccessLogEntry.objects.count() == 1


def test_the_role_that_runs_the_portal_thins_nothing(as_running_role):
    looked(7)
    with as_running_role():
        with pytest.raises(CommandError, match="Only the owner"):
            call_command("thin_access_log")
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            AccessLogEntry.objects.all().delete()
    assert AccessLogEntry.objects.count() == 1


def test_a_search_is_found_in_the_log_after_its_key_was_changed():
    user, number = UserFactory(), UNUSED_NUMBERS[0]
    with override_settings(ACCESS_LOG_KEY="the old one"):
        access_log.record(user, access_log.Action.MISS, searched=number)
    access_log.record(user, access_log.Action.MISS, searched=number)
    found = AccessLogEntry.objects.filter(searched__in=access_log.digests(number))
    assert found.count() == 1
    with override_settings(ACCESS_LOG_KEY_FALLBACKS=["the old one"]):
        found = AccessLogEntry.objects.filter(searched__in=access_log.digests(number))
        assert found.count() == 2


def test_the_log_keeps_its_answers_when_the_key_of_sessions_changes():
    before = access_log.digest(UNUSED_NUMBERS[0])
    with override_settings(SECRET_KEY="another"):
        assert access_log.digest(UNUSED_NUMBERS[0]) == before


def plan(question: str, *values: object) -> str:
    """Of a log of some length, known to the planner: what other tests left says nothing."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO organisation_accesslogentry"
            " (at, job, action, recipient_key, searched, detail, case_number)"
            " SELECT now() - n * interval '1 minute', 'a job', 'view', gen_random_uuid(), '', '', ''"
            " FROM generate_series(1, 3000) AS n"
        )
        cursor.execute("ANALYZE organisation_accesslogentry")
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("EXPLAIN " + question, values)
        return "\n".join(line for (line,) in cursor.fetchall())


@pytest.mark.parametrize(
    ("end", "index"),
    [
        ("recipient_key = '00000000-0000-4000-8000-000000000000'", "log_of_a_recipient"),
        ("user_id = 1", "log_of_a_user"),
    ],
)
def test_who_looked_at_whom_and_when_is_read_from_the_end_that_is_asked_for(end, index):
    """Without reading the rest of the log, nor sorting what is found."""
    asked = plan(
        f"SELECT id FROM organisation_accesslogentry WHERE {end} ORDER BY at DESC LIMIT 50"
    )
    assert index in asked
    assert "Sort" not in asked
