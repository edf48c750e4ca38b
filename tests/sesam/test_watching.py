"""What an operator's Prometheus and Grafana are given (deploy/): it asks for what ``/metrics`` tells."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from django.conf import settings
from django.test import Client

from tests.factories import ArticleFactory, UserFactory

DEPLOY = Path(settings.BASE_DIR) / "deploy"
RULES = DEPLOY / "alerts.yml"
HANDBOOK = Path(settings.BASE_DIR) / "docs/operations.md"
# Told where one is named (test_replica.py).
OF_A_REPLICA = {
    "portal_replica_used",
    "portal_replica_lag_seconds",
    "portal_replica_reads_total",
}
OF_A_STORE = {"portal_files_store_faults_total"}  # likewise (test_file_store.py)
_OURS = re.compile(r"\bportal_\w+")


def rules() -> list[dict]:
    (group,) = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    return group["rules"]


def panels() -> list[dict]:
    return json.loads((DEPLOY / "grafana-dashboard.json").read_text(encoding="utf-8"))["panels"]


@pytest.fixture
def told(db, settings) -> set[str]:
    """The names of all that ``/metrics`` tells, after a page was asked for."""
    settings.METRICS_ADDRESSES = ["127.0.0.1"]
    client = Client()
    client.force_login(UserFactory())
    client.get(f"/artiklar/{ArticleFactory().number}/")
    told = set(re.findall(r"^([a-z_]+)[ {]", Client().get("/metrics").text, re.M))
    return told | OF_A_REPLICA | OF_A_STORE


def test_every_alert_says_what_to_do_and_stands_in_the_handbook():
    assert len(rules()) >= 10
    handbook = HANDBOOK.read_text(encoding="utf-8")
    for rule in rules():
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert rule["annotations"]["summary"] and rule["annotations"]["todo"].endswith(".")
        assert f"`{rule['alert']}`" in handbook


def test_alerts_and_the_dashboard_ask_for_numbers_that_there_are(told):
    asked = {name for rule in rules() for name in _OURS.findall(rule["expr"])}
    shown = {n for p in panels() for target in p["targets"] for n in _OURS.findall(target["expr"])}
    assert len(asked) > 10 and len(shown) > 15
    assert (asked | shown) - told == set()


def test_no_number_of_the_portal_is_left_out_of_the_dashboard(told):
    shown = {n for p in panels() for target in p["targets"] for n in _OURS.findall(target["expr"])}
    ours = {name for name in told if name.startswith("portal_") and not name.endswith("_created")}
    assert ours - shown == set()


@pytest.mark.skipif(not shutil.which("promtool"), reason="no promtool (apt-get install prometheus)")
def test_prometheus_takes_the_rules():
    done = subprocess.run(["promtool", "check", "rules", RULES], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
