"""What the web server refuses to serve real people with."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings

from sesam.checks import check_demo_accounts, refuse_unsafe_start
from tests.factories import UserFactory

ROOT = Path(__file__).resolve().parent.parent.parent
production = override_settings(
    DEBUG=False,
    DEMO=False,
    TESTING=False,
    SECRET_KEY="a-key-of-the-operator's-own-0123456789abcdef",
)


@pytest.fixture(autouse=True)
def _open_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """The check closes its connection; a test's transaction lives in it."""
    monkeypatch.setattr("django.db.connection.close", lambda: None, raising=False)


@pytest.mark.django_db
@production
def test_an_ordinary_database_may_be_served() -> None:
    UserFactory(is_demo=False)
    refuse_unsafe_start()


@pytest.mark.django_db
@production
def test_demo_accounts_stop_the_web_server() -> None:
    UserFactory(is_demo=True)
    with pytest.raises(ImproperlyConfigured, match="demokonton"):
        refuse_unsafe_start()
    assert [error.id for error in check_demo_accounts(None, databases=["default"])] == [
        "sesam.E004"
    ]


@pytest.mark.django_db
def test_demo_accounts_are_welcome_in_the_demo() -> None:
    UserFactory(is_demo=True)
    with override_settings(DEMO=True, TESTING=False):
        refuse_unsafe_start()


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"SECRET_KEY": None}, "SECRET_KEY"),
        ({"DEBUG": "1"}, "DEBUG"),
        ({"DATABASE_URL": None}, "DATABASE_URL"),
    ],
)
def test_the_web_server_does_not_start_with_settings_for_development(
    changed: dict[str, str | None], said: str
) -> None:
    good = {"SECRET_KEY": "a-key-of-the-operator's-own-0123456789abcdef"}
    left_out = {"TESTING", "DEMO", "DEBUG", *changed}
    environment = {k: v for k, v in {**os.environ, **good}.items() if k not in left_out}
    environment |= {k: v for k, v in changed.items() if v is not None}
    done = subprocess.run(
        [sys.executable, "-c", "import sesam.wsgi"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode
    assert "ImproperlyConfigured" in done.stderr
    assert said in done.stderr
