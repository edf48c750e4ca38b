"""Whatever fails, wherever: the log, the report and the letter to whoever runs the system tell of
nobody, and do tell what failed and where."""

import json
import logging

import pytest
from django.core import mail
from django.test import Client, RequestFactory
from django.utils.log import AdminEmailHandler
from django.views.debug import get_exception_reporter_class
from procrastinate.contrib.django import app
from procrastinate.testing import InMemoryConnector

from sesam import jobs
from sesam.logs import Formatter, JsonFormatter
from tests.factories import UNUSED_NUMBERS, RecipientFactory
from tests.sesam.failing_pages import FAILING, caught

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.sesam.failing_pages")]
NUMBER, TYPED = UNUSED_NUMBERS[0], UNUSED_NUMBERS[1]
SECRETS = [
    NUMBER, NUMBER[2:], f"{NUMBER[:8]}-{NUMBER[8:]}", TYPED, TYPED[2:], f"{TYPED[:8]}-{TYPED[8:]}",
    "Hemligsson", "Gömda gatan", "004 37",
]  # fmt: skip
PAGES = [f"/fel/{view.__name__}/" for view in FAILING]


class Kept(logging.Handler):
    """Both kinds of log, and the letter, of everything that is logged."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.plain, self.json = Formatter("{levelname} {message}", style="{"), JsonFormatter()
        self.said: list[str] = []
        self.entries: list[dict] = []

    def emit(self, record: logging.LogRecord) -> None:
        # The one that keeps everything first, as another's handler might.
        self.format(record)
        self.said += [self.plain.format(record), self.json.format(record)]
        self.entries.append(json.loads(self.said[-1]))


@pytest.fixture
def log():
    kept, root = Kept(), logging.getLogger()
    level = root.level
    root.addHandler(kept)
    root.setLevel(logging.DEBUG)
    yield kept
    root.removeHandler(kept)
    root.setLevel(level)


@pytest.fixture(autouse=True)
def recipient():
    return RecipientFactory(
        number=NUMBER, given_name="Anna", family_name="Hemligsson", street="Gömda gatan 7",
        phone="08-465 004 37",
    )  # fmt: skip


def told(text: str) -> list[str]:
    return [secret for secret in SECRETS if secret in text]


def ask(path: str, method: str):
    client = Client(raise_request_exception=False)
    typed = {"nummer": f"{TYPED[:8]}-{TYPED[8:]}", TYPED: "Hemligsson"}
    headers = {"referer": f"http://testserver/?q={TYPED}", "hx-current-url": f"/x/?q={TYPED}"}
    client.cookies["x"] = TYPED
    if method == "GET":
        return client.get(path, {"namn": "Hemligsson"}, headers=headers)
    return client.post(path, typed, headers=headers)


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("path", [*PAGES, f"/fel/adress/{TYPED[:8]}-{TYPED[8:]}/"])
def test_a_page_that_fails_is_logged_without_anybody(path, method, log, settings):
    settings.ADMINS = [("Drift", "drift@example.se")]
    settings.MANAGERS = settings.ADMINS
    answer = ask(path, method)
    assert answer.status_code == 500
    assert told(answer.content.decode()) == []
    (entry,) = [entry for entry in log.entries if entry.get("trace")]
    assert told("\n".join(log.said)) == []
    assert entry["status"] == 500
    assert "failing_pages.py" in entry["trace"]  # where it was
    assert entry["error"] in entry["trace"]  # and what kind
    assert mail.outbox == []  # nobody gets such letters


@pytest.mark.parametrize("with_html", [False, True])
@pytest.mark.parametrize("path", PAGES)
def test_reports_and_letters_of_them_hold_nobody_either(
    path, with_html, settings, rf: RequestFactory
):
    """Whoever sets them up: Django's page for builders, its text, and its letter to the operator."""
    settings.ADMINS = [("Drift", "drift@example.se")]
    request = rf.post(f"{path}?q={TYPED}", {"nummer": TYPED, TYPED: "Hemligsson"})
    request.user = RecipientFactory(number=UNUSED_NUMBERS[2], family_name="Hemligsson")  # its str
    request.COOKIES["x"] = TYPED
    info = caught(request)
    reporter = get_exception_reporter_class(request)(request, *info)
    for text in (reporter.get_traceback_text(), reporter.get_traceback_html()):
        assert told(text) == []
        assert "failing_pages.py" in text
        assert info[0].__name__ in text
    record = logging.LogRecord("django.request", 40, __file__, 1, "Fel: %s", (path,), info)
    record.request = request
    AdminEmailHandler(include_html=with_html).emit(record)
    (letter,) = mail.outbox
    parts = [letter.subject, letter.body, *(part[0] for part in letter.alternatives)]
    assert told("\n".join(str(part) for part in parts)) == []


def test_a_job_that_fails_is_logged_without_anybody(log, recipient):
    @jobs.task(name="tests.failing", called="prov")
    def failing(typed: str) -> None:
        raise ValueError(f"{recipient.name} {recipient.number} {typed}")

    try:
        with app.replace_connector(InMemoryConnector()) as queued:
            failing.defer(typed=f"{TYPED} Hemligsson")
            queued.run_worker(wait=False, install_signal_handlers=False)
    finally:
        app.tasks.pop("tests.failing")
    said = "\n".join(log.said)
    assert "ValueError" in said and "tests.failing" in said
    assert told(said) == []


def test_what_is_cleared_by_the_hour_and_fails_too(log, recipient, monkeypatch):
    def fails() -> int:
        raise ValueError(f"{recipient.name} {recipient.number}")

    monkeypatch.setattr(jobs, "_hourly", [fails])
    jobs.clear_all()
    said = "\n".join(log.said)
    assert "ValueError" in said and "fails" in said
    assert told(said) == []


def test_an_entry_of_json_has_these_parts_and_no_others(log):
    logging.getLogger("x").warning(
        "Mottagare %s", NUMBER, extra={"recipient": "Hemligsson", "status_code": 404}
    )
    (entry,) = log.entries
    assert set(entry) == {"time", "level", "logger", "message", "status"}
    assert entry["message"] == "Mottagare [dolt nummer]"
    assert entry["time"].endswith("+00:00")


def test_words_about_the_code_and_the_system_are_kept():
    formatter = Formatter("{message}", style="{")
    for error, words in (
        (AttributeError("'Order' object has no attribute 'unti'"), "unti"),
        (ConnectionRefusedError(111, "Hemligsson"), "Connection refused"),
    ):
        info = (type(error), error, None)
        record = logging.LogRecord("x", logging.ERROR, __file__, 1, "fel", None, info)
        assert words in formatter.format(record)
        assert told(formatter.format(record)) == []
