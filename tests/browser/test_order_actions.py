"""An order of one article in stock, from the start page to the confirmation, in eight actions.

An action is a click, or typing ended by Enter; Tab isn't counted. The handbook's way takes 14.
"""

import pytest
from django.test import Client
from playwright.sync_api import Locator, Page, expect

from orders.models import Order
from organisation.models import User
from tests.factories import (
    ArticleFactory,
    PriceFactory,
    UserFactory,
    WarehouseFactory,
    known_to,
    put_in_stock,
)
from tests.orders.builders import saved_template, sent

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.asks_why]
MOST = 8


class Mouse:
    """A prescriber who clicks."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.actions = 0

    def choose(self, target: Locator) -> None:
        target.click()
        self.actions += 1

    def type_into(self, field: Locator, text: str) -> None:
        if not field.evaluate("e => e === document.activeElement"):
            field.focus()
        field.fill(text)
        field.press("Enter")
        self.actions += 1


class Keyboard(Mouse):
    """A prescriber without a mouse: Tab to what is wanted, then Enter."""

    def choose(self, target: Locator) -> None:
        self._tab_to(target)
        self.page.keyboard.press("Enter")
        self.actions += 1

    def type_into(self, field: Locator, text: str) -> None:
        self._tab_to(field)
        self.page.keyboard.type(text)
        self.page.keyboard.press("Enter")
        self.actions += 1

    def _tab_to(self, target: Locator) -> None:
        expect(target).to_be_visible()
        for _ in range(80):
            if target.evaluate("e => e === document.activeElement"):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"Tab does not reach {target}")


@pytest.fixture
def signed_in(page: Page, live_server, settings) -> Page:
    """The start page, as a prescriber sees it after sign-in."""
    user = UserFactory()
    client = Client()
    client.force_login(user)
    name = settings.SESSION_COOKIE_NAME
    cookie = client.cookies[name].value
    page.context.add_cookies([{"name": name, "value": cookie, "url": live_server.url}])
    page.problems = []
    page.on("pageerror", lambda error: page.problems.append(str(error)))
    page.on(
        "console",
        lambda message: (
            page.problems.append(message.text)
            if message.type == "error" and "Content Security Policy" in message.text
            else None
        ),
    )
    page.goto(live_server.url + "/")
    return page


def order(hand: Mouse, page: Page, number: str, article: str) -> None:
    hand.type_into(page.locator("#innehall input[name=q]"), number)
    expect(page.get_by_role("heading", level=1)).to_contain_text("Moberg")
    hand.choose(page.get_by_role("link", name="Beställ", exact=True))
    hand.choose(page.get_by_role("button", name="Fortsätt", exact=True))
    expect(page.locator("#innehall input[name=q]")).to_be_focused()
    hand.type_into(page.locator("#innehall input[name=q]"), article)
    # The number of an article opens its dialog at once while an order is in progress.
    expect(page.locator(".dialog-title")).to_have_text("Beställd artikel")
    hand.choose(page.get_by_role("button", name="Fortsätt", exact=True))
    hand.choose(page.get_by_role("link", name="Slutför beställning"))
    hand.choose(page.get_by_role("link", name="Nästa", exact=True))
    hand.choose(page.get_by_role("button", name="Skicka beställning"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Orderbekräftelse")


@pytest.mark.parametrize("hand_of", [Mouse, Keyboard])
def test_an_article_in_stock_is_ordered_in_eight_actions(signed_in, hand_of):
    article = ArticleFactory(name="Rollator Sola")
    PriceFactory(article=article)
    put_in_stock(WarehouseFactory(), article, 3)
    recipient = known_to(User.objects.get().default_unit)
    hand = hand_of(signed_in)

    order(hand, signed_in, recipient.number, article.number)

    assert hand.actions <= MOST
    order_sent = Order.objects.get()
    line = order_sent.lines.get()
    assert (order_sent.recipient, line.article, line.reserved) == (recipient, article, 1)
    assert signed_in.problems == []


@pytest.mark.parametrize("hand_of", [Mouse, Keyboard])
def test_an_order_is_made_again_in_four_actions(signed_in, hand_of, live_server):
    article = ArticleFactory(name="Rollator Sola")
    PriceFactory(article=article)
    put_in_stock(WarehouseFactory(), article, 3)
    before = sent((article, 1), user=User.objects.get())
    page = signed_in
    page.goto(f"{live_server.url}/bestallningar/{before.case_number}/")
    hand = hand_of(page)

    hand.choose(page.get_by_role("link", name="Beställ igen"))
    expect(page.locator(".dialog-title")).to_have_text("Beställ igen")
    hand.choose(page.get_by_role("button", name="Fortsätt", exact=True))
    hand.choose(page.get_by_role("link", name="Nästa", exact=True))
    hand.choose(page.get_by_role("button", name="Skicka beställning"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Orderbekräftelse")

    assert hand.actions <= 4
    new = Order.objects.exclude(pk=before.pk).get()
    assert new.recipient == before.recipient
    assert [(x.article, x.quantity) for x in new.lines.all()] == [(article, 1)]
    assert page.problems == []


@pytest.mark.parametrize("hand_of", [Mouse, Keyboard])
def test_where_ones_order_is_takes_two_actions_from_sign_in(signed_in, hand_of):
    order_sent = sent((ArticleFactory(name="Rollator Sola"), 1), user=User.objects.get())
    hand = hand_of(signed_in)

    hand.choose(signed_in.locator(".bar-account > summary"))
    hand.choose(signed_in.locator(".bar-account").get_by_role("link", name="Min sida"))

    row = signed_in.get_by_role("row").filter(has_text=order_sent.case_number)
    expect(row).to_contain_text("Rollator Sola")
    expect(row.get_by_role("img")).to_have_attribute("aria-label", "Plockas, väntar")
    assert hand.actions <= 2
    assert signed_in.problems == []


@pytest.mark.parametrize("hand_of", [Mouse, Keyboard])
def test_a_usual_bundle_is_ordered_to_a_found_person_in_five_actions(
    signed_in, hand_of, live_server
):
    articles = [ArticleFactory(name=name) for name in ("Duschstol", "Badbräda")]
    for article in articles:
        PriceFactory(article=article)
        put_in_stock(WarehouseFactory(), article, 3)
    template = saved_template(*articles, owner=User.objects.get())
    person = known_to(User.objects.get().default_unit)
    page = signed_in
    page.goto(f"{live_server.url}/mottagare/{person.key}/")
    hand = hand_of(page)

    hand.choose(page.get_by_role("link", name="Beställ", exact=True))
    expect(page.locator(".dialog-title")).to_have_text("Beställning till")
    hand.choose(page.get_by_role("link", name=template.name))
    expect(page.locator(".dialog-title")).to_have_text(f"Beställ {template.name}")
    hand.choose(page.get_by_role("button", name="Fortsätt", exact=True))
    hand.choose(page.get_by_role("link", name="Nästa", exact=True))
    hand.choose(page.get_by_role("button", name="Skicka beställning"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Orderbekräftelse")

    assert hand.actions <= 5
    order_sent = Order.objects.get()
    assert order_sent.recipient == person
    assert [x.article for x in order_sent.lines.order_by("position")] == articles
    assert page.problems == []
