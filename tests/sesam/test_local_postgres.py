"""The database server that comes with the checkout."""

import os
import subprocess
import sys
from urllib.parse import unquote

import pytest
from django.db import connection

from sesam.dev import local_postgres

ROOT = local_postgres.CHECKOUT


@pytest.mark.django_db
def test_the_tests_run_on_postgresql_18_with_the_locale_of_production() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version_num')::int")
        assert cursor.fetchone()[0] >= 180000
        cursor.execute(
            "SELECT datlocprovider, datlocale FROM pg_database WHERE datname = current_database()"
        )
        assert cursor.fetchone() == ("b", "C.UTF-8")
        cursor.execute("SELECT upper('åäö')")
        assert cursor.fetchone()[0] == "ÅÄÖ"


def test_socket_paths_stay_within_what_the_system_allows() -> None:
    for cluster in (local_postgres.DEV, local_postgres.TEST):
        assert len(str(cluster.sockets / ".s.PGSQL.5432.lock").encode()) < 107


@pytest.mark.django_db
@pytest.mark.skipif(
    str(local_postgres.TEST.sockets) not in unquote(os.environ.get("DATABASE_URL", "")),
    reason="another server",
)
def test_a_server_in_use_is_not_stopped() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "sesam.dev.local_postgres", "stop", "--test"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "still uses" in done.stdout
    connection.ensure_connection()
