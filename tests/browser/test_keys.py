"""The portal from the keyboard: the search box on every page, lists walked row by row."""

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect

from organisation.models import User
from organisation.permissions import CONTROLLER, KHS
from tests.factories import (
    UNUSED_NUMBERS,
    ArticleFactory,
    LoanFactory,
    RecipientFactory,
    UserFactory,
)
from tests.orders.builders import sent, start

from .test_accessibility import faults, sign_in

pytestmark = pytest.mark.django_db(transaction=True)

NUMBER = UNUSED_NUMBERS[5]
OUTSIDE = """() => {
    const box = document.querySelector("dialog.find");
    return document.activeElement !== document.body && !box.contains(document.activeElement);
}"""


@pytest.fixture
def browser_context_args(browser_context_args):
    """axe is put into pages whose policy forbids foreign scripts."""
    return {**browser_context_args, "bypass_csp": True, "reduced_motion": "reduce"}


@pytest.fixture
def user(page: Page, live_server, settings) -> User:
    user = UserFactory()
    sign_in(page.context, live_server, settings, user)
    return user


def found(page: Page):
    return page.get_by_role("dialog", name="Sök")


def field(page: Page):
    return found(page).get_by_role("textbox")


def test_ctrl_k_opens_the_search_box_on_every_page_and_escape_gives_the_focus_back(
    page, live_server, user
):
    person = LoanFactory().recipient
    start(user, person)
    article = ArticleFactory()
    paths = [
        reverse("recipients:detail", args=[person.key]),
        f"/artiklar/{article.number}/",
        "/bestallning/slutfor/",
        "/finns-inte/",
    ]
    for path in paths:
        page.goto(live_server.url + path)
        link = page.locator("main a:visible").first
        link.focus()
        page.keyboard.press("Control+k")
        expect(field(page)).to_be_focused()
        for _ in range(30):
            page.keyboard.press("Tab")
            assert not page.evaluate(OUTSIDE), path
        page.keyboard.press("Escape")
        expect(found(page)).to_have_count(0)
        expect(link).to_be_focused()


def test_the_box_is_found_by_mouse_and_by_axe_wide_and_narrow(page, live_server, user):
    page.goto(live_server.url + "/artiklar/")
    for width in (1280, 834, 320):
        page.set_viewport_size({"width": width, "height": 800})
        page.get_by_role("link", name="Sök Ctrl K").click()
        expect(field(page)).to_be_focused()
        assert faults(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.locator(".find-close").click()
        expect(found(page)).to_have_count(0)
        expect(page.get_by_role("link", name="Sök Ctrl K")).to_be_focused()


def test_what_is_wrong_is_said_in_the_box_and_the_page_stays(page, live_server, user):
    page.goto(live_server.url + "/individer/")
    page.keyboard.press("Control+k")
    page.keyboard.type("19121212")
    page.keyboard.press("Enter")
    expect(found(page).get_by_role("alert")).to_contain_text("Inget ärende har numret 19121212.")
    expect(field(page)).to_be_focused()
    expect(field(page)).to_have_attribute("aria-invalid", "true")
    expect(field(page)).to_have_value("19121212")
    assert faults(page) == []
    assert page.url == live_server.url + "/individer/"


def test_a_number_leads_to_what_it_names_and_a_persons_stands_in_no_address(
    page, live_server, user
):
    person, article = RecipientFactory(number=NUMBER), ArticleFactory()
    order = sent((article, 1), user=user)
    seen = []
    page.on("request", lambda request: seen.append(request.url))
    page.goto(live_server.url + "/individer/")
    for typed, path in (
        (article.number, f"/artiklar/{article.number}/"),
        (order.case_number, f"/bestallningar/{order.case_number}/"),
        (NUMBER, reverse("recipients:detail", args=[person.key])),
    ):
        page.keyboard.press("Control+k")
        page.keyboard.type(typed)
        page.keyboard.press("Enter")
        page.wait_for_url(live_server.url + path)
        expect(page.get_by_role("heading", level=1)).to_be_focused()
    assert not any(NUMBER in url for url in seen)


def test_the_box_says_what_it_takes_what_is_typed_for(page, live_server, user):
    for path in ("/", "/individer/"):
        page.goto(live_server.url + path)
        page.keyboard.press("Control+k")
        scope = page.locator("#innehall") if path == "/" else found(page)
        box = scope.get_by_role("textbox")
        expect(box).to_be_focused()
        for typed, says in (
            (NUMBER, "Personnummer: öppnar mottagaren"),
            (NUMBER[2:], "Personnummer skrivs med 12 siffror"),
            ("4127", "Söker vårdenhet, artikel eller individ med numret"),
            ("26470143", "Söker ärende, artikel eller individ med numret"),
            ("cross", "Söker artiklar"),
            ("ab", ""),
        ):
            box.fill(typed)
            expect(scope.locator("[data-understood]")).to_have_text(says)


def test_whom_one_has_seen_today_is_one_step_away_and_an_order_to_them_two_keys(
    page, live_server, user
):
    order = sent((ArticleFactory(name="Rollator Sola"), 1), user=user)
    person = reverse("recipients:detail", args=[order.recipient.key])
    page.goto(live_server.url + person)
    page.goto(f"{live_server.url}/bestallningar/{order.case_number}/")
    for keys, leads in (
        (["Enter"], person),
        (["Control+Enter"], reverse("orders:to", args=[order.recipient.key])),
    ):
        page.goto(live_server.url + "/individer/")
        page.keyboard.press("Control+k")
        expect(found(page).get_by_role("link", name=order.recipient.name)).to_be_visible()
        assert faults(page) == []
        page.keyboard.press("ArrowDown")
        for key in keys:
            page.keyboard.press(key)
        page.wait_for_url(live_server.url + leads)
    page.goto(live_server.url + "/individer/")
    page.keyboard.press("Control+k")
    field(page).fill(order.case_number[-4:])
    found(page).get_by_role("link", name=f"Beställning {order.case_number}").click()
    page.wait_for_url(f"{live_server.url}/bestallningar/{order.case_number}/")


def test_the_bars_pages_are_reached_from_the_box(page, live_server, user):
    page.goto(live_server.url + "/individer/")
    page.keyboard.press("Control+k")
    expect(field(page)).to_be_focused()
    page.keyboard.type("sorti")
    page.keyboard.press("ArrowDown")
    expect(found(page).get_by_role("link")).to_have_count(1)
    page.keyboard.press("Enter")
    page.wait_for_url(live_server.url + "/sortiment/")


def test_without_script_the_magnifier_leads_to_the_start_page(
    browser: Browser, live_server, settings
):
    context = browser.new_context(java_script_enabled=False)
    sign_in(context, live_server, settings, UserFactory())
    page = context.new_page()
    page.goto(live_server.url + "/individer/")
    page.get_by_role("link", name="Sök", exact=True).click()
    assert page.url == live_server.url + "/"
    expect(page.get_by_role("textbox").first).to_be_focused()
    context.close()


def test_who_looks_nobody_up_has_no_box(page, live_server, settings):
    sign_in(page.context, live_server, settings, UserFactory(roles=[CONTROLLER]))
    page.goto(live_server.url)
    page.keyboard.press("Control+k")
    expect(page.locator("dialog.find, [data-find]")).to_have_count(0)


@pytest.fixture
def articles() -> list[str]:
    """The names of three, in the order of their list."""
    return [ArticleFactory(name=f"Rollator {name}").name for name in ("Alfa", "Beta", "Gamma")]


def test_keys_walk_a_list_from_a_row_and_a_letter_does_what_its_button_does(
    page, live_server, user, articles
):
    start(user)
    page.goto(live_server.url + "/artiklar/?q=rollator")
    page.keyboard.press("j")
    page.keyboard.press("b")
    expect(page.locator(":focus")).not_to_have_text(articles[0])
    rows = [page.get_by_role("link", name=name, exact=True) for name in articles]
    rows[0].focus()
    for key, where in (("j", 1), ("ArrowDown", 2), ("j", 2), ("k", 1), ("ArrowUp", 0), ("j", 1)):
        page.keyboard.press(key)
        expect(rows[where]).to_be_focused()
    page.keyboard.press("b")
    expect(page.locator("#dialog")).to_contain_text(articles[1])


def test_letter_keys_are_switched_off_under_the_cog_and_arrows_stay(
    page, live_server, user, articles
):
    page.goto(live_server.url + "/artiklar/?q=rollator")
    page.locator(".bar-account summary").click()
    page.get_by_role("link", name="Inställningar").click()
    page.locator("#dialog").get_by_label("Snabbtangenter med en bokstav").uncheck()
    page.get_by_role("button", name="Spara inställningar").click()
    expect(page.locator("#dialog")).to_be_hidden()
    user.refresh_from_db()
    assert user.preferences["letter_keys"] is False
    page.goto(live_server.url + "/artiklar/?q=rollator")
    rows = [page.get_by_role("link", name=name, exact=True) for name in articles]
    rows[0].focus()
    for key in ("j", "k", "b"):
        page.keyboard.press(key)
        expect(rows[0]).to_be_focused()
    expect(page.locator("#dialog")).to_be_hidden()
    page.keyboard.press("ArrowDown")
    expect(rows[1]).to_be_focused()


def test_the_open_panel_follows_the_row_that_one_walks_to(page, live_server, user):
    person = RecipientFactory()
    for name in ("Rullstol", "Ramp", "Säng"):
        LoanFactory(recipient=person, article=ArticleFactory(name=name))
    page.goto(live_server.url + reverse("recipients:detail", args=[person.key]))
    links = page.locator("a.panel-link")
    names = links.all_inner_texts()
    title = page.locator("#panel-title")
    links.nth(0).press("Enter")
    expect(title).to_contain_text(names[0])
    expect(title).to_be_focused()
    # The arrows show the next one, where one stands in the panel that came …
    page.keyboard.press("ArrowDown")
    expect(title).to_contain_text(names[1])
    expect(title).to_be_focused()
    # … and in the list the focus stays on the row.
    links.nth(1).focus()
    page.keyboard.press("j")
    expect(links.nth(2)).to_be_focused()
    expect(title).to_contain_text(names[2])
    expect(links.nth(2)).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#panel")).to_be_hidden()
    expect(links.nth(2)).to_be_focused()


def test_khs_finds_from_the_back_office(page, live_server, settings):
    sign_in(page.context, live_server, settings, UserFactory(roles=[KHS], is_staff=True))
    order = sent((ArticleFactory(), 1))
    page.goto(live_server.url + reverse("admin:index"))
    page.keyboard.press("Control+k")
    page.keyboard.type(order.case_number)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{live_server.url}/bestallningar/{order.case_number}/")
