"""From the recipient's page: a return of two aids in four actions, a pickup order with its PDF in
seven. The handbook's ways take 7 and 11.

An action is a click, a tick, or typing ended by Enter; Tab isn't counted.
"""

import pytest
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Locator, Page, expect

from articles.models import Article
from organisation.models import Warehouse
from pickups.models import PickupOrder, Return
from recipients.models import Loan
from tests.factories import ArticleFactory, LoanFactory
from tests.papers import needs_pdf
from tests.pickups.builders import lend, lend_chair_with_part, prescriber, someone

from .test_order_actions import Keyboard, Mouse

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.asks_why]


class TickingMouse(Mouse):
    """Clicks, boxes too."""

    def tick(self, box: Locator) -> None:
        self.choose(box)


class TickingKeyboard(Keyboard):
    """Tab to the box, then the space bar."""

    def tick(self, box: Locator) -> None:
        self._tab_to(box)
        self.page.keyboard.press("Space")
        self.actions += 1


# What the page itself saw: Enter and the space bar on a link, button or box are clicks too.
COUNT_CLICKS = """addEventListener("click", (event) => {
  if (event.isTrusted)
    sessionStorage.setItem("clicks", Number(sessionStorage.getItem("clicks")) + 1);
}, true);"""


def clicks(page: Page) -> int:
    return page.evaluate("Number(sessionStorage.getItem('clicks'))")


HANDS = pytest.mark.parametrize("hand_of", [TickingMouse, TickingKeyboard])


@pytest.fixture
def two_aids() -> list[Loan]:
    recipient = someone()
    loans = [lend(recipient, ArticleFactory(iso_code="122203")) for _ in range(2)]
    Warehouse.objects.filter(number="0880").update(
        street="Förrådsgatan 4", postcode="39245", locality="Kalmar"
    )
    return loans


@pytest.fixture
def at_recipient(page: Page, live_server, settings, two_aids) -> Page:
    """The recipient's page, as a prescriber sees it."""
    client = Client()
    client.force_login(prescriber())
    name = settings.SESSION_COOKIE_NAME
    cookie = {"name": name, "value": client.cookies[name].value, "url": live_server.url}
    page.context.add_cookies([cookie])
    page.add_init_script(COUNT_CLICKS)
    page.problems = []
    page.on("pageerror", lambda error: page.problems.append(str(error)))
    page.goto(live_server.url + reverse("recipients:detail", args=[two_aids[0].recipient.key]))
    return page


def tick_both(hand, page: Page) -> None:
    for box in page.locator("input[name=valda]").all():
        hand.tick(box)
    expect(page.locator(".bulk-says")).to_have_text("2 valda")


@HANDS
def test_two_aids_come_back_in_four_actions(at_recipient, hand_of, two_aids):
    page, hand = at_recipient, hand_of(at_recipient)

    # A aids go to KHS by pickup order; back to the own store they are confirmed, a fifth action.
    Article.objects.update(responsibility="B")
    tick_both(hand, page)
    hand.choose(page.get_by_role("button", name="Retur", exact=True))
    expect(page.get_by_role("heading", level=1)).to_have_text("Retur")
    hand.choose(page.get_by_role("button", name="Returnera artiklar"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Returbekräftelse")

    assert hand.actions == clicks(page) <= 4
    assert Return.objects.get().lines.count() == 2
    assert not Loan.objects.filter(ended_at=None).exists()
    assert page.problems == []


@needs_pdf
@HANDS
def test_a_pickup_order_and_its_pdf_take_seven_actions_at_most(at_recipient, hand_of, two_aids):
    page, hand = at_recipient, hand_of(at_recipient)

    tick_both(hand, page)
    hand.choose(page.get_by_role("button", name="Hämtorder", exact=True))
    hand.choose(page.get_by_role("button", name="Nästa", exact=True))
    expect(page.get_by_label("Gatuadress")).to_have_value("Förrådsgatan 4")
    hand.choose(page.get_by_role("button", name="Skapa hämtorder"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Hämtorderbekräftelse")
    with page.expect_download() as download:
        hand.choose(page.get_by_role("link", name="Skapa pdf"))

    assert hand.actions == clicks(page) <= 7
    pickup = PickupOrder.objects.get()
    assert pickup.lines.count() == 2
    assert download.value.suggested_filename == f"hamtorder-{pickup.case_number}.pdf"
    assert page.problems == []


@needs_pdf
def test_a_slip_is_downloaded_and_the_form_can_be_used_again(at_recipient):
    page, hand = at_recipient, TickingMouse(at_recipient)

    tick_both(hand, page)
    hand.choose(page.get_by_role("button", name="Retursedel"))
    for _ in range(2):
        with page.expect_download():
            page.get_by_role("button", name="Skapa pdf").click()

    assert page.problems == []


@needs_pdf
def test_when_the_slip_comes_what_was_wrong_before_is_gone(at_recipient, live_server, two_aids):
    page = at_recipient
    page.goto(live_server.url + reverse("pickups:slip", args=[two_aids[0].recipient.key]))
    page.get_by_role("button", name="Skapa pdf").click()
    expect(page.get_by_text("Välj minst ett hjälpmedel.")).to_be_visible()

    page.locator("input[name=valda]").first.check()
    with page.expect_download():
        page.get_by_role("button", name="Skapa pdf").click()

    expect(page.get_by_text("Välj minst ett hjälpmedel.")).to_have_count(0)


def test_an_aid_that_is_ticked_takes_its_parts_along(at_recipient, live_server):
    page = at_recipient
    chair, cushion = lend_chair_with_part(someone())
    page.goto(live_server.url + reverse("pickups:new_return", args=[chair.recipient.key]))
    part = page.locator(f"#valj-{cushion.pk}")

    page.locator(f"#valj-{chair.pk}").check()
    expect(part).to_be_checked()
    part.uncheck()
    expect(page.locator("[data-fate-of]:visible")).to_have_text(
        [f"{chair.title} {chair.individual.number}: 1 st till förrådet",
         "Sittdyna: 1 st stannar hos mottagaren"]
    )  # fmt: skip
    page.get_by_label("Ja, så ska det bli").check()
    page.get_by_role("button", name="Returnera artiklar").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Returbekräftelse")

    cushion.refresh_from_db()
    assert cushion.ended_at is None


def test_a_return_warns_while_an_a_aid_is_ticked(at_recipient, live_server, two_aids):
    page = at_recipient
    page.goto(live_server.url + reverse("pickups:new_return", args=[two_aids[0].recipient.key]))
    warning = page.get_by_text("A-hjälpmedel är valt")
    expect(warning).to_be_hidden()

    page.locator(f"#valj-{two_aids[0].pk}").check()
    expect(warning).to_be_visible()
    to_store = page.locator("[data-about-a]")
    expect(to_store).to_be_visible()
    page.locator(f"#rad-{two_aids[0].pk}").get_by_label("Skrota").check()
    expect(warning).to_be_visible()
    expect(to_store).to_be_hidden()  # it goes nowhere but away
    page.locator(f"#valj-{two_aids[0].pk}").uncheck()
    expect(warning).to_be_hidden()


def test_scrap_ticks_return_and_says_what_happens_and_a_new_choice_is_confirmed_anew(
    at_recipient, live_server, two_aids
):
    page = at_recipient
    Article.objects.update(responsibility="B")
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(live_server.url + reverse("pickups:new_return", args=[two_aids[0].recipient.key]))
    words = page.locator("td:has(input[type=checkbox])").evaluate_all(
        "cells => cells.map((td) => getComputedStyle(td, '::before').content)"
    )
    assert words == ['"Retur"', '"Skrota"'] * 2  # on a phone no box is without its word

    first = page.locator(f"#rad-{two_aids[0].pk}")
    first.get_by_label("Skrota").check()
    expect(first.get_by_label("Retur")).to_be_checked()
    expect(page.locator("[data-fate-sum]")).to_have_text(
        "0 st till förrådet, 1 st skrotas, 1 st stannar hos mottagaren"
    )
    page.get_by_label("Ja, så ska det bli").check()
    page.locator(f"#rad-{two_aids[1].pk}").get_by_label("Skrota").check()
    expect(page.get_by_label("Ja, så ska det bli")).not_to_be_checked()
    page.locator(f"#valj-{two_aids[1].pk}").uncheck()
    expect(page.locator(f"#rad-{two_aids[1].pk}").get_by_label("Skrota")).not_to_be_checked()
    page.get_by_label("Ja, så ska det bli").check()
    page.get_by_role("button", name="Returnera artiklar").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Returbekräftelse")
    assert Return.objects.get().lines.get().scrapped


def test_the_bar_counts_anew_when_the_list_is_sorted(at_recipient):
    page = at_recipient
    page.locator("input[name=valda]").first.check()
    expect(page.get_by_role("button", name="Avmarkera")).to_be_visible()

    page.get_by_role("link", name="Antal").click()

    expect(page.get_by_role("button", name="Avmarkera")).to_be_hidden()
    page.locator("input[name=valda]").first.check()
    expect(page.locator(".bulk-says")).to_have_text("1 vald")


def test_the_bar_stands_in_the_place_of_the_lists_head_and_goes_with_the_ticks(at_recipient):
    page = at_recipient
    count = page.locator(".list-count")
    expect(count).to_be_visible()
    height = page.locator(".list-table").bounding_box()["y"]

    for box in page.locator("input[name=valda]").all():
        box.check()
    expect(page.locator(".bulk-says")).to_have_text("2 valda")
    expect(count).to_be_hidden()
    assert page.locator(".list-table").bounding_box()["y"] == height  # no row moved

    page.get_by_role("button", name="Avmarkera").click()
    expect(page.locator("input[name=valda]:checked")).to_have_count(0)
    expect(count).to_be_focused()


def test_on_a_phone_the_bar_is_one_row_with_the_rest_under_more(at_recipient):
    page = at_recipient
    for width in (390, 320):
        page.set_viewport_size({"width": width, "height": 844})
        page.locator("input[name=valda]").first.check()
        bar = page.locator(".bulk")
        assert bar.bounding_box()["height"] < 70
        assert page.evaluate("document.documentElement.scrollWidth") == width
    bar.get_by_text("Mer", exact=True).click()
    bar.get_by_role("button", name="Retursedel").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Retursedel")
    expect(page.locator("input[name=valda]:checked")).to_have_count(1)


def test_the_bar_sticks_at_the_top_while_its_list_is_scrolled(at_recipient, two_aids):
    page = at_recipient
    for _ in range(30):
        LoanFactory(recipient=two_aids[0].recipient)
    page.reload()
    page.locator("input[name=valda]").first.check()
    page.evaluate("scrollTo(0, 700)")
    assert page.evaluate("scrollY") == 700

    over = page.evaluate(
        "document.querySelector('.bulk').getBoundingClientRect().top"
        " - parseFloat(getComputedStyle(document.documentElement).getPropertyValue('--stuck'))"
    )
    assert abs(over) < 1


def test_the_pickup_dialog_opens_over_the_page_and_refuses_nothing_chosen(at_recipient):
    page = at_recipient
    page.get_by_text("Registrera/skapa").click()
    page.get_by_role("button", name="Hämtorder", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Hämtorderorsak")

    dialog.get_by_label("Hämtning av A-hjälpmedel KHS").check()
    dialog.get_by_role("button", name="Nästa").click()

    expect(dialog).to_contain_text("Välj minst ett hjälpmedel att hämta.")
    assert page.problems == []


def test_enter_on_a_tick_box_starts_nothing(at_recipient):
    page = at_recipient
    here = page.url
    box = page.locator("input[name=valda]").first
    box.check()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    box.press("Enter")
    page.wait_for_timeout(1000)
    assert asked == []
    assert page.url == here
    expect(box).to_be_checked()
    page.locator(".bulk").get_by_role("button", name="Retur", exact=True).click()
    expect(page.get_by_role("heading", name="Retur", level=1)).to_be_visible()


@pytest.mark.parametrize("name", ["Retur", "Hämtorder", "Retursedel"])
def test_registrera_skapa_keeps_what_is_ticked(at_recipient, two_aids, name):
    page = at_recipient
    page.locator("input[name=valda]").first.check()
    chosen = page.locator("input[name=valda]").first.get_attribute("value")
    page.get_by_text("Registrera/skapa").click()
    page.locator(".drop-menu").get_by_role("button", name=name, exact=True).click()
    expect(page.locator(f"#valj-{chosen}")).to_be_checked()
    expect(page.locator(".back-rows input[name=valda]:checked")).to_have_count(1)
    assert page.problems == []
