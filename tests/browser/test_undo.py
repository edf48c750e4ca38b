"""The strip «Ångra» in a real browser: it goes by itself, but not from under somebody's hand."""

import pytest
from django.test import Client
from playwright.sync_api import Page, expect

from orders.models import Cart
from tests.factories import ArticleFactory, UserFactory
from tests.orders.builders import add, start

pytestmark = pytest.mark.django_db(transaction=True)
TEN_SECONDS = 10_500


@pytest.fixture
def cart():
    cart = start(UserFactory())
    add(cart, ArticleFactory(name="Rollator"))
    add(cart, ArticleFactory(name="Ramp"))
    return cart


@pytest.fixture
def opened(page: Page, live_server, settings, cart) -> Page:
    client = Client()
    client.force_login(cart.user)
    name = settings.SESSION_COOKIE_NAME
    value = client.cookies[name].value
    page.context.add_cookies([{"name": name, "value": value, "url": live_server.url}])
    page.clock.install()
    page.goto(live_server.url + "/bestallning/")
    return page


def remove(page: Page, name: str = "Rollator"):
    page.get_by_role("button", name=f"Ta bort {name}").click()
    strip = page.locator(".undo")
    expect(strip).to_contain_text(f"Raden med {name} är borttagen.")
    expect(page.get_by_role("button", name=f"Ångra borttagningen av {name}")).to_be_focused()
    return strip


def test_the_strip_goes_after_ten_seconds_and_the_removed_row_still_offers_it(opened, cart):
    strip = remove(opened)
    row = opened.get_by_role("button", name="Ångra borttagningen av Rollator")
    opened.mouse.move(600, 100)
    opened.clock.run_for(9_000)
    expect(strip).to_be_visible()
    opened.clock.run_for(1_500)
    expect(strip).to_have_count(0)
    row.press("Enter")
    expect(opened.get_by_text("Raden med Rollator är tillbaka.")).to_be_visible()
    assert cart.lines.count() == 2


def test_the_strip_stays_under_the_pointer_and_in_focus_and_then_goes(opened):
    strip = remove(opened)
    strip.hover()
    opened.clock.run_for(TEN_SECONDS)
    expect(strip).to_be_visible()
    strip.get_by_role("button", name="Ångra").focus()
    opened.mouse.move(600, 100)
    opened.clock.run_for(TEN_SECONDS)
    expect(strip).to_be_visible()
    opened.get_by_role("button", name="Kasta beställningen").focus()
    opened.clock.run_for(TEN_SECONDS)
    expect(strip).to_have_count(0)


def test_only_the_last_deed_has_its_strip_and_the_cross_closes_it(opened):
    remove(opened)
    strip = remove(opened, "Ramp")
    expect(strip).to_have_count(1)
    strip.get_by_role("button", name="Stäng meddelandet").click()
    expect(strip).to_have_count(0)
    expect(opened.locator("#innehall")).to_be_focused()


@pytest.mark.parametrize("width", [320, 1440])
def test_the_strip_covers_nothing_that_is_focused_and_does_not_scroll_sideways(opened, width):
    opened.set_viewport_size({"width": width, "height": 640})
    strip = remove(opened)
    assert opened.evaluate("document.documentElement.scrollWidth") <= width
    opened.get_by_role("button", name="Kasta beställningen").focus()
    top = strip.bounding_box()["y"]
    for _ in range(50):  # the page scrolls to it smoothly
        last = opened.get_by_role("button", name="Kasta beställningen").bounding_box()
        if last["y"] + last["height"] <= top:
            return
        opened.wait_for_timeout(100)
    raise AssertionError(f"the last button of the page lies under the strip: {last}, {top}")


def test_without_script_the_strip_is_a_plain_form(browser, live_server, settings, cart):
    context = browser.new_context(java_script_enabled=False)
    client = Client()
    client.force_login(cart.user)
    name = settings.SESSION_COOKIE_NAME
    value = client.cookies[name].value
    context.add_cookies([{"name": name, "value": value, "url": live_server.url}])
    page = context.new_page()
    page.goto(live_server.url + "/bestallning/")
    page.get_by_role("button", name="Kasta beställningen").click()
    strip = page.locator(".undo")
    expect(strip.get_by_role("button", name="Stäng meddelandet")).to_be_hidden()
    strip.get_by_role("button", name="Ångra").click()
    assert Cart.objects.get(pk=cart.pk).closed_at is None
    context.close()


def test_on_a_phone_a_line_is_a_card_with_number_and_price_in_one_row(opened, live_server, cart):
    cart.lines.update(comment="Ring på porttelefonen, hissen är trasig")
    opened.set_viewport_size({"width": 390, "height": 844})
    opened.goto(live_server.url + "/bestallning/slutfor/")
    row = opened.locator(".cart-lines tbody tr").first
    expect(row).to_contain_text("Ring på porttelefonen")
    number, price = (row.locator(part).bounding_box() for part in (".qty", ".price"))
    assert number["y"] == price["y"]
    # Name, number, comment, shortage, follow-up, number and price, buttons: a line each.
    assert row.bounding_box()["height"] < 225
