"""What an operator of two PostgreSQL is given (deploy/): Patroni's settings, and what keeps the log of all
changes."""

import os
import subprocess
from pathlib import Path

import pytest
import yaml
from django.conf import settings

from sesam.dev.local_postgres import QUIET

DEPLOY = Path(settings.BASE_DIR) / "deploy"


def of_cluster() -> dict:
    patroni = yaml.safe_load((DEPLOY / "patroni.yml").read_text(encoding="utf-8"))
    return patroni["bootstrap"]["dcs"]


def test_a_primary_that_lost_etcd_gives_up_before_the_standby_takes_over():
    times = of_cluster()
    assert times["ttl"] == 20  # the least that it takes
    assert times["loop_wait"] + 2 * times["retry_timeout"] <= times["ttl"]
    assert times["loop_wait"] + times["retry_timeout"] < times["ttl"]
    assert times["synchronous_mode"] is True


def test_the_log_of_a_database_under_patroni_quotes_nobody():
    said = of_cluster()["postgresql"]["parameters"]
    assert {name: str(said.get(name)) for name in QUIET} == QUIET


@pytest.fixture
def archive(tmp_path):
    """Calls what keeps WAL, in a folder; the archive is ``kept``."""
    (tmp_path / "kept").mkdir()

    def call(*told: str, where: Path = tmp_path / "kept") -> int:
        environment = {**os.environ, "WAL_ARCHIVE": str(where)}
        done = subprocess.run(
            [DEPLOY / "wal-archive", *told], cwd=tmp_path, env=environment, capture_output=True
        )
        return done.returncode

    return call


def test_a_piece_of_wal_is_kept_whole_and_given_back(archive, tmp_path):
    piece = os.urandom(100_000) + bytes(1_000_000)
    (tmp_path / "piece").write_bytes(piece)
    assert archive("put", "piece", "000000010000000000000001") == 0
    assert archive("get", "000000010000000000000001", "back") == 0
    assert (tmp_path / "back").read_bytes() == piece
    (kept,) = (tmp_path / "kept").iterdir()
    assert kept.stat().st_size < 200_000
    assert kept.stat().st_mode & 0o077 == 0


def test_a_piece_that_is_kept_is_never_written_over(archive, tmp_path):
    (tmp_path / "piece").write_bytes(b"a" * 100)
    (tmp_path / "another").write_bytes(b"b" * 100)
    assert archive("put", "piece", "01") == 0
    assert archive("put", "piece", "01") == 0  # asked again after a crash
    assert archive("put", "another", "01") != 0
    assert archive("get", "01", "back") == 0
    assert (tmp_path / "back").read_bytes() == b"a" * 100
    assert [p.name for p in (tmp_path / "kept").iterdir()] == ["01.gz"]


def test_what_can_not_be_kept_or_is_not_there_is_a_fault(archive, tmp_path):
    (tmp_path / "piece").write_bytes(b"a")
    assert archive("put", "piece", "01", where=tmp_path / "not-mounted") != 0
    assert archive("put", "gone", "01") != 0
    assert archive("get", "01", "back") != 0
    assert not (tmp_path / "back").exists()
    assert list((tmp_path / "kept").iterdir()) == []
