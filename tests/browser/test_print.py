"""Any page on paper: what it says and nothing to press, by whom and when in the foot of each."""

import re
from io import BytesIO

import pytest
from django.urls import reverse
from playwright.sync_api import Page
from pypdf import PdfReader

from orders.models import Order
from organisation.permissions import KHS
from tests.factories import (
    ArticleFactory,
    LoanFactory,
    RecipientFactory,
    UserFactory,
)
from tests.orders.builders import sent, start
from tests.pickups.builders import fetched, lend

from .test_accessibility import sign_in

pytestmark = pytest.mark.django_db(transaction=True)

TO_PRESS = """() => [...document.querySelectorAll(
    "button, .btn, td input[type=checkbox], .tick, .top, .strip, .sort svg, dialog"
)].filter(e => e.checkVisibility() && e.getBoundingClientRect().width > 1).map(e => e.outerHTML.slice(0, 90))"""


def order() -> Order:
    return sent(*((ArticleFactory(), 1) for _ in range(40)))


def text(page: Page) -> list[str]:
    """Of each paper. Chromium fires ``beforeprint`` as it does for somebody who prints."""
    reader = PdfReader(BytesIO(page.pdf(prefer_css_page_size=True)))
    return [" ".join(paper.extract_text().split()) for paper in reader.pages]


def test_a_page_is_printed_without_what_one_presses(page, live_server, settings):
    user = UserFactory(roles=[KHS], is_staff=True)
    sign_in(page.context, live_server, settings, user)
    long = order()
    person = RecipientFactory()
    for _ in range(3):
        LoanFactory(recipient=person)
    start(user, person)
    article = ArticleFactory(name="Rollator Alfa")
    paths = [
        reverse("admin:index"),
        reverse("admin:orders_order_changelist"),
        reverse("admin:articles_article_change", args=[article.pk]),
        reverse("recipients:detail", args=[person.key]),
        f"/bestallningar/{long.case_number}/",
        "/artiklar/?q=rollator",
    ]
    page.emulate_media(media="print")
    left = {}
    for path in paths:
        page.goto(live_server.url + path)
        if found := page.evaluate(TO_PRESS):
            left[path] = found
    assert not left


def test_each_paper_says_by_whom_and_when_and_how_many_there_are(page, live_server, settings):
    user = UserFactory()
    sign_in(page.context, live_server, settings, user)
    long = order()
    page.goto(f"{live_server.url}/bestallningar/{long.case_number}/")
    papers = text(page)
    assert len(papers) > 1
    for number, paper in enumerate(papers, 1):
        assert re.search(rf"Utskriven \d{{4}}-\d\d-\d\d \d\d:\d\d av {user.get_full_name()}", paper)
        assert f"Sida {number} av {len(papers)}" in paper
    assert f"Kundorder {long.case_number}" in papers[0]
    assert long.recipient.number not in "".join(papers)


def test_without_script_it_is_said_once_below_it_all(browser, live_server, settings):
    context = browser.new_context(java_script_enabled=False)
    user = UserFactory()
    sign_in(context, live_server, settings, user)
    page = context.new_page()
    page.goto(live_server.url + "/individer/")
    assert f"av {user.get_full_name()}" in text(page)[-1]
    context.close()


def test_urgent_is_filled_black(page, live_server, settings):
    sign_in(page.context, live_server, settings, UserFactory(roles=[KHS], is_staff=True))
    pickup = fetched(lend(RecipientFactory(), ArticleFactory()), details={"is_urgent": True})
    page.goto(f"{live_server.url}/hamtordrar/{pickup.case_number}/")
    page.emulate_media(media="print")
    tag = page.locator(".page-head .status-urgent")
    assert tag.evaluate("e => getComputedStyle(e).backgroundColor") == "rgb(0, 0, 0)"
    assert tag.evaluate("e => getComputedStyle(e).color") == "rgb(255, 255, 255)"
