"""The browser itself: that pages reach it with the headers we mean."""

import pytest
from django.core.management import call_command


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
def test_append_only_tables_can_be_emptied_between_tests() -> None:
    call_command("flush", interactive=False, verbosity=0)
