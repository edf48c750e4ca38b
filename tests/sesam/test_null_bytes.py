"""A NUL, the one character that PostgreSQL can't keep, is refused in one place."""

import pytest
from django.urls import reverse

from organisation.permissions import FORSKRIVARE, KHS
from tests.factories import RecipientFactory, UserFactory

pytestmark = pytest.mark.django_db
REFUSED = "Det som skickades kan inte läsas"


@pytest.fixture
def everybody(client):
    client.force_login(
        UserFactory(roles=[KHS, FORSKRIVARE], is_staff=True, is_superuser=True),
        backend="organisation.backends.PortalBackend",
    )
    return client


@pytest.mark.parametrize(
    "address",
    [
        "/bestallningar/1%00/",
        "/artiklar/a%00/",
        "/individer/a%00/",
        "/lager/a%00/",
        "/%00",
        "/static/portal.css%00",
        "/admin/articles/article/a%00/change/",
        "/artiklar/?q=cross%00",
        "/artiklar/?lager=%00",
        "/artiklar/?%00=1",
        "/hamtordrar/1%00/",
        "/admin/articles/article/?q=%00",
        "/admin/articles/article/?o=%00",
        "/admin/orders/order/?lage=%00",
        "/healthz?%00",
    ],
)
def test_no_address_may_hold_one(everybody, address):
    answer = everybody.get(address)
    assert answer.status_code == 400
    assert REFUSED in answer.content.decode()


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("articles:search", {"q": "cross\0"}),
        ("recipients:search", {"nummer": "19430130-7056\0"}),
        ("start", {"q": "\0"}),
        ("sign_in", {"username": "a\0", "password": "b"}),
        ("sign_in", {"username": "a", "pass\0word": "b"}),
        ("columns", {"table": "\0"}),
    ],
)
def test_no_field_may_hold_one(everybody, name, fields):
    assert everybody.post(reverse(name), fields).status_code == 400


def test_nothing_is_done_when_one_field_holds_one(everybody):
    recipient = RecipientFactory(phone="")
    url = reverse("recipients:detail", args=[recipient.key])
    answer = everybody.post(url, {"phone": "08-465 004 10", "mobile": "\0"})
    recipient.refresh_from_db()
    assert (answer.status_code, recipient.phone) == (400, "")


def test_a_cookie_may_not_hold_one(client):
    client.cookies.load('session="a\\000b"')
    assert client.get("/").status_code == 400
