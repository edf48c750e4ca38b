"""What the web server refuses to serve real people with."""

import os
import re
import secrets
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.test import override_settings

from organisation import emergency
from sesam.checks import check_database, check_settings, refuse_unsafe_start
from tests.factories import UserFactory

ROOT = Path(__file__).resolve().parent.parent.parent
KEYS = {
    "SECRET_KEY": "a-key-of-the-operator's-own-0123456789abcdef-qwertyui",
    "ACCESS_LOG_KEY": "another-key-of-the-operator's-own-fedcba98765-zxcvbn",
}
production = override_settings(
    DEBUG=False, DEMO=False, TESTING=False, LOCAL_PASSWORDS="break-glass", **KEYS
)


@pytest.fixture(autouse=True)
def _open_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """The check closes its connection; a test's transaction lives in it."""
    monkeypatch.setattr("django.db.connection.close", lambda: None, raising=False)


@pytest.mark.django_db
@production
def test_an_ordinary_database_may_be_served(as_running_role) -> None:
    UserFactory(is_demo=False)
    with as_running_role():
        refuse_unsafe_start()


@pytest.mark.django_db
@production
def test_where_nobody_can_sign_in_the_start_says_so(as_running_role, caplog) -> None:
    """As after an upgrade from when a password alone would do."""
    user = UserFactory()
    with as_running_role():
        refuse_unsafe_start()
    assert "Nobody can sign in" in caplog.text
    caplog.clear()
    emergency.new_code(user)
    with as_running_role():
        refuse_unsafe_start()
    assert "Nobody can sign in" not in caplog.text
    emergency.take_code_away(user)
    with as_running_role(), override_settings(**PROVIDER):
        refuse_unsafe_start()
    assert "Nobody can sign in" not in caplog.text


@pytest.mark.django_db
@production
@override_settings(DB_AS_OWNER=False)
def test_demo_accounts_stop_the_web_server(as_running_role) -> None:
    UserFactory(is_demo=True)
    with as_running_role():
        with pytest.raises(ImproperlyConfigured, match="demokonton"):
            refuse_unsafe_start()
        assert [error.id for error in check_database(None, databases=["default"])] == ["sesam.E004"]


@pytest.mark.django_db
@production
def test_a_superuser_does_not_run_the_portal() -> None:
    with pytest.raises(ImproperlyConfigured, match="superanvändare.*DATABASE_OWNER_URL"):
        refuse_unsafe_start()
    assert [error.id for error in check_database(None, databases=["default"])] == ["sesam.E006"]


@pytest.mark.django_db
@production
@pytest.mark.parametrize(
    ("given", "said"),
    [
        ('ALTER TABLE organisation_accesslogentry OWNER TO "{}"', "äger eller får ändra"),
        ('GRANT DELETE ON organisation_accesslogentry TO "{}"', "äger eller får ändra"),
        ('GRANT TRIGGER ON articles_stockmovement TO "{}"', "äger eller får ändra"),
        ('GRANT CREATE ON SCHEMA public TO "{}"', "får skapa tabeller"),
    ],
)
def test_whoever_can_change_the_log_does_not_run_the_portal(
    running_role, as_running_role, given, said
) -> None:
    with connection.cursor() as cursor:
        cursor.execute(given.format(running_role))
    with as_running_role(), pytest.raises(ImproperlyConfigured, match=said):
        refuse_unsafe_start()


@pytest.mark.django_db
@production
@override_settings(DB_AS_OWNER=True)
def test_the_owner_may_migrate() -> None:
    assert check_database(None, databases=["default"]) == []


@pytest.mark.django_db
@production
@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("DB_LOCK_TIMEOUT", "3", "sidor ger då upp medan en uppgradering väntar.*minst 4"),
        ("PORTAL_THREADS", "5000", "är 5000 databasanslutningar.*max_connections"),
    ],
)
def test_a_node_does_not_start_with_what_fails_when_many_work(
    as_running_role, monkeypatch, variable, value, said
) -> None:
    monkeypatch.setenv(variable, value)
    with as_running_role(), pytest.raises(ImproperlyConfigured, match=said):
        refuse_unsafe_start()


@production
@pytest.mark.parametrize(("token", "refused"), [("hemligt", True), ("q7Zx0rPm4Kd9Vb2Ls6Tn", False)])
def test_a_token_for_the_metrics_is_none_that_anybody_guesses(token, refused) -> None:
    with override_settings(METRICS_TOKEN=token):
        assert ("sesam.E016" in [error.id for error in check_settings(None)]) == refused


@production
@pytest.mark.parametrize(
    ("address", "refused"), [("spår", True), ("", False), ("https://spar.example.se", False)]
)
def test_traces_go_to_an_address(address, refused) -> None:
    with override_settings(TRACES_TO=address):
        assert ("sesam.E017" in [error.id for error in check_settings(None)]) == refused


@pytest.mark.parametrize(
    "key",
    ["a", "a" * 64, "0123456789" * 4, "abcabcabc" * 10, "django-insecure-" + "q7Zx0r" * 9],
)
@pytest.mark.parametrize("name", KEYS)
@production
def test_a_key_that_can_be_guessed_is_refused(name: str, key: str) -> None:
    with override_settings(**{name: key}):
        assert [error.id for error in check_settings(None)] == ["sesam.E005"]


@production
def test_the_key_of_the_log_is_its_own() -> None:
    """Else the log would keep whoever runs the portal from changing the other one."""
    with override_settings(ACCESS_LOG_KEY=KEYS["SECRET_KEY"]):
        assert [error.id for error in check_settings(None)] == ["sesam.E008"]


@production
@pytest.mark.parametrize(
    "too_few",
    [
        {"ACCESS_LOG_YEARS": 4},
        {"RETENTION_CARE_YEARS": 9},
        {"RETENTION_DEVIATION_YEARS": 9},
        {"RETENTION_MONEY_YEARS": 6},
    ],
)
def test_nothing_is_kept_for_less_than_the_law_says(too_few) -> None:
    with override_settings(**too_few):
        assert [error.id for error in check_settings(None)] == ["sesam.E009"]


def test_a_key_made_as_the_message_says_is_taken() -> None:
    with production, override_settings(SECRET_KEY=secrets.token_urlsafe(50)):
        assert check_settings(None) == []


@pytest.mark.django_db
def test_demo_accounts_are_welcome_in_the_demo() -> None:
    UserFactory(is_demo=True)
    with override_settings(DEMO=True, TESTING=False):
        refuse_unsafe_start()


PROVIDER = {
    "OIDC_OP_ISSUER": "https://idp.example.se",
    "OIDC_OP_AUTHORIZATION_ENDPOINT": "https://idp.example.se/authorize",
    "OIDC_OP_TOKEN_ENDPOINT": "https://idp.example.se/token",
    "OIDC_OP_USER_ENDPOINT": "https://idp.example.se/userinfo",
    "OIDC_OP_JWKS_ENDPOINT": "https://idp.example.se/jwks",
    "OIDC_RP_CLIENT_ID": "portalen",
    "OIDC_RP_CLIENT_SECRET": "x",
}


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({}, []),
        ({"OIDC_OP_JWKS_ENDPOINT": "", "OIDC_RP_CLIENT_SECRET": ""}, ["sesam.E010"]),
        ({"OIDC_OP_TOKEN_ENDPOINT": "http://idp.example.se/token"}, ["sesam.E011"]),
        ({"OIDC_OP_LOGOUT_ENDPOINT": "http://idp.example.se/logout"}, ["sesam.E011"]),
        ({"OIDC_RP_SIGN_ALGO": "HS256"}, ["sesam.E012"]),
        ({"OIDC_LEVELS": []}, ["sesam.E013"]),
    ],
)
@production
def test_a_provider_is_named_whole_and_reached_by_tls(changed, found) -> None:
    with override_settings(**(PROVIDER | changed)):
        assert [error.id for error in check_settings(None)] == found


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({"LOCAL_PASSWORDS": "demo"}, ["sesam.E014"]),
        ({"LOCAL_PASSWORDS": "på"}, ["sesam.E014"]),
        ({"LOCAL_PASSWORDS": "off"}, ["sesam.E015"]),
        ({"LOCAL_PASSWORDS": "off", **PROVIDER}, []),
    ],
)
@production
def test_a_password_alone_lets_nobody_in_and_somebody_can_come_in(changed, found) -> None:
    with override_settings(**changed):
        assert [error.id for error in check_settings(None)] == found


def test_forms_may_lead_to_the_provider_and_nowhere_else() -> None:
    """Signing out is a form that is redirected there."""
    command = (
        "from django.conf import settings;"
        "print(settings.CONTENT_SECURITY_POLICY['DIRECTIVES']['form-action'])"
    )
    environment = {
        **os.environ,
        "OIDC_END_SESSION_ENDPOINT": "https://idp.example.se/ut?x=1",
        "OIDC_MORE_ORIGINS": "https://ut.example.se",
    }
    done = subprocess.run(
        [sys.executable, "-c", command], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.stdout.strip() == (
        """["'self'", 'https://idp.example.se', 'https://ut.example.se']"""
    )


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"SECRET_KEY": None}, "SECRET_KEY är inte satt"),
        ({"SECRET_KEY": "a"}, "SECRET_KEY kan gissas"),
        ({"ACCESS_LOG_KEY": None}, "ACCESS_LOG_KEY är inte satt"),
        ({"DEBUG": "1"}, "DEBUG"),
        ({"DATABASE_URL": None}, "DATABASE_URL"),
        (
            {"DATABASE_URL": None, "DATABASE_OWNER_URL": "postgresql://owner@localhost/portal"},
            "DATABASE_OWNER_URL is set, but not DATABASE_URL",
        ),
    ],
)
def test_the_web_server_does_not_start_with_settings_for_development(
    changed: dict[str, str | None], said: str
) -> None:
    left_out = {"TESTING", "DEMO", "DEBUG", *changed}
    environment = {k: v for k, v in {**os.environ, **KEYS}.items() if k not in left_out}
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


def _database(url: str) -> subprocess.CompletedProcess[str]:
    command = (
        "from django.conf import settings; of = settings.DATABASES['default'];"
        "print(of['HOST'], of['PORT'], of['OPTIONS'].get('target_session_attrs'))"
    )
    environment = {**os.environ, "DATABASE_URL": url}
    return subprocess.run(
        [sys.executable, "-c", command], cwd=ROOT, env=environment, capture_output=True, text=True
    )


@pytest.mark.parametrize(
    ("hosts", "read"),
    [
        ("db1", "db1  None"),
        ("db1:5433", "db1 5433 None"),
        ("db1,db2", "db1,db2  read-write"),
        ("db1:5432,db2:5433", "db1,db2 5432,5433 read-write"),
        ("%2Fvar%2Frun", "/var/run  None"),
    ],
)
def test_of_several_databases_the_one_that_takes_writes_is_reached(hosts: str, read: str) -> None:
    done = _database(f"postgresql://portal:a%2Cb@{hosts}/portal")
    assert done.stdout.strip() == read, done.stderr


def test_a_port_for_one_of_two_databases_is_refused() -> None:
    done = _database("postgresql://portal:secret@db1,db2:5433/portal")
    assert "DATABASE_URL names a port for some of its hosts" in done.stderr
    assert "secret" not in done.stderr.splitlines()[-1]


def test_docker_compose_gives_no_empty_setting_that_gunicorn_cannot_read() -> None:
    """gunicorn reads ``WEB_CONCURRENCY`` itself, as a number, before our settings of it: where it
    isn't set it may not be there at all. (Compose leaves out a name that has no value.)"""
    compose = (ROOT / "docker-compose.yml").read_text()
    (line,) = re.findall(r"^ *WEB_CONCURRENCY:([^#\n]*)", compose, re.MULTILINE)
    assert line.strip() == ""
    command = [sys.executable, "-m", "gunicorn", "--version"]
    bare = {name: value for name, value in os.environ.items() if name != "WEB_CONCURRENCY"}
    assert subprocess.run(command, env=bare, capture_output=True, check=False).returncode == 0
    empty = subprocess.run(
        command, env=bare | {"WEB_CONCURRENCY": ""}, capture_output=True, check=False
    )
    assert empty.returncode, "then compose may say ${WEB_CONCURRENCY:-} again"
