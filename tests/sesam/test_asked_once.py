"""What two parts of a page both tell is asked once for both, and anew for the next page."""

import pytest
from django.test import RequestFactory

from sesam.asked_once import once
from tests.factories import RecipientFactory

pytestmark = pytest.mark.django_db


def test_it_is_asked_once_a_request_and_record():
    asked = []

    def ask(recipient) -> int:
        asked.append(recipient.pk)
        return len(asked)

    def other(recipient) -> str:
        return "another question"

    first, second = RecipientFactory(), RecipientFactory()
    page, next_page = RequestFactory().get("/"), RequestFactory().get("/")
    assert [once(page, ask, first), once(page, ask, first)] == [1, 1]
    assert once(page, ask, second) == 2
    assert once(page, other, first) == "another question"
    assert once(next_page, ask, first) == 3
