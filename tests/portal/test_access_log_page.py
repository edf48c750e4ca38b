"""The log reviewer asks who looked at whom, when; the log tells of no patient by itself."""

import datetime as dt
import re
from io import BytesIO

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from openpyxl import load_workbook

from organisation import access_log
from organisation.models import AccessLogEntry
from organisation.permissions import LOGGRANSKARE
from portal.access_log_page import LogForm
from sesam import asking
from tests.factories import UNUSED_NUMBERS, RecipientFactory, UnitFactory, UserFactory, answer_of
from tests.of_size import many_like
from tests.reading import read_page

pytestmark = pytest.mark.django_db
URL = "/logg/"
Action = AccessLogEntry.Action


@pytest.fixture
def reviewer():
    return UserFactory(roles=[LOGGRANSKARE], last_name="Grahn", default_unit=None)


@pytest.fixture
def client(browser_of, reviewer):
    return browser_of(reviewer)


@pytest.fixture
def recipient():
    return RecipientFactory(family_name="Zetterqvist")


def looked(recipient, user=None, detail="Mottagarens sida", action=Action.VIEW):
    user = user or UserFactory(last_name="Sjö")
    access_log.record(user, action, recipient.key, detail=detail, case_number="26480001")
    return user


def rows(answer) -> list[AccessLogEntry]:
    return list(answer.context["table"].rows)


def test_the_log_tells_who_did_what_where_and_when_and_names_no_patient(client, recipient):
    looked(recipient)
    page = read_page(client.get(URL))
    for told in ("Sjö", "Hemrehab Kalmar", "Visade", "Mottagarens sida", "26480001"):
        assert told in page
    assert f"M-{recipient.key.hex[:8].upper()}" in page
    assert ">Visade</td>" in page
    assert "Zetterqvist" not in page
    assert recipient.number not in page


def test_a_recipients_log_is_asked_for_by_number_which_stands_in_no_address(client, recipient):
    looked(recipient)
    looked(RecipientFactory())
    answer = client.post(URL + "?vad=view", {"nummer": recipient.number})
    assert answer.status_code == 302
    assert recipient.number not in answer.url
    assert [row.recipient_key for row in rows(client.get(answer.url))] == [recipient.key]
    asked = AccessLogEntry.objects.latest("id")
    assert (asked.action, asked.recipient_key) == (Action.SEARCH, recipient.key)


def test_searches_for_somebody_the_portal_does_not_know_are_found_too(client, settings):
    number = UNUSED_NUMBERS[0]
    user = UserFactory()
    settings.ACCESS_LOG_KEY, key = "an-older-key", settings.ACCESS_LOG_KEY
    access_log.record(user, Action.MISS, searched=number)
    settings.ACCESS_LOG_KEY, settings.ACCESS_LOG_KEY_FALLBACKS = key, ["an-older-key"]
    answer = client.post(URL, {"nummer": number})
    assert number not in answer.url
    found = rows(client.get(answer.url))
    assert {row.action for row in found} == {Action.MISS, Action.SEARCH}
    assert user in [row.user for row in found]


@pytest.mark.parametrize("typed", ["", "abc", "191212121213", "19121212"])
def test_a_number_that_names_nobody_is_said_at_its_box(client, typed):
    answer = client.post(URL, {"nummer": typed})
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.content.decode()


def test_the_reviewer_asks_about_so_many_numbers_too(client, recipient, settings):
    settings.RECIPIENT_SEARCH_MINUTE = 1
    assert client.post(URL, {"nummer": recipient.number}).status_code == 302
    answer = client.post(URL, {"nummer": recipient.number})
    assert answer.status_code == 429
    assert "vilket är gränsen" in answer.content.decode()


def test_by_user_unit_what_and_day(client, recipient):
    nybro = UnitFactory(code="K02", name="Hemrehab Nybro")
    one = looked(recipient, UserFactory(username="one", hsa_id="SEDEMO-P7"))
    other = looked(recipient, UserFactory(default_unit=nybro), action=Action.DOWNLOAD)
    for query, who in (
        ("anvandare=one", one),
        ("anvandare=sedemo-p7", one),
        ("tjanststalle=K02", other),
        ("vad=download", other),
    ):
        assert [row.user for row in rows(client.get(f"{URL}?{query}"))] == [who], query
    today = timezone.localdate()
    assert len(rows(client.get(f"{URL}?fran={today}&till={today}"))) == 2
    assert rows(client.get(f"{URL}?till={today - dt.timedelta(days=1)}")) == []


def test_the_last_thirty_days_are_shown_unless_a_day_is_named(client, recipient):
    looked(recipient)
    with connection.cursor() as cursor:  # as if it were long ago
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("UPDATE organisation_accesslogentry SET at = at - interval '40 days'")
        cursor.execute("SET LOCAL session_replication_role = origin")
    assert rows(client.get(URL)) == []
    first = timezone.localdate() - dt.timedelta(days=41)
    assert len(rows(client.get(f"{URL}?fran={first}"))) == 1


@pytest.mark.parametrize(
    "query",
    ["fran=igår", "till=2026-13-45", "anvandare=ingen", "tjanststalle=X", "vad=x", "till=9999-12-31", "fran=0001-01-01",
     "fran=2026-02-02&till=2026-02-01", "mottagare=x", "sokt=x"],
)  # fmt: skip
def test_what_cannot_be_asked_is_said_at_its_field(client, query):
    answer = client.get(f"{URL}?{query}")
    assert answer.status_code == 422
    said = answer.content.decode()
    assert 'aria-invalid="true"' in said or "Länken är inte hel." in said
    assert client.get(f"{URL}excel/?{query}").status_code == 302


def test_who_it_is_is_shown_when_asked_for_and_that_is_logged(client, recipient, reviewer):
    looked(recipient)
    said = answer_of("Annat", "Stickprov")
    answer = client.post(f"{URL}{recipient.key}/vem/", said)
    assert "Zetterqvist" not in str(answer.headers) + answer.cookies.output()
    assert "Zetterqvist" in read_page(client.get(answer.url))
    assert "Zetterqvist" not in read_page(client.get(URL))
    look = AccessLogEntry.objects.latest("id")
    assert (look.user, look.action, look.recipient_key) == (reviewer, Action.VIEW, recipient.key)
    assert client.get(f"{URL}{recipient.key}/vem/").status_code == 405


def test_the_name_is_shown_to_who_asked_and_for_a_minute(client, browser_of, recipient):
    looked(recipient)
    said = answer_of("Annat", "Stickprov")
    where = client.post(f"{URL}{recipient.key}/vem/", said).url
    colleague = browser_of(UserFactory(roles=[LOGGRANSKARE]))
    assert "Zetterqvist" not in read_page(colleague.get(where))
    with time_machine.travel(timezone.now() + dt.timedelta(seconds=61)):
        assert "Zetterqvist" not in read_page(client.get(where))


def test_what_narrowed_the_log_stays_when_one_asks_who_it_is(client, recipient):
    looked(recipient)
    query = f"fran=2026-01-01&vad=view&mottagare={recipient.key}"
    form = client.get(f"{URL}?{query}").content.decode()
    (action,) = re.findall(r'action="([^"]*/vem/[^"]*)"', form)
    said = answer_of("Annat", "Stickprov")
    assert client.post(action.replace("&amp;", "&"), said).url == f"{URL}?{query}&visa=vem"


def test_the_list_as_excel_which_is_logged(client, recipient, reviewer):
    looked(recipient, detail="=1+1")
    answer = client.get(f"{URL}excel/?mottagare={recipient.key}")
    sheet = load_workbook(BytesIO(answer.content)).active
    head, row = sheet.iter_rows(values_only=True)
    assert head[:2] == ("Tid", "Användare")
    assert "=1+1" in row
    assert "Zetterqvist" not in str(row)
    taken = AccessLogEntry.objects.latest("id")
    assert (taken.user, taken.action) == (reviewer, Action.DOWNLOAD)
    assert recipient.number not in answer["Content-Disposition"]


def test_what_a_job_did_says_so(client, recipient):
    access_log.record(None, Action.CHANGE, recipient.key, detail="Borttagen")
    assert "Jobb: portalen" in read_page(client.get(URL))


def test_a_job_is_named_in_words(client, recipient):
    with asking.by(asking.Asking(job="activities.maintain")):
        access_log.record(None, Action.CREATE, recipient.key, detail="Skapades enligt schemat")
    with asking.by(asking.Asking(job="activities.jobs.forget_whereabouts_of_protected")):
        access_log.record(None, Action.CHANGE, recipient.key, detail="Rensades")
    page = read_page(client.get(URL))
    assert "Jobb: förebyggande underhåll" in page and "Jobb: rensning" in page


def test_the_log_is_the_reviewers_alone(browser_of, prescriber, khs_user, recipient):
    admin = UserFactory(roles=[], is_superuser=True, is_staff=True)
    for user in (prescriber, khs_user, admin):
        browser = browser_of(user)
        assert browser.get(URL).status_code == 403
        assert browser.get(f"{URL}excel/").status_code == 403
        assert browser.post(f"{URL}{recipient.key}/vem/").status_code == 403


def test_more_rows_take_no_more_questions(client, recipient):
    def asked() -> int:
        with CaptureQueriesContext(connection) as asked:
            client.get(URL)
        return len(asked)

    looked(recipient)
    before = asked()
    for _ in range(30):
        looked(RecipientFactory())
    assert asked() == before


def test_each_way_to_ask_has_its_index(recipient):
    """Whom, who, where and when: read from the end that was asked for, however long the log."""
    user = looked(recipient)
    many_like(
        AccessLogEntry.objects.get(), 3000, at="at - n * interval '1 minute'", user_id="NULL",
        unit_id="NULL", job="'a job'", recipient_key="gen_random_uuid()",
    )  # fmt: skip
    by_time = ("vad", "", "organisation_accesslogentry_at")
    ways = [
        ("mottagare", str(recipient.key), "log_of_a_recipient"),
        ("anvandare", user.username, "log_of_a_user"),
        ("tjanststalle", user.default_unit.code, "log_of_a_unit"),
        ("sokt", "0" * 64, "log_of_a_miss"),
        ("skal", "nod", "log_of_reasons"),
        ("skal", answer_of("Annat")["skal"], "log_of_reasons"),
    ]

    def plan(name: str, value: str) -> str:
        form = LogForm({"fran": "2026-01-01", name: value})
        assert form.is_valid(), form.errors
        return form.entries().order_by("-at", "-pk")[:50].explain()

    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
        assert by_time[2] in plan(*by_time[:2])
        # Of a user of one look any index will do; without that one none but the right one.
        cursor.execute(
            "SELECT indexname FROM pg_indexes WHERE indexname LIKE %s", [by_time[2] + "%"]
        )
        cursor.execute(f"DROP INDEX {cursor.fetchone()[0]}")
    for name, value, index in ways:
        assert index in plan(name, value), f"{name}:\n{plan(name, value)}"
