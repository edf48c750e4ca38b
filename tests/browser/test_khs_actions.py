"""KHS's five daily deeds, from the home: picking begins in two actions, delivering takes four, receiving
five, a project moves in four, a piece is found in two.

An action is a click, a choice in a list, or typing ended by Enter; Tab isn't counted. Before the home
had what waits, picking took three and finding a piece three; the others as many as now.
"""

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from orders.models import OrderStatus
from orders.stages import Stage
from organisation.permissions import KHS
from pickups.models import PickupReceipt
from tests.factories import ArticleFactory, UserFactory, WarehouseFactory, put_in_stock
from tests.orders.builders import project, sent
from tests.pickups.builders import fetched, lend, someone

from .test_accessibility import sign_in
from .test_deviation_actions import Reporter, ReporterWithoutMouse

pytestmark = pytest.mark.django_db(transaction=True)
HANDS = pytest.mark.parametrize("hand_of", [Reporter, ReporterWithoutMouse])


@pytest.fixture
def home(page: Page, live_server, settings):
    """Opens the home as KHS sees it after sign-in, with what waits by then."""
    sign_in(page.context, live_server, settings, UserFactory(roles=[KHS], is_staff=True))
    return lambda: page.goto(live_server.url + reverse("admin:index"))


@HANDS
def test_picking_and_delivering(page, home, hand_of):
    article = ArticleFactory()
    put_in_stock(WarehouseFactory(), article, 1)
    order = sent((article, 1))
    home()
    hand = hand_of(page)
    hand.choose(page.get_by_role("link", name=order.case_number))
    hand.choose(page.get_by_role("button", name="Påbörja plock"))
    expect(page.get_by_text("Plockningen är påbörjad.")).to_be_visible()
    assert hand.actions == 2

    home()
    hand = hand_of(page)
    hand.choose(page.get_by_role("link", name="Under plock"))
    hand.choose(page.get_by_role("link", name=order.case_number))
    hand.choose(page.get_by_role("link", name="Leverera", exact=True))
    hand.choose(page.get_by_role("button", name="Leverera 1 av 1"))
    expect(page.get_by_text("Allt är utlämnat.")).to_be_visible()
    order.refresh_from_db()
    assert order.status == OrderStatus.DELIVERED
    assert hand.actions == 4


@HANDS
def test_receiving(page, home, hand_of):
    pickup = fetched(lend(someone(), ArticleFactory()))
    home()
    hand = hand_of(page)
    hand.choose(page.get_by_role("link", name="Hämtordrar att ta emot"))
    hand.choose(page.get_by_role("link", name=pickup.case_number))
    hand.choose(page.get_by_role("link", name="Ta emot", exact=True))
    hand.pick(page.locator("section").first.locator("tbody select"), "Till rengöring")
    hand.choose(page.get_by_role("button", name="Ta emot"))
    expect(page.get_by_text("Mottagningen är registrerad.")).to_be_visible()
    assert PickupReceipt.objects.count() == 1
    assert hand.actions == 5


@HANDS
def test_a_project_moves(page, home, hand_of):
    line = project()
    home()
    hand = hand_of(page)
    hand.choose(page.get_by_role("link", name="Projekt att föra vidare"))
    hand.choose(page.get_by_role("link", name=line.order.case_number))
    hand.choose(page.get_by_role("link", name=Stage.AT_SUPPLIER.label))
    hand.choose(page.get_by_role("button", name=Stage.AT_SUPPLIER.label))
    expect(page.get_by_role("heading", level=1)).to_contain_text(line.order.case_number)
    line.refresh_from_db()
    assert line.stage == Stage.AT_SUPPLIER
    assert hand.actions == 4


@HANDS
def test_a_piece_is_found(page, home, hand_of):
    (piece,) = put_in_stock(WarehouseFactory(), ArticleFactory(is_marked=True), 1)
    home()
    hand = hand_of(page)
    hand.choose(page.locator("a.bar-find"))
    hand.type_into(page.get_by_role("dialog", name="Sök").get_by_role("textbox"), piece.number)
    expect(page.get_by_role("heading", level=1)).to_contain_text(piece.number)
    assert hand.actions == 2
