"""PgBouncer in transaction mode between the portal and its database."""

import os
import secrets
import subprocess
import sys

import pytest

from sesam import checks
from tests import bouncer
from tests.factories import UserFactory
from tests.serving import ROOT, portal, test_database

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not bouncer.PROGRAM, reason="no PgBouncer (apt-get install pgbouncer)"),
]
SENTENCE = "DATABASE_URL leder till en pooler, men DATABASE_POOLER är inte satt."


def begun(*arguments: str, address: str, **settings: str) -> subprocess.CompletedProcess:
    """A process of production, until it ends by itself."""
    left_out = {"TESTING", "DEBUG", "DEMO", "DATABASE_POOLER"}
    told = {name: value for name, value in os.environ.items() if name not in left_out} | {
        "DATABASE_URL": address,
        "SECRET_KEY": secrets.token_urlsafe(50),
        "ACCESS_LOG_KEY": secrets.token_urlsafe(50),
        **settings,
    }
    return subprocess.run(
        [sys.executable, *arguments],
        env=told,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("begins", "more"),
    [
        (["-c", "import sesam.wsgi"], {}),
        (["manage.py", "worker"], {"ignore_startup_parameters": "options"}),
    ],
)
def test_a_pooler_without_its_setting_is_refused_in_a_sentence(begins, more):
    with bouncer.pooler(test_database(), **more) as pooler:
        refused = begun(*begins, address=pooler.url(test_database()))
    assert refused.returncode
    assert SENTENCE in refused.stderr


def test_where_nothing_stands_between_nothing_is_said_of_it():
    assert checks.pooler_errors() == []


def test_eight_threads_share_two_connections_of_the_database():
    users = [UserFactory() for _ in range(8)]
    with (
        bouncer.pooler(test_database(), default_pool_size="2") as pooler,
        portal(
            DATABASE_URL=pooler.url(test_database()), DATABASE_POOLER="1", PGAPPNAME=""
        ) as served,
    ):
        for _ in range(4):
            answers = served.at_once(*[("/artiklar/?q=rullstol", user) for user in users])
            assert [answer.status for answer in answers] == [200] * len(users)
        (pool,) = [
            row for row in pooler.asked("SHOW POOLS") if row["database"].startswith("test_portal")
        ]
        assert pool["sv_active"] + pool["sv_idle"] + pool["sv_used"] <= 2
        assert "ERROR" not in pooler.log.read_text()


def test_the_pooler_sets_on_each_connection_what_the_portal_asks_for_without_one():
    ask = (
        "from sesam.wsgi import application; from django.db import connection as c; k = c.cursor();"
        "names = ('lock_timeout', 'statement_timeout', 'random_page_cost');"
        "print([k.execute(f'SHOW {name}').fetchone()[0] for name in names])"
    )
    with bouncer.pooler(test_database()) as pooler:
        through = begun(
            "-c",
            ask,
            address=pooler.url(test_database()),
            DATABASE_POOLER="1",
            TESTING="1",
        )
    assert through.stdout == "['5s', '20s', '1.1']\n"
