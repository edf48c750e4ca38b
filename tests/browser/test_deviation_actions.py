"""A deviation about an aid, from the recipient's page to the confirmation, in eight actions.

An action is a click, or typing ended by Enter; Tab isn't counted, nor what is typed between two.
"""

import pytest
from playwright.sync_api import Page, expect

from deviations.models import Deviation
from tests.factories import ArticleFactory, RecipientFactory
from tests.pickups.builders import lend

from .test_order_actions import Keyboard, Mouse, signed_in  # noqa: F401  a fixture

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.asks_why]
MOST = 8


class Reporter(Mouse):
    """Who reports something, by mouse."""

    def tick(self, box) -> None:
        box.check()
        self.actions += 1

    def pick(self, select, label: str) -> None:
        select.select_option(label=label)
        self.actions += 1

    def write(self, field, text: str) -> None:
        field.fill(text)


class ReporterWithoutMouse(Keyboard):
    """The same by keyboard: the space bar chooses as a click does."""

    def tick(self, box) -> None:
        self._tab_to(box)
        self.page.keyboard.press("Space")
        expect(box).to_be_checked()
        self.actions += 1

    def pick(self, select, label: str) -> None:
        self._tab_to(select)
        select.select_option(label=label)  # as typing its first letters does
        self.actions += 1

    def write(self, field, text: str) -> None:
        self._tab_to(field)
        self.page.keyboard.type(text)

    def _tab_to(self, target) -> None:
        """A group of radio buttons is one stop of Tab; the arrows go through it."""
        if target.get_attribute("type") != "radio":
            return super()._tab_to(target)
        name = target.get_attribute("name")
        for _ in range(80):
            if target.evaluate("(e, n) => document.activeElement.name === n", name):
                target.focus()
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"Tab does not reach {name}")


def report(hand, page: Page, kind: str, consequence: str = "") -> None:
    hand.tick(page.locator("input[name=valda]").first)
    hand.choose(page.locator("[data-bulk] button:visible", has_text="Avvikelse/reklamation").first)
    expect(page.locator(".dialog-title")).to_have_text("Avvikelse/reklamation")
    hand.tick(page.locator(f"input[name=event_type][value={kind}]"))
    hand.pick(page.locator("select[name=category]"), "Broms eller lås")
    hand.write(page.locator("textarea[name=what_happened]"), "Vänster broms släppte.")
    if consequence:
        hand.tick(page.locator(f"input[name=consequence][value={consequence}]"))
    hand.tick(page.locator("input[name=is_kept][value=nej]"))
    hand.choose(page.get_by_role("button", name="Nästa", exact=True))
    hand.choose(page.get_by_role("button", name="Skicka", exact=True))
    expect(page.get_by_role("heading", level=1)).to_have_text("Avvikelsen är registrerad")


@pytest.mark.parametrize("consequence", ["", "serious"])
@pytest.mark.parametrize("hand_of", [Reporter, ReporterWithoutMouse])
def test_what_went_wrong_with_an_aid_is_reported_in_eight_actions(
    signed_in,  # noqa: F811
    live_server,
    hand_of,
    consequence,
):
    recipient = RecipientFactory()
    loan = lend(recipient, ArticleFactory(name="Rullstol Cross", is_marked=True))
    signed_in.goto(f"{live_server.url}/mottagare/{recipient.key}/")
    hand = hand_of(signed_in)

    report(hand, signed_in, "adverse" if consequence else "near_miss", consequence)

    assert hand.actions <= MOST
    made = Deviation.objects.get()
    assert made.items.get().loan == loan
    assert loan.individual.blocks.filter(until=None).exists() == bool(consequence)
    assert signed_in.problems == []
