"""Traces by OpenTelemetry, where ``TRACES_TO`` names who gets them: what a request or a job was made of.

A span is named as the code names what was done: a request by its view, a job by its name, a statement
by its first word and its table. None holds an address, a query, a value or a statement's text, nor the
words of an error, nor who asked: there is nothing to leave out later. That's why they are made here, and
not by the instrumentations there are for Django and psycopg, which begin with the address and the text.

The packages (requirements-more.txt) are loaded only where the setting is there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import cache
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured, MiddlewareNotUsed
from django.db import connection
from django.http import HttpRequest, HttpResponse

from .metrics import every_statement, method_of, view_of

# The first word, and the first table that is named after it.
_STATEMENT = re.compile(
    r"\s*(?P<word>[A-Z]+)\b(?:.*?\b(?:FROM|INTO|UPDATE)\s+\"?(?P<table>[a-z][a-z_]*)\b)?",
    re.IGNORECASE | re.DOTALL,
)
_WORDS = ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "SAVEPOINT", "RELEASE", "ROLLBACK", "SET")
_UPDATE = re.compile(r"\s*UPDATE\s+(?:ONLY\s+)?\"?([a-z][a-z_]*)", re.IGNORECASE)


def is_on() -> bool:
    return bool(settings.TRACES_TO)


class Traced:
    """Middleware: a span of each request, and in it one of each statement."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        if not is_on():
            raise MiddlewareNotUsed
        self.get_response = get_response
        tracer()  # what is missing is told at the start

    def __call__(self, request: HttpRequest) -> HttpResponse:
        from opentelemetry.trace import SpanKind, Status, StatusCode

        method = method_of(request)
        with _span(method, kind=SpanKind.SERVER) as span:
            response = self.get_response(request)
            view = view_of(request)
            span.update_name(f"{method} {view}")
            span.set_attributes(
                {
                    "http.request.method": method,
                    "http.route": view,
                    "http.response.status_code": response.status_code,
                }
            )
            if response.status_code >= 500:
                span.set_status(Status(StatusCode.ERROR))
        return response


@contextmanager
def job(name: str) -> Iterator[None]:
    """A job's span, where there are traces."""
    with _span(f"job {name}") if is_on() else nullcontext():
        yield


@contextmanager
def _span(name: str, **more: Any) -> Iterator[Any]:
    """The words of an error may quote people: it is told that there was one, by the log its kind."""
    with (
        tracer().start_as_current_span(
            name, record_exception=False, set_status_on_exception=False, **more
        ) as span,
        every_statement(_statement),
    ):
        yield span


def _statement(
    execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: dict[str, Any]
) -> Any:
    """Django's wrapper of every statement."""
    from opentelemetry.trace import SpanKind

    word, table = named(str(sql))
    with tracer().start_as_current_span(
        f"{word} {table}".strip(),
        kind=SpanKind.CLIENT,
        attributes={"db.system.name": "postgresql", "db.operation.name": word},
        record_exception=False,
        set_status_on_exception=False,
    ) as span:
        if table:
            span.set_attribute("db.collection.name", table)
        return execute(sql, params, many, context)


def named(sql: str) -> tuple[str, str]:
    """A statement's first word and a table of ours; of anything else, nothing."""
    found = _STATEMENT.match(sql)
    word = found["word"].upper() if found else ""
    if not found or word not in _WORDS:
        return "statement", ""
    update = _UPDATE.match(sql)
    table = (update[1] if update else found["table"] or "").lower()
    return word, table if table in _tables() else ""


@cache
def _tables() -> frozenset[str]:
    return frozenset(connection.introspection.django_table_names(include_views=True))


@cache
def tracer() -> Any:
    """Sends what is told in batches, by a thread of its own; OpenTelemetry's own variables say how much
    (``OTEL_TRACES_SAMPLER``) and what this is called (``OTEL_SERVICE_NAME``)."""
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as missing:
        raise ImproperlyConfigured(
            "TRACES_TO är satt, men paketen för spårning saknas:"
            " pip install --require-hashes -r requirements-more.txt"
        ) from missing
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=settings.TRACES_TO)))
    return provider.get_tracer("hjalpmedelsportalen", settings.VERSION)
