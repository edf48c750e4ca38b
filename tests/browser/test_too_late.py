"""What is saved in a block of a case's page after somebody else was quicker is told also where script
draws the block alone: what was typed can be read."""

import pytest
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Page, expect

from activities import services as activities
from orders import services as orders
from orders.models import DeliveryWay, Order
from recipients.models import Recipient
from recipients.whereabouts import ADDRESS
from tests.activities.builders import registered
from tests.factories import ArticleFactory
from tests.orders.builders import saved_template, sent
from tests.pickups.builders import lend, prescriber, someone

pytestmark = pytest.mark.django_db(transaction=True)


def sign_in(page: Page, live_server, settings, user) -> None:
    client = Client()
    client.force_login(user)
    name = settings.SESSION_COOKIE_NAME
    cookie = {"name": name, "value": client.cookies[name].value, "url": live_server.url}
    page.context.add_cookies([cookie])


def is_told(page: Page, words: str) -> None:
    told = page.locator("#unsaved .note")
    expect(told).to_contain_text("Det du skrev är inte sparat")
    expect(told).to_contain_text(words)
    expect(told).to_be_focused()


def test_of_an_activity_that_has_ended(page, live_server, settings):
    user = prescriber()
    activity = registered(lend(someone(), ArticleFactory()), user=user)
    sign_in(page, live_server, settings, user)
    page.goto(live_server.url + reverse("activities:detail", args=[activity.case_number]))
    block = page.locator("#block-kommentar")
    page.locator("details:has(#block-kommentar)").evaluate("fold => { fold.open = true }")
    block.locator(".edit-open").click()
    block.get_by_role("textbox").fill("Ring på hos grannen")
    activities.cancel(activity, user=user)
    block.get_by_role("button", name="Spara").click()
    is_told(page, "Ring på hos grannen")
    expect(block.locator(".edit-open")).to_have_count(0)


def test_of_an_order_whose_text_somebody_else_wrote_anew(page, live_server, settings):
    user = prescriber()
    order = sent((ArticleFactory(), 1), user=user)
    way = DeliveryWay.objects.get(address="none")
    nowhere = dict.fromkeys(ADDRESS, "") | {"delivery_way": way, "address_of": "none"}
    Order.objects.update(**nowhere, extra_info="Hämtas av grannen")
    Recipient.objects.update(is_protected=True)
    sign_in(page, live_server, settings, user)
    page.goto(live_server.url + reverse("orders:detail", args=[order.case_number]))
    block = page.locator("#block-text")
    block.locator(".edit-open").click()
    block.get_by_role("textbox").fill("Ring Bo")
    orders.type_text(order, user=user, extra_info="Ring Anna")
    block.get_by_role("button", name="Spara").click()
    is_told(page, "Ring Bo")
    is_told(page, "Texten är redan skriven")


def test_of_a_template_that_was_removed_the_page_says_that_it_is_gone(page, live_server, settings):
    user = prescriber()
    template = saved_template(ArticleFactory(), owner=user)
    sign_in(page, live_server, settings, user)
    page.goto(live_server.url + reverse("orders:template", args=[template.key]))
    block = page.locator("#block-mall")
    block.locator(".edit-open").click()
    block.get_by_label("Namn").fill("Badpaket")
    template.delete()
    block.get_by_role("button", name="Spara").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("finns inte")
