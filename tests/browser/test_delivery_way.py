"""The delivery way is chosen, and the address follows before anything is pressed."""

import re

import pytest
from django.test import Client
from playwright.sync_api import Page, expect

from orders import cart as carts
from orders.models import Cart, Order
from recipients.whereabouts import ADDRESS
from tests.factories import ArticleFactory, BufferFactory, RecipientFactory, UserFactory
from tests.orders.builders import add, start

pytestmark = pytest.mark.django_db(transaction=True)
DELIVERY = "/bestallning/slutfor/leverans/"


@pytest.fixture
def cart() -> Cart:
    user = UserFactory()
    user.default_unit.own_stores.add(BufferFactory())
    cart = start(user, RecipientFactory(street="Kvarngatan 7", door_code="4711#"))
    add(cart, ArticleFactory())
    return cart


def sign_in(context, cart, live_server, settings) -> None:
    client = Client()
    client.force_login(cart.user)
    name = settings.SESSION_COOKIE_NAME
    cookie = {"name": name, "value": client.cookies[name].value, "url": live_server.url}
    context.add_cookies([cookie])


def choose(page: Page, way: str) -> None:
    """By its card: the name leads, under it stands where it goes."""
    page.get_by_role("radio", name=way).check()


def test_the_address_follows_the_way_at_once(page: Page, live_server, settings, cart):
    sign_in(page.context, cart, live_server, settings)
    page.goto(live_server.url + DELIVERY)
    where = page.locator("#block-adress")
    info = page.get_by_label(re.compile("Övrig information"))
    expect(where).to_contain_text("Kvarngatan 7")
    info.fill("Ring Lennart")

    choose(page, "Hämtas på KHS")
    expect(where).to_contain_text("Ingen: Hämtas på KHS")
    expect(where).not_to_contain_text("Kvarngatan")
    expect(page.get_by_role("radio", name="Hämtas på KHS")).to_be_focused()
    expect(info).to_have_value("Ring Lennart")

    choose(page, "Till tjänstestället")
    expect(where).to_contain_text(cart.unit.street)
    expect(where).not_to_contain_text("4711#")

    choose(page, "Till mottagarens adress")
    expect(where).to_contain_text("4711#")
    choose(page, "Hämtas på KHS")
    expect(where).to_contain_text("Ingen")
    info.fill("Ring Lennart först")
    page.get_by_role("button", name="Skicka beställning").click()
    expect(page).to_have_url(re.compile("bekraftelse"))
    order = Order.objects.get()
    assert not any(getattr(order, name) for name in ADDRESS)
    assert order.extra_info == "Ring Lennart först"


def test_what_is_typed_in_the_open_address_waits_for_its_way(page, live_server, settings, cart):
    sign_in(page.context, cart, live_server, settings)
    page.goto(f"{live_server.url}{DELIVERY}?redigera=adress")
    where = page.locator("#block-adress")
    page.get_by_label("Gatuadress").fill("Sommarvägen 2")
    page.get_by_label("Postnummer").fill("12")
    choose(page, "Hämtas på KHS")
    expect(where).to_contain_text("fem siffror")
    expect(page.get_by_label("Gatuadress")).to_have_value("Sommarvägen 2")
    page.get_by_label("Postnummer").fill("380 30")
    choose(page, "Till tjänstestället")
    expect(where).to_contain_text(cart.unit.street)
    choose(page, "Till mottagarens adress")
    expect(where).to_contain_text("Sommarvägen 2")


def test_another_tabs_text_is_asked_about_when_the_way_is_chosen(page, live_server, settings, cart):
    sign_in(page.context, cart, live_server, settings)
    page.goto(live_server.url + DELIVERY)
    carts.change(cart, {"extra_info": "Ring Lennart"})
    info = page.get_by_label(re.compile("Övrig information"))
    info.fill("Ring dottern")
    choose(page, "Hämtas på KHS")
    expect(page.get_by_text("En annan flik har skrivit «Ring Lennart» här.")).to_be_visible()
    expect(info).to_have_value("Ring dottern")
    expect(info).to_be_focused()


def test_without_script_the_new_address_is_shown_before_it_is_sent(
    browser, live_server, settings, cart
):
    context = browser.new_context(java_script_enabled=False)
    sign_in(context, cart, live_server, settings)
    page = context.new_page()
    page.goto(live_server.url + DELIVERY)
    choose(page, "Hämtas på KHS")
    page.get_by_role("button", name="Skicka beställning").click()
    expect(page.get_by_text("inte skickad än")).to_be_visible()
    expect(page.locator("#block-adress")).to_contain_text("Ingen")
    choose(page, "Till tjänstestället")
    page.get_by_role("button", name="Hämta adressen").click()
    expect(page.locator("#block-adress")).to_contain_text(cart.unit.street)
    page.get_by_role("button", name="Skicka beställning").click()
    expect(page).to_have_url(re.compile("bekraftelse"))
    context.close()
