"""KHS delivers: the button says what goes, the page what stays, on a phone too."""

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from orders import services
from organisation.permissions import KHS
from recipients.models import Loan
from tests.factories import ArticleFactory, UserFactory, WarehouseFactory, put_in_stock
from tests.orders.builders import add, manual_article, start

from .test_accessibility import sign_in

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def order():
    """A chair that is to be chosen, its cushion, and a manual line."""
    chair = ArticleFactory(name="Rullstol Cross 6", is_marked=True)
    cushion = ArticleFactory(name="Sittdyna", type="accessory", may_be_component=True)
    put_in_stock(WarehouseFactory(), chair, 2)
    put_in_stock(WarehouseFactory(), cushion, 5)
    cart = start()
    add(cart, chair, 1, components=((cushion, 1),))
    add(cart, manual_article(), comment="Ett specialbord")
    return services.send(cart, user=cart.user)


@pytest.mark.parametrize("width", [390, 1280])
def test_the_button_follows_the_choice_and_the_page_says_what_stays(
    page: Page, live_server, settings, order, width
):
    page.set_viewport_size({"width": width, "height": 844})
    sign_in(page.context, live_server, settings, UserFactory(roles=[KHS], is_staff=True))
    page.goto(live_server.url + reverse("orders:deliver", args=[order.case_number]))

    nothing = page.get_by_text("på minst en rad")
    expect(page.get_by_role("button", name="Leverera 0 av 3")).to_be_disabled()
    expect(nothing).to_be_visible()
    for field in page.locator("form[data-deliver] :is(input, textarea):not([type=hidden])").all():
        box = field.bounding_box()
        assert 0 <= box["x"] and box["x"] + box["width"] <= width
    assert page.evaluate("document.documentElement.scrollWidth") <= width

    page.locator(".khs-pieces input").first.check()
    button = page.get_by_role("button", name="Leverera 2 av 3")
    expect(nothing).to_be_hidden()
    staying = page.locator(".khs-staying li:visible")
    expect(staying).to_have_text(
        ["1 st MANUELL förskrivning (lägg på artikeln, eller bekräfta på raden)"]
    )
    page.get_by_label("utan artikel").check()
    expect(page.get_by_role("button", name="Leverera 3 av 3")).to_be_visible()
    expect(staying).to_have_count(0)
    page.get_by_label("utan artikel").uncheck()
    button.click()

    expect(page.get_by_text("2 av 3 st är utlämnade.")).to_be_visible()
    assert Loan.objects.count() == 2
