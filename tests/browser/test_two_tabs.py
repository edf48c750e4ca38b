"""Two tabs of one browser, two patients: the dialog says whose order it is, and nothing goes into
the other's. The bar says for whom on every page, also on a phone."""

import pytest
from django.test import Client
from playwright.sync_api import Page, expect

from orders.models import Cart
from tests.factories import (
    ArticleFactory,
    RecipientFactory,
    UserFactory,
    WarehouseFactory,
    put_in_stock,
)
from tests.orders.builders import add, start

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("width", [390, 1280])
def test_an_open_dialog_stops_when_another_tab_orders_to_somebody_else(
    page: Page, live_server, settings, width
):
    user = UserFactory()
    client = Client()
    client.force_login(user)
    name = settings.SESSION_COOKIE_NAME
    cookie = {"name": name, "value": client.cookies[name].value, "url": live_server.url}
    page.context.add_cookies([cookie])
    page.set_viewport_size({"width": width, "height": 800})
    article = ArticleFactory(name="Rollator Sola")
    put_in_stock(WarehouseFactory(), article, 9)
    his = start(user, RecipientFactory(given_name="Arvid", family_name="Ek"))
    sandra = RecipientFactory(given_name="Sandra", family_name="Berg")

    page.goto(f"{live_server.url}/artiklar/{article.number}/")
    page.get_by_role("link", name="Beställ", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog.locator(".dialog-whom", has_text="Till Arvid Ek")).to_be_in_viewport()
    dialog.get_by_role("textbox", name="Antal").fill("7")

    other = page.context.new_page()
    other.goto(f"{live_server.url}/bestallning/till/{sandra.key}/")
    expect(other.get_by_role("alert")).to_contain_text("Den är till Arvid Ek")
    other.get_by_role("button", name="börja ny").click()
    expect(other.locator(".strip")).to_contain_text("Sandra Berg")

    dialog.get_by_role("button", name="Fortsätt").click()
    told = dialog.get_by_role("alert")
    expect(told).to_contain_text("gällde beställningen till Arvid Ek")
    expect(told).to_contain_text("Nu beställer du till Sandra Berg")
    expect(dialog).to_contain_text("7")
    hers = Cart.objects.get(closed_at=None)
    assert (hers.recipient, hers.lines.count(), his.lines.count()) == (sandra, 0, 0)

    dialog.get_by_role("link", name="Beställ Rollator Sola till Sandra Berg").click()
    expect(dialog.locator(".dialog-whom")).to_contain_text("Till Sandra Berg")
    dialog.get_by_role("button", name="Fortsätt").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sök artikel")
    assert hers.lines.get().article == article


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_the_bar_shows_for_whom_and_how_many_on_every_page(
    page: Page, live_server, settings, width
):
    cart = start(recipient=RecipientFactory(given_name="Arvid", family_name="Ek"))
    add(cart, ArticleFactory())
    client = Client()
    client.force_login(cart.user)
    name = settings.SESSION_COOKIE_NAME
    cookie = {"name": name, "value": client.cookies[name].value, "url": live_server.url}
    page.context.add_cookies([cookie])
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(live_server.url)
    bar = page.get_by_role("link", name="Pågående beställning Arvid Ek 1 rad")
    whom, count = bar.get_by_text("Arvid Ek").bounding_box(), bar.get_by_text("1").bounding_box()
    assert whom["width"] > 40 and whom["height"] > 10 and count["width"] > 10
    assert page.evaluate("document.documentElement.scrollWidth") == width
