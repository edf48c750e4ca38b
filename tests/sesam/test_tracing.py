"""Traces tell what was done and how long it took, and nothing of anybody."""

import json
import subprocess
import sys

import pytest
from django.core.exceptions import ImproperlyConfigured, MiddlewareNotUsed
from django.db import connection
from django.test import Client
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from recipients.models import Recipient
from sesam import tracing
from sesam.jobs import clear_old
from tests.factories import UNUSED_NUMBERS, LoanFactory, UserFactory, known_to
from tests.sesam.test_logs import ROOT

pytestmark = pytest.mark.django_db
#: All that a span says, beside its times and the ids that it was given.
SAID = {
    "http.request.method", "http.route", "http.response.status_code",
    "db.system.name", "db.operation.name", "db.collection.name",
}  # fmt: skip


@pytest.fixture
def traced(settings, monkeypatch) -> InMemorySpanExporter:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    settings.TRACES_TO = "http://127.0.0.1:9/v1/traces"
    monkeypatch.setattr(tracing, "tracer", lambda: provider.get_tracer("test"))
    return exporter


def names(exporter: InMemorySpanExporter) -> list[str]:
    return [span.name for span in exporter.get_finished_spans()]


def test_a_request_is_named_by_its_view_and_has_its_statements_in_it(traced):
    user = UserFactory()
    client = Client()
    client.force_login(user)
    recipient = known_to(user.default_unit)
    LoanFactory(recipient=recipient)
    traced.clear()
    assert client.get(f"/mottagare/{recipient.key}/").status_code == 200
    *statements, request = traced.get_finished_spans()
    assert request.name == "GET recipients:detail"
    assert request.attributes["http.response.status_code"] == 200
    assert "SELECT recipients_recipient" in [s.name for s in statements]
    assert "INSERT organisation_accesslogentry" in [s.name for s in statements]
    assert {s.context.trace_id for s in statements} == {request.context.trace_id}


def test_no_span_holds_anything_of_anybody(traced):
    user = UserFactory(username="anna-berg")
    recipient = known_to(user.default_unit)
    loan = LoanFactory(recipient=recipient)
    client = Client(HTTP_USER_AGENT="Testvagn/7", REMOTE_ADDR="192.0.2.77")
    client.force_login(user)
    typed = UNUSED_NUMBERS[0]
    client.get(f"/mottagare/{recipient.key}/?flik=historik&q=hemligtord")
    client.get("/artiklar/?q=hemligtord")
    client.post("/mottagare/", {"nummer": recipient.number})
    client.post("/mottagare/", {"nummer": typed})
    client.get(f"/mottagare/?q={typed}")
    client.get(f"/finns-inte/{typed}/?hemligtord")
    client.post("/logga-in/", {"username": "anna-berg", "password": "hemligtord"})
    client.generic("BREW", f"/{typed}/")
    said = " ".join(span.to_json() for span in traced.get_finished_spans())
    people = [recipient.number, recipient.family_name, recipient.given_name, recipient.street]
    people += [str(recipient.key), recipient.phone, recipient.email, loan.case_number]
    people += [typed, "hemligtord", "anna-berg", user.last_name, "Testvagn", "192.0.2.77", "BREW"]
    assert [word for word in people if word and word in said] == []
    assert len(names(traced)) > 30
    for span in traced.get_finished_spans():
        assert set(span.attributes) <= SAID, span.name
        assert not span.events and not span.status.description


def test_an_error_is_told_without_its_words(traced, monkeypatch):
    def fails(*_, **__):
        list(Recipient.objects.raw("SELECT 'Ing-Britt'::integer AS id"))

    monkeypatch.setattr("portal.views.render", fails)
    client = Client(raise_request_exception=False)
    client.force_login(UserFactory())
    assert client.get("/").status_code >= 400
    assert "Ing-Britt" not in json.dumps([s.to_json() for s in traced.get_finished_spans()])
    assert names(traced)[-1].startswith("GET ")


def test_a_job_is_named_as_the_code_names_it(traced):
    clear_old(timestamp=0)
    assert names(traced)[-1] == "job sesam.clear_old"
    assert "DELETE django_session" in names(traced)


@pytest.mark.parametrize(
    "sql, said",
    [
        ('SELECT "orders_order"."id" FROM "orders_order" WHERE x = 1', ("SELECT", "orders_order")),
        ('UPDATE "orders_order" SET a = 1', ("UPDATE", "orders_order")),
        ('SELECT id FROM "orders_order" FOR UPDATE OF x', ("SELECT", "orders_order")),
        ("INSERT INTO sesam_allowance AS had (key) VALUES (1)", ("INSERT", "sesam_allowance")),
        ("SELECT 1 FROM ingbritt", ("SELECT", "")),
        ("SELECT set_config('a', 'Ing-Britt', true)", ("SELECT", "")),
        ("LOCK TABLE orders_order", ("statement", "")),
        ("Ing-Britt", ("statement", "")),
        ("", ("statement", "")),
    ],
)
def test_a_statement_is_named_by_its_first_word_and_a_table_of_ours(sql, said):
    assert tracing.named(sql) == said


def test_where_nobody_gets_traces_none_are_made(settings):
    assert settings.TRACES_TO == ""
    with pytest.raises(MiddlewareNotUsed):
        tracing.Traced(lambda request: None)
    with tracing.job("x"):
        assert tracing._statement not in connection.execute_wrappers
    loaded = "import django, sys; django.setup(); import sesam.urls; print('opentelemetry' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", loaded], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == "False", done.stderr


def test_who_gets_them_without_the_packages_is_told_what_to_install(settings, monkeypatch):
    settings.TRACES_TO = "http://127.0.0.1:9/v1/traces"
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    tracing.tracer.cache_clear()
    with pytest.raises(ImproperlyConfigured, match=r"requirements-more\.txt"):
        tracing.tracer()
