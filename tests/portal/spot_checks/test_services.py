"""A month's spot check: drawn once, judged, followed up, closed with a protocol that stays."""

import datetime as dt
import hashlib
import os

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from organisation import access_log
from organisation.models import AccessLogEntry
from portal import jobs
from portal.models import (
    KnownPerson,
    SpotCheck,
    SpotCheckLook,
    SpotCheckNote,
    SpotCheckPlan,
    SpotCheckProtocol,
    Verdict,
)
from portal.spot_checks import papers, services
from sesam.errors import DomainError
from tests.at_once import at_once
from tests.factories import UNUSED_NUMBERS, UserFactory
from tests.portal.spot_checks.builders import (
    MONTH,
    Action,
    checked,
    drawn,
    long_ago,
    look,
    patient,
    planned,
    reviewer,
)

pytestmark = pytest.mark.django_db
ROUNDS = range(int(os.environ.get("SENT_TWICE", "3")))
YES, ASK, NO = Verdict.JUSTIFIED, Verdict.UNCLEAR, Verdict.UNJUSTIFIED


@pytest.fixture(autouse=True)
def no_papers(monkeypatch):
    monkeypatch.setattr(papers.documents, "render", lambda html, **more: html.encode())


def judge(seen: SpotCheckLook, verdict: str, user=None, *, text="Enligt chefen", notes=None):
    count = seen.notes.count() if notes is None else notes
    return services.judge(seen, verdict, text=text, user=user or reviewer(), seen=count)


def measure(seen: SpotCheckLook, user, *, ends=False, text="Samtal med chefen"):
    return services.measure(
        seen, text=text, done_on=timezone.localdate(), ends=ends, user=user, seen=seen.notes.count()
    )


# --- drawing ---


def test_the_job_draws_the_month_that_ended_once_however_often_it_runs():
    planned(random=5)
    look(UserFactory(), patient())
    assert [str(check) for check in services.draw_due(dt.date(2026, 11, 29))] == ["2026-10"]
    assert services.draw_due(dt.date(2026, 11, 30)) == []
    assert SpotCheckLook.objects.count() == 1
    assert [str(c) for c in services.draw_due(dt.date(2027, 1, 1))] == ["2026-11", "2026-12"]


def test_months_that_nobody_drew_are_caught_up_with_for_a_year():
    planned(random=5)
    services.draw(dt.date(2025, 1, 1))
    assert len(services.draw_due(dt.date(2026, 11, 29))) == services.MOST_BACK


def test_a_month_that_was_passed_over_is_drawn_later():
    """Whoever drew it failed, while another went on with the next."""
    for month in (8, 10):
        services.draw(dt.date(2026, month, 1))
    assert [str(check) for check in services.draw_due(dt.date(2026, 11, 29))] == ["2026-09"]


def test_the_worker_draws_by_the_hour():
    planned(random=5)
    assert jobs.draw_spot_checks() == 1
    assert jobs.draw_spot_checks() == 0


def test_a_month_without_looks_is_drawn_and_closed_too():
    check = services.draw(MONTH)
    assert (check.visits, check.looks.count()) == (0, 0)
    services.close(check, user=reviewer())


@pytest.mark.django_db(transaction=True)
def test_two_that_draw_at_once_draw_once():
    planned(random=5)
    user, person = UserFactory(), patient()
    access_log.record(user, Action.VIEW, person.key)
    month = timezone.localdate().replace(day=1)
    made = at_once(*[lambda: services.draw(month)] * 3)
    assert len([one for one in made if one]) == 1
    assert SpotCheckLook.objects.count() == 1


def test_a_drawn_look_is_a_copy_with_the_role_of_that_day():
    user, person = UserFactory(last_name="Sjö"), patient()
    entry = look(user, person, case_number="26480001", detail="Mottagarens sida")
    (seen,) = drawn(random=1)
    user.groups.clear()
    assert (seen.entry, seen.user, seen.unit, seen.role) == (entry.pk, user, user.default_unit, "Förskrivare")  # fmt: skip
    assert (seen.action, seen.detail, seen.case_number) == ("view", "Mottagarens sida", "26480001")
    assert seen.recipient_key == person.key


def test_the_plan_that_holds_is_the_newest_and_a_draw_names_its_own():
    first = planned(random=1)
    check = services.draw(MONTH)
    second = services.decide(SpotCheckPlan(random=7), user=reviewer(), seen=str(first.pk))
    assert services.current_plan() == second
    check.refresh_from_db()
    assert check.plan == first
    with pytest.raises(DomainError, match="Någon annan"):
        services.decide(SpotCheckPlan(random=9), user=reviewer(), seen=str(first.pk))
    with pytest.raises(DatabaseError), transaction.atomic():
        SpotCheckPlan.objects.update(random=50)


# --- known persons ---


def test_a_known_person_stands_once_on_the_list_and_without_a_number():
    eva, person = reviewer(), patient()
    first = services.add_known(person.number, why="Artist", user=eva)
    again = services.add_known(person.written_number, why="Artist", user=eva)
    assert first == again
    assert person.number not in str(KnownPerson.objects.values())
    asked = AccessLogEntry.objects.latest("id")
    assert (asked.user, asked.action, asked.recipient_key) == (eva, Action.SEARCH, person.key)
    services.end_known(first, user=eva)
    assert services.add_known(person.number, why="Artist", user=eva) != first


def test_another_reason_for_somebody_on_the_list_takes_the_place_of_the_old_one_which_is_kept():
    eva, lars, person = reviewer(), reviewer(), patient()
    services.add_known(person.number, why="Artist", user=eva)
    services.add_known(person.number, why="Åtalad", user=lars)
    old, new = KnownPerson.objects.order_by("id")
    assert (old.why, old.added_by, old.ended_by) == ("Artist", eva, lars)
    assert (new.why, new.added_by, new.ended_at) == ("Åtalad", lars, None)
    assert AccessLogEntry.objects.filter(action=Action.SEARCH).count() == 2


@pytest.mark.parametrize("typed", ["7101", "191212121213", "x"])
def test_only_a_persons_number_is_put_on_the_list(typed):
    with pytest.raises(DomainError):
        services.add_known(typed, why="Artist", user=reviewer())


def test_no_number_is_written_where_one_says_why():
    with pytest.raises(DomainError, match="personnumret"):
        services.add_known(UNUSED_NUMBERS[0], why=f"Se {UNUSED_NUMBERS[1]}", user=reviewer())


# --- a look ---


def test_a_verdict_is_somebodys_and_what_was_said_before_stays():
    eva, lars = reviewer(), reviewer()
    seen = checked().looks.get()
    judge(seen, ASK, eva)
    judge(seen, YES, lars)
    seen.refresh_from_db()
    assert (seen.verdict, seen.judged_by) == (YES, lars)
    assert [(note.verdict, note.by) for note in seen.notes.all()] == [(ASK, eva), (YES, lars)]
    with pytest.raises(DatabaseError), transaction.atomic():
        SpotCheckNote.objects.update(text="")


def test_who_asks_or_finds_it_wrong_says_why():
    seen = checked().looks.get()
    for verdict in (ASK, NO):
        with pytest.raises(DomainError, match="motivering"):
            judge(seen, verdict, text=" ")
    judge(seen, YES, text="")
    with pytest.raises(DomainError, match="Välj"):
        judge(seen, "annat")


def test_nobody_judges_their_own_look():
    eva = reviewer()
    look(eva, patient())
    (seen,) = drawn(random=1)
    for deed in (
        lambda: judge(seen, YES, eva),
        lambda: services.answered(seen, who="Chefen", text="Ja", user=eva, seen=0),
        lambda: measure(seen, eva),
    ):
        with pytest.raises(DomainError, match="egen åtkomst"):
            deed()
    judge(seen, YES, reviewer())


def test_who_has_not_read_what_another_reviewer_wrote_reads_it_first():
    eva, lars = reviewer(last_name="Nordin"), reviewer()
    seen = checked().looks.get()
    judge(seen, ASK, eva, notes=0)
    with pytest.raises(DomainError, match="Nordin .*Oklar"):
        judge(seen, YES, lars, notes=0)
    seen.refresh_from_db()
    assert seen.verdict == ASK
    judge(seen, YES, lars, notes=1)


@pytest.mark.django_db(transaction=True)
def test_two_reviewers_at_once_give_one_verdict():
    access_log.record(UserFactory(), Action.VIEW, patient().key)
    planned(random=1)
    services.draw(timezone.localdate().replace(day=1))
    seen = SpotCheckLook.objects.get()
    eva, lars = reviewer(), reviewer()
    said = at_once(lambda: judge(seen, YES, eva, notes=0), lambda: judge(seen, NO, lars, notes=0))
    assert sorted(isinstance(one, DomainError) for one in said) == [False, True]
    assert seen.notes.count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", ROUNDS)
def test_what_is_sent_twice_is_done_once(turn):
    access_log.record(UserFactory(), Action.VIEW, patient().key)
    planned(random=1)
    check = services.draw(timezone.localdate().replace(day=1))
    seen, eva = check.looks.get(), reviewer()
    day = timezone.localdate()
    ended = {"text": "Varning", "done_on": day, "ends": True, "user": eva, "seen": 2}
    for deed in (
        lambda: judge(seen, NO, eva, notes=0),
        lambda: services.measure(seen, **ended | {"text": "Samtal", "ends": False, "seen": 1}),
        lambda: services.close(check, user=eva),
        lambda: services.measure(seen, **ended),
    ):
        first, second = at_once(deed, deed)
        assert first == second
    assert [note.kind for note in seen.notes.all()] == ["verdict", "measure", "measure"]
    assert check.protocols.count() == 2


def test_a_managers_answer_is_noted_and_the_look_judged_again():
    seen = checked().looks.get()
    with pytest.raises(DomainError, match="oklar"):
        services.answered(seen, who="Chefen", text="Ja", user=reviewer(), seen=0)
    judge(seen, ASK)
    for who, text in (("", "Ja"), ("Chefen", "")):
        with pytest.raises(DomainError, match="Skriv"):
            services.answered(seen, who=who, text=text, user=reviewer(), seen=1)
    note = services.answered(seen, who="Maria Ek", text="Hon vikarierade", user=reviewer(), seen=1)
    assert (note.kind, note.who) == ("answer", "Maria Ek")
    judge(seen, YES)


def test_what_was_not_in_order_is_followed_up():
    seen, eva = checked().looks.get(), reviewer()
    with pytest.raises(DomainError, match="obefogad"):
        measure(seen, eva)
    judge(seen, NO)
    for day, said in ((1, "inte varit"), (-400, "före åtkomsten")):
        with pytest.raises(DomainError, match=said):
            services.measure(
                seen, text="Samtal", done_on=timezone.localdate() + dt.timedelta(days=day),
                ends=False, user=eva, seen=1,
            )  # fmt: skip
    measure(seen, eva)
    measure(seen, eva, ends=True, text="Skriftlig varning")
    seen.refresh_from_db()
    assert seen.followed_up_at
    with pytest.raises(DomainError, match="redan avslutad"):
        measure(seen, eva)


@pytest.mark.parametrize("field", ["text", "who"])
def test_no_personal_number_is_written_about_a_look(field):
    seen, number = checked().looks.get(), UNUSED_NUMBERS[0]
    judge(seen, ASK)
    said = {"who": "Chefen", "text": "Ja"} | {field: f"Se {number}"}
    with pytest.raises(DomainError, match="personnumret"):
        services.answered(seen, **said, user=reviewer(), seen=1)
    with pytest.raises(DomainError, match="personnumret"):
        judge(seen, YES, text=number)


# --- a month ---


def test_a_month_is_closed_when_each_look_is_judged_and_what_was_wrong_has_a_measure():
    check, eva = checked(3), reviewer()
    one, two, three = check.looks.all()
    judge(one, YES)
    judge(two, ASK)
    with pytest.raises(DomainError, match=r"1 är inte bedömd\. 1 är oklar"):
        services.close(check, user=eva)
    judge(two, YES)
    judge(three, NO)
    with pytest.raises(DomainError, match="1 är obefogad utan åtgärd"):
        services.close(check, user=eva)
    measure(three, eva)
    paper = services.close(check, user=eva)
    assert services.close(check, user=eva) == paper


def test_a_closed_month_is_never_changed():
    check, eva = checked(), reviewer()
    seen = check.looks.get()
    judge(seen, YES)
    paper = services.close(check, user=eva)
    assert paper.checksum == hashlib.sha256(bytes(paper.content)).hexdigest()
    with pytest.raises(DomainError, match="avslutad"):
        judge(seen, NO)
    for deed in (
        lambda: SpotCheck.objects.update(visits=0),
        lambda: SpotCheck.objects.update(closed_at=None, closed_by=None),
        lambda: SpotCheckLook.objects.update(verdict=NO),
        lambda: SpotCheckLook.objects.all().delete(),
        lambda: SpotCheck.objects.all().delete(),
        lambda: SpotCheckProtocol.objects.update(content=b"x"),
        lambda: SpotCheckProtocol.objects.all().delete(),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            deed()


def years_pass(years: float) -> None:
    """All that was done with spot checks was done so long ago."""
    moments = {
        "portal_spotcheck": ["drawn_at", "closed_at"],
        "portal_spotchecklook": ["at", "judged_at", "followed_up_at"],
        "portal_spotchecknote": ["at"],
        "portal_spotcheckprotocol": ["made_at"],
        "portal_knownperson": ["added_at", "ended_at"],
    }
    with long_ago() as cursor:
        for table, names in moments.items():
            for name in names:
                cursor.execute(
                    f"UPDATE {table} SET {name} = {name} - %s * interval '1 year'", [years]
                )


def test_a_spot_check_goes_with_the_log_after_its_years_whole_and_that_is_logged():
    """With what was typed to «Varför?» and what the reviewers wrote."""
    check, eva, person = checked(2), reviewer(), patient()
    one, two = check.looks.all()
    judge(one, YES)
    judge(two, NO)
    measure(two, eva)
    services.close(check, user=eva)
    services.end_known(services.add_known(person.number, why="Artist", user=eva), user=eva)
    services.add_known(person.number, why="Åtalad", user=eva)
    years_pass(4.9)
    call_command("thin_access_log")
    assert SpotCheck.objects.count() == 1 and KnownPerson.objects.count() == 2
    for rows in (SpotCheckNote, SpotCheckLook, SpotCheckProtocol, SpotCheck):
        with pytest.raises(DatabaseError), transaction.atomic():
            rows.objects.all()._raw_delete("default")
    years_pass(0.2)
    measure(two, eva, ends=True, text="Skriftlig varning")
    call_command("thin_access_log")
    assert SpotCheckNote.objects.count() == 4, "something was done with it since"
    years_pass(5.1)
    call_command("thin_access_log")
    for rows in (SpotCheck, SpotCheckLook, SpotCheckNote, SpotCheckProtocol):
        assert not rows.objects.exists()
    assert [known.why for known in KnownPerson.objects.all()] == ["Åtalad"]
    told = AccessLogEntry.objects.filter(detail__startswith="Gallrade stickprov").latest("id")
    assert told.job and told.detail.endswith(": 1")


def test_a_follow_up_that_ends_later_gives_another_protocol_and_the_first_stays():
    check, eva = checked(2), reviewer(last_name="Nordin")
    one, two = check.looks.all()
    judge(one, YES)
    judge(two, NO)
    measure(two, eva)
    first = services.close(check, user=eva)
    assert "Pågår" in bytes(first.content).decode()
    measure(two, eva, text="Utreds av HR")
    assert check.protocols.count() == 1
    measure(two, eva, ends=True, text="Skriftlig varning")
    kept, added = check.protocols.all()
    assert bytes(kept.content) == bytes(first.content)
    paper = bytes(added.content).decode()
    assert "Skriftlig varning" in paper and "Pågår" not in paper


def test_the_protocol_tells_who_looked_and_no_patient():
    check, eva = checked(2), reviewer(last_name="Nordin")
    for seen in check.looks.all():
        judge(seen, YES, eva, text="Hade ärende")
    paper = bytes(services.close(check, user=eva).content).decode()
    for told in ("Sjö", "Förskrivare", "Hemrehab Kalmar", "Befogad", "Hade ärende", "Nordin"):
        assert told in paper
    assert "Zetterqvist" not in paper
    assert patient().number[:8] not in paper


def test_more_looks_take_no_more_questions_for_a_protocol():
    def asked(check) -> int:
        with CaptureQueriesContext(connection) as asked:
            papers.protocol(check, number=1, user=eva)
        return len(asked)

    eva = reviewer()
    few = checked(1)
    judge(few.looks.get(), YES)
    before = asked(few)
    user = UserFactory()
    for day in range(1, 9):
        look(user, patient(), f"2026-09-{day:02} 10:00")
    planned(random=8)
    many = services.draw(dt.date(2026, 9, 1))
    for seen in many.looks.all():
        judge(seen, YES)
    assert asked(many) <= before
