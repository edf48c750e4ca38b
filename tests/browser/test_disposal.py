"""«Gallring» and «Registerutdrag» as they stand in a browser: at all widths, for whoever can't see,
by keyboard."""

import datetime as dt

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from organisation.models import User
from organisation.permissions import KHS
from portal.models import DisposalList, DisposalRow
from recipients.models import NOTHING_KNOWN, Recipient
from tests.factories import RecipientFactory, UserFactory

from .test_accessibility import faults, sign_in, too_wide

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def browser_context_args(browser_context_args):
    """axe is put into pages whose policy forbids foreign scripts."""
    return {**browser_context_args, "bypass_csp": True}


@pytest.fixture
def khs() -> User:
    return UserFactory(
        roles=[KHS], is_staff=True, is_superuser=True, first_name="Karin", last_name="Ek"
    )


def looked_at(page: Page) -> None:
    assert faults(page) == []
    assert too_wide(page) == []


def test_a_list_is_read_excepted_from_and_approved(page: Page, live_server, settings, khs) -> None:
    made = DisposalList.objects.create(month=dt.date(2026, 11, 1))
    for day in range(1, 4):
        DisposalRow.objects.create(
            of=made, recipient=RecipientFactory(), last_on=dt.date(2015, 3, day)
        )
    sign_in(page.context, live_server, settings, khs)
    page.goto(live_server.url + reverse("admin:portal_disposallist_changelist"))
    looked_at(page)
    page.get_by_role("link", name="November 2026").press("Enter")
    expect(page.get_by_role("heading", name="Godkänn listan")).to_be_visible()
    looked_at(page)

    page.get_by_role("link", name="Undanta").first.press("Enter")
    looked_at(page)
    page.get_by_label("Varför mottagaren ska vara kvar").fill("Tvist i domstol " * 10)
    page.keyboard.press("Enter")
    expect(page.get_by_text("är undantagen")).to_be_visible()

    page.get_by_role("button", name="Godkänn och avidentifiera 2").press("Enter")
    expect(page.get_by_text("Skriv gallringsbeslutets diarienummer.")).to_be_visible()
    looked_at(page)
    page.get_by_label("Gallringsbeslutets diarienummer").fill("KHS 2026/17")
    page.get_by_label("Beslutsdatum").fill("2026-11-02")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Gallringen pågår")).to_be_visible()
    looked_at(page)


def test_an_archive_is_asked_for(page: Page, live_server, settings, khs) -> None:
    sign_in(page.context, live_server, settings, khs)
    page.goto(live_server.url + reverse("archive"))
    looked_at(page)
    page.get_by_role("textbox", name="Personnummer").fill("1")
    page.keyboard.press("Enter")
    expect(page.locator("[aria-invalid=true]")).to_be_visible()
    looked_at(page)


def test_the_page_of_who_is_nobody(page: Page, live_server, settings, khs) -> None:
    person = RecipientFactory()
    Recipient.objects.filter(pk=person.pk).update(kind="anonymised", **NOTHING_KNOWN)
    sign_in(page.context, live_server, settings, khs)
    page.goto(live_server.url + reverse("recipients:detail", args=[person.key]))
    looked_at(page)
