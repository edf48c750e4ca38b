"""The bar on screens of every width: one line, in which nothing wraps, with the user's whole name and,
wherever there is more room than on a phone, the name of whom the order in progress is for."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from organisation.models import User
from organisation.permissions import FORSKRIVARE, KHS
from tests.factories import ArticleFactory, RecipientFactory, UserFactory
from tests.orders.builders import add, start

from .test_accessibility import WIDTHS, sign_in

pytestmark = pytest.mark.django_db(transaction=True)

# The bar's height, and which of its texts can be seen but not in one line or not whole.
BAR = """() => {
    const seen = text => text.offsetWidth > 1 && text.offsetHeight > 1;
    const lines = text => {
        const range = document.createRange();
        range.selectNodeContents(text.firstChild);
        return new Set([...range.getClientRects()].map(box => Math.round(box.top))).size;
    };
    const words = ".bar-name, .bar-menu > ul > li > a, .bar-menu summary, .bar-cart-name, .bar-find > span";
    const told = (selector, wrong) => [...document.querySelectorAll(selector)]
        .filter(text => seen(text) && wrong(text)).map(text => text.textContent.trim());
    return [
        document.querySelector(".bar").offsetHeight,
        told(words, text => lines(text) > 1),
        told(".bar-user > span, " + (innerWidth > 640 ? ".bar-cart small" : "none"), text => text.scrollWidth > text.clientWidth),
        document.documentElement.scrollWidth,
    ];
}"""


def prescriber() -> User:
    return UserFactory(first_name="Karin", last_name="Lindqvist", roles=[FORSKRIVARE])


def khs() -> User:
    return UserFactory(first_name="Karin", last_name="Holm", roles=[KHS], is_staff=True)


def admin() -> User:
    return UserFactory(last_name="Admin", roles=[], is_staff=True, is_superuser=True)


@pytest.mark.parametrize(
    ("who", "ordering"),
    [(prescriber, False), (prescriber, True), (khs, False), (khs, True), (admin, False)],
)
def test_the_bar_is_one_line_with_whole_names_on_every_screen(
    page: Page, live_server, settings, who: Callable[[], User], ordering: bool
):
    user = who()
    if ordering:
        order = start(user, recipient=RecipientFactory(given_name="Adam", family_name="Törnqvist"))
        add(order, ArticleFactory())
    sign_in(page.context, live_server, settings, user)
    page.goto(live_server.url)
    assert (page.locator(".bar-cart.is-started").count() == 1) == ordering
    wrong = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 720})
        height, wrapped, cut, drawn = page.evaluate(BAR)
        if height > 64 or wrapped or cut or drawn > width:
            wrong.append((width, height, wrapped, cut, drawn))
    assert not wrong
