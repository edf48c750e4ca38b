"""A document in the making: the page asks by itself; without script one reloads it."""

import pytest
from django.test import Client
from playwright.sync_api import Browser, Page, expect

from organisation.models import User
from tests.factories import ArticleFactory, BufferFactory, UnitFactory, UserFactory, put_in_stock
from tests.jobs import run_jobs

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def user(settings, tmp_path) -> User:
    settings.MEDIA_ROOT = tmp_path
    store = BufferFactory()
    put_in_stock(store, ArticleFactory(), 3)
    return UserFactory(default_unit=UnitFactory(code="K09", own_stores=[store]))


def sign_in(context, user, live_server, settings) -> None:
    client = Client()
    client.force_login(user)
    name = settings.SESSION_COOKIE_NAME
    context.add_cookies(
        [{"name": name, "value": client.cookies[name].value, "url": live_server.url}]
    )


def test_the_page_shows_by_itself_when_the_report_is_ready(page: Page, live_server, settings, user):
    sign_in(page.context, user, live_server, settings)
    errors = []
    page.on("console", lambda m: errors.append(m.text) if m.type == "error" else None)
    page.goto(f"{live_server.url}/lager/0880/")
    page.get_by_text("Registrera/skapa").click()
    page.get_by_role("link", name="Lagersaldorapport").click()
    page.get_by_role("button", name="Skapa pdf").click()
    expect(page.get_by_text("väntar på sin tur")).to_be_visible()
    run_jobs()
    fetch = page.get_by_role("link", name="Hämta lagersaldo-0880-")
    expect(fetch).to_be_visible(timeout=10_000)
    with page.expect_download() as download:
        fetch.click()
    assert download.value.suggested_filename.startswith("lagersaldo-0880-")
    assert errors == []


def test_without_script_a_reload_shows_it(browser: Browser, live_server, settings, user):
    context = browser.new_context(java_script_enabled=False)
    sign_in(context, user, live_server, settings)
    page = context.new_page()
    page.goto(f"{live_server.url}/lager/0880/rapport/")
    page.get_by_role("button", name="Skapa pdf").click()
    expect(page.get_by_text("väntar på sin tur")).to_be_visible()
    run_jobs()
    page.get_by_role("link", name="Uppdatera").click()
    expect(page.get_by_role("link", name="Hämta lagersaldo-0880-")).to_be_visible()
    context.close()
