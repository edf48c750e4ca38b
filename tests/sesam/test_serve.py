"""What ``make run`` says when it can't start."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from sesam.dev import local_postgres
from sesam.dev import serve as serving

ROOT = Path(__file__).resolve().parent.parent.parent


def serve(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "sesam.dev.serve", *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )


def test_a_port_in_use_is_named_with_a_way_out() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = serve(PORT=str(port))
    assert done.returncode == 1
    assert f"Port {port} is taken" in done.stderr
    assert f"PORT={port + 1}" in done.stderr


@pytest.mark.parametrize("port", ["åttatusen", "0", "70000"])
def test_a_port_that_is_none_is_refused(port: str) -> None:
    done = serve(PORT=port)
    assert done.returncode == 1
    assert "not a port number" in done.stderr


def test_a_database_of_somebody_elses_is_not_thrown_away() -> None:
    done = serve("reset", DATABASE_URL="postgresql://portal@db.example.se/portal")
    assert done.returncode == 1
    assert "not ours" in done.stderr


def test_a_second_start_has_nothing_to_prepare_until_something_changed(monkeypatch) -> None:
    name = "serve_prepared"
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setattr(local_postgres, "DEV", local_postgres.TEST)
    local_postgres.start(local_postgres.TEST, name)
    done: list[str] = []

    def manage(command: str, *arguments: str) -> None:
        done.append(command)
        if command == "migrate":
            with psycopg.connect(local_postgres.url(local_postgres.TEST, name)) as connection:
                connection.execute("CREATE TABLE IF NOT EXISTS organisation_user (id int)")
        else:
            with psycopg.connect(local_postgres.url(local_postgres.TEST, name)) as connection:
                connection.execute("INSERT INTO organisation_user VALUES (1)")

    monkeypatch.setattr(serving, "_manage", manage)
    try:
        serving._prepare(name)
        assert done == ["migrate", "load_demo"]
        serving._prepare(name)
        assert done == ["migrate", "load_demo"]
        monkeypatch.setattr(serving, "PREPARED_FROM", ("pyproject.toml",))
        serving._prepare(name)
        assert done == ["migrate", "load_demo"] * 2
    finally:
        with psycopg.connect(
            local_postgres.url(local_postgres.TEST, "postgres"), autocommit=True
        ) as connection:
            connection.execute(f"DROP DATABASE {name}")


def test_a_worker_that_ends_is_begun_anew(monkeypatch, tmp_path, capfd) -> None:
    begun = tmp_path / "begun"
    real = subprocess.Popen

    def program(command: list[str], **settings: object) -> subprocess.Popen:
        """Instead of the web server one that ends after a while, of the worker one that dies."""
        worker = "worker" in command
        line = f"echo >> {begun}; exit 3" if worker else "sleep 5"
        return real(["/bin/sh", "-c", line], **settings)

    monkeypatch.setattr(serving.subprocess, "Popen", program)
    with socket.socket() as answers:
        answers.bind((serving.HOST, 0))
        answers.listen()
        assert serving._serve(answers.getsockname()[1]) == 0
    assert len(begun.read_text()) > 2
    assert "The worker ended (3)" in capfd.readouterr().out
