"""Logs and error reports don't tell whom somebody looked at."""

import logging
from types import SimpleNamespace

import pytest
from django.test import RequestFactory, override_settings
from django.views.debug import get_default_exception_reporter_filter, get_exception_reporter_class

from sesam.client_ip import client_ip
from sesam.logs import Formatter, PathOnly, without_personal_numbers


@pytest.mark.parametrize(
    "number", ["19121212-1212", "191212121212", "121212-1212", "1212121212", "121212+1212"]
)
def test_personal_numbers_are_struck_out(number: str) -> None:
    assert number not in without_personal_numbers(f"Key (personal_number)=({number}) exists")


def test_case_and_article_numbers_stay_readable() -> None:
    assert without_personal_numbers("ärende 26480001, artikel 104711") == (
        "ärende 26480001, artikel 104711"
    )


def test_a_traceback_is_cleaned_too() -> None:
    try:
        raise ValueError("191212121212")
    except ValueError as error:
        record = logging.LogRecord(
            "x", logging.ERROR, __file__, 1, "fel", None, (type(error), error, error.__traceback__)
        )
    assert "1212121212" not in Formatter("{message}", style="{").format(record)


def test_the_development_server_logs_no_query_strings() -> None:
    record = logging.LogRecord(
        "django.server",
        20,
        __file__,
        1,
        '"%s" %s',
        ("GET /artiklar/?sok=anna HTTP/1.1", "200"),
        None,
    )
    PathOnly().filter(record)
    assert record.getMessage() == '"GET /artiklar/ HTTP/1.1" 200'


def test_an_error_report_holds_nothing_that_was_typed(rf: RequestFactory) -> None:
    request = rf.post(
        "/mottagare/?sok=Hemligsson",
        {"personnummer": "191212121212", "namn": "Hemligsson"},
        HTTP_HX_CURRENT_URL="http://testserver/mottagare/?sok=Hemligsson",
        HTTP_REFERER="http://testserver/?sok=Hemligsson",
    )
    request.user = SimpleNamespace()
    local = "Hemligsson"
    try:
        raise RuntimeError("fel")
    except RuntimeError as error:
        reporter = get_exception_reporter_class(request)(
            request, type(error), error, error.__traceback__
        )
    assert local
    frame_values = [
        value
        for frame in reporter.get_traceback_frames()
        for _, value in get_default_exception_reporter_filter().get_traceback_frame_variables(
            request, frame["tb"].tb_frame
        )
    ]
    assert not any("Hemligsson" in str(value) for value in frame_values)
    report = reporter.get_traceback_text()
    assert "191212121212" not in report
    assert "Hemligsson" not in report


@override_settings(PROXY_COUNT=1)
def test_only_our_own_proxy_is_believed(rf: RequestFactory) -> None:
    request = rf.get("/", HTTP_X_FORWARDED_FOR="6.6.6.6, 10.1.2.3")
    assert client_ip(request) == "10.1.2.3"


def test_without_a_proxy_the_header_is_ignored(rf: RequestFactory) -> None:
    request = rf.get("/", HTTP_X_FORWARDED_FOR="6.6.6.6", REMOTE_ADDR="10.1.2.4")
    assert client_ip(request) == "10.1.2.4"
