"""«Varför?» in a real browser: on a page of its own and in the dialog it was asked in the place of."""

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from organisation.models import AccessLogEntry, User
from tests.factories import (
    ArticleFactory,
    BufferFactory,
    IndividualFactory,
    LoanFactory,
    RecipientFactory,
    UserFactory,
    put_in_stock,
)

from .test_accessibility import faults, sign_in, too_wide

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.asks_why]


@pytest.fixture
def browser_context_args(browser_context_args):
    return {**browser_context_args, "bypass_csp": True, "reduced_motion": "reduce"}


@pytest.fixture
def user(page: Page, live_server, settings) -> User:
    user = UserFactory()
    sign_in(page.context, live_server, settings, user)
    return user


def reasons() -> list[str]:
    return list(
        AccessLogEntry.objects.filter(action="reason").values_list("reason__name", flat=True)
    )


def test_a_found_person_opens_after_two_actions_by_keyboard_alone(page: Page, live_server, user):
    person = RecipientFactory()
    page.goto(live_server.url + "/mottagare/")
    page.locator("#innehall [name=nummer]").fill(person.number)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Varför?")
    expect(page.get_by_text(person.name)).to_be_visible()
    assert [*faults(page), *too_wide(page)] == []

    page.get_by_role("radio", name="Nytt ärende").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", level=1)).to_contain_text(person.name)
    assert page.url == f"{live_server.url}{reverse('recipients:detail', args=[person.key])}"
    assert reasons() == ["Nytt ärende"]


def test_what_is_wrong_with_the_answer_is_said_at_it(page: Page, live_server, user):
    page.goto(live_server.url + reverse("recipients:detail", args=[RecipientFactory().key]))
    page.get_by_role("button", name="Visa mottagaren").click()
    expect(page.get_by_text("Välj varför du behöver se mottagaren.")).to_be_visible()
    page.get_by_role("radio", name="Annat Skriv").check()
    page.get_by_role("button", name="Visa mottagaren").click()
    expect(page.get_by_text("Skriv med några ord vad det gäller.")).to_be_visible()
    assert [*faults(page), *too_wide(page)] == []


def test_the_number_typed_in_ctrl_k_leads_to_the_question(page: Page, live_server, user):
    person = RecipientFactory()
    page.goto(live_server.url + "/artiklar/")
    page.keyboard.press("Control+k")
    box = page.locator("dialog.find [name=q]")
    box.fill(person.number)
    box.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Varför?")


def test_who_has_a_piece_is_asked_in_the_dialog_and_shown_on_its_page(
    page: Page, live_server, user
):
    person = RecipientFactory(family_name="Innehavarsson")
    piece = LoanFactory(recipient=person, individual=IndividualFactory()).individual
    page.goto(f"{live_server.url}/individer/{piece.number}/?flik=status")
    page.get_by_role("link", name="Visa mottagare").click()
    dialog = page.locator("#dialog")
    expect(dialog.locator(".dialog-title")).to_have_text("Varför?")
    assert [*faults(page), *too_wide(page)] == []
    dialog.get_by_role("radio", name="Vikarierar").check()
    dialog.get_by_role("button", name="Visa mottagare").click()
    expect(page.get_by_text("Innehavarsson")).to_be_visible()
    assert reasons() == ["Vikarierar"]


@pytest.mark.parametrize("width", [390, 1280])
def test_a_dialog_asks_in_its_place_and_goes_on(page: Page, live_server, user, width):
    store = BufferFactory()
    user.default_unit.own_stores.add(store)
    (piece,) = put_in_stock(store, ArticleFactory(is_marked=True), 1)
    person = RecipientFactory()
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(f"{live_server.url}/individer/{piece.number}/")
    page.get_by_role("link", name="Leverera individen").first.click()
    dialog = page.locator("#dialog")
    dialog.locator("[name=nummer]").fill(person.number)
    dialog.get_by_role("button", name="Välj").click()
    expect(dialog.locator(".dialog-title")).to_have_text("Varför?")
    assert faults(page) == []
    dialog.get_by_role("radio", name="Akut").check()
    dialog.get_by_role("button", name="Visa mottagaren").click()
    expect(dialog.locator(".dialog-title")).to_have_text("Beställning till")
    expect(dialog).to_contain_text(person.name)
    dialog.get_by_role("button", name="Fortsätt").click()
    expect(page.locator(".dialog-title")).to_have_text("Beställd artikel")
    assert reasons() == ["Akut"]
