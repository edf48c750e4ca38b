"""Receiving at KHS: one choice gives every row its state, all but those that have one."""

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from organisation.permissions import KHS
from pickups.models import PickupReceipt
from tests.factories import ArticleFactory, UserFactory
from tests.pickups.builders import fetched, lend, someone

from .test_accessibility import sign_in

pytestmark = pytest.mark.django_db(transaction=True)


def test_one_choice_fills_the_rows_that_have_no_state_yet(page: Page, live_server, settings):
    recipient = someone()
    loans = [lend(recipient, ArticleFactory()) for _ in range(3)]
    pickup = fetched(*loans)
    sign_in(page.context, live_server, settings, UserFactory(roles=[KHS], is_staff=True))
    page.goto(live_server.url + reverse("pickups:receive", args=[pickup.case_number]))

    states = page.locator("section").first.locator("tbody select")
    states.nth(1).select_option(label="Till reparation")
    page.get_by_label("Samma skick på alla rader utan skick").select_option(label="Till rengöring")
    expect(states.nth(0)).to_have_value("cleaning")
    expect(states.nth(1)).to_have_value("repair")
    page.get_by_role("button", name="Ta emot").click()

    expect(page.get_by_text("Mottagningen är registrerad.")).to_be_visible()
    states_kept = PickupReceipt.objects.order_by("line__pk").values_list("state", flat=True)
    assert list(states_kept) == ["cleaning", "repair", "cleaning"]
