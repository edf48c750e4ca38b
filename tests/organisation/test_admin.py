"""What whoever runs the system may not delete: what is in use, and the roles that the code knows."""

import pytest
from django.contrib.auth.models import Group
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from organisation.models import Payer, Unit, User, Warehouse
from organisation.permissions import FORSKRIVARE, ROLES
from tests.at_once import at_once
from tests.factories import (
    ArticleFactory,
    BufferFactory,
    RecipientFactory,
    UnitFactory,
    UserFactory,
    WarehouseFactory,
    put_in_stock,
)
from tests.orders.builders import sent

pytestmark = pytest.mark.django_db


def now() -> None:
    """What is checked when a transaction ends, is checked now."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


@pytest.fixture
def admin():
    client = Client()
    client.force_login(UserFactory(roles=[], is_staff=True, is_superuser=True))
    return client


def url(record, page: str) -> str:
    name = f"admin:{record._meta.app_label}_{record._meta.model_name}_{page}"
    return reverse(name, args=[record.pk])


def delete(admin, record) -> str:
    """Ask for it and confirm; what the page says afterwards."""
    asked = admin.get(url(record, "delete"), follow=True).content.decode()
    posted = admin.post(url(record, "delete"), {"post": "yes"}, follow=True)
    assert posted.status_code == 200
    assert "Ja, jag är säker" not in asked or not type(record).objects.filter(pk=record.pk)
    return posted.content.decode()


def test_a_unit_with_users_stays_and_the_page_says_by_whom_it_is_used(admin):
    unit = UnitFactory(code="U77", name="Hemrehab Mörbylånga")
    user = UserFactory(default_unit=None, units=[unit])
    said = delete(admin, unit)
    assert "Hemrehab Mörbylånga används och kan inte tas bort" in said
    assert "användare (1)" in said
    assert "aktiv" in said
    assert list(user.units.all()) == [unit]


def test_a_unit_with_orders_stays_and_no_patient_is_named(admin):
    user = UserFactory()
    article = ArticleFactory()
    put_in_stock(WarehouseFactory(), article, 1)
    order = sent(
        (article, 1),
        user=user,
        recipient=RecipientFactory(given_name="Ulrika", family_name="Säregen"),
    )
    asked = admin.get(url(order.unit, "delete"), follow=True).content.decode()
    assert "används och kan inte tas bort" in asked
    assert "Säregen" not in asked
    assert str(order.case_number) not in asked
    assert Unit.objects.filter(pk=order.unit_id).exists()


def test_a_payer_that_a_controller_sees_stays(admin):
    payer = Payer.objects.create(code="77", name="Mörbylånga kommun")
    UserFactory(default_unit=None).payers.add(payer)
    assert "Mörbylånga kommun används" in delete(admin, payer)
    assert Payer.objects.filter(pk=payer.pk).exists()


def test_a_payer_of_units_and_stores_stays(admin):
    payer = UnitFactory().payer
    assert "tjänsteställen (1)" in delete(admin, payer)
    assert Payer.objects.filter(pk=payer.pk).exists()


def test_a_store_of_a_units_own_stays(admin):
    store = BufferFactory()
    UnitFactory(code="U78", own_stores=[store])
    assert "tjänsteställen (1)" in delete(admin, store)
    assert Warehouse.objects.filter(pk=store.pk).exists()


@pytest.mark.parametrize("role", ROLES)
def test_a_role_stays_whether_anybody_has_it_or_not(admin, role):
    group = Group.objects.get(name=role)
    assert f"Rollen {role} hör till portalen" in delete(admin, group)
    assert url(group, "delete") not in admin.get(url(group, "change")).content.decode()
    assert Group.objects.filter(name=role).exists()


def test_a_role_keeps_its_name(admin):
    group = Group.objects.get(name=FORSKRIVARE)
    admin.post(url(group, "change"), {"name": "annat", "permissions": []})
    group.refresh_from_db()
    assert group.name == FORSKRIVARE


def test_a_group_of_ones_own_goes_when_nobody_has_it(admin):
    group = Group.objects.create(name="förvaltning")
    user = UserFactory(default_unit=None)
    user.groups.add(group)
    assert "användare (1)" in delete(admin, group)
    user.groups.remove(group)
    now()
    delete(admin, group)
    assert not Group.objects.filter(pk=group.pk).exists()


def test_what_goes_with_a_unit_is_said_in_the_words_of_its_page(admin):
    store = BufferFactory()
    unit = UnitFactory(code="U77", own_stores=[store])
    asked = admin.get(url(unit, "delete")).content.decode()
    assert f"Egna förråd: {store}" in asked
    assert "relation" not in asked and "object (" not in asked


def test_what_nobody_uses_is_deleted(admin):
    unit = UnitFactory(code="U79", own_stores=[BufferFactory()])
    payer = Payer.objects.create(code="78", name="Fel kommun")
    for record in (unit, payer):
        delete(admin, record)
        assert not type(record).objects.filter(pk=record.pk).exists()


@pytest.mark.parametrize("model", [Group, Payer, Unit, Warehouse])
def test_none_of_them_is_deleted_by_ticking_many(admin, model):
    warehouse = WarehouseFactory()
    records = {Unit: UnitFactory(code="U80"), Payer: warehouse.owner, Warehouse: warehouse}
    record = records.get(model) or Group.objects.get(name=FORSKRIVARE)
    listed = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    assert "delete_selected" not in admin.get(listed).content.decode()
    data = {"action": "delete_selected", "_selected_action": [record.pk], "post": "yes"}
    admin.post(listed, data)
    assert model.objects.filter(pk=record.pk).exists()


def test_others_than_those_who_run_the_system_do_not_delete(client):
    unit = UnitFactory(code="U81")
    assert client.post(url(unit, "delete"), {"post": "yes"}).status_code in (302, 403)
    assert Unit.objects.filter(pk=unit.pk).exists()


# --- the database holds it too ---


@pytest.mark.parametrize("used", ["unit", "payer", "group", "store"])
def test_the_database_keeps_what_a_relation_of_many_names(used):
    user = UserFactory(default_unit=None)
    store, unit = BufferFactory(), UnitFactory(code="U82")
    record = {
        "unit": Unit.objects.create(
            code="U83", name="X", payer=unit.payer, delivering_warehouse=unit.delivering_warehouse
        ),
        "payer": Payer.objects.create(code="79", name="Y"),
        "group": Group.objects.create(name="förvaltning"),
        "store": store,
    }[used]
    relation = {
        "unit": user.units,
        "payer": user.payers,
        "group": user.groups,
        "store": unit.own_stores,
    }[used]
    relation.add(record)
    mine = type(record).objects.filter(pk=record.pk)
    with pytest.raises(IntegrityError, match="in use"), transaction.atomic():
        mine.delete()
        now()
    relation.remove(record)
    now()
    mine.delete()
    now()
    assert not mine.exists()


def test_the_database_keeps_the_roles_and_their_names():
    roles = Group.objects.filter(name=FORSKRIVARE)
    changes = (roles.delete, lambda: roles.update(name="annat"))
    for change in changes:
        with pytest.raises(IntegrityError, match="known to the code"), transaction.atomic():
            change()


@pytest.mark.django_db(transaction=True)
def test_a_unit_that_is_given_to_somebody_while_it_is_being_deleted_stays_whole():
    """By two connections: either the unit is gone and nobody has it, or both are there."""
    admin = UserFactory(roles=[], is_staff=True, is_superuser=True)
    user = UserFactory(default_unit=None)
    for turn in range(5):
        unit = UnitFactory(code=f"V{turn}", name=f"V{turn}")
        page = url(unit, "delete")

        def remove(page=page):
            client = Client()
            client.force_login(admin)
            return client.post(page, {"post": "yes"}).status_code

        def give(unit=unit):
            try:
                user.units.add(unit)
            except IntegrityError:
                return False
            return True

        status, given = at_once(remove, give)
        assert status == 302
        assert Unit.objects.filter(pk=unit.pk).exists() == given
        assert User.objects.filter(units=unit).exists() == given


def test_a_users_page_holds_no_hash_of_the_password_and_saving_it_keeps_the_password(admin):
    user = UserFactory()
    user.set_password("ett långt lösenord")
    user.save()
    page = admin.get(url(user, "change"))
    assert user.password not in page.content.decode()
    form = page.context["adminform"].form
    shown = {name: form[name].value() for name in form.fields}
    data = {name: value for name, value in shown.items() if value not in (None, False)}
    data |= {f"initial-{name}": value for name, value in data.items() if name != "password"}
    data |= {"last_name": "Nyman", "password": "x", "initial-password": "y"}
    answer = admin.post(url(user, "change"), data)
    assert answer.status_code == 302
    user.refresh_from_db()
    assert user.last_name == "Nyman"
    assert user.check_password("ett långt lösenord")
