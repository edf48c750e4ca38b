"""Which looks a month's spot check draws: each risk with its examples, chance, and units in turn."""

import datetime as dt

import pytest
from django.utils import timezone

from organisation.models import AccessLogEntry
from organisation.permissions import KHS
from portal.models import KnownPerson, Risk, SpotCheck
from portal.spot_checks import services
from recipients.models import Recipient
from tests.factories import UNUSED_NUMBERS, CareUnitFactory, UnitFactory, UserFactory, a_reason
from tests.portal.spot_checks.builders import (
    MONTH,
    Action,
    drawn,
    look,
    patient,
    planned,
    reviewer,
)

pytestmark = pytest.mark.django_db


def risks() -> list[list[str]]:
    """Of all that was looked at in the month, in the order of time."""
    return [look.risks for look in drawn(random=100)]


@pytest.mark.parametrize(
    ("user", "person", "same"),
    [
        ("Berg", "Berg", True),
        ("Berg", "berg", True),
        ("Berg", "Sjö-Berg", True),
        ("Åkesson Berg", "Berg", True),
        ("Åkesson", "Åkesson", True),
        ("Åkesson", "Akesson", False),
        ("Berg", "Bergman", False),
        ("von Platen", "von Österberg", False),
        ("von Österberg", "von Platen af Österberg", True),
        ("", "Berg", False),
    ],
)
def test_own_family_name(user, person, same):
    unit = UnitFactory()
    look(UserFactory(last_name=user, default_unit=unit), patient(person, unit))
    assert (Risk.OWN_NAME in risks()[0]) is same


@pytest.mark.parametrize(
    ("given", "family", "is_colleague"),
    [("Karin", "Holm", True), ("Karin Maria", "Holm", True), ("Karin", "Berg", False),
     ("Maria", "Holm", False)],
)  # fmt: skip
def test_the_name_of_a_colleague(given, family, is_colleague):
    unit = UnitFactory()
    user = UserFactory(default_unit=unit, first_name="Anna", last_name="Lind")
    UserFactory(default_unit=unit, first_name="Karin", last_name="Holm")
    look(user, patient(family, unit, given_name=given))
    assert (Risk.COLLEAGUE in risks()[0]) is is_colleague


def test_whoever_works_elsewhere_is_no_colleague_nor_is_oneself():
    unit = UnitFactory()
    user = UserFactory(default_unit=unit, first_name="Anna", last_name="Lind")
    UserFactory(default_unit=UnitFactory(code="K09"), first_name="Karin", last_name="Holm")
    look(user, patient("Holm", unit, given_name="Karin"), "2026-10-01 10:00")
    look(user, patient("Lind", unit, given_name="Anna"), "2026-10-02 10:00")
    assert risks() == [[], [Risk.OWN_NAME]]


def test_another_units_person_without_a_case():
    ours, theirs, third = (UnitFactory(code=code) for code in ("K01", "K02", "K03"))
    user = UserFactory(default_unit=ours)
    user.units.add(third)
    look(user, patient(unit=theirs), "2026-10-01 10:00")
    look(user, patient(unit=ours), "2026-10-02 10:00")
    look(user, patient(unit=third), "2026-10-03 10:00")  # another of the user's own units
    look(user, patient(), "2026-10-04 10:00")  # nobody's yet
    look(UserFactory(roles=[KHS], default_unit=ours), patient(unit=theirs), "2026-10-05 10:00")
    look(reviewer(), patient(unit=theirs), "2026-10-06 10:00")
    assert risks() == [[Risk.NO_CASE], [], [], [], [], []]


def test_many_within_an_hour_wherever_the_clock_stands():
    unit = UnitFactory()
    user, slow = UserFactory(default_unit=unit), UserFactory(default_unit=unit)
    for minute in range(3):
        look(user, patient(unit=unit), f"2026-10-01 10:{57 + minute}")
        look(slow, patient(unit=unit), f"2026-10-01 {10 + 2 * minute}:00")
    look(user, patient(unit=unit), "2026-10-01 11:05")
    planned(random=100, many_looks=4, many=1)
    services.draw(MONTH)
    (many,) = [seen for seen in SpotCheck.objects.get().looks.all() if seen.risks]
    assert (many.user, many.risks, many.how_many) == (user, [Risk.MANY], 4)


def test_a_burst_of_looks_is_drawn_once_and_the_next_day_another():
    unit = UnitFactory()
    user = UserFactory(default_unit=unit)
    for day, minutes in (("01", 8), ("02", 5)):
        for minute in range(minutes):
            look(user, patient(unit=unit), f"2026-10-{day} 10:0{minute}")
    found = drawn(many=10, many_looks=3)
    assert [(f"{seen.at:%d}", seen.how_many) for seen in found] == [("01", 8), ("02", 5)]


def test_the_same_person_again_is_not_one_more():
    unit = UnitFactory()
    user, person = UserFactory(default_unit=unit), patient(unit=unit)
    for minute in range(5):
        look(user, person, f"2026-10-01 10:0{minute}")
    (seen,) = drawn(random=100, many_looks=2)
    assert (seen.risks, seen.acts) == ([], 5)


@pytest.mark.parametrize(
    ("time", "at_night"),
    [("21:59", False), ("22:00", True), ("00:00", True), ("04:59", True), ("05:00", False)],
)
def test_at_night(time, at_night):
    unit = UnitFactory()
    look(UserFactory(default_unit=unit), patient(unit=unit), f"2026-10-13 {time}")
    assert (Risk.NIGHT in risks()[0]) is at_night


def test_a_night_that_begins_after_midnight_and_the_row_that_is_shown():
    unit = UnitFactory()
    user, person = UserFactory(default_unit=unit), patient(unit=unit)
    look(user, person, "2026-10-13 00:30")
    night = look(user, person, "2026-10-13 02:10")
    (seen,) = drawn(night=1, night_from=1, night_to=4)
    assert (seen.entry, seen.acts) == (night.pk, 2)


def test_night_follows_the_clock_of_the_season():
    """The hour that comes twice in October is told by Swedish time, as all else."""
    unit = UnitFactory()
    user = UserFactory(default_unit=unit)
    look(user, patient(unit=unit), "2026-10-24 05:30")  # summer time: 03:30 UTC
    look(user, patient(unit=unit), "2026-10-26 04:30")  # winter time: 03:30 UTC too
    assert risks() == [[], [Risk.NIGHT]]


def test_protected_persons():
    unit = UnitFactory()
    look(UserFactory(default_unit=unit), patient(unit=unit, is_protected=True))
    assert risks() == [[Risk.PROTECTED]]


def test_the_reviewers_list_of_known_persons():
    unit, eva = UnitFactory(), reviewer()
    user, known, ended = UserFactory(default_unit=unit), patient(unit=unit), patient(unit=unit)
    services.add_known(known.number, why="Artist", user=eva)
    services.end_known(services.add_known(ended.number, why="Artist", user=eva), user=eva)
    look(user, known, "2026-10-01 10:00")
    look(user, ended, "2026-10-02 10:00")
    assert risks() == [[Risk.KNOWN], []]


def test_somebody_known_whom_nobody_had_found_yet():
    """A search that found nobody is told; so is who looks once the person is found."""
    eva, user, number = reviewer(), UserFactory(), UNUSED_NUMBERS[0]
    services.add_known(number, why="Artist", user=eva)
    digest = KnownPerson.objects.get().searched
    look(user, None, "2026-10-01 10:00", action=Action.MISS, searched=digest)
    person = patient()
    look(user, person, "2026-10-02 10:00", action=Action.SEARCH, searched=digest)
    look(user, person, "2026-10-03 10:00")
    assert risks() == [[Risk.KNOWN]] * 3
    assert KnownPerson.objects.get().recipient_key == person.key


def test_searches_without_hit_in_number():
    user, other = UserFactory(), UserFactory()
    for minute in range(3):
        last = look(user, None, f"2026-10-13 10:0{minute}", action=Action.MISS)
        look(other, None, f"2026-10-1{minute} 10:00", action=Action.MISS)
    (seen,) = drawn(misses=5, many_misses=3)
    assert (seen.entry, seen.how_many, seen.risks) == (last.pk, 3, [Risk.MISSES])


def test_the_last_of_many_searches_may_have_been_for_somebody_known():
    eva, user = reviewer(), UserFactory()
    digest = services.add_known(UNUSED_NUMBERS[0], why="Artist", user=eva).searched
    for minute in range(2):
        look(user, None, f"2026-10-13 10:0{minute}", action=Action.MISS)
    look(user, None, "2026-10-13 10:02", action=Action.MISS, searched=digest)
    (seen,) = drawn(misses=5, many_misses=3, known=5)
    assert (set(seen.risks), seen.acts, seen.how_many) == ({Risk.KNOWN, Risk.MISSES}, 3, 3)


def test_what_is_no_visit():
    """A name in a list, a refused try, a job's work, and a care unit, who is no patient."""
    user, person = UserFactory(), patient()
    look(user, person, action=Action.REFUSED)
    AccessLogEntry.objects.create(job="portalen", action=Action.CHANGE, recipient_key=person.key)
    look(user, CareUnitFactory())
    for _ in range(2):
        look(user, patient(), "2026-10-14 08:00")
    assert drawn(random=100) == []


def test_only_the_months_own_days_in_swedish_time():
    user = UserFactory()
    for at in ("2026-09-30 23:59", "2026-10-01 00:00", "2026-10-31 23:59", "2026-11-01 00:00"):
        look(user, patient(), at)
    assert [f"{timezone.localtime(seen.at):%d}" for seen in drawn(random=100)] == ["01", "31"]


def test_somebody_who_is_gone_from_the_portal_was_looked_at_all_the_same():
    user, person = UserFactory(), patient()
    look(user, person)
    Recipient.objects.filter(pk=person.pk).delete()
    assert len(drawn(random=100)) == 1


def test_of_a_risk_each_user_comes_before_anybody_comes_twice():
    unit = UnitFactory()
    busy, other = UserFactory(default_unit=unit), UserFactory(default_unit=unit)
    for day in range(1, 20):
        look(busy, patient(unit=unit), f"2026-10-{day:02} 23:00")
    look(other, patient(unit=unit), "2026-10-02 23:00")
    assert {seen.user for seen in drawn(night=2)} == {busy, other}


def test_several_risks_come_first_and_a_look_is_drawn_once():
    unit = UnitFactory()
    user = UserFactory(default_unit=unit, last_name="Berg")
    for day in range(1, 9):
        look(user, patient(unit=unit), f"2026-10-{day:02} 23:00")
    both = look(user, patient("Berg", unit), "2026-10-09 23:00")
    (seen,) = drawn(night=1, own_name=1)
    assert (seen.entry, seen.risks) == (both.pk, [Risk.OWN_NAME, Risk.NIGHT])


def test_no_more_than_the_plan_says_of_each():
    unit = UnitFactory()
    user = UserFactory(default_unit=unit)
    for day in range(1, 20):
        look(user, patient(unit=unit), f"2026-10-{day:02} 23:00")
        look(user, patient(unit=unit), f"2026-10-{day:02} 10:00")
    found = drawn(night=3, random=4)
    assert sum(1 for seen in found if seen.risks) in range(3, 8)
    assert len(found) == 7


def test_every_unit_gets_its_turn():
    units = [UnitFactory(code=f"T{n}", name=f"Enhet {n}") for n in range(4)]
    users = [UserFactory(default_unit=unit) for unit in units]
    plan = planned(per_unit=1, round_months=2)
    had = []
    for month in (8, 9, 10):
        for user in users:
            look(user, patient(unit=user.default_unit), f"2026-{month:02}-05 10:00")
        check = services.draw(dt.date(2026, month, 1))
        assert check.plan == plan
        assert {seen.unit for seen in check.looks.all()} == set(check.units.all())
        had.append(set(check.units.all()))
    assert len(had[0]) == len(had[1]) == 2
    assert had[0] | had[1] == set(units), "nobody waits for longer than the plan's months"
    assert had[2] <= had[0] | had[1]


def test_what_was_answered_to_why_stands_with_the_look():
    user, person = UserFactory(), patient()
    why = {
        "action": Action.REASON,
        "reason": a_reason("En kollega bad om det"),
        "detail": "Kollegan är sjuk",
    }
    look(user, person, "2026-10-13 10:00", **why)
    seen_at = look(user, person, "2026-10-13 10:01")
    look(user, person, "2026-10-14 10:00")
    first, second = drawn(random=100)
    assert first.entry == seen_at.pk
    assert (first.reason, first.told) == ("En kollega bad om det", "Kollegan är sjuk")
    assert (second.reason, second.told) == ("", "")


def test_the_row_that_stands_for_a_visit_is_no_search_where_more_was_done():
    user, person, other = UserFactory(), patient(), patient()
    look(user, person, "2026-10-13 10:00", action=Action.SEARCH)
    opened = look(user, person, "2026-10-13 10:01")
    searched = look(user, other, "2026-10-14 10:00", action=Action.SEARCH)
    assert [seen.entry for seen in drawn(random=100)] == [opened.pk, searched.pk]
