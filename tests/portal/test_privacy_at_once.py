"""The log's, the patient's and the disposal's deeds, by two at the same instant through real HTTP: done
once, or the second is told. ``SENT_TWICE=50`` looks longer."""

import datetime as dt
import os

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from organisation import accounts
from organisation.models import AccessLogEntry, LookReason, Message, User
from organisation.permissions import KHS, LOGGRANSKARE
from portal.disposal import erasing
from portal.models import DisposalList, DisposalRow, KnownPerson, SpotCheckPlan
from portal.spot_checks.forms import PlanForm
from sesam.models import Printout
from tests.at_once import at_once
from tests.factories import RecipientFactory, UserFactory
from tests.jobs import waiting
from tests.organisation.test_accounts import unused
from tests.organisation.test_emergency import code_of, given_code
from tests.papers import papers_not_drawn  # noqa: F401  a fixture

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("papers_not_drawn")]
ROUNDS = range(int(os.environ.get("SENT_TWICE", "8")))
KNOWN = reverse("spot_check_known")
PLAN = reverse("spot_check_plan")


@pytest.fixture
def at_khs(twice):
    return twice(UserFactory(roles=[KHS], is_staff=True))[1]


@pytest.fixture
def reviewers(twice):
    return twice(UserFactory(roles=[LOGGRANSKARE], default_unit=None))[1]


def test_a_persons_archive_is_ordered_twice_and_made_once(at_khs):
    for turn in ROUNDS:
        person = RecipientFactory()
        first, second = at_khs.post(reverse("archive"), {"nummer": person.number})
        assert first.status == 302 and first.location == second.location
        assert Printout.objects.count() == turn + 1 == len(waiting())
        orders = AccessLogEntry.objects.filter(recipient_key=person.key, action="download")
        assert orders.exists()


def test_a_patients_extract_asked_for_twice_is_given_twice_and_each_is_logged(reviewers, settings):
    settings.DOWNLOAD_LIMIT = 0
    for _ in ROUNDS:
        person = RecipientFactory()
        answers = reviewers.post(reverse("access_log_extract", args=[person.key]), {})
        assert [answer.status for answer in answers] == [200, 200]
        given = AccessLogEntry.objects.filter(recipient_key=person.key, action="download")
        assert given.count() == 2


def test_a_known_person_is_put_on_the_list_once(reviewers):
    for turn in ROUNDS:
        answers = reviewers.post(KNOWN, {"nummer": RecipientFactory().number, "why": "Artist"})
        assert [answer.status for answer in answers] == [302, 302]
        assert KnownPerson.objects.count() == turn + 1


def test_of_two_reasons_at_once_one_holds_and_the_other_is_kept(reviewers):
    for _ in ROUNDS:
        KnownPerson.objects.all().delete()
        number = RecipientFactory().number
        forms = [(KNOWN, {"nummer": number, "why": why}) for why in ("Artist", "Åtalad")]
        assert [answer.status for answer in reviewers.post_both(*forms)] == [302, 302]
        kept = {(known.why, known.ended_at is None) for known in KnownPerson.objects.all()}
        assert {why for why, _ in kept} == {"Artist", "Åtalad"}
        assert sorted(holds for _, holds in kept) == [False, True]


def test_of_two_plans_at_once_one_is_decided_and_the_other_is_told(reviewers):
    for turn in ROUNDS:
        newest = SpotCheckPlan.objects.first()
        said = PlanForm(instance=newest or SpotCheckPlan()).initial
        seen = {"sett": str(newest.pk) if newest else ""}
        answers = reviewers.post_both(
            (PLAN, said | seen | {"random": 11}), (PLAN, said | seen | {"random": 12})
        )
        assert sorted(answer.status for answer in answers) == [302, 422]
        told = next(answer.text for answer in answers if answer.status == 422)
        assert "Någon annan har beslutat en ny plan" in told
        assert SpotCheckPlan.objects.count() == turn + 1


def listed() -> tuple[DisposalList, DisposalRow]:
    """A month's list with somebody on it."""
    DisposalRow.objects.all().delete()
    DisposalList.objects.all().delete()
    month, today = timezone.localdate().replace(day=1), timezone.localdate()
    made = DisposalList.objects.create(month=month)
    return made, DisposalRow.objects.create(of=made, recipient=RecipientFactory(), last_on=today)


def decision(reference: str) -> dict[str, str]:
    return {"reference": reference, "decided_on": "2026-11-02"}


def test_a_disposal_is_approved_by_one_decision_and_its_job_put_off_once(at_khs):
    """Whichever of two at KHS came first."""
    for turn in ROUNDS:
        made, _ = listed()
        page = reverse("admin:portal_disposallist_change", args=[made.pk])
        answers = at_khs.post_both((page, decision("KHS 1")), (page, decision("KHS 2")))
        assert [answer.status for answer in answers] == [302, 302]
        made.refresh_from_db()
        assert made.reference in ("KHS 1", "KHS 2")
        assert len(waiting()) == turn + 1


def test_a_disposal_that_was_stopped_goes_on_by_one_job(at_khs):
    for turn in ROUNDS:
        made, _ = listed()
        user = User.objects.get(groups__name=KHS)
        erasing.approve(made, user=user, reference="KHS 1", decided_on=timezone.localdate())
        DisposalList.objects.filter(pk=made.pk).update(error="Avbröts")
        page = reverse("admin:portal_disposallist_change", args=[made.pk])
        assert [a.status for a in at_khs.post(page, {"fortsatt": "1"})] == [302, 302]
        assert len(waiting()) == turn + 1


def test_who_is_excepted_while_the_list_is_approved_is_one_or_the_other(at_khs):
    """Never both: an exception that came too late is told."""
    for _ in ROUNDS:
        made, row = listed()
        page = reverse("admin:portal_disposallist_change", args=[made.pk])
        excepted, approved = at_khs.post_both(
            (f"{page}?rad={row.pk}", {"skal": "Pågående ärende"}), (page, decision("KHS 1"))
        )
        made.refresh_from_db()
        row.refresh_from_db()
        assert bool(row.outcome) != bool(made.approved_at)
        assert approved.status == (302 if made.approved_at else 422)
        if made.approved_at:
            assert "Listan är redan godkänd" in excepted.text or excepted.status == 422


def test_the_last_two_reasons_of_log_reviewers_are_not_both_ended(at_khs):
    LookReason.objects.filter(whose="").update(whose="care")
    own = LookReason.objects.get(whose="log")
    second = LookReason.objects.create(name="Patienten frågar", whose="log", rank=9)

    def ended(reason: LookReason) -> tuple[str, dict[str, object]]:
        url = reverse("admin:organisation_lookreason_change", args=[reason.pk])
        return url, {"name": reason.name, "text": "", "icon": "", "whose": "log", "rank": 1}

    for _ in ROUNDS:
        LookReason.objects.filter(whose="log").update(is_active=True)
        answers = at_khs.post_both(ended(own), ended(second))
        assert sorted(answer.status for answer in answers) == [200, 302]
        assert LookReason.objects.filter(whose="log", is_active=True).count() == 1


def test_accounts_are_looked_after_by_two_jobs_at_once_and_each_is_told_once():
    for _ in ROUNDS:
        warned, paused = unused(5, 20), unused(7)
        User.objects.filter(pk=paused.pk).update(
            warned_of=User.Warning.PAUSE, warned_at=timezone.now() - dt.timedelta(days=15)
        )
        assert sum(at_once(accounts.look_after, accounts.look_after)) == 2
        assert Message.objects.filter(user=warned).count() == 1
        paused.refresh_from_db()
        assert not paused.is_active and paused.paused_at
        User.objects.filter(pk__in=[warned.pk, paused.pk]).update(last_login=timezone.now())


def test_a_one_time_code_sent_twice_at_once_lets_one_in(settings):
    settings.LOCAL_PASSWORDS = "break-glass"
    for _ in ROUNDS:
        user = UserFactory(is_superuser=True)
        user.set_password("demo-demo-demo")
        user.save(update_fields=["password"])
        said = {"username": user.username, "password": "demo-demo-demo"}
        said["code"] = code_of(given_code(user))
        answers = at_once(*[lambda said=said: Client().post("/logga-in/", said).status_code] * 2)
        assert answers.count(302) == 1
