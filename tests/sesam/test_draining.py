"""A web server that is told to stop says so before it does."""

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.test import Client

from sesam import draining
from tests.sesam.test_logs import ROOT, free_port


@contextmanager
def served(stop_delay: str) -> Iterator[tuple[subprocess.Popen, int]]:
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "sesam.wsgi", "--bind", f"127.0.0.1:{port}",
         "--workers", "1"],
        cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env={**os.environ, "SERVING": "1", "STOP_DELAY": stop_delay},
    )  # fmt: skip
    try:
        until(lambda: asked(port, "/healthz") == (200, "ok"))
        yield server, port
    finally:
        server.kill()
        server.wait()


def asked(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except (urllib.error.URLError, ConnectionError):  # nobody there
        return 0, ""


def until(holds) -> None:
    for _ in range(600):
        if holds():
            return
        time.sleep(0.1)
    raise AssertionError("not within a minute")


def test_it_is_not_ready_any_more_and_goes_on_answering_until_the_delay_is_over():
    with served("600") as (server, port):
        server.terminate()
        until(lambda: asked(port, "/readyz") == (503, "stopping"))
        assert asked(port, "/healthz") == (200, "ok")
        assert server.poll() is None
        server.terminate()  # told again: now
        assert server.wait(timeout=60) == 0


def test_then_it_stops_by_itself():
    with served("0.5") as (server, _):
        server.terminate()
        assert server.wait(timeout=60) == 0


def test_a_delay_that_is_no_number_is_told(monkeypatch):
    monkeypatch.setenv("STOP_DELAY", "tio")
    with pytest.raises(SystemExit, match="STOP_DELAY=tio is not a number"):
        draining.seconds()


@pytest.mark.django_db
def test_ready_is_said_again_by_the_next_server(caplog):
    draining.begin()
    try:
        answer = Client().get("/readyz")
        assert (answer.status_code, answer.content) == (503, b"stopping")
        assert not caplog.records  # nothing went wrong
    finally:
        draining.end()
    assert Client().get("/readyz").status_code == 200
