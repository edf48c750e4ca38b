"""A user's active unit is one of their own: whoever runs the system is told, and the database sees to
it whatever takes a unit away."""

import pytest
from django.test import Client

from organisation.behalf import choose_unit
from organisation.models import User
from organisation.permissions import KHS
from sesam.errors import DomainError
from tests.factories import UnitFactory, UserFactory
from tests.pickups.pages import form_of
from tests.reading import read_page

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin():
    client = Client()
    client.force_login(UserFactory(roles=[], is_staff=True, is_superuser=True))
    return client


@pytest.fixture
def user():
    return UserFactory(title="Arbetsterapeut")


@pytest.fixture
def other():
    return UnitFactory(code="V01", name="Hemrehab Västervik")


def save(admin, user: User, **changed):
    url = f"/admin/organisation/user/{user.pk}/change/"
    return admin.post(url, form_of(admin.get(url)) | changed)


def refused(answer) -> str:
    """What stands at the field of the active unit."""
    page = read_page(answer)
    assert 'aria-invalid="true"' in page
    return page.split('id="id_default_unit_error"')[1].split("</ul>")[0]


def test_a_unit_that_isnt_the_users_is_refused_at_its_field_and_nothing_is_saved(
    admin, user, other
):
    answer = save(admin, user, default_unit=[str(other.pk)], title="Fysioterapeut")
    assert "Hemrehab Västervik är inte ett av användarens tjänsteställen" in refused(answer)
    assert 'value="Fysioterapeut"' in read_page(answer)
    before = user.default_unit
    user.refresh_from_db()
    assert (user.default_unit, user.title) == (before, "Arbetsterapeut")


def test_the_active_unit_isnt_taken_away_without_another_in_its_place(admin, user, other):
    was = user.default_unit
    assert "Välj ett annat, eller bocka i det" in refused(save(admin, user, units=[str(other.pk)]))
    assert set(user.units.all()) == {was}
    both = {"units": [str(other.pk)], "default_unit": [str(other.pk)]}
    assert save(admin, user, **both).status_code == 302
    user.refresh_from_db()
    assert (user.default_unit, list(user.units.all())) == (other, [other])


def test_who_has_no_unit_left_has_no_active_one_either(admin, user):
    assert save(admin, user, units=[], default_unit=[""]).status_code == 302
    user.refresh_from_db()
    assert user.default_unit is None


def test_khs_works_for_all_units(admin, other):
    user = UserFactory(roles=[KHS], is_staff=True)
    assert save(admin, user, default_unit=[str(other.pk)]).status_code == 302
    user.refresh_from_db()
    assert user.default_unit == other


def test_whose_active_unit_is_taken_from_them_gets_the_first_that_is_left(user, other):
    ended = UnitFactory(code="A01", name="Nedlagt", is_active=False)
    first = UnitFactory(code="B01", name="Hemrehab Borgholm")
    user.units.add(other, ended, first)
    user.units.remove(other)
    assert User.objects.get(pk=user.pk).default_unit == user.default_unit, "another stays"
    user.units.add(other)
    user.units.remove(user.default_unit)
    assert User.objects.get(pk=user.pk).default_unit == first
    user.units.clear()
    assert User.objects.get(pk=user.pk).default_unit is None


def test_nobody_chooses_a_unit_that_was_taken_from_them_just_now(user, other):
    with pytest.raises(DomainError, match="Välj ett av dina tjänsteställen"):
        choose_unit(user, other)
    user.units.add(other)
    choose_unit(user, other)
    assert User.objects.get(pk=user.pk).default_unit == other
