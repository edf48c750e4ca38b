"""A file that can't be kept just now, as a person in a dialog meets it."""

import socket

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_file import PDF, cart, sign_in  # noqa: F401  a fixture

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def away(settings, monkeypatch):
    """A store that nobody listens for."""
    from sesam import s3_store

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nyckel")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hemligheten")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        settings.FILES_STORE = f"s3://portal?endpoint=http://127.0.0.1:{probe.getsockname()[1]}"
    settings.STORAGES = settings.STORAGES | {"default": {"BACKEND": "sesam.s3_store.Store"}}
    yield
    s3_store.ask_again()


def test_the_dialog_says_it_at_the_field_and_keeps_what_was_typed(
    page: Page,
    live_server,
    settings,
    cart,  # noqa: F811
    away,
):
    sign_in(page.context, live_server, settings, cart.user)
    page.goto(f"{live_server.url}/bestallning/")
    page.locator("a[href*='steg=kommentar']").click()
    dialog = page.locator("#dialog")
    comment = dialog.get_by_label("Kommentar")
    comment.fill("Ring före leverans")
    dialog.locator("[type=file]").set_input_files(PDF)
    dialog.locator("button[value=finish], button[value=next]").last.click()
    expect(dialog).to_contain_text("Portalen når inte sitt fillager just nu")
    expect(comment).to_have_value("Ring före leverans")
    dialog.locator("button[value=finish], button[value=next]").last.click()
    expect(dialog).to_be_hidden()
    assert cart.lines.get().comment == "Ring före leverans"
    assert not cart.attachments.exists()
