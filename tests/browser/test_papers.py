"""A list of aids on paper: three clicks from the recipient's page, or as many keys."""

import pytest
from django.test import Client
from playwright.sync_api import Page, expect
from pypdf import PdfReader

from tests.factories import LoanFactory, RecipientFactory, UserFactory
from tests.papers import needs_pdf

pytestmark = [pytest.mark.django_db(transaction=True), needs_pdf]


@pytest.fixture
def recipient():
    recipient = RecipientFactory()
    LoanFactory(recipient=recipient, article__name="Rullstol Cross")
    return recipient


@pytest.fixture
def page(page: Page, live_server, settings, recipient) -> Page:
    client = Client()
    client.force_login(UserFactory())
    name = settings.SESSION_COOKIE_NAME
    cookie = {"name": name, "value": client.cookies[name].value, "url": live_server.url}
    page.context.add_cookies([cookie])
    page.goto(f"{live_server.url}/mottagare/{recipient.key}/")
    return page


def holds_the_list(download) -> bool:
    assert download.suggested_filename == "hjalpmedelslista.pdf"
    return "Rullstol Cross" in PdfReader(download.path()).pages[0].extract_text()


def test_with_the_mouse(page, live_server, recipient):
    page.get_by_text("Registrera/skapa").click()
    page.get_by_role("link", name="Mottagarinformation").click()
    with page.expect_download() as told:
        page.get_by_role("link", name="Skapa pdf: Hjälpmedelslista", exact=True).click()
    assert holds_the_list(told.value)
    # The choice stays for the other list; closed, one is where one was.
    page.get_by_role("link", name="Stäng", exact=True).click()
    expect(page.get_by_role("heading", name="Mottagarinformation")).to_be_hidden()
    assert page.url == f"{live_server.url}/mottagare/{recipient.key}/"


def tab_to(page, link) -> None:
    for _ in range(5):
        page.keyboard.press("Tab")
        if link.evaluate("e => e === document.activeElement"):
            break
    expect(link).to_be_focused()


def test_with_the_keyboard_alone(page):
    page.get_by_text("Registrera/skapa").focus()
    page.keyboard.press("Enter")
    tab_to(page, page.get_by_role("link", name="Mottagarinformation", exact=True))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Mottagarinformation")).to_be_visible()
    tab_to(page, page.get_by_role("link", name="Skapa pdf: Hjälpmedelslista", exact=True))
    with page.expect_download() as told:
        page.keyboard.press("Enter")
    assert holds_the_list(told.value)
