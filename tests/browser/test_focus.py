"""After each deed the focus stands on what changed, never on the page as a whole: who hears the
page, or sees a corner of it, is told what came of it. With script and without."""

import re
from dataclasses import dataclass

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, Locator, Page, expect

from orders import services
from orders.models import Cart
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
from tests.orders.builders import add, manual, start

from .test_accessibility import sign_in

pytestmark = pytest.mark.django_db(transaction=True)


@dataclass
class World:
    """A page of a prescriber with an order of two lines in progress; 30 rollators are found."""

    page: Page
    user: User
    cart: Cart
    person: Recipient

    def open(self, path: str) -> None:
        self.page.goto(self.base + path)

    base: str = ""

    def press(self, role: str, name: str, within: str = "main") -> None:
        """As somebody at the keyboard: focus, then Enter."""
        target = self.page.locator(within).get_by_role(role, name=name, exact=True).first
        target.press("Enter")

    def stands_on(self, target: Locator | str) -> None:
        found = self.page.locator(target) if isinstance(target, str) else target
        expect(found).to_be_focused()
        expect(found).to_be_in_viewport()


@pytest.fixture(params=[True, False], ids=["script", "plain"])
def scripted(request) -> bool:
    return request.param


@pytest.fixture
def world(browser: Browser, browser_context_args, live_server, settings, scripted):
    for number in range(30):
        ArticleFactory(number=f"7100{number:02}", name=f"Rollator {number:02}")
    user = UserFactory()
    person = RecipientFactory(given_name="Arvid", family_name="Ek")
    for _ in range(2):
        LoanFactory(recipient=person)
    cart = start(user, person)
    for name in ("Rullstol", "Ramp"):
        article = ArticleFactory(name=name)
        put_in_stock(WarehouseFactory(), article, 5)
        add(cart, article)
    context = browser.new_context(**browser_context_args, java_script_enabled=scripted)
    sign_in(context, live_server, settings, user)
    yield World(context.new_page(), user, cart, person, live_server.url)
    context.close()


def test_a_search_stands_on_its_count_and_no_hit_on_the_words_that_say_so(world):
    for path in ("/artiklar/", "/individer/"):
        world.open(path)
        world.page.locator("#innehall [name=q]").fill("finnsinte")
        world.page.locator("#innehall [name=q]").press("Enter")
        world.stands_on(".list .empty-title")
    world.open("/artiklar/")
    world.page.locator("#innehall [name=q]").fill("rollator")
    world.page.locator("#innehall [name=q]").press("Enter")
    world.stands_on(world.page.get_by_text("30 artiklar").first)


def test_sorting_paging_and_choosing_columns_stand_on_the_list(world, scripted):
    world.open("/artiklar/?q=rollator")
    world.press("link", "Benämning")
    world.page.wait_for_url(re.compile("sortera="))
    if scripted:
        world.stands_on(world.page.locator("th a.sort", has_text="Benämning"))
    else:
        world.stands_on(".list-count")
    world.press("link", "Sida 2")
    world.page.wait_for_url(re.compile("sida=2"))
    world.stands_on(world.page.locator(".pages [aria-current]") if scripted else ".list-count")
    world.page.locator(".chooser summary").press("Enter")
    world.press("button", "Visa", ".chooser")
    world.stands_on(".list-count")


def test_a_list_that_was_narrowed_stands_on_its_count(world):
    order = services.send(world.cart, user=world.user)
    world.open("/min-sida/")
    for link in ("Alla", "Visa mottagare"):
        world.press("link", link)
        world.stands_on("#mina-bestallningar-antal")
    world.open("/sok/")
    world.press("button", "Visa")
    world.stands_on("#sokta-bestallningar-antal")
    world.press("link", "Senaste veckan")
    world.stands_on("#sokta-bestallningar-antal")
    expect(world.page.get_by_text(order.case_number)).to_be_visible()


def test_a_panel_stands_on_its_title_and_closed_on_its_row(world, scripted):
    world.open(f"/mottagare/{world.person.key}/")
    row = world.page.locator("a.panel-link").first
    row.press("Enter")
    world.stands_on(".panel-title")
    if scripted:
        world.page.keyboard.press("Escape")
        world.stands_on(row)


def test_an_edited_block_stands_on_its_field_its_fault_and_then_on_what_was_saved(world, scripted):
    world.open(f"/mottagare/{world.person.key}/")
    pencil = world.page.locator("#block-uppgifter .edit-open")
    title = world.page.locator("#block-uppgifter-title")
    pencil.press("Enter")
    field = world.page.get_by_label("Telefon", exact=True)
    world.stands_on(field if scripted else title)
    field.fill("1")
    world.press("button", "Spara", "#block-uppgifter")
    expect(field).to_have_attribute("aria-invalid", "true")
    world.stands_on(field)
    field.fill("08-465 004 10")
    world.press("button", "Spara", "#block-uppgifter")
    expect(pencil).to_be_visible()
    world.stands_on(pencil if scripted else "#messages .note")
    pencil.press("Enter")
    expect(field).to_be_visible()
    world.press("link", "Lämna utan att spara", "#block-uppgifter")
    expect(pencil).to_be_visible()
    world.stands_on(pencil if scripted else title)


def test_putting_an_article_stands_on_the_message(world):
    world.open("/artiklar/710003/")
    world.press("link", "Beställ")
    world.page.get_by_role("button", name="Fortsätt").press("Enter")
    world.stands_on("#messages .note")


def test_a_refused_quantity_stands_on_its_field(world):
    world.open("/artiklar/710003/")
    world.press("link", "Beställ")
    field = world.page.get_by_role("textbox", name="Antal")
    field.fill("två")
    world.page.get_by_role("button", name="Fortsätt").press("Enter")
    expect(field).to_have_attribute("aria-invalid", "true")
    world.stands_on(field)


def test_a_closed_dialog_stands_on_what_opened_it(world, scripted):
    if not scripted:
        pytest.skip("without script a dialog is a page")
    world.open("/artiklar/710003/")
    opener = world.page.get_by_role("link", name="Beställ", exact=True)
    opener.press("Enter")
    expect(world.page.get_by_role("dialog")).to_be_visible()
    world.page.keyboard.press("Escape")
    world.stands_on(opener)


def test_where_it_comes_from_keeps_the_focus_and_a_chosen_piece_is_told_at_once(world, scripted):
    if not scripted:
        pytest.skip("without script nothing is drawn before the step is sent")
    store, chair = BufferFactory(), ArticleFactory(name="Rullstol Cross", is_marked=True)
    world.user.default_unit.own_stores.add(store)
    piece, _ = put_in_stock(store, chair, 2)
    world.open(f"/artiklar/{chair.number}/")
    world.press("link", "Beställ")
    own = world.page.get_by_role("radio", name="Eget förråd")
    world.page.get_by_role("radio", name="Hjälpmedelsverksamhet").press("ArrowDown")
    pieces = world.page.get_by_label("Individ", exact=True)
    expect(pieces).to_be_visible()
    world.stands_on(own)
    pieces.select_option(piece.number)
    expect(world.page.locator("#order-preview")).to_contain_text("lämnas ut när du skickar")


def test_delivering_together_stands_on_its_switch(world):
    world.open("/bestallning/slutfor/")
    switch = world.page.locator("button.together").nth(1)
    switch.press("Enter")
    expect(switch).to_have_attribute("aria-pressed", "true")
    world.stands_on(switch)
    switch.press("Enter")
    expect(switch).to_have_attribute("aria-pressed", "false")
    world.stands_on(switch)


@pytest.mark.parametrize("path", ["/bestallning/", "/bestallning/slutfor/"])
def test_a_removed_row_stands_on_its_undo_and_one_put_back_on_the_row(world, path):
    world.open(path)
    world.press("button", "Ta bort Ramp")
    undo = world.page.get_by_role("button", name="Ångra borttagningen av Ramp")
    world.stands_on(undo)
    undo.press("Enter")
    row = world.page.locator("tr", has_text="Ramp")
    expect(row.get_by_role("button", name="Ta bort Ramp")).to_be_visible()
    world.stands_on(row)


def test_a_thrown_away_order_stands_on_its_undo_and_one_taken_back_on_the_message(world):
    world.open("/bestallning/")
    world.press("button", "Kasta beställningen")
    undo = world.page.locator(".undo-do")
    world.stands_on(undo)
    undo.press("Enter")
    expect(world.page.get_by_text("är tillbaka")).to_be_visible()
    world.stands_on("#messages .note")


def test_a_tab_of_a_panel_keeps_the_focus(world, scripted):
    world.open(f"/mottagare/{world.person.key}/")
    world.page.locator("a.panel-link").first.press("Enter")
    world.stands_on(".panel-title")
    tab = world.page.locator(".panel .tabs a").last
    tab.press("Enter")
    world.page.wait_for_url(re.compile("panelflik="))
    world.stands_on(".panel .tabs [aria-current]" if scripted else ".panel-title")


def test_a_tab_of_a_page_stands_on_itself(world, scripted):
    if not scripted:
        pytest.skip("a link to a page, which begins at its top")
    world.open(f"/mottagare/{world.person.key}/")
    world.press("link", "Historik")
    world.page.wait_for_url(re.compile("flik=historik"))
    world.stands_on(".tabs [aria-current]")
    world.open("/artiklar/710001/")
    world.stands_on("body")


def test_a_wrong_number_stands_on_the_field(world):
    for path, name in (("/", "q"), ("/mottagare/", "nummer")):
        world.open(path)
        field = world.page.locator(f"#innehall [name={name}]")
        field.fill("2647099")
        field.fill("26470999")
        field.press("Enter")
        expect(field).to_have_attribute("aria-invalid", "true")
        world.stands_on(field)


def test_a_failed_sign_in_stands_on_what_it_says(browser, live_server, scripted):
    UserFactory(username="anna")
    context = browser.new_context(java_script_enabled=scripted)
    page = context.new_page()
    page.goto(live_server.url + "/logga-in/")
    page.get_by_label("Användarnamn").fill("anna")
    page.get_by_label("Lösenord").fill("fel")
    page.get_by_label("Lösenord").press("Enter")
    expect(page.get_by_role("alert")).to_be_focused()
    page.get_by_label("Användarnamn").fill("")
    page.get_by_label("Lösenord").press("Enter")
    expect(page.locator("[aria-invalid=true]").first).to_be_focused()
    context.close()


def test_khs_stands_on_the_message_of_a_delivery_and_on_what_is_wrong(
    browser, browser_context_args, live_server, settings, scripted
):
    cart = start()
    article = ArticleFactory(name="Rullstol")
    put_in_stock(WarehouseFactory(), article, 5)
    add(cart, article, 2)
    order = services.send(cart, user=cart.user)
    context = browser.new_context(**browser_context_args, java_script_enabled=scripted)
    sign_in(context, live_server, settings, UserFactory(roles=[KHS], is_staff=True))
    page = context.new_page()
    page.goto(f"{live_server.url}/bestallningar/{order.case_number}/leverera/")
    page.get_by_role("button", name=re.compile("Leverera")).press("Enter")
    expect(page.locator("#messages .note").first).to_be_focused()
    context.close()


def test_khs_stands_on_what_there_is_of_an_article_before_it_is_put_on(
    browser, browser_context_args, live_server, settings, scripted
):
    line, article = manual(), ArticleFactory(name="Karmstol")
    context = browser.new_context(**browser_context_args, java_script_enabled=scripted)
    sign_in(context, live_server, settings, UserFactory(roles=[KHS], is_staff=True))
    page = context.new_page()
    put = reverse("orders:put", args=[line.order.case_number, line.pk])
    page.goto(live_server.url + put)
    page.get_by_label("Artikelnummer").fill(article.number)
    page.get_by_role("button", name="Visa tillgänglighet").press("Enter")
    expect(page.get_by_role("status").filter(has_text="blir restnoterat")).to_be_focused()
    context.close()
