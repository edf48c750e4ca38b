"""What Prometheus is told, and who may ask for it."""

import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest
from django.db import OperationalError
from django.test import Client

from organisation.messages import send
from organisation.models import Mail
from sesam import metrics
from sesam.jobs import clear_old
from tests.factories import UNUSED_NUMBERS, ArticleFactory, RecipientFactory, UserFactory
from tests.sesam.test_logs import ROOT, free_port

pytestmark = pytest.mark.django_db
URL = "/metrics"


def asked(**headers) -> str:
    answer = Client().get(URL, headers=headers)
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/plain")
    return answer.content.decode()


def number(name: str, text: str) -> float:
    (found,) = re.findall(rf"^{re.escape(name)} ([0-9.e+-]+)$", text, re.M)
    return float(found)


def names(text: str) -> str:
    """Without the numbers' values, in whose digits anything may stand."""
    return "\n".join(line.rpartition(" ")[0] for line in text.splitlines())


def counted(view: str, status: int, method: str = "GET") -> float:
    name = f'portal_requests_total{{method="{method}",status="{status}",view="{view}"}}'
    return number(name, text) if name in (text := asked()) else 0


# --- who ---


def test_nobody_may_ask_unless_the_settings_say_who(settings):
    settings.METRICS_ADDRESSES, settings.METRICS_TOKEN = [], ""
    assert Client().get(URL).status_code == 404


def test_who_says_the_token(settings):
    settings.METRICS_ADDRESSES, settings.METRICS_TOKEN = [], "ett-hemligt-ord"
    assert "portal_database_up" in asked(authorization="Bearer ett-hemligt-ord")
    for said in ("", "Bearer", "Bearer fel", "ett-hemligt-ord", "Bearer åäö"):
        assert Client().get(URL, headers={"authorization": said}).status_code == 403


def test_from_the_addresses_alone_and_by_the_token_where_both_are_set(settings):
    settings.METRICS_ADDRESSES = ["10.1.0.0/16", "2001:db8::/32"]
    for ip, status in (("10.1.9.9", 200), ("2001:db8::7", 200), ("10.2.0.1", 403), ("x", 403)):
        assert Client(REMOTE_ADDR=ip).get(URL).status_code == status, ip
    settings.METRICS_TOKEN = "ett-hemligt-ord"
    assert Client(REMOTE_ADDR="10.1.9.9").get(URL).status_code == 403
    token = {"authorization": "Bearer ett-hemligt-ord"}
    assert Client(REMOTE_ADDR="10.1.9.9").get(URL, headers=token).status_code == 200
    assert Client(REMOTE_ADDR="10.2.0.1").get(URL, headers=token).status_code == 403


def test_a_proxys_address_is_not_the_browsers(settings):
    settings.PROXY_COUNT = 1
    assert Client().get(URL, headers={"x-forwarded-for": "192.0.2.7"}).status_code == 403


# --- what ---


def test_requests_are_told_by_view_method_and_status():
    client = Client()
    client.force_login(UserFactory())
    article = ArticleFactory(number="43027")
    before = counted("articles:detail", 200)
    client.get(f"/artiklar/{article.number}/")
    client.get(f"/artiklar/{article.number}/?q=x")
    assert counted("articles:detail", 200) == before + 2
    text = asked()
    assert 'portal_request_seconds_bucket{le="0.5",view="articles:detail"}' in text
    assert "43027" not in names(text)


def test_what_a_view_asks_of_the_database_is_told_by_its_name():
    client = Client()
    client.force_login(UserFactory())
    article = ArticleFactory(number="43027")
    client.get(f"/artiklar/{article.number}/")
    text = asked()
    asked_of = 'portal_{}_total{{view="articles:detail"}}'
    before = number(asked_of.format("queries"), text)
    seconds = number(asked_of.format("query_seconds"), text)
    assert before >= 3 and seconds > 0
    client.get(f"/artiklar/{article.number}/")
    text = asked()
    assert number(asked_of.format("queries"), text) > before
    assert number(asked_of.format("query_seconds"), text) > seconds
    assert "SELECT" not in text


def test_threads_and_whether_the_server_is_told_to_stop_are_told():
    text = asked()
    assert number("portal_threads_in_use", text) == 1  # this one
    assert number("portal_threads", text) == 1
    assert number("portal_stopping", text) == 0
    assert number("portal_threads_in_use", asked()) == 1


def test_the_logs_rows_of_the_last_minute_are_told():
    client, user = Client(), UserFactory()
    client.force_login(user)
    assert number("portal_access_log_rows_last_minute", asked()) == 0
    client.get(f"/mottagare/{RecipientFactory().key}/")
    assert number("portal_access_log_rows_last_minute", asked()) == 1


def test_neither_paths_nor_what_anybody_made_up_are_told():
    typed = UNUSED_NUMBERS[0]
    for path in (f"/artiklar/{typed}/", f"/finns-inte/{typed}/", f"/mottagare/?q={typed}"):
        Client().get(path)
    before = counted("none", 404)
    Client().get("/finns-inte/")
    assert counted("none", 404) == before + 1
    Client().generic("BREW", "/finns-inte/")
    text = asked()
    assert 'method="other"' in text and "BREW" not in text
    assert typed not in text and "finns-inte" not in text


def test_what_waits_is_told():
    text = asked()
    assert number("portal_database_up", text) == 1
    assert number("portal_jobs_waiting", text) == number("portal_mail_waiting", text) == 0
    assert number("portal_jobs_oldest_seconds", text) == 0
    assert number("portal_database_connections", text) >= 1
    assert number("portal_database_connections_waiting", text) == 0
    assert number("portal_database_connections_most", text) > 10
    clear_old.defer(timestamp=0)
    Mail.objects.create(message=send(UserFactory(), title="Ärendet är avslutat"))
    text = asked()
    assert number("portal_jobs_waiting", text) == number("portal_mail_waiting", text) == 1
    assert number("portal_mail_oldest_seconds", text) >= 0


def test_a_database_that_is_away_is_told(monkeypatch):
    def away(*_):
        raise OperationalError

    monkeypatch.setattr(metrics.transaction, "atomic", away)
    text = asked()
    assert number("portal_database_up", text) == 0
    assert "portal_jobs_waiting" not in text
    assert "portal_requests_total" in text


# --- many processes ---


def test_whichever_process_is_asked_tells_of_all_also_of_those_that_have_ended(tmp_path):
    port = free_port()
    folder = tmp_path / "counted"
    folder.mkdir()
    server = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "sesam.wsgi", "--bind", f"127.0.0.1:{port}",
         "--workers", "2", "--max-requests", "6", "--max-requests-jitter", "0"],
        cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env={**os.environ, "SERVING": "1", "PROMETHEUS_MULTIPROC_DIR": str(folder)},
    )  # fmt: skip
    alive, sent = 'portal_requests_total{method="GET",status="200",view="alive"}', 0
    try:
        until = time.monotonic() + 120
        while sent < 20 and time.monotonic() < until:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=60).close()
            except (urllib.error.URLError, ConnectionError):  # nobody there yet, or just now
                time.sleep(0.2)
            else:
                sent += 1
        for _ in range(50):
            try:
                text = (
                    urllib.request.urlopen(f"http://127.0.0.1:{port}{URL}", timeout=60)
                    .read()
                    .decode()
                )
                break
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.2)
    finally:
        server.terminate()
        server.wait(timeout=60)
    assert number(alive, text) == sent == 20
    # Three generations have served, in the places of two, and one more while they take over.
    assert len(list(folder.glob("counter_*.db"))) <= 4
