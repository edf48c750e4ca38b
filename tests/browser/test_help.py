"""Help opens beside the page by keyboard, and what KHS writes is written under the Content Security
Policy."""

import pytest
from playwright.sync_api import Page, expect

from organisation.permissions import KHS
from portal.models import News
from tests.factories import UserFactory

from .test_accessibility import faults, sign_in

pytestmark = pytest.mark.django_db(transaction=True)


def told(page: Page) -> list[str]:
    said: list[str] = []
    page.on(
        "console", lambda message: said.append(message.text) if message.type == "error" else None
    )
    page.on("pageerror", lambda error: said.append(str(error)))
    return said


def test_the_question_mark_opens_the_help_and_escape_gives_the_focus_back(
    page: Page, live_server, settings
):
    sign_in(page.context, live_server, settings, UserFactory())
    said = told(page)
    page.goto(live_server.url + "/artiklar/")
    mark = page.locator(".bar-right a[data-help]")
    mark.focus()
    page.keyboard.press("Enter")
    panel = page.locator(".help-panel")
    expect(panel.get_by_role("heading", name="Söka artikel")).to_be_focused()
    assert page.url.endswith("/artiklar/")
    assert faults(page) == []
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(mark).to_be_focused()
    assert said == []


def test_pressed_twice_it_opens_once(page: Page, live_server, settings):
    sign_in(page.context, live_server, settings, UserFactory())
    page.goto(live_server.url + "/artiklar/")
    page.locator(".bar-right a[data-help]").evaluate("(mark) => { mark.click(); mark.click(); }")
    expect(page.locator(".help-panel .panel-title")).to_be_focused()
    page.wait_for_load_state("networkidle")
    assert page.locator(".help-panel").count() == 1


def test_on_a_telephone_the_focus_does_not_go_under_the_help(page: Page, live_server, settings):
    sign_in(page.context, live_server, settings, UserFactory())
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(live_server.url + "/artiklar/")
    page.locator(".bar-fold summary").click()
    page.locator(".fold-menu a[data-help]").click()
    panel = page.locator(".help-panel")
    expect(panel.locator(".panel-title")).to_be_focused()
    for _ in range(8):
        page.keyboard.press("Tab")
        assert not page.evaluate("!!document.activeElement.closest('main, .foot')")
    panel.get_by_role("button", name="Stäng hjälpen").click()
    expect(page.locator(".bar-fold summary")).to_be_focused()
    page.locator("main input[name=q]").focus()
    expect(page.locator("main input[name=q]")).to_be_focused()


def test_khs_writes_a_piece_of_news_and_nothing_is_refused(page: Page, live_server, settings):
    sign_in(page.context, live_server, settings, UserFactory(roles=[KHS], is_staff=True))
    said = told(page)
    page.goto(live_server.url + "/admin/portal/news/add/")
    page.get_by_label("Rubrik", exact=True).fill("Jul")
    expect(page.get_by_role("button", name="Punktlista")).to_be_visible()
    assert faults(page) == []
    page.get_by_role("textbox", name="Text").click()
    page.keyboard.type("Stängt.")
    page.get_by_role("button", name="Punktlista").click()
    page.get_by_role("button", name="Spara", exact=True).click()
    expect(page.locator("#messages")).to_contain_text("Jul")
    assert News.objects.get().body == "<ul><li><p>Stängt.</p></li></ul>"
    assert said == []


def test_the_editor_has_no_letters_of_its_drawings_when_their_font_is_late(
    page: Page, live_server, settings
):
    page.route("**/material-icons*.woff2", lambda route: route.abort())
    sign_in(page.context, live_server, settings, UserFactory(roles=[KHS], is_staff=True))
    page.goto(live_server.url + "/admin/portal/news/add/")
    expect(page.get_by_role("button", name="Punktlista")).to_be_visible()
    assert faults(page) == []
