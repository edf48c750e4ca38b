"""What is written for the portal's own pages, sent twice at the same instant through real HTTP: it is
there once. ``SENT_TWICE=50`` looks longer."""

import os

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone

from organisation.behalf import choose_unit
from organisation.models import Notice
from organisation.permissions import FORSKRIVARE, KHS
from portal import accessibility
from portal.models import BarrierReport, News, NewsRead, StartLink
from recipients.models import FollowUp, Loan
from tests.factories import RecipientFactory, UnitFactory, UserFactory
from tests.orders.builders import start
from tests.pickups.builders import prescriber, to_follow_up
from tests.pickups.pages import form_of

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = range(int(os.environ.get("SENT_TWICE", "12")))


@pytest.fixture
def khs(twice):
    return twice(UserFactory(roles=[KHS], is_staff=True))[1]


def test_what_khs_writes_is_there_once(khs):
    whom = {"role": "", "unit": ""}
    for n in ROUNDS:
        for url, data in (
            ("portal/news", {"title": f"Jul {n}", "body": "<p>Stängt.</p>", **whom,
                             "published_from": f"{timezone.localdate()}", "published_until": ""}),
            ("organisation/notice", {"title": f"Jul {n}", "text": "Stängt.", "username": "", **whom}),
            ("portal/startlink", {"label": f"Länk {n}", "url": "https://khs.example", "note": "",
                                  "rank": "0", "is_active": "on"}),
        ):  # fmt: skip
            answers = khs.post(f"/admin/{url}/add/", data)
            assert [answer.status for answer in answers] == [302, 302]
    assert [made.objects.count() for made in (News, Notice, StartLink)] == [len(ROUNDS)] * 3


def test_a_barrier_is_reported_once(twice, monkeypatch):
    monkeypatch.setattr(accessibility, "MOST_AN_HOUR", 100)
    _, browser = twice(UserFactory())
    for n in ROUNDS:
        report = {"where": f"Sida {n}", "what": "Krysset nås inte.", "contact": ""}
        answers = browser.post("/tillganglighet/hinder/", report)
        assert [answer.status for answer in answers] == [302, 302]
    assert BarrierReport.objects.count() == len(ROUNDS)


def test_important_news_is_read_once_and_both_lead_on(twice):
    user = UserFactory()
    _, browser = twice(user)
    for n in ROUNDS:
        news = News.objects.create(title=f"Viktigt {n}", body="<p>Läs.</p>", is_important=True)
        answers = browser.post("/nyheter/viktigt/", {"visade": news.pk, "next": "/sok/"})
        assert [answer.location for answer in answers] == ["/sok/", "/sok/"]
    assert NewsRead.objects.count() == len(ROUNDS)


def test_a_follow_up_is_answered_once_and_both_lead_on(twice):
    user = prescriber()
    _, browser = twice(user)
    loan = to_follow_up(RecipientFactory(), unit=user.default_unit, follow_up_by=user)
    url = f"/mottagare/{loan.recipient.key}/uppfoljning/{loan.pk}/"
    for n in ROUNDS:
        FollowUp.objects.all().delete()
        Loan.objects.filter(pk=loan.pk).update(follow_up_on=timezone.localdate())
        first, second = browser.post(url, {"svar": "used", "note": f"Nöjd {n}"})
        assert (first.status, second.status) == (302, 302)
        assert FollowUp.objects.get().note == f"Nöjd {n}"


def test_a_follow_up_is_answered_by_the_first_of_two(twice):
    """One says that it is used, the other that it isn't: the second is told."""
    user = prescriber()
    _, browser = twice(user)
    loan = to_follow_up(RecipientFactory(), unit=user.default_unit, follow_up_by=user)
    url = f"/mottagare/{loan.recipient.key}/uppfoljning/{loan.pk}/"
    for _ in ROUNDS:
        FollowUp.objects.all().delete()
        Loan.objects.filter(pk=loan.pk).update(follow_up_on=timezone.localdate())
        answers = browser.post_both((url, {"svar": "used"}), (url, {"svar": "unused"}))
        assert sorted(answer.status for answer in answers) == [302, 409]
        assert FollowUp.objects.count() == 1


def test_the_unit_is_switched_while_contact_details_are_saved_and_neither_undoes_the_other(twice):
    user = prescriber()
    other = UnitFactory(code="K02", name="Rehab Kalmar norr")
    user.units.add(other)
    _, browser = twice(user)
    units = [other, user.default_unit]
    cart = start(user, RecipientFactory())
    for n in ROUNDS:
        wanted = units[n % 2]
        answers = browser.post_both(
            ("/min-sida/tjanststalle/", {"unit": wanted.pk}),
            ("/min-sida/?redigera=kontakt", {"street": f"Rehabvägen {n}", "mobile": "0701740605"}),
        )
        assert [answer.status for answer in answers] == [302, 302]
        user.refresh_from_db()
        cart.refresh_from_db()
        assert (user.default_unit, user.street) == (wanted, f"Rehabvägen {n}")
        assert cart.closed_at is None and cart.unit == units[1]


def test_a_unit_is_switched_to_while_it_is_taken_away_and_nobody_stays_where_they_dont_work(twice):
    user = prescriber()
    own, other = user.default_unit, UnitFactory(code="K02", name="Rehab Kalmar norr")
    user.groups.add(Group.objects.get(name=FORSKRIVARE))
    user.is_staff = user.is_superuser = True
    user.save()
    client, browser = twice(user)
    page = f"/admin/organisation/user/{user.pk}/change/"
    for _ in ROUNDS:
        user.units.add(other)
        form = form_of(client.get(page)) | {"units": [str(own.pk)]}
        switched, saved = browser.post_both(
            ("/min-sida/tjanststalle/", {"unit": other.pk}), (page, form)
        )
        assert switched.status == 302 and saved.status in (200, 302)
        user.refresh_from_db()
        # Whoever came first: the switch, and then the unit stays theirs; or it was taken away.
        works_there = user.units.filter(pk=other.pk).exists()
        assert user.default_unit == (other if works_there else own)
        choose_unit(user, own)
