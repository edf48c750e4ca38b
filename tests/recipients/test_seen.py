"""Whom one has looked at today, by name: on the start page and where one searches."""

import datetime as dt

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from organisation.models import AccessLogEntry
from organisation.permissions import KHS
from recipients import seen
from recipients.models import CareRelation
from tests.factories import CareUnitFactory, RecipientFactory, UnitFactory, UserFactory, given_out
from tests.reading import read_page

pytestmark = pytest.mark.django_db
PAGES = ("/", "/mottagare/")
NONE = "Ingen än."


def known(unit, **facts):
    """Somebody whom the unit has a case with."""
    recipient = RecipientFactory(**facts)
    CareRelation.objects.create(recipient=recipient, unit=unit, case_number=given_out("26470001"))
    return recipient


def look(client, recipient):
    assert client.get(f"/mottagare/{recipient.key}/").status_code == 200


def listed(client, path) -> str:
    page = read_page(client.get(path))
    return page.split("Mottagare du har sett i dag")[1].split("</section>")[0]


@pytest.mark.parametrize("path", PAGES)
def test_who_was_looked_at_today_stands_there_by_name_with_a_way_to_the_page(
    client, prescriber, path
):
    recipient = known(prescriber.default_unit, given_name="Berit", family_name="Sjölund")
    assert NONE in listed(client, path)
    look(client, recipient)
    part = listed(client, path)
    assert "Berit Sjölund" in part and NONE not in part
    assert client.get(path).content.decode().count(f'href="/mottagare/{recipient.key}/"') == 1


@pytest.mark.parametrize("protected", [False, True])
@pytest.mark.parametrize("path", PAGES)
def test_nothing_but_the_name_is_told_and_it_is_no_new_look(client, prescriber, path, protected):
    recipient = known(prescriber.default_unit, is_protected=protected, street="Storgatan 1")
    look(client, recipient)
    looks = AccessLogEntry.objects.count()
    page = client.get(path)
    assert recipient.name in page.content.decode()
    for fact in (recipient.number, recipient.written_number, "Storgatan", "Skyddad"):
        assert fact not in page.content.decode()
    assert AccessLogEntry.objects.count() == looks
    assert "no-store" in page["Cache-Control"]


@pytest.mark.parametrize("path", PAGES)
def test_whom_the_unit_has_no_case_with_does_not_stand_there(client, stranger, path):
    recipient = known(stranger.default_unit)
    look(client, recipient)
    assert NONE in listed(client, path)


def test_whom_a_colleague_looked_at_does_not_stand_there(browser_of, prescriber):
    recipient = known(prescriber.default_unit)
    look(browser_of(UserFactory()), recipient)
    assert NONE in listed(browser_of(prescriber), "/")


def test_a_relation_through_a_unit_that_has_ended_does_not_count(client, prescriber):
    ended = UnitFactory(code="K09", is_active=False)
    prescriber.units.add(ended)
    recipient = known(ended)
    look(client, recipient)
    assert NONE in listed(client, "/")


def test_khs_sees_everybody_with_a_case(browser_of, khs_user, stranger):
    assert khs_user.groups.filter(name=KHS).exists()
    client = browser_of(khs_user)
    with_case, without = known(stranger.default_unit), RecipientFactory()
    look(client, with_case)
    look(client, without)
    assert seen.seen_today(khs_user) == [with_case]


def test_a_care_unit_stands_there_as_well(client, prescriber):
    unit = CareUnitFactory(number="4127", family_name="Äldreboendet Eken")
    CareRelation.objects.create(
        recipient=unit, unit=prescriber.default_unit, case_number=given_out("26470001")
    )
    look(client, unit)
    assert "Äldreboendet Eken" in listed(client, "/")


def test_it_is_empty_again_at_midnight(browser_of, prescriber):
    recipient = known(prescriber.default_unit)
    with time_machine.travel(dt.datetime(2026, 11, 25, 23, 59, tzinfo=_here()), tick=False):
        look(browser_of(prescriber), recipient)
        assert recipient.name in listed(browser_of(prescriber), "/")
    with time_machine.travel(dt.datetime(2026, 11, 26, 0, 1, tzinfo=_here()), tick=False):
        assert NONE in listed(browser_of(prescriber), "/")


def _here():
    return timezone.get_default_timezone()


def test_the_newest_look_stands_first_and_each_once(client, prescriber):
    first, second = known(prescriber.default_unit), known(prescriber.default_unit)
    for recipient in (first, second, first):
        look(client, recipient)
    assert seen.seen_today(prescriber) == [first, second]


def test_of_very_many_the_last_ones_are_gone_through(client, prescriber, monkeypatch):
    monkeypatch.setattr(seen, "AMONG", 2)
    people = [known(prescriber.default_unit) for _ in range(3)]
    for recipient in people:
        look(client, recipient)
    assert seen.seen_today(prescriber) == people[:0:-1]


def test_ten_stand_there_by_as_many_queries_as_one(client, prescriber):
    people = [known(prescriber.default_unit) for _ in range(12)]
    look(client, people[0])
    with CaptureQueriesContext(connection) as few:
        seen.seen_today(prescriber)
    for recipient in people:
        look(client, recipient)
    with CaptureQueriesContext(connection) as many:
        assert seen.seen_today(prescriber) == people[:1:-1]
    assert len(many) == len(few) <= 2 + 1  # the roles, once a user


def test_who_looks_nobody_up_has_no_such_list(browser_of, controller):
    assert "Mottagare du har sett i dag" not in read_page(browser_of(controller).get("/"))
