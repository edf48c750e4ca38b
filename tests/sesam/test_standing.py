"""A standing question answers as one that is put together anew each time."""

import threading
from typing import Any

import pytest
from django.db import connections, transaction
from django.db.models import Exists, OuterRef, QuerySet, Value
from django.utils import timezone

from organisation.models import Unit, User
from recipients.models import Recipient
from sesam.standing import Given, standing
from tests.factories import PayerFactory, RecipientFactory, UnitFactory, UserFactory

pytestmark = pytest.mark.django_db


def test_it_is_put_together_once_and_asked_with_other_values():
    made = []

    @standing
    def named(*, key: Any) -> QuerySet[Recipient]:
        made.append(key)
        return Recipient.objects.filter(key=key).select_related("payer")

    first, second = RecipientFactory(), RecipientFactory()
    assert named(key=first.key) == [first]
    (found,) = named(key=second.key)
    assert found == second
    assert found.payer == second.payer
    assert [type(one) for one in made] == [Given]


def test_of_each_kind_there_is_one():
    @standing
    def units(active: bool, *, user: Any) -> QuerySet[Unit, Any]:
        found = Unit.objects.filter(users=user).order_by("code").values_list("code", flat=True)
        return found.filter(is_active=True) if active else found

    user = UserFactory(units=[])
    user.units.set([UnitFactory(code="1"), UnitFactory(code="2", is_active=False)])
    assert units(True, user=user.pk) == ["1"]
    assert units(False, user=user.pk) == ["1", "2"]


def test_a_value_may_stand_in_a_question_inside_it_and_beside_others():
    @standing
    def mine(*, user: Any, code: Any) -> QuerySet[Unit, dict[str, Any]]:
        inside = User.objects.filter(pk=user, units=OuterRef("pk"))
        found = Unit.objects.filter(Exists(inside), code=code, is_active=True)
        return found.annotate(told=Value("så")).values("code", "told")

    user, other = UserFactory(units=[]), UserFactory(units=[])
    user.units.set([UnitFactory(code="1")])
    assert mine(user=user.pk, code="1") == [{"code": "1", "told": "så"}]
    assert mine(user=user.pk, code="2") == []
    assert mine(user=other.pk, code="1") == []


def test_a_list_of_keys_may_be_given():
    @standing
    def among(*, keys: Any) -> QuerySet[Unit, Any]:
        return Unit.objects.filter(pk__in=keys).order_by("code").values_list("code", flat=True)

    one, two, three = (UnitFactory(code=code) for code in "123")
    assert among(keys=[three.pk, one.pk]) == ["1", "3"]
    assert among(keys=[two.pk]) == ["2"]
    assert among(keys=[]) == []


def test_none_is_refused():
    @standing
    def named(*, key: Any) -> QuerySet[Recipient]:
        return Recipient.objects.filter(key=key)

    with pytest.raises(ValueError, match="named is asked with None"):
        named(key=None)


def test_a_day_that_would_stand_still_and_a_record_are_refused():
    @standing
    def seen_today() -> QuerySet[User]:
        return User.objects.filter(last_login__gte=timezone.now())

    @standing
    def of(payer: Any) -> QuerySet[Recipient]:
        return Recipient.objects.filter(payer=payer)

    with pytest.raises(ValueError, match="seen_today would ask with"):
        seen_today()
    with pytest.raises(ValueError, match="of would ask with"):
        of(PayerFactory())


def test_another_thread_asks_by_its_own_connection():
    @standing
    def named(*, name: Any) -> QuerySet[User]:
        return User.objects.filter(username=name)

    asked_by: list[Any] = []

    def ask() -> None:
        def watch(execute, sql, params, many, context):
            asked_by.append(context["connection"])
            return execute(sql, params, many, context)

        with connections["default"].execute_wrapper(watch):
            named(name="nobody")

    def in_a_thread() -> None:
        ask()
        connections.close_all()

    ask()
    thread = threading.Thread(target=in_a_thread)
    thread.start()
    thread.join()
    here, there = asked_by
    assert here is connections["default"]
    assert there is not here


@pytest.mark.django_db(transaction=True)
def test_what_is_locked_needs_a_transaction_each_time():
    @standing
    def locked(*, key: Any) -> QuerySet[Unit]:
        return Unit.objects.select_for_update(of=("self",)).filter(pk=key)

    unit = UnitFactory()
    with transaction.atomic():
        assert locked(key=unit.pk) == [unit]
    with pytest.raises(transaction.TransactionManagementError):
        locked(key=unit.pk)
