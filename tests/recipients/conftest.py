"""People at the keyboard. Imports stand inside the fixtures: pytest reads this file before the
settings may be read (see tests/conftest.py)."""

import pytest


@pytest.fixture
def prescriber(db):
    from tests.factories import UserFactory

    return UserFactory(roles=["forskrivare"])


@pytest.fixture
def browser_of():
    """A signed-in client of a user."""

    from django.test import Client

    def sign_in(user) -> Client:
        client = Client()
        client.force_login(user, backend="organisation.backends.PortalBackend")
        return client

    return sign_in


@pytest.fixture
def client(browser_of, prescriber):
    """A prescriber of «Hemrehab Kalmar» at the keyboard."""
    return browser_of(prescriber)


@pytest.fixture
def stranger(db):
    """A prescriber of another municipality's unit."""
    from tests.factories import UnitFactory, UserFactory

    unit = UnitFactory(code="V01", name="Hemrehab Västervik", payer__code="0883")
    return UserFactory(roles=["forskrivare"], default_unit=unit)


@pytest.fixture
def khs_user(db):
    from tests.factories import UserFactory

    return UserFactory(roles=["khs"], is_staff=True)


@pytest.fixture
def controller(db):
    from tests.factories import UserFactory

    return UserFactory(roles=["controller"])


@pytest.fixture
def logged():
    """The log's actions so far, oldest first."""
    from organisation.models import AccessLogEntry

    def actions(**where) -> list[str]:
        found = AccessLogEntry.objects.filter(**where).order_by("id")
        return list(found.values_list("action", flat=True))

    return actions
