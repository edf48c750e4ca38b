"""A question whose SQL is kept answers as the queryset would, whatever value is asked for."""

import pytest
from django.db.models import F

from organisation.models import User
from sesam import compiled
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


def users(pk: int):
    return (
        User.objects.filter(pk=pk)
        .order_by()
        .annotate(shout=F("last_name"))
        .values("shout", "username", "pk")
    )


def test_every_value_gets_its_own_rows_with_their_own_names():
    found = [UserFactory(last_name=name) for name in ("Åberg", "Öman")]
    for user in (*found, *found):
        assert compiled.rows("users", users, user.pk) == list(users(user.pk))


def test_a_question_that_does_not_ask_for_the_value_is_refused():
    with pytest.raises(ValueError, match="isn't a parameter"):
        compiled.rows("careless", lambda pk: User.objects.values("pk"), 1)
