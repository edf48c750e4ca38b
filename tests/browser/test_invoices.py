"""A controller's specification: every kind ticked at once, and a question under its row."""

import pytest
from playwright.sync_api import Browser, expect

from invoicing import services
from invoicing.models import Charge, Question
from organisation.permissions import CONTROLLER
from tests.deviations.builders import khs_user
from tests.factories import PayerFactory, RecipientFactory, UserFactory
from tests.invoicing.builders import OCTOBER, article, on, run_month
from tests.pickups.builders import lend

from .test_accessibility import faults, sign_in, too_wide

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def controller():
    """Of a payer with a month's invoice of three rows."""
    with on("2026-10-05"):
        for name in ("Bord", "Lampa", "Säng"):
            lend(RecipientFactory(), article("sale", "10.00", name=name))
    run_month(OCTOBER)
    user = UserFactory(roles=[CONTROLLER], default_unit=None)
    user.payers.set([PayerFactory(code="0880")])
    return user


def opened(browser: Browser, live_server, settings, user, **facts):
    context = browser.new_context(**facts)
    sign_in(context, live_server, settings, user)
    page = context.new_page()
    page.goto(f"{live_server.url}/fakturaspecifikationer/")
    return page


def test_all_kinds_are_ticked_by_a_press_and_without_script_asked_for_by_a_link(
    browser, live_server, settings, controller
):
    page = opened(browser, live_server, settings, controller)
    kinds = page.locator("[name=typ]")
    for box in kinds.all():
        box.uncheck()
    page.get_by_role("button", name="Välj alla").press("Enter")
    for box in kinds.all():
        expect(box).to_be_checked()
    plain = opened(browser, live_server, settings, controller, java_script_enabled=False)
    expect(plain.get_by_role("button", name="Välj alla")).to_have_count(0)
    for box in plain.locator("[name=typ]").all():
        box.uncheck()
    plain.get_by_role("link", name="Välj alla").click()
    for box in plain.locator("[name=typ]").all():
        expect(box).to_be_checked()


def test_a_row_is_questioned_where_it_stands(browser, live_server, settings, controller):
    page = opened(browser, live_server, settings, controller, bypass_csp=True)
    page.get_by_role("link", name="26100001").click()
    page.get_by_role("link", name="Ifrågasätt").nth(1).press("Enter")
    reason = page.get_by_label("Varför stämmer det inte?")
    expect(reason).to_be_focused()
    assert not faults(page)
    assert not too_wide(page)
    reason.press("Enter")
    expect(reason).to_be_focused()
    expect(page.get_by_text("Skriv varför raden inte stämmer.")).to_be_visible()
    reason.fill("Den kom aldrig.")
    page.get_by_role("button", name="Ifrågasätt raden").press("Enter")
    row = page.locator(".question-row")
    expect(row).to_contain_text("Den kom aldrig.")
    page.get_by_role("link", name="Stäng").press("Enter")
    expect(row).to_have_count(0)
    expect(page.get_by_role("link", name="Ifrågasatt", exact=True)).to_be_focused()
    page.get_by_role("link", name="Ifrågasätt").nth(1).press("Enter")
    page.get_by_role("link", name="Avbryt").press("Enter")
    expect(page.get_by_role("link", name="Ifrågasätt").nth(1)).to_be_focused()
    expect(page.locator("tr", has_text="Ifrågasatt")).to_have_count(1)


@pytest.mark.parametrize("width", [390, 834, 1280])
def test_khs_answers_by_mouse_with_the_right_amount(
    browser, live_server, settings, controller, width
):
    charge = Charge.objects.first()
    services.ask(charge, user=controller, reason="Priset är fel.")
    page = opened(
        browser, live_server, settings, khs_user(), viewport={"width": width, "height": 800}
    )
    page.goto(f"{live_server.url}/fakturaspecifikationer/26100001/?fraga={charge.pk}")
    for label, text in (("Svar", "Det var 8,50."), ("Rätt belopp exkl. moms", "8,50")):
        page.get_by_label(label).click(timeout=3000)
        page.keyboard.type(text)
        page.keyboard.press("Enter")  # credits nothing: that, or not, is said by a button
    assert not too_wide(page)
    assert Question.objects.get().is_open
    page.get_by_role("button", name="Kreditera raden").click()
    expect(page.locator(".question-row")).to_contain_text("8,50 kr debiteras i stället")
    assert Question.objects.get().answer == "Det var 8,50."
