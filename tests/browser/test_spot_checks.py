"""A spot check is judged from the keyboard: 1, 2, 3 choose a verdict, J leads to the next look."""

import pytest
from playwright.sync_api import Page, expect

from organisation.models import User
from tests.portal.spot_checks.builders import checked, reviewer

from .test_accessibility import faults, sign_in, too_wide

pytestmark = pytest.mark.django_db(transaction=True)
MONTH = "/logg/stickprov/2026-10/"


@pytest.fixture
def browser_context_args(browser_context_args):
    return {**browser_context_args, "bypass_csp": True, "reduced_motion": "reduce"}


@pytest.fixture
def user(page: Page, live_server, settings) -> User:
    user = reviewer()
    sign_in(page.context, live_server, settings, user)
    return user


def test_looks_are_judged_from_the_keyboard_alone(page: Page, live_server, user):
    check = checked(3)
    page.goto(f"{live_server.url}{MONTH}1/")
    page.locator(".check-list a").last.focus()
    for key, name in (("2", "Oklar"), ("3", "Obefogad"), ("1", "Befogad Inget")):
        page.keyboard.press(key)
        expect(page.get_by_role("radio", name=f"{name} ")).to_be_checked()
    assert [*faults(page), *too_wide(page)] == []
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{live_server.url}{MONTH}2/")
    page.keyboard.press("j")
    expect(page).to_have_url(f"{live_server.url}{MONTH}3/")
    page.keyboard.press("2")
    page.keyboard.press("Tab")
    page.keyboard.type("Jour 2 nätter?")
    expect(page.get_by_label("Motivering")).to_have_value("Jour 2 nätter?")
    page.get_by_role("button", name="Spara och nästa").press("Enter")
    expect(page).to_have_url(f"{live_server.url}{MONTH}2/")
    said = check.looks.values_list("number", "verdict", "judged_by")
    assert list(said) == [(1, "justified", user.pk), (2, "", None), (3, "unclear", user.pk)]


def test_what_is_typed_is_not_left_by_a_key(page: Page, live_server, user):
    checked(2)
    page.goto(f"{live_server.url}{MONTH}1/")
    page.get_by_label("Motivering").fill("Var hon i tjänst?")
    page.get_by_role("radio", name="Oklar").focus()
    page.keyboard.press("j")
    expect(page.get_by_role("alertdialog")).to_be_visible()
    page.keyboard.press("3")
    page.get_by_role("button", name="Fortsätt skriva").click()
    expect(page.get_by_role("radio", name="Obefogad")).not_to_be_checked()
    expect(page.get_by_label("Motivering")).to_have_value("Var hon i tjänst?")


@pytest.mark.parametrize("width", [320, 1280])
def test_a_reviewer_switches_the_keys_off(page: Page, live_server, user, width):
    checked(2)
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(f"{live_server.url}/installningar/")
    page.get_by_label("Snabbtangenter med en bokstav eller siffra").uncheck()
    assert [*faults(page), *too_wide(page)] == []
    page.get_by_role("button", name="Spara inställningar").click()
    expect(page.get_by_text("Inställningarna är sparade.")).to_be_visible()
    page.goto(f"{live_server.url}{MONTH}1/")
    assert too_wide(page) == []
    expect(page.locator("kbd", has_text="1")).to_be_hidden()
    for key in ("1", "j"):
        page.keyboard.press(key)
    expect(page.get_by_role("radio", name="Befogad Inget")).not_to_be_checked()
    expect(page).to_have_url(f"{live_server.url}{MONTH}1/")
