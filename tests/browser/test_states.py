"""Pages in the states that no link leads to, as a tool for accessibility sees them; and nothing that
has the focus lies under the bar of ticked rows (WCAG 2.4.11)."""

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from orders import services
from organisation.models import User
from organisation.permissions import KHS
from recipients.models import Recipient
from tests.factories import (
    ArticleFactory,
    BufferFactory,
    LoanFactory,
    RecipientFactory,
    UserFactory,
    WarehouseFactory,
    put_in_stock,
)
from tests.orders.builders import add, sent, start

from .test_accessibility import faults, sign_in

pytestmark = pytest.mark.django_db(transaction=True)
HIDDEN = """e => {
  const box = e.getBoundingClientRect();
  const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
  return !top || !(e.contains(top) || top.contains(e) || [...(e.labels || [])].some(l => l.contains(top)));
}"""


@pytest.fixture
def browser_context_args(browser_context_args):
    """axe is put into pages whose policy forbids foreign scripts; focus scrolls at once."""
    return {**browser_context_args, "bypass_csp": True, "reduced_motion": "reduce"}


@pytest.fixture
def user(page: Page, live_server, settings) -> User:
    user = UserFactory()
    sign_in(page.context, live_server, settings, user)
    return user


def hidden_with_focus(page: Page, within: str, *, least: int) -> list[str]:
    """What lies under something else while it has the focus, walked both ways."""
    inside = f'{within} :is(a, button, input, textarea, summary):visible:not([tabindex="-1"])'
    parts = page.locator(inside).all()
    assert len(parts) >= least
    under = []
    for part in [*parts, *reversed(parts)]:
        part.focus()
        if part.evaluate(HIDDEN):
            under.append(part.evaluate("e => e.outerHTML.slice(0, 90)"))
    return under


@pytest.fixture
def holder() -> Recipient:
    """Somebody who has more aids than a window shows."""
    person = RecipientFactory()
    for _ in range(14):
        LoanFactory(recipient=person)
    return person


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_that_has_the_focus_lies_under_the_bar_of_ticked_rows(
    page: Page, live_server, user, width, holder
):
    page.set_viewport_size({"width": width, "height": 640})
    page.goto(f"{live_server.url}/mottagare/{holder.key}/")
    page.locator("input[name=valda]").first.check()
    expect(page.locator(".bulk.is-on")).to_be_visible()
    assert hidden_with_focus(page, ".list", least=28) == []
    page.evaluate("scrollTo(0, 0)")
    assert faults(page) == []


def test_nothing_that_has_the_focus_lies_under_the_foot_of_a_dialog_that_is_a_page(
    page: Page, live_server, user, holder
):
    page.set_viewport_size({"width": 390, "height": 640})
    page.goto(live_server.url + reverse("pickups:begin", args=[holder.key]))
    page.get_by_label("Hämtning av A-hjälpmedel KHS").check()
    page.locator("input[name=valda]").first.check()
    page.get_by_role("button", name="Nästa").click()
    expect(page.get_by_label("Gatuadress")).to_be_visible()
    assert hidden_with_focus(page, ".dialog-scroll", least=10) == []


def test_on_a_phone_the_mark_of_a_step_that_is_done_is_its_link(page: Page, live_server, user):
    start(user)
    ramp = ArticleFactory(name="Ramp")
    put_in_stock(WarehouseFactory(), ramp, 1)
    page.set_viewport_size({"width": 390, "height": 640})
    page.goto(live_server.url + reverse("orders:add", args=[ramp.number]))
    page.get_by_role("button", name="Nästa").click()
    done = page.get_by_role("link", name="Artikel", exact=True)
    done.focus()
    assert done.bounding_box()["width"] >= 24 and not done.evaluate(HIDDEN)
    mark = page.locator(".step-done .step-mark").bounding_box()
    page.mouse.click(mark["x"] + 13, mark["y"] + 13)
    expect(page.get_by_role("textbox", name="Antal")).to_be_visible()


def test_a_list_that_scrolls_sideways_can_be_scrolled_from_the_keyboard(
    page: Page, live_server, user
):
    for _ in range(3):
        ArticleFactory(name="Rollator " + "lång benämning " * 6)
    page.set_viewport_size({"width": 700, "height": 640})
    page.goto(f"{live_server.url}/artiklar/?q=rollator")
    scrolled = page.locator(".list-scroll")
    page.evaluate("document.querySelector('.list-table').style.minWidth = '1400px'")
    page.set_viewport_size({"width": 720, "height": 640})
    expect(scrolled).to_have_attribute("tabindex", "0")
    expect(page.get_by_role("group", name="Artiklar")).to_have_count(1)
    assert faults(page) == []


def test_the_undo_strip_a_removed_row_and_the_question_before_leaving_are_accessible(
    page: Page, live_server, user
):
    cart = start(user)
    add(cart, ArticleFactory(name="Ramp"))
    page.goto(f"{live_server.url}/bestallning/")
    page.get_by_role("button", name="Ta bort Ramp").click()
    expect(page.locator(".undo")).to_be_visible()
    assert faults(page) == []
    article = ArticleFactory(name="Rollator")
    page.goto(f"{live_server.url}/artiklar/{article.number}/")
    page.get_by_role("link", name="Beställ", exact=True).click()
    page.get_by_role("textbox", name="Antal").fill("7")
    page.keyboard.press("Escape")
    expect(page.get_by_role("alertdialog")).to_be_visible()
    assert faults(page) == []


def test_an_order_changed_in_another_tab_is_told_accessibly(page: Page, live_server, user):
    start(user)
    page.goto(f"{live_server.url}/bestallning/")
    user.carts.all().delete()
    start(user)
    page.get_by_role("button", name="Kasta beställningen").click()
    expect(page.get_by_role("alert")).to_contain_text("Inget är tillagt eller ändrat")
    assert faults(page) == []


def test_signing_in_with_its_reason_is_accessible(page: Page, live_server):
    page.goto(f"{live_server.url}/mottagare/")
    expect(page.locator(".signin-reason")).to_be_visible()
    assert faults(page) == []


def test_a_menu_with_barred_entries_is_accessible(page: Page, live_server, user):
    cart = start(user)
    add(cart, ArticleFactory(name="Ramp"))
    order = services.send(cart, user=user)
    services.start_picking(order, user=user)
    page.goto(f"{live_server.url}/bestallningar/{order.case_number}/")
    page.get_by_text("Registrera/skapa").click()
    expect(page.locator(".barred").first).to_be_visible()
    assert faults(page) == []


def test_khs_orders_and_their_delivery_are_accessible_on_a_phone(page: Page, live_server, settings):
    cart = start()
    marked = ArticleFactory(name="Rullstol Cross", is_marked=True)
    put_in_stock(WarehouseFactory(), marked, 2)
    add(cart, marked, 1)
    add(cart, ArticleFactory(name="Ramp"), 2)
    order = services.send(cart, user=cart.user)
    sign_in(page.context, live_server, settings, UserFactory(roles=[KHS], is_staff=True))
    page.set_viewport_size({"width": 390, "height": 844})
    for name in ("detail", "deliver"):
        page.goto(live_server.url + reverse(f"orders:{name}", args=[order.case_number]))
        assert faults(page) == [], name


def test_a_menu_that_stands_first_on_its_row_opens_into_the_window(
    page: Page, live_server, settings
):
    ramp = ArticleFactory(name="Ramp")
    put_in_stock(WarehouseFactory(), ramp, 1)
    order = sent((ramp, 1))
    sign_in(page.context, live_server, settings, UserFactory(roles=[KHS], is_staff=True))
    page.set_viewport_size({"width": 834, "height": 844})
    page.goto(f"{live_server.url}/bestallningar/{order.case_number}/")
    page.get_by_text("Registrera/skapa").click()
    expect(page.locator(".page-head-actions .drop")).to_be_in_viewport(ratio=1)


def test_what_cant_be_undone_is_asked_with_the_focus_on_what_stays(page: Page, live_server, user):
    cart = start(user)
    add(cart, ArticleFactory(name="Ramp"))
    order = services.send(cart, user=user)
    page.goto(f"{live_server.url}/bestallningar/{order.case_number}/")
    page.get_by_text("Registrera/skapa").click()
    page.get_by_role("link", name="Makulera beställning").click()
    asked = page.get_by_role("alertdialog", name=f"Makulera kundorder {order.case_number}?")
    expect(asked).to_contain_text("Raden som KHS inte har plockat släpps")
    expect(asked.get_by_role("link", name="Behåll beställningen")).to_be_focused()
    assert faults(page) == []
    asked.get_by_role("button", name="Ja, makulera").click()
    expect(page.get_by_text("är makulerad.").first).to_be_visible()


@pytest.mark.parametrize("width", [390, 834, 1280])
def test_nothing_that_has_the_focus_lies_under_the_foot_of_a_return(
    page: Page, live_server, user, width, holder
):
    user.default_unit.own_stores.add(BufferFactory())
    page.set_viewport_size({"width": width, "height": 640})
    page.goto(live_server.url + reverse("pickups:new_return", args=[holder.key]))
    assert hidden_with_focus(page, ".back-rows", least=28) == []


@pytest.mark.parametrize("width", [390, 1280])
def test_all_aids_of_a_page_are_ticked_by_one_box(page: Page, live_server, user, width):
    person = RecipientFactory()
    for _ in range(3):
        LoanFactory(recipient=person)
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(f"{live_server.url}/mottagare/{person.key}/")
    page.locator("input[name=valda]").first.check()
    every = page.locator("[data-tick-all]:visible")
    expect(every).to_have_count(1)
    assert every.evaluate("box => box.indeterminate")
    every.click()
    expect(page.locator(".bulk-says")).to_have_text("3 valda")
    expect(every).to_be_checked()
    assert faults(page) == []
    every.click()
    expect(page.locator(".bulk-says")).to_be_empty()
