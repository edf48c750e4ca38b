"""The reviewers' pages of a spot check, as they come through the front door."""

import datetime as dt
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from organisation.models import AccessLogEntry
from organisation.permissions import CONTROLLER, KHS
from portal.models import KnownPerson, SpotCheckPlan
from portal.spot_checks import papers, services
from recipients.models import CareRelation, Recipient
from sesam.personal_numbers import looks_personal
from tests.factories import UNUSED_NUMBERS, UnitFactory, UserFactory, a_reason, answer_of
from tests.papers import Paper, check_accessibility, needs_pdf
from tests.portal.spot_checks.builders import (
    Action,
    checked,
    drawn,
    look,
    patient,
    planned,
    reviewer,
)
from tests.reading import read_page

pytestmark = pytest.mark.django_db
URL = "/logg/stickprov/"
MONTH = f"{URL}2026-10/"


@pytest.fixture
def eva():
    return reviewer(last_name="Nordin")


@pytest.fixture
def client(browser_of, eva):
    return browser_of(eva)


def test_the_month_tells_who_looked_where_and_when_and_names_no_patient(client):
    check = checked(2)
    seen = check.looks.first()
    for url in (URL, MONTH, f"{MONTH}1/"):
        page = read_page(client.get(url))
        assert "oktober 2026" in page
        assert "Zetterqvist" not in page
    for told in ("Sjö", "Hemrehab Kalmar", "2026-10-01 10:00", "Slumpad", "Förskrivare"):
        assert told in page
    assert f"M-{seen.recipient_key.hex[:8].upper()}" in page


def test_who_it_is_is_shown_when_asked_for_and_that_is_logged(client, eva):
    check = checked()
    key = check.looks.get().recipient_key
    asked = client.post(f"{MONTH}1/vem/")
    assert "Varför?" in asked.content.decode() and "Zetterqvist" not in read_page(asked)
    said = answer_of("Annat", "Stickprov")
    page = client.post(f"{MONTH}1/vem/", said, follow=True)
    assert "Zetterqvist" in read_page(page)
    assert "Zetterqvist" not in read_page(client.get(f"{MONTH}1/"))
    row = AccessLogEntry.objects.latest("id")
    assert (row.user, row.action, row.recipient_key) == (eva, Action.VIEW, key)


@needs_pdf
def test_what_was_typed_of_somebody_who_is_protected_now_stands_nowhere(client, eva):
    user, person = UserFactory(), patient()
    why = {"reason": a_reason("Annat"), "detail": "Larm från Kvarnbacken 12"}
    look(user, person, "2026-10-13 10:00", action=Action.REASON, **why)
    look(user, person, "2026-10-13 10:01")
    (seen,) = drawn(random=1)
    page = f"{MONTH}{seen.number}/"
    shown = read_page(client.get(page))
    assert "Annat: Larm från Kvarnbacken 12" in shown and shown.count("Kvarnbacken") == 2
    services.judge(seen, "justified", text="", user=eva, seen=0)
    services.close(seen.spot_check, user=eva)
    paper = " ".join(Paper(client.get(f"{MONTH}protokoll/1/")).text.split())
    assert "Skäl: Annat" in paper
    assert "Kvarnbacken" not in paper, "it stays, and they may be protected later"

    Recipient.objects.filter(pk=person.pk).update(is_protected=True)
    shown = read_page(client.get(page))
    assert "Kvarnbacken" not in shown and shown.count("Visas inte: skyddad identitet") == 2


def test_a_verdict_leads_to_the_next_and_in_the_end_to_the_month(client):
    check = checked(3)
    first = client.post(f"{MONTH}2/", {"verdict": "justified", "sett": "0"})
    assert first.url == f"{MONTH}3/"
    assert client.post(f"{MONTH}3/", {"verdict": "justified", "sett": "0"}).url == f"{MONTH}1/"
    assert client.post(f"{MONTH}1/", {"verdict": "justified", "sett": "0"}).url == MONTH
    assert set(check.looks.values_list("verdict", flat=True)) == {"justified"}
    assert "Avsluta och upprätta protokoll" in client.get(MONTH).content.decode()


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({}, "Välj en bedömning."),
        ({"verdict": "x", "text": "Mitt skäl"}, "Välj en bedömning."),
        ({"verdict": "unjustified", "text": ""}, "Skriv en motivering."),
        ({"verdict": "unclear", "text": f"Om {UNUSED_NUMBERS[0]}"}, "Ta bort personnumret"),
        ({"verdict": "unclear", "text": "x" * 1001}, "högst 1 000 tecken"),
        ({"verdict": "justified", "sett": "7", "text": "Mitt skäl"}, "skrev om åtkomsten"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(client, typed, said):
    check = checked()
    services.judge(check.looks.get(), "justified", text="", user=reviewer(), seen=0)
    answer = client.post(f"{MONTH}1/", {"sett": "1"} | typed)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert said in page
    assert typed.get("text", "") in page
    assert 'name="sett" value="1"' in page


def test_ones_own_look_has_no_form(client, eva):
    look(eva, patient())
    drawn(random=1)
    page = client.get(f"{MONTH}1/").content.decode()
    assert "En annan loggranskare bedömer den." in page
    assert 'name="verdict"' not in page
    assert client.post(f"{MONTH}1/", {"verdict": "justified", "sett": "0"}).status_code == 422
    assert "1 är din egen åtkomst" in read_page(client.get(MONTH))


def test_answer_measure_and_follow_up(client):
    check = checked()
    seen = check.looks.get()
    ask = {"verdict": "unclear", "text": "Var hon i tjänst?", "sett": "0"}
    client.post(f"{MONTH}1/", ask)
    assert client.post(f"{MONTH}1/svar/", {"svar-text": "Nej", "sett": "1"}).status_code == 422
    told = {"svar-text": "Nej", "svar-who": "Maria Ek", "sett": "1"}
    assert client.post(f"{MONTH}1/svar/", told).status_code == 302
    client.post(f"{MONTH}1/", {"verdict": "unjustified", "text": "Ledig", "sett": "2"})
    assert "Uppföljning pågår" in client.get(URL).content.decode()
    wrong = client.post(f"{MONTH}1/atgard/", {"atgard-done_on": "2026-13-01", "sett": "3"})
    assert wrong.status_code == 422
    assert 'value="2026-13-01"' in wrong.content.decode()
    done = {"atgard-text": "Varning", "atgard-done_on": f"{seen.at:%Y-%m-%d}", "atgard-ends": "on", "sett": "3"}  # fmt: skip
    assert client.post(f"{MONTH}1/atgard/", done).status_code == 302
    page = read_page(client.get(f"{MONTH}1/"))
    for said in ("Var hon i tjänst?", "Maria Ek", "Ledig", "Varning"):
        assert said in page
    assert "Uppföljning pågår" not in client.get(URL).content.decode()


@needs_pdf
def test_closing_makes_the_protocol_which_anybody_who_reviews_fetches(client, tmp_path):
    check = checked(2)
    assert client.post(f"{MONTH}avsluta/").status_code == 422
    for seen in check.looks.all():
        services.judge(seen, "justified", text="Hade ärende", user=reviewer(), seen=0)
    client.post(f"{MONTH}avsluta/")
    assert "Protokoll 1 (PDF)" in client.get(MONTH).content.decode()
    answer = client.get(f"{MONTH}protokoll/1/")
    paper = Paper(answer)
    check_accessibility(answer.content, tmp_path)
    assert paper.file_name == "protokoll-loggkontroll-2026-10.pdf"
    assert paper.title == "Protokoll från loggkontroll oktober 2026"
    for told in ("Sjö", "Hade ärende", "Befogad: 2"):
        assert told in paper.text
    assert "Zetterqvist" not in paper.everything and not looks_personal(paper.text)
    taken = AccessLogEntry.objects.latest("id")
    assert (taken.action, taken.detail) == (
        Action.DOWNLOAD,
        "Protokoll från loggkontroll 2026-10, 1",
    )
    assert client.get(f"{MONTH}protokoll/2/").status_code == 404
    assert 'name="verdict"' not in client.get(f"{MONTH}1/").content.decode()


@pytest.mark.parametrize(
    "path", ["2026-13/", "2026-1/", "abc/", "0000-01/", "2026-10/", "2026-10/99/", "2026-09/1/"]
)
def test_what_is_not_there_is_not_found(client, path):
    if path != "2026-10/":
        checked()
    assert client.get(URL + path).status_code == 404


def test_the_plan_is_decided_and_the_earlier_one_stays(client, eva):
    page = client.get(f"{URL}plan/").content.decode()
    fields = dict(re.findall(r'name="(\w+)" value="(\d+)"', page))
    assert client.post(f"{URL}plan/", fields | {"night": "9", "sett": ""}).status_code == 302
    plan = SpotCheckPlan.objects.get()
    assert (plan.night, plan.made_by) == (9, eva)
    late = client.post(f"{URL}plan/", fields | {"night": "3", "sett": ""})
    assert late.status_code == 422
    assert "Någon annan har beslutat en ny plan" in late.content.decode()
    assert 'value="3"' in late.content.decode()
    assert (
        client.post(f"{URL}plan/", fields | {"night": "3", "sett": str(plan.pk)}).status_code == 302
    )
    assert SpotCheckPlan.objects.count() == 2


@pytest.mark.parametrize(
    ("field", "typed"),
    [("random", ""), ("random", "-1"), ("random", "x"), ("night", "101"), ("night_from", "24"),
     ("round_months", "0"), ("night_to", "22"), ("many_looks", "99999999999999999999")],
)  # fmt: skip
def test_a_plan_that_cannot_be_is_said_at_its_field(client, field, typed):
    fields = dict(
        re.findall(r'name="(\w+)" value="(\d+)"', client.get(f"{URL}plan/").content.decode())
    )
    answer = client.post(f"{URL}plan/", fields | {field: typed, "sett": ""})
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.content.decode()
    assert not SpotCheckPlan.objects.exists()


def test_a_plan_draws_no_more_than_a_protocol_takes(client):
    fields = dict(
        re.findall(r'name="(\w+)" value="(\d+)"', client.get(f"{URL}plan/").content.decode())
    )
    many = {"random": "100", "night": "100", "known": "100", "sett": ""}
    answer = client.post(f"{URL}plan/", fields | many)
    assert answer.status_code == 422 and "högst 300" in answer.content.decode()


def test_known_persons_stand_by_code_and_leave_the_list(client):
    person = patient()
    assert "vårdenhet" not in read_page(client.get(f"{URL}kanda/")), "a care unit is no patient"
    answer = client.post(f"{URL}kanda/", {"nummer": person.number, "why": "Artist"}, follow=True)
    page = read_page(answer)
    assert f"M-{person.key.hex[:8].upper()}" in page and "Artist" in page
    assert person.number not in page and "Zetterqvist" not in page
    client.post(f"{URL}kanda/", {"nummer": UNUSED_NUMBERS[0], "why": "Politiker"})
    assert "Inte mottagare i portalen än" in client.get(f"{URL}kanda/").content.decode()
    for known in KnownPerson.objects.all():
        assert client.post(f"{URL}kanda/{known.pk}/ta-bort/").status_code == 302
    assert "Ingen på listan" in client.get(f"{URL}kanda/").content.decode()


@pytest.mark.parametrize(
    "typed",
    [{}, {"nummer": "1", "why": "x"}, {"nummer": "7101", "why": "x"},
     {"nummer": UNUSED_NUMBERS[0], "why": ""}, {"nummer": UNUSED_NUMBERS[0], "why": UNUSED_NUMBERS[1]}],
)  # fmt: skip
def test_whom_one_cannot_put_on_the_list_is_said(client, typed):
    answer = client.post(f"{URL}kanda/", typed)
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.content.decode()


def test_a_reviewers_settings_are_the_keys_alone(client, eva):
    page = client.get("/installningar/").content.decode()
    assert "letter_keys" in page and "default_source" not in page
    assert client.post("/installningar/", {}).status_code == 302
    before = eva.default_source
    eva.refresh_from_db()
    assert (eva.preferences["letter_keys"], eva.default_source) == (False, before)


def test_spot_checks_are_the_reviewers_alone(browser_of, prescriber, khs_user):
    checked()
    admin = UserFactory(roles=[], is_superuser=True, is_staff=True)
    for user in (
        prescriber,
        khs_user,
        admin,
        UserFactory(roles=[CONTROLLER]),
        UserFactory(roles=[KHS]),
    ):
        browser = browser_of(user)
        for url in (URL, MONTH, f"{MONTH}1/", f"{URL}plan/", f"{URL}kanda/"):
            assert browser.get(url).status_code == 403
        for url in (f"{MONTH}1/", f"{MONTH}1/vem/", f"{MONTH}avsluta/", f"{URL}kanda/1/ta-bort/"):
            assert browser.post(url).status_code == 403


@pytest.mark.parametrize(
    ("whose", "since", "said"),
    [
        ("unit", "2026-09-01", "Tjänstestället har ärende med mottagaren sedan 2026-09-01."),
        ("unit", "2026-10-14", "sedan 2026-10-14, efter åtkomsten."),
        ("other", "2026-09-01", "Ett annat av användarens tjänsteställen har ärende med"),
        ("strangers", "2026-09-01", "Inget ärende. Andra tjänsteställen har ärenden"),
        ("", "", "Inget tjänsteställe har ärende med mottagaren."),
    ],
)
def test_whether_there_is_a_case_is_told_with_whose_and_since_when(client, whose, since, said):
    user, person = UserFactory(), patient()
    other = UnitFactory(code="V01", name="Hemrehab Västervik")
    if whose == "other":
        user.units.add(other)
    if whose:
        unit = user.default_unit if whose == "unit" else other
        relation = CareRelation.objects.create(recipient=person, unit=unit)
        began = dt.datetime.fromisoformat(f"{since}T12:00+02:00")
        CareRelation.objects.filter(pk=relation.pk).update(since=began)
    look(user, person, "2026-10-13 10:00")
    drawn(random=1)
    page = read_page(client.get(f"{MONTH}1/"))
    assert said in page and "Västervik" not in page


def test_from_where_and_what_else_was_done_that_day_is_told(client):
    user = UserFactory()
    look(user, patient(), "2026-10-13 09:00", action=Action.SEARCH, ip="10.24.8.9")
    look(user, patient(), "2026-10-13 10:00", ip="10.24.8.117")
    planned(night=0, random=2)
    services.draw(dt.date(2026, 10, 1))
    page = client.get(f"{MONTH}2/").content.decode()
    assert "10.24.8.117" in page and "10.24.8.9" not in page
    assert '<details class="check-day" open>' in page


def test_no_unit_is_told_of_a_protected_persons_relation(client):
    user = UserFactory()
    theirs = UserFactory().default_unit
    look(user, patient(unit=theirs, is_protected=True, locality="Nybro", street="Storgatan 1"))
    drawn(random=1)
    page = read_page(client.get(f"{MONTH}1/"))
    assert "Nybro" not in page and "Storgatan" not in page


def test_more_looks_and_more_rows_take_no_more_questions(client, monkeypatch):
    def asked(url: str) -> int:
        with CaptureQueriesContext(connection) as asked:
            assert client.get(url).status_code == 200
        return len(asked)

    def judge(check) -> None:
        first = check.looks.first()
        services.judge(first, "unjustified", text="Ledig", user=reviewer(), seen=0)

    monkeypatch.setattr(papers.documents, "render", lambda html, **more: html.encode())
    urls = (URL, MONTH, f"{MONTH}2/", f"{URL}kanda/", f"{URL}plan/")
    judge(checked(2))
    services.add_known(patient().number, why="Artist", user=reviewer())
    client.get(URL)
    before = [asked(url) for url in urls]
    user = UserFactory()
    for day in range(1, 8):
        look(user, patient(), f"2026-09-{day:02} 10:00")
        look(user, patient(), f"2026-10-{day:02} 11:00")
        services.add_known(patient().number, why="Artist", user=reviewer())
    planned(random=7)
    judge(services.draw(dt.date(2026, 9, 1)))
    assert [asked(url) for url in urls] == before
    assert asked(f"{URL}2026-09/3/") <= before[2] + 1
