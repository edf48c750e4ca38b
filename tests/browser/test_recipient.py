"""The recipient's page in a real browser: the band that stays in view, «Nu», «Historik»."""

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from organisation.models import User
from tests.factories import ArticleFactory, LoanFactory, RecipientFactory
from tests.orders.builders import sent
from tests.pickups.builders import fetched, lend, prescriber, returned

from .test_accessibility import faults, sign_in
from .test_states import HIDDEN

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def browser_context_args(browser_context_args):
    return {**browser_context_args, "bypass_csp": True, "reduced_motion": "reduce"}


@pytest.fixture
def user(page: Page, live_server, settings) -> User:
    user = prescriber()
    sign_in(page.context, live_server, settings, user)
    return user


def open_page(page: Page, live_server, person, query: str = "") -> None:
    page.goto(f"{live_server.url}{reverse('recipients:detail', args=[person.key])}{query}")


@pytest.mark.parametrize(("width", "height", "band"), [(1280, 64, ".band"), (390, 54, ".band-who")])
def test_who_it_is_stays_in_view_and_covers_nothing_that_has_the_focus(
    page: Page, live_server, user, width, height, band
):
    person = RecipientFactory(contact_prescriber=True)
    for n in range(12):
        sent((ArticleFactory(name=f"Rullstol {n}"), 1), recipient=person, user=user)
    page.set_viewport_size({"width": width, "height": 700})
    open_page(page, live_server, person, "?flik=historik")
    assert faults(page) == []
    page.evaluate("scrollTo(0, 500)")
    box = page.locator(band).bounding_box()
    assert box["y"] == (56 if width > 1000 else 0)
    assert height <= box["height"] <= height + 2
    expect(page.get_by_role("heading", level=1, name=person.name)).to_be_in_viewport()

    under = []
    links = page.locator(".history a:visible").all()
    for link in [*links, *reversed(links)]:
        link.focus()
        if link.evaluate(HIDDEN):
            under.append(link.inner_text())
    assert under == []


def test_when_the_contact_switch_is_saved_the_band_says_so(page: Page, live_server, user):
    person = RecipientFactory()
    open_page(page, live_server, person)
    band = page.locator("#person-state")
    expect(band).to_contain_text("Förskrivare behöver inte kontaktas")

    page.get_by_role("link", name="Ändra kontaktuppgifter").click()
    page.get_by_label("Förskrivare ska kontaktas").check()
    page.get_by_role("button", name="Spara").click()

    expect(band).to_contain_text("Förskrivare ska kontaktas")
    expect(page.get_by_role("button", name="Ångra")).to_be_visible()
    assert faults(page) == []


@pytest.mark.parametrize("width", [390, 834, 1280])
def test_the_page_in_its_states_has_no_faults_and_is_no_wider_than_the_window(
    page: Page, live_server, user, width
):
    person = RecipientFactory(
        given_name="Anna-Karin Margareta", family_name="Väderkvarnsbacke-Berg"
    )
    returned(lend(person, ArticleFactory()))
    fetched(lend(person, ArticleFactory()))
    sent((ArticleFactory(), 1), recipient=person, user=user)
    LoanFactory(recipient=person, delivered_at=timezone.now() - dt.timedelta(days=500))
    protected = RecipientFactory(is_protected=True, contact_prescriber=True)
    LoanFactory(recipient=protected)
    page.set_viewport_size({"width": width, "height": 844})
    for somebody, query in ((person, ""), (person, "?flik=historik"), (protected, "")):
        open_page(page, live_server, somebody, query)
        assert faults(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") == width
    page.goto(live_server.url + reverse("pickups:new_return", args=[person.key]))
    expect(page.locator(".band-thin")).to_contain_text(person.written_number)
    assert faults(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_on_a_phone_what_unfolds_stays_on_the_page_and_a_panels_foot_in_view(
    page: Page, live_server, user
):
    person = RecipientFactory()
    sent((ArticleFactory(name="Rullstol"), 1), recipient=person, user=user)
    page.set_viewport_size({"width": 390, "height": 844})
    open_page(page, live_server, person, "?flik=bestallt")
    page.locator("summary", has_text="Registrera/skapa").click()
    expect(page.locator(".drop:visible")).to_be_in_viewport(ratio=1)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.locator("summary", has_text="Registrera/skapa").click()
    page.locator("a.panel-link").first.click()
    expect(page.locator(".panel-foot")).to_be_in_viewport(ratio=1)
