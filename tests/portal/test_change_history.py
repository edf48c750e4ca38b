"""Change history: who changed what of whom is tracked, when, from what; and that it stands."""

import re
import threading

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from articles.models import Article, Price
from organisation.models import Payer, User
from organisation.permissions import KHS
from recipients import masking, services
from recipients.models import Recipient
from sesam import asking, history, jobs
from tests.at_once import at_once
from tests.factories import (
    ArticleFactory,
    PayerFactory,
    RecipientFactory,
    UnitFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

# What isn't kept of a tracked record, and why.
NOT_KEPT = {
    "organisation.User": {
        "password",  # a secret: that it was changed is kept
        "last_login",  # stands with the user; the log has what they did
        "preferences",  # columns and the like, of one's own pages
    },
    "articles.Article": {"search_text", "sort_key"},  # made of the others
    "articles.Supplier": {"sort_key"},
    # Moved by the services alone: the ledger, and the pieces' own history
    "individuals.Individual": {
        "number", "article", "warehouse", "status", "purchased_on", "purchase_is_estimated",
        "acquisition_value", "warranty_until", "text",
    },
    # The night's to move, with what stands on the plan.
    "activities.MaintenanceSchedule": {"plan", "since", "due_on"},
    "articles.ArticleDocument": {"key", "size"},  # come and go with the file
    # Made once, or written by every look into the register.
    "recipients.Recipient": {"key", "created_at", "register_checked_at", "version"},
}  # fmt: skip
# What the back office changes and whose history stands elsewhere, or is nobody's matter.
NOT_TRACKED = {
    # cases and money: their own events, on their page
    "orders.Order", "pickups.PickupOrder", "activities.Activity", "deviations.Deviation",
    "deviations.Recall",
    "invoicing.MonthRun", "invoicing.Question", "invoicing.LossVerdict", "invoicing.DoubtfulLoan",
    "recipients.Loan",
    # stock: the ledger
    "articles.Balance", "articles.StockMovement",
    # what is written for readers, or by them
    "portal.News", "portal.Document", "portal.DocumentHeading", "portal.HelpText",
    "portal.BarrierReport", "portal.StartContact", "portal.StartLink",
    "organisation.Notice", "organisation.Mail", "organisation.Account",
    # decided once, by whom and when stands on it
    "portal.DisposalList",
}  # fmt: skip


def changes(record, label=None):
    found = history.of(type(record)).changes.objects.filter(pgh_obj=record.pk).order_by("pgh_id")
    return [change for change in found if label in (None, change.pgh_label)]


# --- what is tracked ---


def test_every_field_that_may_change_is_kept_but_for_those_named():
    left_out = {}
    for tracked in history.all_tracked():
        fields = {f.name for f in tracked.model._meta.concrete_fields if not f.primary_key}
        if missing := fields - {f.name for f in tracked.fields}:
            left_out[tracked.model._meta.label] = missing
    assert left_out == NOT_KEPT


@pytest.mark.parametrize("tracked", history.all_tracked(), ids=lambda t: t.model._meta.label)
def test_the_database_writes_each_of_these_fields(tracked):
    table = tracked.model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgname, pg_get_triggerdef(t.oid), prosrc, prosecdef FROM pg_trigger t"
            " JOIN pg_proc p ON p.oid = tgfoid"
            " WHERE tgrelid = %s::regclass AND tgname LIKE 'pgtrigger_history_%%'",
            [table],
        )
        found = {name.split("_")[2]: rest for name, *rest in cursor.fetchall()}
    between = tracked.model._meta.concrete_model._meta.auto_created
    more = {"unseen"} if tracked.model is User else set()
    assert set(found) - more == (
        {"insert", "delete"} if between else {"insert", "update", "delete"}
    )
    for operation, (definition, body, as_owner) in found.items():
        definition = re.sub(r'"|[()]|::text', "", definition)
        assert as_owner and "pgtrigger.ignore" not in body
        for field in tracked.fields:
            assert f'"{field.column}"' in body
            if operation == "update":
                assert f"old.{field.column} IS DISTINCT FROM" in definition


def test_whatever_is_changed_in_a_register_of_the_back_office_is_tracked():
    registers = {model for model in admin.site._registry if model._meta.managed}
    untracked = {m._meta.label for m in registers if history.of(m) is None}
    assert untracked == NOT_TRACKED - {"organisation.Account"}


def test_no_secret_is_in_any_history():
    secret = {"password", "last_login", "session_data", "key", "secret", "token", "preferences"}
    for model in apps.get_models():
        if issubclass(model, history.Change):
            assert not secret & {field.name for field in model._meta.fields}, model


# --- what is written ---


def test_a_change_says_what_was_before_and_nothing_is_written_where_nothing_changed():
    payer = PayerFactory(name="Kalmar")
    Payer.objects.filter(pk=payer.pk).update(name="Kalmar kommun")
    Payer.objects.filter(pk=payer.pk).update(name="Kalmar kommun")
    assert [(c.pgh_label, c.name) for c in changes(payer)] == [
        ("insert", "Kalmar"),
        ("update", "Kalmar"),
    ]


def test_changed_many_at_once_each_has_its_own():
    articles = [ArticleFactory() for _ in range(3)]
    Article.objects.update(product_group="Rullstolar")
    Price.objects.bulk_create(
        Price(article=a, list_price=1, valid_from="2030-01-01") for a in articles
    )
    for article in articles:
        (change,) = changes(article, "update")
        assert change.product_group == article.product_group
    kept = history.of(Price).changes.objects.filter(article__in=articles)
    assert kept.count() == 3


def test_what_is_removed_was_there():
    payer = PayerFactory(name="Kalmar")
    pk = payer.pk
    payer.delete()
    (change,) = history.of(Payer).changes.objects.filter(pgh_obj=pk, pgh_label="delete")
    assert change.name == "Kalmar"


def test_a_role_a_unit_and_a_payer_come_and_go():
    user, unit, payer = UserFactory(), UnitFactory(), PayerFactory()
    role = Group.objects.get(name=KHS)
    user.groups.add(role)
    user.units.add(unit)
    user.payers.add(payer)
    user.groups.clear()
    for model, other, labels in (
        ("UserRole", "group", ["insert", "delete"]),
        ("UserUnit", "unit", ["insert"]),
        ("UserPayer", "payer", ["insert"]),
    ):
        tracked = history.of(apps.get_model("organisation", model))
        found = tracked.changes.objects.filter(user=user).order_by("pgh_id")
        mine = [c.pgh_label for c in found if getattr(c, other) in (role, unit, payer)]
        assert mine == labels


def test_a_password_is_known_to_have_been_changed_and_no_more():
    user = UserFactory()
    before = len(changes(user))
    user.set_password("någonting-annat-12")
    user.save()
    new = changes(user)[before:]
    assert [c.pgh_label for c in new] == ["unseen"]
    assert "MD5" not in repr(new[0].__dict__) and user.password not in repr(new[0].__dict__)


def test_signing_in_and_choosing_columns_is_no_change(browser_of):
    user = UserFactory()
    before = len(changes(user))
    User.objects.filter(pk=user.pk).update(preferences={"letter_keys": False})
    browser_of(user)
    assert len(changes(user)) == before


# --- who did it ---


def by(change):
    return (change.pgh_context or {}).get("user"), (change.pgh_context or {}).get("job")


def test_a_request_says_who_is_signed_in(browser_of):
    khs = UserFactory(roles=[KHS], is_staff=True)
    article = ArticleFactory()
    client = browser_of(khs)
    page = f"/admin/articles/supplier/{article.supplier.pk}/change/"
    client.post(page, {"name": "Nytt namn"})
    (change,) = changes(article.supplier, "update")
    assert by(change) == (khs.pk, None)
    assert change.pgh_context_id


def test_a_job_says_its_name_and_who_started_it():
    payer, user = PayerFactory(name="A"), UserFactory()

    @jobs.hourly
    def rename() -> int:
        return Payer.objects.filter(pk=payer.pk).update(name="B")

    try:
        jobs.clear_all()
    finally:
        jobs._hourly.remove(rename)
    with asking.by(asking.Asking(job="articles.catalogue", started_by=user.pk)):
        Payer.objects.filter(pk=payer.pk).update(name="C")
    hourly, started = changes(payer, "update")
    assert by(hourly) == (None, f"{__name__}.rename"[-60:])
    assert by(started) == (user.pk, "articles.catalogue")


def test_at_the_server_nobody_is_named_also_after_somebody_was():
    payer = PayerFactory(name="A")
    with asking.by(asking.Asking(started_by=UserFactory().pk)):
        Payer.objects.filter(pk=payer.pk).update(name="B")
    Payer.objects.filter(pk=payer.pk).update(name="C")
    named, unnamed = changes(payer, "update")
    assert by(named) != (None, None)
    assert unnamed.pgh_context is None and unnamed.pgh_context_id is None


def test_what_is_undone_to_a_savepoint_takes_who_did_it_along():
    payer, one, other = PayerFactory(name="A"), UserFactory(), UserFactory()
    with asking.by(asking.Asking(started_by=one.pk)), transaction.atomic():
        Payer.objects.filter(pk=payer.pk).update(name="B")
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            with asking.by(asking.Asking(started_by=other.pk)):
                Payer.objects.filter(pk=payer.pk).update(name="C")
            raise ZeroDivisionError
        Payer.objects.filter(pk=payer.pk).update(name="D")
    assert [by(c)[0] for c in changes(payer, "update")] == [one.pk, one.pk]


def test_it_takes_one_statement_a_transaction_and_none_where_nothing_tracked_is_written():
    payer, user = PayerFactory(), UserFactory()
    with asking.by(asking.Asking(started_by=user.pk)):
        with CaptureQueriesContext(connection) as asked:
            list(Payer.objects.all())
            list(Payer.objects.select_for_update())
            user.received_messages = None
        assert not [q for q in asked if "pghistory" in q["sql"]]
        with CaptureQueriesContext(connection) as asked, transaction.atomic():
            for name in "ABC":
                Payer.objects.filter(pk=payer.pk).update(name=name)
        assert len([q for q in asked if "pghistory" in q["sql"]]) == 1


def test_a_question_that_writes_says_who_asks_too():
    payer, user = PayerFactory(name="A"), UserFactory()
    with asking.by(asking.Asking(started_by=user.pk)), connection.cursor() as cursor:
        cursor.execute(
            "WITH new AS (SELECT 'B' AS name) UPDATE organisation_payer SET name = new.name"
            " FROM new WHERE id = %s",
            [payer.pk],
        )
    assert [by(c)[0] for c in changes(payer, "update")] == [user.pk]


@pytest.mark.django_db(transaction=True)
def test_two_at_once_are_each_named_with_their_own():
    payers = [PayerFactory(code="A", name="A"), PayerFactory(code="B", name="B")]
    users = [UserFactory(), UserFactory()]
    halfway = threading.Barrier(2)

    def rename(payer, user):
        def work():
            with asking.by(asking.Asking(started_by=user.pk)), transaction.atomic():
                Payer.objects.filter(pk=payer.pk).update(name=f"{payer.name} 1")
                halfway.wait(timeout=20)
                Payer.objects.filter(pk=payer.pk).update(name=f"{payer.name} 2")
            Payer.objects.filter(pk=payer.pk).update(name="vid servern")

        return work

    at_once(*(rename(*pair) for pair in zip(payers, users, strict=True)))
    for payer, user in zip(payers, users, strict=True):
        assert [by(c)[0] for c in changes(payer, "update")] == [user.pk, user.pk, None]


@pytest.mark.django_db(transaction=True)
def test_outside_a_transaction_too_and_nothing_stays_on_the_connection():
    payer, user = PayerFactory(name="A"), UserFactory()
    with asking.by(asking.Asking(started_by=user.pk)):
        Payer.objects.filter(pk=payer.pk).update(name="B")
    Payer.objects.filter(pk=payer.pk).update(name="C")
    assert [by(c)[0] for c in changes(payer, "update")] == [user.pk, None]


# --- it stands ---


def tables():
    return sorted(tracked.changes._meta.db_table for tracked in history.all_tracked())


@pytest.mark.parametrize("table", tables())
def test_nobody_changes_removes_or_empties_what_is_kept(table):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FILTER (WHERE tgname LIKE 'pgtrigger_append_only_%%'),"
            " count(*) FILTER (WHERE tgname LIKE 'pgtrigger_no_truncate_%%')"
            " FROM pg_trigger WHERE tgrelid = %s::regclass AND tgenabled = 'O'",
            [table],
        )
        assert cursor.fetchone() == (1, 1)


def test_not_even_the_owner_changes_it_by_mistake():
    payer = PayerFactory(name="A")
    kept = history.of(Payer).changes.objects.filter(pgh_obj=payer.pk)
    for change in (lambda: kept.update(name="B"), kept.delete):
        with pytest.raises(DatabaseError, match="pgtrigger"), transaction.atomic():
            change()


# --- protected, removed, anonymised ---


def test_the_columns_that_tell_where_somebody_is_are_those_the_pages_hide():
    fields = {f.name for f in Recipient._meta.fields if f.column in _may_be_emptied("whereabouts")}
    assert fields == set(masking.WHEREABOUTS)
    kept = {field.column for field in history.of(Recipient).fields}
    assert set(_may_be_emptied("person")) == kept - {"kind"}


def _may_be_emptied(of):
    from recipients import models

    return models._WHEREABOUTS if of == "whereabouts" else models._PERSON


def lived():
    """Somebody whose address and phone were changed."""
    person = RecipientFactory(street="Storgatan 1", phone="0480111111", payer=PayerFactory())
    Recipient.objects.filter(pk=person.pk).update(street="Lilla gatan 2", phone="0480222222")
    return person


def told_of(person):
    return " ".join(repr(change.__dict__) for change in changes(person))


def test_of_somebody_who_becomes_protected_the_history_forgets_where_they_are():
    person, other = lived(), lived()
    Recipient.objects.filter(pk=person.pk).update(is_protected=True)
    told = told_of(person)
    for word in ("Storgatan", "Lilla gatan", "0480111111", "0480222222"):
        assert word not in told
    assert all(change.payer_id is None for change in changes(person))
    assert [c.pgh_label for c in changes(person)] == ["insert", "update", "update"]
    assert person.family_name in told
    assert "Storgatan" in told_of(other)


def test_what_is_written_of_a_protected_person_afterwards_says_it_neither():
    person = RecipientFactory(is_protected=True, street="Storgatan 1", payer=PayerFactory())
    another = PayerFactory(code="annan")
    Recipient.objects.filter(pk=person.pk).update(payer=another, street="Lilla gatan 2")
    Recipient.objects.filter(pk=person.pk).update(street="")
    assert "gatan" not in told_of(person)
    assert all(change.payer_id is None for change in changes(person))


def test_of_a_person_who_is_removed_nothing_but_that_stays():
    person = lived()
    pk, number, name = person.pk, person.number, person.family_name
    Recipient.objects.filter(pk=pk).update(created_at="2020-01-01T00:00Z")
    assert services.clean_up() == 1
    kept = history.of(Recipient).changes.objects.filter(pgh_obj=pk)
    assert [c.pgh_label for c in kept.order_by("pgh_id")] == ["insert", "update", "delete"]
    told = " ".join(repr(change.__dict__) for change in kept)
    for word in (number, name, "Storgatan", "0480"):
        assert word not in told


def test_of_an_anonymised_person_all_is_forgotten_and_of_nobody_else():
    person, other = lived(), lived()
    with connection.cursor() as cursor:  # a kind of its own, whatever it is called
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(
            "ALTER TABLE recipients_recipient DROP CONSTRAINT recipient_number_fits_kind"
        )
    with pytest.raises(DatabaseError, match="only be emptied"), transaction.atomic():
        history.forget(other)
    Recipient.objects.filter(pk=person.pk).update(kind="nobody", number="", family_name="")
    history.forget(person)
    told = told_of(person)
    for word in (person.number, person.family_name, "Storgatan", "0480"):
        assert word not in told
    assert "Storgatan" in told_of(other)


def test_nothing_else_is_written_where_something_is_emptied():
    person = lived()
    Recipient.objects.filter(pk=person.pk).update(is_protected=True)
    kept = history.of(Recipient).changes.objects.filter(pgh_obj=person.pk)
    for values in ({"street": "Ny gata 3"}, {"family_name": ""}, {"kind": ""}, {"pgh_context": {}}):
        with pytest.raises(DatabaseError, match="only be emptied"), transaction.atomic():
            kept.update(**values)


def test_what_isnt_a_persons_cant_be_forgotten():
    with pytest.raises(ValueError, match="nothing may be emptied"):
        history.forget(PayerFactory())
