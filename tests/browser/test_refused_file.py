"""A file is fetched beside its page: where it is refused, what is typed there stays, and is told of."""

import re

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Page, expect

from sesam import limits
from tests.activities.builders import registered
from tests.factories import ArticleFactory
from tests.papers import needs_pdf
from tests.pickups.builders import lend, prescriber, someone

from .test_typed import PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)
TOO_MANY = "Du har hämtat många filer på kort tid. Högst 5 filer hämtas på en timme"


@pytest.fixture
def user():
    user = prescriber()
    user.set_password(PASSWORD)
    user.save(update_fields=["password"])
    return user


def sign_in(context, live_server, settings, user) -> None:
    client = Client()
    client.force_login(user)
    name = settings.SESSION_COOKIE_NAME
    cookie = {"name": name, "value": client.cookies[name].value, "url": live_server.url}
    context.add_cookies([cookie])


@pytest.fixture
def page(page: Page, live_server, settings, user) -> Page:
    sign_in(page.context, live_server, settings, user)
    page.asked = []  # the browser's own question on the way out
    page.problems = []

    def answer(dialog) -> None:
        page.asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", answer)
    page.on("pageerror", lambda error: page.problems.append(str(error)))
    return page


@pytest.fixture
def no_more_files(settings, user):
    settings.DOWNLOAD_LIMIT = 5
    limits.wait(f"download:{user.pk}", 5)


@pytest.fixture
def typing(page, live_server, user):
    """In the activity's comment, which is being changed."""
    activity = registered(lend(someone(), ArticleFactory()), user=user)
    page.goto(live_server.url + reverse("activities:detail", args=[activity.case_number]))
    page.locator("details:has(#block-kommentar)").evaluate("fold => { fold.open = true }")
    page.locator("#block-kommentar .edit-open").click()
    box = page.locator("#block-kommentar").get_by_role("textbox")
    box.fill("Ring på hos grannen")
    return box


@pytest.fixture
def slip(page, live_server, user):
    loan = lend(someone(), ArticleFactory())
    page.goto(live_server.url + reverse("pickups:slip", args=[loan.recipient.key]))
    return loan


def paper(page: Page):
    return page.get_by_role("link", name="Skapa pdf", exact=True)


def make(page: Page) -> None:
    page.get_by_role("button", name="Skapa pdf").click()


def told(page: Page):
    return page.locator("#messages [data-told]")


def test_one_too_many_is_told_on_the_page(page, typing, no_more_files):
    here = page.url
    paper(page).focus()
    page.keyboard.press("Enter")
    expect(told(page)).to_have_attribute("role", "alert")
    expect(told(page)).to_contain_text(TOO_MANY)
    expect(told(page)).to_be_in_viewport()
    expect(typing).to_have_value("Ring på hos grannen")
    expect(paper(page)).to_be_focused()
    assert page.url == here and page.asked == [] and page.problems == []


@needs_pdf
def test_what_was_told_goes_when_the_file_comes(page, typing, no_more_files, settings):
    paper(page).click()
    expect(told(page)).to_be_visible()
    settings.DOWNLOAD_LIMIT = 0
    with page.expect_download() as download:
        paper(page).click()
    assert re.fullmatch(r"aktivitet-\d{8}\.pdf", download.value.suggested_filename)
    expect(told(page)).to_have_count(0)
    expect(typing).to_have_value("Ring på hos grannen")
    assert page.asked == [] and page.problems == []


def test_a_portal_that_is_away_is_told_too(page, typing):
    page.route("**/download.js*", lambda route: route.abort())
    paper(page).click()
    expect(told(page)).to_contain_text("Ingen kontakt med portalen")
    page.unroute("**/download.js*")
    page.route(
        "**/pdf/",
        lambda route: route.fulfill(status=500, body="Trasigt", content_type="text/plain"),
    )
    paper(page).click()
    expect(told(page)).to_have_text("Trasigt")
    page.route("**/pdf/", lambda route: route.abort())
    paper(page).click()
    expect(told(page)).to_contain_text("Ingen kontakt med portalen")
    page.unroute("**/pdf/")
    page.route("**/pdf/", lambda route: route.fulfill(status=502, body="<h1>Bad gateway</h1>"))
    paper(page).click()
    expect(told(page)).to_have_text("Filen kunde inte hämtas. Försök igen.")
    expect(typing).to_have_value("Ring på hos grannen")


def test_signed_out_one_is_asked_before_what_is_typed_is_left(page, live_server, typing):
    Session.objects.all().delete()
    paper(page).click()
    page.wait_for_timeout(500)
    assert page.asked == ["beforeunload"]
    expect(typing).to_have_value("Ring på hos grannen")
    typing.fill("")
    paper(page).click()
    page.wait_for_url("**/logga-in/?next=/aktiviteter/**")


def test_a_slip_that_is_refused_keeps_what_was_ticked_and_typed(page, slip, no_more_files):
    page.get_by_label("Kommentar").fill("Vänster hjul")
    page.locator("input[name=valda]").check()
    make(page)
    expect(told(page)).to_contain_text(TOO_MANY)
    expect(page.get_by_label("Kommentar")).to_have_value("Vänster hjul")
    expect(page.locator("input[name=valda]")).to_be_checked()
    assert page.asked == [] and page.problems == []


def test_a_slip_that_is_filled_in_wrongly_is_shown_again(page, slip):
    page.get_by_label("Kommentar").fill("Vänster hjul")
    make(page)
    expect(page.get_by_text("Välj minst ett hjälpmedel.")).to_be_visible()
    expect(page.locator("main .note-red")).to_be_focused()
    expect(page.get_by_label("Kommentar")).to_have_value("Vänster hjul")
    page.get_by_role("link", name="Tillbaka").click()
    expect(page.get_by_role("alertdialog", name="Lämna utan att spara?")).to_be_visible()


def test_what_was_typed_in_a_slip_is_there_after_signing_in_again(page, slip, user):
    page.get_by_label("Kommentar").fill("Vänster hjul")
    page.locator("input[name=valda]").check()
    Session.objects.all().delete()
    make(page)
    page.wait_for_url("**/logga-in/**")
    page.get_by_label("Användarnamn").fill(user.username)
    page.get_by_label("Lösenord").fill(PASSWORD)
    page.get_by_role("button", name="Logga in").click()
    page.wait_for_url("**/retursedel/**")
    expect(page.get_by_label("Kommentar")).to_have_value("Vänster hjul")
    expect(page.locator("input[name=valda]")).to_be_checked()
    assert page.asked == []


@needs_pdf
def test_what_is_in_the_file_is_left_without_a_question(page, slip):
    page.get_by_label("Kommentar").fill("Vänster hjul")
    page.locator("input[name=valda]").check()
    with page.expect_download():
        make(page)
    page.get_by_role("link", name="Tillbaka").click()
    page.wait_for_url(f"**/mottagare/{slip.recipient.key}/")
    assert page.asked == []


def test_without_script_the_refusal_is_a_page(browser, live_server, settings, user, no_more_files):
    activity = registered(lend(someone(), ArticleFactory()), user=user)
    context = browser.new_context(java_script_enabled=False)
    sign_in(context, live_server, settings, user)
    page = context.new_page()
    page.goto(live_server.url + reverse("activities:detail", args=[activity.case_number]))
    paper(page).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "Du har hämtat många filer på kort tid"
    )
    context.close()
