"""``/readyz``: the database answers and has all that this release needs."""

import pytest
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client

from sesam import health

pytestmark = pytest.mark.django_db
URL = "/readyz"


@pytest.fixture(params=["at the first question", "later"])
def asked_before(request, monkeypatch) -> None:
    monkeypatch.setattr(health, "_needed", set())
    if request.param == "later":
        assert Client().get(URL).content == b"ok"


def test_a_database_that_lacks_a_migration_is_not_ready_until_it_has_it(asked_before):
    last = MigrationRecorder.Migration.objects.filter(app="sesam").latest("id")
    name = last.name
    last.delete()
    answer = Client().get(URL)
    assert (answer.status_code, answer.content) == (503, b"migrations")
    MigrationRecorder.Migration.objects.create(app="sesam", name=name)
    assert Client().get(URL).status_code == 200


def test_what_a_later_release_has_added_disturbs_nobody(asked_before):
    MigrationRecorder.Migration.objects.create(app="sesam", name="9999_of_the_next_release")
    assert Client().get(URL).status_code == 200


def test_asked_again_it_reads_no_migrations_anew(asked_before, monkeypatch):
    assert Client().get(URL).status_code == 200
    monkeypatch.setattr(health, "MigrationExecutor", None)
    assert Client().get(URL).status_code == 200
