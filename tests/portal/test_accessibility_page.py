"""The accessibility statement, the report of a barrier, and the foot of every page."""

import datetime as dt

import pytest
from django.conf import settings
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from organisation.permissions import KHS
from portal import accessibility
from portal.models import BarrierReport
from tests.factories import UserFactory
from tests.pickups.pages import form_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def client() -> Client:
    """Nobody is signed in."""
    return Client()


REPORT = {"where": "Varukorgen", "what": "Krysset nås inte med tangentbord.", "contact": ""}


@pytest.mark.parametrize("path", ["/", "/logga-in/", "/admin/", "/finns-inte/", "/tillganglighet/"])
def test_the_foot_of_every_page_has_the_statement_the_form_version_and_contact(path, client):
    if path != "/logga-in/":
        client.force_login(UserFactory(roles=[KHS], is_staff=True))
    text = client.get(path).content.decode()
    foot = text[text.index('<footer class="foot muted">') :]
    assert 'href="/tillganglighet/"' in foot and "/tillganglighet/hinder/" in foot
    assert f"Version {settings.VERSION}" in foot and settings.AID_CENTRE["phone"] in foot


def test_the_statement_says_what_the_law_asks_for():
    text = Client().get("/tillganglighet/").content.decode()
    for asked in ("delvis förenlig", "Det här brister", "Rapportera ett hinder", "digg.se",
                  "Så har vi testat", "uppdaterades"):  # fmt: skip
        assert asked in text


def test_anybody_reports_a_barrier_and_khs_answers_it(client):
    form = client.get("/tillganglighet/hinder/?fran=/bestallning/?x=1").content.decode()
    assert 'value="/bestallning/"' in form
    answer = client.post("/tillganglighet/hinder/", REPORT, follow=True)
    assert "Tack för din rapport" in answer.content.decode()
    client.post("/tillganglighet/hinder/", REPORT)
    report = BarrierReport.objects.get()
    assert report.user is None and report.handled_at is None
    khs = Client()
    khs.force_login(UserFactory(roles=[KHS], is_staff=True))
    assert "Rapporterade hinder" in khs.get("/admin/").content.decode()
    khs.post(f"/admin/portal/barrierreport/{report.pk}/change/", {"answer": "Rättat."})
    report.refresh_from_db()
    assert report.answer == "Rättat." and report.handled_at and report.what == REPORT["what"]


def test_who_answers_second_is_told_what_the_first_one_answered():
    report = BarrierReport.objects.create(where="/sok/", what="Krysset nås inte.")
    url = f"/admin/portal/barrierreport/{report.pk}/change/"
    khs = Client()
    khs.force_login(UserFactory(roles=[KHS], is_staff=True))
    opened = form_of(khs.get(url))
    khs.post(url, opened | {"answer": "Rättat i dag."})
    late = khs.post(url, opened | {"answer": "Vi tittar på det."})
    text = late.content.decode()
    assert "Någon annan svarade medan du skrev" in text and "«Rättat i dag.»" in text
    assert "Vi tittar på det." in text
    report.refresh_from_db()
    assert report.answer == "Rättat i dag."
    khs.post(url, form_of(late))
    report.refresh_from_db()
    assert report.answer == "Vi tittar på det."


def test_what_is_missing_is_told_at_the_field_and_what_was_typed_is_kept(client):
    answer = client.post("/tillganglighet/hinder/", REPORT | {"what": ""})
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "Skriv vad som hindrade dig." in text and 'value="Varukorgen"' in text
    assert client.post("/tillganglighet/hinder/", REPORT | {"what": "x" * 3000}).status_code == 422
    assert not BarrierReport.objects.exists()


def test_no_personal_number_is_kept(client):
    client.post("/tillganglighet/hinder/", REPORT | {"what": "Hos 19121212-1212."})
    assert "1212" not in BarrierReport.objects.get().what


def test_who_sends_a_flood_of_reports_is_held_back_and_nobody_else(client, monkeypatch):
    monkeypatch.setattr(accessibility, "MOST_AN_HOUR", 1)
    client.post("/tillganglighet/hinder/", REPORT)
    other = REPORT | {"what": "Något annat"}
    answer = client.post("/tillganglighet/hinder/", other)
    assert answer.status_code == 422 and "många rapporter" in answer.content.decode()
    elsewhere = Client(REMOTE_ADDR="192.0.2.7")
    assert elsewhere.post("/tillganglighet/hinder/", other).status_code == 302
    signed_in = Client()
    signed_in.force_login(UserFactory())
    assert signed_in.post("/tillganglighet/hinder/", other).status_code == 302
    assert signed_in.post("/tillganglighet/hinder/", REPORT).status_code == 422


def test_where_a_report_came_from_is_no_address_and_forgotten_after_a_day(client):
    client.post("/tillganglighet/hinder/", REPORT)
    assert BarrierReport.objects.get().sender and "127.0" not in BarrierReport.objects.get().sender
    BarrierReport.objects.update(reported_at=timezone.now() - dt.timedelta(hours=25))
    call_command("clear_old")
    assert BarrierReport.objects.get().sender == ""


def test_who_reported_and_how_to_reach_them_is_forgotten_a_while_after_the_answer(client):
    """As the form says; where nobody answers, after a year."""
    told = {"contact": "anna@example.se", "user": UserFactory()}
    now = timezone.now()
    for where, reported, handled in (
        ("answered", 100, 91),
        ("just answered", 100, 89),
        ("waits", 364, None),
        ("never answered", 366, None),
    ):
        made = BarrierReport.objects.create(where=where, what="Krysset nås inte.", **told)
        BarrierReport.objects.filter(pk=made.pk).update(
            reported_at=now - dt.timedelta(days=reported),
            handled_at=handled and now - dt.timedelta(days=handled),
        )
    call_command("clear_old")
    known = BarrierReport.objects.exclude(contact="", user=None).values_list("where", flat=True)
    assert set(known) == {"just answered", "waits"}
    assert (
        "Tas bort 90 dagar efter svaret" in client.get("/tillganglighet/hinder/").content.decode()
    )
