"""KHS edits what one can answer to «Varför?»; what stands in the access log keeps its words."""

from importlib import import_module

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from organisation import access_log
from organisation.models import AccessLogEntry, LookReason
from organisation.permissions import KHS
from tests.factories import RecipientFactory, UserFactory, a_reason

pytestmark = pytest.mark.django_db
ADD = reverse("admin:organisation_lookreason_add")


@pytest.fixture
def khs(client):
    client.force_login(UserFactory(roles=[KHS], is_staff=True))
    return client


def page_of(reason) -> str:
    return reverse("admin:organisation_lookreason_change", args=[reason.pk])


def typed(reason: LookReason, **changes) -> dict[str, object]:
    """The reason's form; a box that isn't ticked isn't sent."""
    names = ("name", "text", "icon", "needs_text", "is_emergency", "whose", "rank", "is_active")
    values = {name: getattr(reason, name) for name in names} | changes
    return {name: value for name, value in values.items() if value is not False}


def answered(reason: LookReason) -> None:
    access_log.record(
        UserFactory(), access_log.Action.REASON, RecipientFactory().key, reason=reason
    )


def test_khs_adds_a_reason_and_ends_it(khs):
    new = LookReason(name="Utbildning", text="Med handledare", rank=9, is_emergency=True)
    assert khs.post(ADD, typed(new)).status_code == 302
    made = a_reason("Utbildning")
    assert (made.text, made.is_emergency, made.needs_text) == ("Med handledare", True, False)
    khs.post(page_of(made), typed(made, is_active=False, text="Med lärare"))
    made.refresh_from_db()
    assert (made.text, made.is_active) == ("Med lärare", False)
    assert (
        khs.get(reverse("admin:organisation_lookreason_delete", args=[made.pk])).status_code == 403
    )


def test_a_second_of_the_same_name_is_refused(khs):
    answer = khs.post(ADD, typed(LookReason(name="Akut")))
    assert answer.status_code == 200 and "finns redan" in answer.content.decode()


def test_what_stands_in_the_log_keeps_its_name_and_whether_it_was_an_emergency(khs):
    akut = a_reason("Akut")
    khs.post(page_of(akut), typed(akut, name="Brådskande"))
    akut.refresh_from_db()
    assert akut.name == "Brådskande", "nobody has answered by it yet"
    answered(akut)
    khs.post(page_of(akut), typed(akut, name="Nyfiken", is_emergency=False, text="Nu"))
    akut.refresh_from_db()
    assert (akut.name, akut.is_emergency, akut.text) == ("Brådskande", True, "Nu")
    for change in ({"name": "Nyfiken"}, {"is_emergency": False}):
        with pytest.raises(IntegrityError, match="keeps its words"), transaction.atomic():
            LookReason.objects.filter(pk=akut.pk).update(**change)


def test_the_last_reason_of_care_or_of_log_reviewers_cannot_be_ended_or_taken_away(khs):
    """A reason for all is one of each."""
    for reason in LookReason.objects.exclude(name__in=["Annat", "Akut"]):
        khs.post(page_of(reason), typed(reason, is_active=False))
    kept = LookReason.objects.filter(is_active=True)
    assert {reason.name for reason in kept} == {"Annat", "Akut"}
    other = a_reason("Annat")
    for change in ({"is_active": False}, {"whose": "care"}):
        answer = khs.post(page_of(other), typed(other, **change))
        words = "Minst ett skäl måste vara aktivt för loggranskare. Utan skäl kan ingen svara."
        assert words in answer.content.decode()
    khs.post(page_of(a_reason("Akut")), typed(a_reason("Akut"), is_active=False))
    answer = khs.post(page_of(other), typed(other, whose="log"))
    assert "Minst ett skäl måste vara aktivt för vården och KHS." in answer.content.decode()
    other.refresh_from_db()
    assert other.is_active and other.whose == ""


def test_the_registers_of_khs_lead_there(khs):
    page = khs.get(reverse("admin:organisation_lookreason_changelist")).content.decode()
    assert "Skäl till åtkomst" in page and "En kollega bad om det" in page


def test_what_was_answered_by_a_code_refers_to_its_reason():
    """As the migration finds it: the code in its old column."""
    add = import_module("organisation.migrations.0023_look_reasons").add
    answered(a_reason("Akut"))
    access_log.record(UserFactory(), access_log.Action.VIEW, RecipientFactory().key)
    log = "organisation_accesslogentry"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SET CONSTRAINTS ALL IMMEDIATE; ALTER TABLE {log} DISABLE TRIGGER USER,"
            f" DROP CONSTRAINT reason_is_somebodys_about_somebody,"
            f" ADD old_reason varchar(10) NOT NULL DEFAULT '';"
            f" UPDATE {log} SET old_reason = 'emergency', reason_id = NULL WHERE action = 'reason'"
        )
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; DELETE FROM organisation_lookreason")
    with connection.schema_editor() as editor:
        add(apps, editor)
    said = AccessLogEntry.objects.order_by("id").values_list("action", "reason__name")
    assert list(said) == [("reason", "Akut"), ("view", None)]
    assert LookReason.objects.count() == 5
