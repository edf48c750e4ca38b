"""Reload, back, bookmark and open-in-new-tab on pages, panels and dialogs."""

import pytest
from django.test import Client
from playwright.sync_api import Page, expect

from orders.models import Order
from tests.factories import ArticleFactory, LoanFactory, RecipientFactory, UserFactory
from tests.orders.builders import add, start

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def user():
    return UserFactory()


@pytest.fixture
def page(page: Page, live_server, settings, user) -> Page:
    client = Client()
    client.force_login(user)
    name = settings.SESSION_COOKIE_NAME
    cookie = {"name": name, "value": client.cookies[name].value, "url": live_server.url}
    page.context.add_cookies([cookie])
    return page


def test_a_panel_has_an_address_that_reload_back_and_a_new_tab_understand(page, live_server):
    recipient = RecipientFactory()
    loan = LoanFactory(recipient=recipient, article=ArticleFactory(name="Rullstol Cross"))
    url = f"{live_server.url}/mottagare/{recipient.key}/"
    panel = page.get_by_role("region", name="Rullstol Cross")
    page.goto(url)
    page.get_by_role("link", name="Rullstol Cross").click()
    expect(panel).to_be_visible()
    assert f"panel={loan.pk}" in page.url

    page.reload()
    expect(panel).to_be_visible()
    other = page.context.new_page()
    other.goto(page.url)
    expect(other.get_by_role("region", name="Rullstol Cross")).to_be_visible()

    page.go_back()
    expect(panel).to_be_hidden()
    page.go_forward()
    expect(panel).to_be_visible()
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    assert "panel=" not in page.url


def forward(page, step: str, shown) -> None:
    """From the first step over the one named, to where ``shown`` is."""
    page.get_by_role("button", name="Nästa").click()
    expect(page.locator("[aria-current=step]")).to_contain_text(step)
    page.get_by_role("button", name="Nästa").click()
    expect(shown).to_be_visible()


def test_a_dialog_step_survives_a_reload_as_a_page_of_its_own(page, live_server, user):
    article = ArticleFactory()
    cart = start(user)
    page.goto(f"{live_server.url}/artiklar/{article.number}/")
    page.get_by_role("link", name="Beställ", exact=True).first.click()
    expect(page.get_by_role("heading", name="Beställd artikel")).to_be_visible()
    page.get_by_role("textbox", name="Antal").fill("2")
    comment = page.get_by_role("textbox", name="Kommentar")
    forward(page, "Komponenter", comment)
    comment.fill("Till vänster")
    page.get_by_role("button", name="Tillbaka").click()
    page.get_by_role("button", name="Tillbaka").click()
    expect(page.get_by_role("textbox", name="Antal")).to_have_value("2")

    page.reload()
    expect(page.get_by_role("textbox", name="Antal")).to_have_value("2")
    forward(page, "Komponenter", comment)
    expect(comment).to_have_value("Till vänster")
    page.get_by_role("button", name="Fortsätt", exact=True).click()
    expect(page.get_by_role("link", name="Slutför beställning")).to_be_visible()
    line = cart.lines.get()
    assert (line.quantity, line.comment) == (2, "Till vänster")


def test_an_order_is_made_without_any_script(browser, live_server, settings, user):
    """The whole way as plain links and forms."""
    article = ArticleFactory()
    recipient = RecipientFactory()
    client = Client()
    client.force_login(user)
    name = settings.SESSION_COOKIE_NAME
    context = browser.new_context(java_script_enabled=False)
    cookie = {"name": name, "value": client.cookies[name].value, "url": live_server.url}
    context.add_cookies([cookie])
    page = context.new_page()
    page.goto(f"{live_server.url}/mottagare/{recipient.key}/")
    page.get_by_role("link", name="Beställ", exact=True).click()
    page.get_by_role("button", name="Fortsätt", exact=True).click()
    page.goto(f"{live_server.url}/artiklar/{article.number}/")
    page.get_by_role("link", name="Beställ", exact=True).first.click()
    page.get_by_role("button", name="Fortsätt", exact=True).click()
    page.get_by_role("link", name="Slutför beställning").click()
    page.get_by_role("link", name="Nästa", exact=True).click()
    page.get_by_role("button", name="Skicka beställning").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Orderbekräftelse")
    context.close()


def test_a_double_click_on_send_makes_one_order(page, live_server, user):
    cart = start(user)
    add(cart, ArticleFactory())
    page.goto(f"{live_server.url}/bestallning/slutfor/leverans/")
    page.get_by_role("button", name="Skicka beställning").dblclick()
    expect(page.get_by_role("heading", level=1)).to_have_text("Orderbekräftelse")
    page.go_back()
    page.wait_for_load_state()
    again = page.get_by_role("button", name="Skicka beställning")
    if again.count():
        again.click()
    page.wait_for_load_state()
    assert Order.objects.count() == 1


@pytest.mark.parametrize("script", [True, False])
def test_enter_in_search_for_components_searches(browser, live_server, settings, user, script):
    article = ArticleFactory()
    start(user)
    client = Client()
    client.force_login(user)
    name = settings.SESSION_COOKIE_NAME
    context = browser.new_context(java_script_enabled=script)
    cookie = {"name": name, "value": client.cookies[name].value, "url": live_server.url}
    context.add_cookies([cookie])
    page = context.new_page()
    page.goto(f"{live_server.url}/bestallning/artikel/{article.number}/")
    page.get_by_role("button", name="Nästa", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Beställd artikel")
    words = page.get_by_label("Sök komponent")
    words.fill("finns inte")
    words.press("Enter")
    expect(page.get_by_text("Ingen komponent har alla orden.")).to_be_visible()
    expect(page.get_by_label("Sök komponent")).to_have_value("finns inte")
    context.close()
