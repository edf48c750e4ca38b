"""Logs and error reports don't tell whom somebody looked at."""

import logging
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import SimpleNamespace

import psycopg
import pytest
from django.db import DataError, IntegrityError, connection, transaction
from django.test import RequestFactory, override_settings
from django.views.debug import get_default_exception_reporter_filter, get_exception_reporter_class
from gunicorn.config import Config

from recipients.models import Recipient
from sesam.client_ip import client_ip, client_network
from sesam.dev import local_postgres
from sesam.gunicorn_logs import Logger
from sesam.logs import Formatter, PathOnly, without_personal_numbers
from tests.factories import UNUSED_NUMBERS, RecipientFactory

ROOT = local_postgres.CHECKOUT
NUMBER = UNUSED_NUMBERS[0]
PERSON = {
    "number": NUMBER, "given_name": "Hemlig", "family_name": "Hemligsson",
    "street": "Gömda gatan 7", "phone": "08-465 004 37",
}  # fmt: skip
SECRETS = [NUMBER, NUMBER[2:], "Hemlig", "Gömda", "465 004"]


def told(secrets: list[str], text: str) -> list[str]:
    return [secret for secret in secrets if secret in text]


def logged(error: BaseException) -> str:
    """What the portal's log says of an error, by each of the ways to log one."""
    formatter = Formatter("{message}", style="{")
    info = (type(error), error, error.__traceback__)
    records = [
        logging.LogRecord("x", logging.ERROR, __file__, 1, "fel", None, info),
        logging.LogRecord("x", logging.ERROR, __file__, 1, "fel: %s", (error,), None),
        logging.LogRecord("x", logging.ERROR, __file__, 1, error, None, None),
        logging.LogRecord("x", logging.ERROR, __file__, 1, f"fel: {error}", None, None),
    ]
    return "\n".join(formatter.format(record) for record in records)


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


@pytest.mark.parametrize(
    ("told", "network"),
    [
        ("10.1.2.4", "10.1.2.4"),
        ("::ffff:10.1.2.4", "10.1.2.4"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("nonsense", ""),
    ],
)
def test_many_tries_are_counted_by_address_or_a_customers_network(rf, told, network) -> None:
    assert client_network(rf.get("/", REMOTE_ADDR=told)) == network


def rejected() -> list[Exception]:
    """Errors of the database, each about a row or a value that names a person."""
    RecipientFactory(**PERSON)
    typed = " ".join([PERSON["given_name"], NUMBER, PERSON["street"]])
    asked = [
        lambda: RecipientFactory(**PERSON),  # the number is there
        lambda: RecipientFactory(**PERSON | {"number": "12"}),  # the whole row is quoted
        lambda: Recipient.objects.create(**PERSON | {"given_name": None}, kind="person"),
        lambda: connection.cursor().execute("SELECT %s::uuid", [typed]),
        lambda: connection.cursor().execute("SELECT %s::int", [NUMBER]),
        lambda: connection.cursor().execute("SELECT pg_sleep(%s::text::float)", [typed]),
    ]
    errors = []
    for ask in asked:
        with pytest.raises((IntegrityError, DataError)) as caught, transaction.atomic():
            ask()
        errors.append(caught.value)
    return errors


@pytest.mark.django_db
def test_an_error_of_the_database_quotes_nobody_in_the_log_and_still_says_what_it_was():
    for error in rejected():
        text = logged(error).rsplit("fel: ", 1)[0]  # the last puts the words in itself
        assert told(SECRETS, text) == []
        assert type(error).__name__ in text
        assert error.__cause__.sqlstate in text
    assert "recipients_recipient" in logged(rejected_again())


def rejected_again() -> Exception:
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        RecipientFactory(**PERSON)
    return caught.value


@pytest.mark.django_db
def test_the_details_of_a_database_error_are_cut_off_whoever_put_them_into_words():
    RecipientFactory(**PERSON)
    words = f"fel: {rejected_again()}"
    assert NUMBER in words and "DETAIL" in words
    record = logging.LogRecord("x", logging.ERROR, __file__, 1, words, None, None)
    assert told(SECRETS, Formatter("{message}", style="{").format(record)) == []


@pytest.mark.django_db
def test_the_debug_page_quotes_no_row_either(rf: RequestFactory):
    RecipientFactory(**PERSON)
    error = rejected_again()
    request = rf.get("/")
    reporter = get_exception_reporter_class(request)(
        request, type(error), error, error.__traceback__
    )
    assert told(SECRETS, str(reporter.get_traceback_data()["exception_value"])) == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(
    not Path(local_postgres.TEST.log).exists(), reason="the tests use a server of somebody else's"
)
def test_the_database_servers_log_quotes_nobody():
    log = local_postgres.TEST.log
    size = log.stat().st_size
    rejected()
    with (
        pytest.raises(psycopg.Error),
        psycopg.connect(local_postgres.url(local_postgres.TEST, "postgres")) as other,
    ):
        other.execute("SELECT %s::date", [f"Hemlig {NUMBER}"])
    with log.open(errors="replace") as file:
        file.seek(size)
        assert told(SECRETS, file.read()) == []


def test_docker_compose_keeps_the_servers_log_as_quiet():
    compose = (ROOT / "docker-compose.yml").read_text()
    for name, value in local_postgres.QUIET.items():
        assert f"-c{name}={value}" in compose


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def test_gunicorns_logs_hold_no_query_and_no_number(tmp_path):
    port = free_port()
    file = tmp_path / "log"
    with file.open("w") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "sesam.wsgi", "--bind", f"127.0.0.1:{port}",
             "--workers", "1"],
            cwd=ROOT, env={**os.environ, "TESTING": "1", "SERVING": "1"},
            stdout=log, stderr=subprocess.STDOUT,
        )  # fmt: skip
    full_width = "".join(f"%EF%BC%9{digit}" for digit in NUMBER)
    asked = [
        f"/artiklar/?q={NUMBER}",
        f"/artiklar/{NUMBER}/",
        f"/finns-inte/{NUMBER[:8]}-{NUMBER[8:]}/?namn=Hemlig",
        f"/finns-inte/{full_width}/",
    ]
    try:
        _until_it_answers(port)
        for path in asked:
            _ask(port, path)
        with socket.create_connection(("127.0.0.1", port)) as raw:  # a request that can't be read
            raw.sendall(f"GET /x/{NUMBER}/?namn=Hemlig HTTP/9.9\r\n\r\n".encode())
            raw.recv(1000)
    finally:
        server.terminate()
        server.wait(timeout=30)
    text = file.read_text()
    assert "/artiklar/" in text and "/finns-inte/" in text
    assert told([*SECRETS, full_width, "namn="], text) == []


def test_gunicorns_log_says_when_in_every_minute_of_the_hour():
    log = Logger(Config())
    record = logging.LogRecord("gunicorn.error", logging.INFO, __file__, 1, "Listening", None, None)
    for minute in (5, 47):
        record.created = time.mktime((2026, 11, 29, 10, minute, 5, 0, 0, -1))
        for handler in log.error_log.handlers:
            assert f"2026-11-29 10:{minute:02}:05" in handler.format(record)


def _until_it_answers(port: int) -> None:
    for _ in range(300):
        try:
            _ask(port, "/healthz")
            return
        except urllib.error.URLError:
            time.sleep(0.2)
    raise AssertionError("gunicorn doesn't answer")


def _ask(port: int, path: str) -> int:
    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_args):
            return None

    try:
        return urllib.request.build_opener(Stay).open(f"http://127.0.0.1:{port}{path}").status
    except urllib.error.HTTPError as answer:
        return answer.code
