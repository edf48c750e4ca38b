"""«Vem har tittat i min journal»: a patient is told which units saw their data, in what role, when."""

import datetime as dt
import re
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from organisation import access_log
from organisation.models import AccessLogEntry
from organisation.permissions import FORSKRIVARE, KHS, LOGGRANSKARE
from portal import log_extract
from recipients.models import Recipient
from sesam import documents
from tests.factories import RecipientFactory, UnitFactory, UserFactory, answer_of
from tests.papers import Paper, check_accessibility, needs_pdf
from tests.reading import read_page

pytestmark = pytest.mark.django_db
Action = AccessLogEntry.Action


@pytest.fixture
def reviewer():
    return UserFactory(roles=[LOGGRANSKARE], last_name="Grahn", default_unit=None)


@pytest.fixture
def client(browser_of, reviewer):
    return browser_of(reviewer)


@pytest.fixture
def patient():
    return RecipientFactory(family_name="Zetterqvist")


def seen(patient, user, at: str, action=Action.VIEW) -> None:
    """A row of the log from that time, local."""
    AccessLogEntry.objects.bulk_create(
        [
            AccessLogEntry(
                user=user, unit=user.default_unit, action=action, recipient_key=patient.key
            )
        ]
    )
    moment = timezone.make_aware(dt.datetime.fromisoformat(at))
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(
            "UPDATE organisation_accesslogentry SET at = %s WHERE id = (SELECT max(id) FROM"
            " organisation_accesslogentry)",
            [moment],
        )
        cursor.execute("SET LOCAL session_replication_role = origin")


def url(patient) -> str:
    return f"/logg/{patient.key}/utdrag/"


def told(patient, **days) -> list[tuple]:
    return [(v.day.isoformat(), v.time, v.unit, v.role, v.what)
            for v in log_extract.visits(patient, **days)]  # fmt: skip


def test_what_one_user_did_without_a_pause_is_one_visit(patient):
    anna = UserFactory(default_unit=UnitFactory(code="K02", name="Hemrehab Nybro"))
    khs = UserFactory(roles=[KHS], default_unit=None)
    seen(patient, anna, "2026-11-02 08:12", Action.SEARCH)
    seen(patient, anna, "2026-11-02 08:12")
    seen(patient, khs, "2026-11-02 08:20", Action.PRINT)
    seen(patient, anna, "2026-11-02 08:40", Action.CHANGE)
    seen(patient, anna, "2026-11-02 09:11")
    seen(patient, anna, "2026-11-03 00:05")
    assert told(patient) == [
        ("2026-11-03", "00:05", "Hemrehab Nybro", "Förskrivare", "Visade"),
        ("2026-11-02", "09:11", "Hemrehab Nybro", "Förskrivare", "Visade"),
        ("2026-11-02", "08:20", "", "KHS", "Skrev ut"),
        ("2026-11-02", "08:12–08:40", "Hemrehab Nybro", "Förskrivare", "Sökte, visade, ändrade"),
    ]


def test_one_visit_around_midnight_is_two_days(patient):
    anna = UserFactory()
    seen(patient, anna, "2026-11-02 23:58")
    seen(patient, anna, "2026-11-03 00:02")
    assert [row[:2] for row in told(patient)] == [("2026-11-03", "00:02"), ("2026-11-02", "23:58")]


def test_what_was_refused_showed_nothing_and_others_looks_are_not_the_patients(patient):
    anna = UserFactory()
    seen(patient, anna, "2026-11-02 08:12", Action.REFUSED)
    seen(RecipientFactory(), anna, "2026-11-02 08:13")
    assert told(patient) == []


def test_only_the_days_that_were_asked_for(patient):
    anna = UserFactory()
    for day in ("2026-10-31 23:59", "2026-11-01 00:00", "2026-11-30 23:59", "2026-12-01 00:00"):
        seen(patient, anna, day)
    month = {"first": dt.date(2026, 11, 1), "last": dt.date(2026, 11, 30)}
    assert [row[0] for row in told(patient, **month)] == ["2026-11-30", "2026-11-01"]


def test_the_role_of_an_ended_account_is_the_one_it_had(patient):
    gone = UserFactory(roles=[], is_active=False, ended_at=timezone.now(),
                       ended_as="Förskrivare; Hemrehab Kalmar")  # fmt: skip
    seen(patient, gone, "2026-11-02 08:12")
    assert told(patient)[0][3] == "Förskrivare"


@needs_pdf
def test_from_the_number_to_the_paper(client, patient, reviewer, tmp_path):
    anna = UserFactory(last_name="Sjö")
    access_log.record(anna, Action.VIEW, patient.key)
    found = client.post("/logg/", {"nummer": patient.number}, follow=True)
    assert url(patient) in found.content.decode()
    assert "Patientens utdrag" in client.get(url(patient)).content.decode()
    answer = client.post(url(patient))
    assert answer["Content-Type"] == "application/pdf"
    assert patient.number not in answer["Content-Disposition"]
    check_accessibility(answer.content, tmp_path)
    paper = Paper(answer).text
    for word in ("Zetterqvist", patient.written_number, "Hemrehab Kalmar", "Förskrivare"):
        assert word in paper
    assert "Sjö" not in paper and str(reviewer) not in paper
    taken = AccessLogEntry.objects.latest("id")
    assert (taken.user, taken.action, taken.recipient_key) == (reviewer, Action.DOWNLOAD, patient.key)  # fmt: skip


def test_the_page_of_it_names_nobody(client, patient):
    shown = client.get(url(patient)).content.decode()
    assert "Zetterqvist" not in shown and patient.number not in shown


@needs_pdf
def test_a_protected_persons_paper_tells_nothing_of_where_they_are(client, patient):
    Recipient.objects.update(is_protected=True, street="Storgatan 1", locality="Nybro")
    paper = Paper(client.post(url(patient))).text
    assert "Skyddad identitet" in paper
    assert "Storgatan" not in paper and "Nybro" not in paper


@pytest.mark.parametrize(
    "days",
    [{"fran": "igår"}, {"till": "2026-13-01"}, {"fran": "2026-02-02", "till": "2026-02-01"},
     {"till": "9999-12-31"}],
)  # fmt: skip
def test_days_that_there_are_not_are_said_at_their_field(client, patient, days):
    answer = client.post(url(patient), days)
    assert answer.status_code == 422
    shown = answer.content.decode()
    assert 'aria-invalid="true"' in shown
    assert days.get("fran", "") in shown


def test_more_than_a_paper_takes_asks_for_shorter_times(client, patient, monkeypatch):
    monkeypatch.setattr(log_extract, "MOST_VISITS", 1)
    for day in ("2026-11-02 08:00", "2026-11-03 08:00"):
        seen(patient, UserFactory(), day)
    answer = client.post(url(patient))
    assert answer.status_code == 422
    assert "Det är 2 åtkomster" in answer.content.decode()


def test_it_is_the_reviewers_alone_and_a_care_unit_has_none(
    browser_of, client, prescriber, patient
):
    for user in (prescriber, UserFactory(roles=[KHS]), UserFactory(roles=[FORSKRIVARE])):
        assert browser_of(user).post(url(patient)).status_code == 403
    home = RecipientFactory(kind=Recipient.Kind.CARE_UNIT, number="7101")
    assert client.get(url(home)).status_code == 404
    assert url(home) not in client.get(f"/logg/?mottagare={home.key}").content.decode()


def test_more_looks_take_no_more_questions(client, patient, monkeypatch):
    monkeypatch.setattr(documents, "render", lambda html, **more: b"%PDF")

    def asked() -> int:
        with CaptureQueriesContext(connection) as asked:
            assert client.post(url(patient)).status_code == 200
        return len(asked)

    access_log.record(UserFactory(), Action.VIEW, patient.key)
    before = asked()
    for turn in range(12):
        unit = UnitFactory(code=f"X{turn}", name=f"Enhet {turn}")
        access_log.record(UserFactory(default_unit=unit), Action.VIEW, patient.key)
    assert asked() == before


@pytest.mark.asks_why
def test_why_is_asked_before_the_paper_and_by_the_code_alone(client, patient, reviewer):
    question = client.post(url(patient), {"fran": "2026-11-01"}, follow=True)
    page = read_page(question)
    assert "Varför" in page and "Zetterqvist" not in page
    cancel = re.search(r'href="([^"]+)"[^>]*>Avbryt', question.content.decode())
    assert cancel and 'value="2026-11-01"' in client.get(unescape(cancel[1])).content.decode()
    said = answer_of("Annat", "Patienten har bett om utdraget")
    back = client.post(question.request["PATH_INFO"] + "?" + question.request["QUERY_STRING"], said)
    assert back.url.startswith(url(patient))
    assert 'value="2026-11-01"' in client.get(back.url).content.decode()
    assert client.post(url(patient))["Content-Type"] == "application/pdf"
    deeds = AccessLogEntry.objects.filter(user=reviewer).values_list("action", flat=True)
    assert list(deeds.order_by("id")) == [Action.REASON, Action.DOWNLOAD]
