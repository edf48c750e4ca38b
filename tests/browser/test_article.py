"""The article's page and the article search at the keyboard, with script and without."""

import pytest
from django.test import Client
from playwright.sync_api import Page, expect

from articles.measures import span
from articles.models import Favourite
from tests.factories import (
    ArticleFactory,
    IsoClassFactory,
    ReplacementGroupFactory,
    UserFactory,
    WarehouseFactory,
    put_in_stock,
)

from .test_accessibility import faults, too_wide

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def browser_context_args(browser_context_args):
    """axe is put into pages whose policy forbids foreign scripts."""
    return {**browser_context_args, "bypass_csp": True}


@pytest.fixture
def chairs():
    IsoClassFactory(code="1222", level=2)
    IsoClassFactory(code="122203")
    sizes = ((45, 41), (45, 36), (50, 41))
    made = [
        ArticleFactory(number=f"71000{n}", name=f"Rullstol {n}", iso_code="122203",
                       iso_class_id="122203", seat_width=span(width), seat_depth=span(depth, 56))
        for n, (width, depth) in enumerate(sizes)
    ]  # fmt: skip
    ReplacementGroupFactory(articles=made)
    put_in_stock(WarehouseFactory(), made[0], 3)
    put_in_stock(WarehouseFactory(number="200", name="Västervik KHS lager"), made[1], 8)
    return made


def signed_in(context, live_server, settings) -> Page:
    client = Client()
    client.force_login(UserFactory())
    name = settings.SESSION_COOKIE_NAME
    cookie = {"name": name, "value": client.cookies[name].value, "url": live_server.url}
    context.add_cookies([cookie])
    return context.new_page()


@pytest.fixture
def page(context, live_server, settings, chairs) -> Page:
    return signed_in(context, live_server, settings)


def test_the_warehouse_list_acts_at_once_and_keeps_the_focus(page, live_server):
    page.goto(f"{live_server.url}/artiklar/710000/?sok=q%3Drullstol")
    choice = page.get_by_label("Ersättningsartiklar i")
    row = page.locator(".stand-ins tbody tr").nth(1)
    expect(row).to_contain_text("0\u00a0st")
    choice.focus()
    choice.select_option("200")
    expect(row).to_contain_text("8\u00a0st")
    expect(choice).to_be_focused()
    assert "lager=200" in page.url
    assert "sok=q%3Drullstol" in page.url
    expect(page.get_by_role("button", name="Visa", exact=True)).to_have_count(0)
    page.go_back()
    expect(row).to_contain_text("0\u00a0st")


def test_without_script_the_warehouse_is_chosen_by_a_button(browser, live_server, settings, chairs):
    context = browser.new_context(java_script_enabled=False)
    page = signed_in(context, live_server, settings)
    page.goto(f"{live_server.url}/artiklar/710000/")
    page.get_by_label("Ersättningsartiklar i").select_option("200")
    page.get_by_role("button", name="Visa", exact=True).click()
    expect(page.locator(".stand-ins tbody tr").nth(1)).to_contain_text("8\u00a0st")
    page.get_by_role("button", name="Favorit Rullstol 0").click()
    expect(page.get_by_role("button", name="Favorit Rullstol 0")).to_have_attribute(
        "aria-pressed", "true"
    )
    assert page.url.endswith("#favorit-710000")
    context.close()


@pytest.mark.parametrize("path", ["/artiklar/?q=rullstol", "/artiklar/710000/"])
def test_a_star_turns_where_it_is_and_keeps_the_focus(page, live_server, path):
    page.goto(live_server.url + path)
    star = page.get_by_role("button", name="Favorit Rullstol 0")
    for way in ("true", "false", "true"):
        star.press("Enter")
        expect(star).to_have_attribute("aria-pressed", way)
        expect(star).to_be_focused()
    assert Favourite.objects.count() == 1
    page.goto(f"{live_server.url}/artiklar/?favoriter=ja")
    expect(page.locator("#artiklar-antal")).to_have_text("1 artikel")


def test_ticked_articles_are_compared(page, live_server):
    page.goto(f"{live_server.url}/artiklar/?q=rullstol")
    expect(page.get_by_role("button", name="Jämför")).to_be_hidden()
    for n in (0, 2):
        page.get_by_role("checkbox", name=f"Välj Rullstol {n}").press("Space")
    page.get_by_role("button", name="Jämför").press("Enter")
    expect(page.get_by_role("heading", name="Jämför artiklar")).to_be_visible()
    expect(page.get_by_role("row", name="Sittbredd")).to_contain_text("50 cm (skiljer sig)")
    expect(page.get_by_role("row", name="ISO-kod")).not_to_contain_text("skiljer sig")


@pytest.mark.parametrize(
    "path",
    [
        "/artiklar/710000/?sok=q%3Drullstol%26antal%3D3",
        "/artiklar/?q=rullstol&sittbredd=43-46&gren=1222&i_lager=ja",
        "/artiklar/?q=rullstol&sittbredd=bred",
        "/artiklar/?favoriter=ja",
        "/artiklar/jamfor/",
        "/artiklar/jamfor/?artikel=710000&artikel=710001&artikel=710002",
    ],
)
def test_axe_finds_nothing_and_nothing_is_wider_than_the_screen(page, live_server, path):
    said: list[str] = []
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("console", lambda m: said.append(m.text) if m.type == "error" else None)
    page.goto(live_server.url + path)
    assert faults(page) == []
    assert too_wide(page) == []
    assert said == []
