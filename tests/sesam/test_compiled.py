"""A question whose SQL is kept answers as the queryset would, whatever value is asked for."""

from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.db.models import F

from organisation.models import User
from recipients.models import Recipient
from sesam import compiled
from tests.factories import RecipientFactory, UserFactory

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


def test_an_opaque_key_may_be_asked_for_too():
    found = [RecipientFactory() for _ in range(2)]

    def by_key(key):
        return Recipient.objects.filter(key=key).values("pk", "key", "family_name")

    for recipient in (*found, *found):
        assert compiled.rows("by key", by_key, recipient.key) == list(by_key(recipient.key))
    assert compiled.rows("by key", by_key, uuid4()) == []


def test_a_question_that_does_not_ask_for_the_value_is_refused():
    with pytest.raises(ValueError, match="isn't a parameter"):
        compiled.rows("careless", lambda pk: User.objects.values("pk"), 1)


def test_it_is_planned_once_a_connection(django_assert_num_queries):
    user = UserFactory()
    compiled.rows("users", users, user.pk)
    with django_assert_num_queries(1) as asked:
        compiled.rows("users", users, user.pk)
    assert asked.captured_queries[0]["sql"].startswith("EXECUTE")


@pytest.mark.django_db(transaction=True)
def test_what_was_prepared_outlives_a_rollback_but_not_its_connection():
    user = UserFactory()
    with pytest.raises(RuntimeError), transaction.atomic():
        compiled.rows("rolled back", users, user.pk)
        raise RuntimeError
    assert compiled.rows("rolled back", users, user.pk) == list(users(user.pk))
    connection.close()
    assert compiled.rows("rolled back", users, user.pk) == list(users(user.pk))


def test_behind_a_pooler_nothing_is_prepared(django_assert_num_queries, monkeypatch):
    monkeypatch.setitem(connection.settings_dict, "DISABLE_SERVER_SIDE_CURSORS", True)
    user = UserFactory(last_name="100 % Åberg")
    with django_assert_num_queries(1) as asked:
        assert compiled.rows("pooled", users, user.pk)[0]["shout"] == "100 % Åberg"
    assert asked.captured_queries[0]["sql"].startswith("SELECT")
