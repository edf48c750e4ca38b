"""A recall in a browser: each of its pages is narrow enough and accessible, and a unit confirms by keyboard."""

import pytest
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Page, expect

from deviations.recalls import telling
from organisation.models import User
from tests.deviations.builders import khs_user
from tests.deviations.test_recall_course import held_recall, keys
from tests.factories import RecipientFactory
from tests.jobs import run_jobs
from tests.pickups.builders import prescriber

from .test_accessibility import faults, too_wide

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def browser_context_args(browser_context_args):
    """axe is put into pages whose policy forbids foreign scripts."""
    return {**browser_context_args, "bypass_csp": True}


def signed_in(context, live_server, settings, user: User) -> Page:
    client = Client()
    client.force_login(user)
    name = settings.SESSION_COOKIE_NAME
    cookie = {"name": name, "value": client.cookies[name].value, "url": live_server.url}
    context.add_cookies([cookie])
    return context.new_page()


@pytest.fixture
def recall():
    people = [RecipientFactory() for _ in range(4)]
    made, items = held_recall(*people)
    telling.tell_units(made, keys(items[:3]), user=khs_user())
    return made


def url_of(live_server, recall, name: str = "recall") -> str:
    return live_server.url + reverse(f"deviations:{name}", args=[recall.case_number])


def is_fit(page: Page) -> None:
    assert faults(page) == []
    assert too_wide(page) == []


def test_khs_does_it_in_one_step_and_every_page_on_the_way_is_fit(
    context, live_server, settings, recall
):
    page = signed_in(context, live_server, settings, khs_user())
    page.goto(url_of(live_server, recall))
    is_fit(page)
    page.get_by_label("Välj Cross").first.check()
    is_fit(page)
    page.goto(url_of(live_server, recall))
    page.get_by_label("Välj Cross").first.check()
    page.get_by_role("button", name="Markera bekräftad").first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("Vad har hänt?")).to_be_visible()
    is_fit(page)
    dialog.get_by_label("Utbytt").check()
    dialog.get_by_label("Hur vet du det?").fill("Ringde")
    dialog.get_by_role("button", name="Spara").click()
    expect(page.get_by_role("heading", name="1 av 4 är bekräftade")).to_be_visible()

    page.get_by_role("link", name="Åtgärda alla som är kvar").click()
    expect(dialog.get_by_text("3 rader är valda")).to_be_visible()
    is_fit(page)
    dialog.get_by_label("Ett till varje mottagare").check()
    dialog.get_by_role("button", name="Nästa").click()
    expect(dialog.get_by_text("3 aktiviteter skapas")).to_be_visible()
    is_fit(page)
    dialog.get_by_role("button", name="Utför").click()
    expect(page.get_by_text("Åtgärden väntar på sin tur.")).to_be_visible()
    while run_jobs():
        pass
    expect(page.get_by_text("3 aktiviteter skapades.")).to_be_visible()
    is_fit(page)

    page.goto(url_of(live_server, recall))
    is_fit(page)
    page.get_by_role("link", name="Avsluta med motivering").click()
    expect(dialog.get_by_text("3 exemplar är inte bekräftade.")).to_be_visible()
    is_fit(page)


def test_a_unit_confirms_by_keyboard_and_its_pages_are_fit(context, live_server, settings, recall):
    page = signed_in(context, live_server, settings, prescriber())
    page.goto(live_server.url + reverse("deviations:recalls"))
    is_fit(page)
    page.goto(url_of(live_server, recall))
    is_fit(page)
    page.get_by_label("Svar för").first.focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Välj ett svar.")).to_be_visible()
    expect(page.get_by_label("Svar för").first).to_be_focused()
    is_fit(page)
    page.get_by_label("Svar för").first.select_option("replaced")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="1 av 3 hos er är bekräftade")).to_be_visible()
    expect(page.locator(".note-success")).to_be_focused()
