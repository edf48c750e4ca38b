"""From the recipient's page: an activity in seven actions at most, where the handbook's way takes 12;
reporting back a repair of the own store in four.

An action is a click, a tick, or typing ended by Enter; Tab isn't counted.
"""

import re

import pytest
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Page, expect

from activities.models import Activity, ActivityStatus
from sesam.models import DialogState
from tests.activities.builders import registered
from tests.factories import ArticleFactory, BufferFactory, put_in_stock
from tests.pickups.builders import lend, prescriber, someone

from .test_return_actions import COUNT_CLICKS, HANDS, clicks

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.asks_why]


def sign_in(page: Page, live_server, settings, user) -> None:
    client = Client()
    client.force_login(user)
    name = settings.SESSION_COOKIE_NAME
    cookie = {"name": name, "value": client.cookies[name].value, "url": live_server.url}
    page.context.add_cookies([cookie])
    page.add_init_script(COUNT_CLICKS)
    page.problems = []
    page.on("pageerror", lambda error: page.problems.append(str(error)))


@HANDS
def test_an_activity_takes_seven_actions_at_most(page, live_server, settings, hand_of):
    loan = lend(someone(), ArticleFactory(iso_code="122203"))
    sign_in(page, live_server, settings, prescriber())
    page.goto(live_server.url + reverse("recipients:detail", args=[loan.recipient.key]))
    hand = hand_of(page)

    hand.choose(page.locator("summary", has_text="Registrera/skapa"))
    entry = page.locator(".page-head-actions .drop :is(a, button)")
    hand.choose(entry.filter(has_text=re.compile(r"^\s*Aktivitet\s*$")))
    hand.choose(page.get_by_role("button", name="Nästa", exact=True))
    hand.tick(page.locator("dialog input[name=valda]").first)
    hand.choose(page.get_by_role("button", name="Nästa", exact=True))
    page.get_by_label("Önskad åtgärd/Felbeskrivning").fill("Fotstödet glappar.")
    hand.choose(page.get_by_role("button", name="Skicka", exact=True))
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_have_text("Aktivitetsbekräftelse")
    expect(heading).to_be_focused()

    assert hand.actions == clicks(page) <= 7
    activity = Activity.objects.get()
    assert activity.lines.get().loan == loan and activity.street
    assert page.problems == []


@HANDS
def test_reporting_back_a_store_repair_takes_four_actions(page, live_server, settings, hand_of):
    (piece,) = put_in_stock(BufferFactory(), ArticleFactory(is_marked=True), 1)
    repair = registered(piece=piece, type="Buffertreparation")
    sign_in(page, live_server, settings, repair.ordered_by)
    page.goto(live_server.url + reverse("activities:detail", args=[repair.case_number]))
    hand = hand_of(page)

    hand.choose(page.get_by_role("link", name="Återrapportera", exact=True))
    page.get_by_label("Utförd åtgärd/Kommentar").fill("Bytte vajer.")
    hand.tick(page.get_by_role("checkbox", name="Avsluta aktivitet"))
    hand.choose(page.get_by_role("button", name="Spara ändringar"))
    expect(page.locator(".page-head .status, .page-head .tag").first).to_contain_text("Avslutad")

    assert hand.actions == clicks(page) <= 4
    repair.refresh_from_db()
    assert repair.status == ActivityStatus.CLOSED
    assert page.problems == []


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("Aktivitet", "Ny aktivitet"),
        ("Avvikelse/reklamation", "Avvikelse/reklamation"),
        ("Hämtorder", "Hämtorder"),
    ],
)
def test_what_is_ticked_opens_its_dialog_over_the_page_and_stays_ticked(
    page, live_server, settings, name, title, width
):
    loan = lend(someone(), ArticleFactory(iso_code="122203"))
    sign_in(page, live_server, settings, prescriber())
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(live_server.url + reverse("recipients:detail", args=[loan.recipient.key]))
    box = page.locator("input[name=valda]").first
    box.check()
    button = page.locator(".bulk button:visible", has_text=re.compile(rf"^\s*{name}\s*$"))
    if not button.count():
        page.locator(".bulk").get_by_text("Mer", exact=True).click()
    button.click()

    dialog = page.get_by_role("dialog")
    expect(dialog.locator(".dialog-title")).to_have_text(title)
    assert page.locator("#innehall input[name=valda]").first.is_checked()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(box).to_be_checked()
    assert page.problems == []


def test_a_double_click_on_what_is_ticked_opens_one_dialog(page, live_server, settings):
    loan = lend(someone(), ArticleFactory(iso_code="122203"))
    sign_in(page, live_server, settings, prescriber())
    here = live_server.url + reverse("recipients:detail", args=[loan.recipient.key])
    page.goto(here)
    page.locator("input[name=valda]").first.check()
    page.locator(".bulk button:visible", has_text=re.compile(r"^\s*Aktivitet\s*$")).dblclick()
    expect(page.locator("#dialog .dialog-title")).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert DialogState.objects.count() == 1
    page.go_back()
    expect(page).to_have_url(here)
