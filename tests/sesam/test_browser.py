"""The browser itself: that pages reach it with the headers we mean."""

import uuid

import pytest

from organisation import access_log
from organisation.models import AccessLogEntry
from tests.as_migrated import AsMigrated


@pytest.mark.django_db(transaction=True)
def test_a_page_reaches_the_browser_with_a_strict_policy(page, live_server) -> None:
    response = page.goto(f"{live_server.url}/readyz")
    assert response.status == 200
    assert page.inner_text("body") == "ok"
    policy = response.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy


@pytest.mark.django_db(transaction=True)
def test_append_only_tables_are_emptied_between_tests() -> None:
    access_log.record(None, access_log.Action.VIEW, uuid.uuid4(), detail="Prov")
    assert AccessLogEntry.objects.exists()

    AsMigrated()  # puts back what migrating left

    assert not AccessLogEntry.objects.exists()
