"""What is typed and not sent goes nowhere without a question."""

import re

import pytest
from django.contrib.auth.models import Group
from django.contrib.sessions.models import Session
from django.test import Client
from playwright.sync_api import Page, expect

from organisation.models import User
from organisation.permissions import KHS
from pickups.models import PickupReason
from tests.factories import (
    ArticleFactory,
    RecipientFactory,
    UserFactory,
    WarehouseFactory,
    put_in_stock,
)
from tests.orders.builders import add, start

pytestmark = pytest.mark.django_db(transaction=True)
PASSWORD = "demo-demo-demo"


@pytest.fixture
def user() -> User:
    user = UserFactory()
    user.set_password(PASSWORD)
    user.save(update_fields=["password"])
    return user


@pytest.fixture
def page(page: Page, live_server, settings, user) -> Page:
    client = Client()
    client.force_login(user)
    name = settings.SESSION_COOKIE_NAME
    cookie = {"name": name, "value": client.cookies[name].value, "url": live_server.url}
    page.context.add_cookies([cookie])
    page.asked = []  # the browser's own question on the way out

    def answer(dialog) -> None:
        page.asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", answer)
    return page


@pytest.fixture
def article():
    article = ArticleFactory()
    put_in_stock(WarehouseFactory(), article, 9)
    return article


def comment_step(page: Page, live_server, article) -> None:
    """The dialog over the article's page, at the comment."""
    page.goto(f"{live_server.url}/artiklar/{article.number}/")
    page.get_by_role("link", name="Beställ", exact=True).first.click()
    dialog = page.locator("#dialog")
    expect(dialog.get_by_label("Antal", exact=True)).to_be_visible()
    dialog.get_by_role("button", name="Nästa").click()
    expect(dialog.get_by_label("Sök komponent")).to_be_visible()
    dialog.get_by_role("button", name="Nästa").click()
    expect(dialog.get_by_label("Kommentar")).to_be_visible()


def question(page: Page):
    return page.get_by_role("alertdialog", name="Lämna utan att spara?")


@pytest.mark.parametrize("way", ["Escape", "Avbryt", "Stäng utan att spara"])
def test_a_dialog_with_something_typed_asks_before_it_closes(page, live_server, user, article, way):
    start(user)
    comment_step(page, live_server, article)
    box = page.locator("#dialog").get_by_label("Kommentar")
    box.fill("Vänster sida")

    def close() -> None:
        if way == "Escape":
            page.keyboard.press("Escape")
        else:
            page.locator("#dialog").get_by_role("link", name=way).click()

    close()
    expect(question(page)).to_be_visible()
    expect(page.get_by_role("button", name="Fortsätt skriva")).to_be_focused()
    page.keyboard.press("Escape")
    expect(question(page)).to_have_count(0)
    expect(box).to_have_value("Vänster sida")
    expect(page.locator("#dialog")).to_be_visible()

    close()
    question(page).get_by_role("button", name="Lämna").click()
    expect(page.locator("#dialog")).to_be_hidden()
    assert page.url.endswith(f"/artiklar/{article.number}/")
    page.reload()
    assert page.asked == []


def test_what_was_typed_in_an_earlier_step_is_asked_for_too(page, live_server, user, article):
    start(user)
    page.goto(f"{live_server.url}/artiklar/{article.number}/")
    page.get_by_role("link", name="Beställ", exact=True).first.click()
    page.locator("#dialog").get_by_label("Antal", exact=True).fill("7")
    page.locator("#dialog").get_by_role("button", name="Nästa").click()
    expect(page.locator("#dialog [aria-current=step]")).to_have_text(re.compile("Komponenter"))
    page.keyboard.press("Escape")
    expect(question(page)).to_be_visible()


def test_a_dialog_in_which_nothing_was_typed_closes_at_once(page, live_server, user, article):
    start(user)
    comment_step(page, live_server, article)
    page.keyboard.press("Escape")
    expect(page.locator("#dialog")).to_be_hidden()


def test_a_step_back_by_its_name_asks_when_this_one_isnt_sent(page, live_server, user, article):
    start(user)
    comment_step(page, live_server, article)
    page.locator("#dialog").get_by_label("Kommentar").fill("Vänster sida")
    page.locator("#dialog .steps").get_by_role("link", name="Artikel").click()
    question(page).get_by_role("button", name="Fortsätt skriva").click()
    expect(page.locator("#dialog").get_by_label("Kommentar")).to_have_value("Vänster sida")


def edit_details(page: Page, live_server) -> str:
    recipient = RecipientFactory()
    url = f"{live_server.url}/mottagare/{recipient.key}/"
    page.goto(url)
    page.get_by_role("link", name="Ändra kontaktuppgifter").click()
    page.get_by_label("Leveransanvisning").fill("Hunden är snäll")
    return url


@pytest.mark.parametrize("link", ["Lämna utan att spara", "Mottagare"])
def test_a_link_away_from_something_typed_asks(page, live_server, link):
    edit_details(page, live_server)

    page.get_by_role("link", name=link, exact=True).first.click()
    question(page).get_by_role("button", name="Fortsätt skriva").click()
    expect(page.get_by_label("Leveransanvisning")).to_have_value("Hunden är snäll")

    page.get_by_role("link", name=link, exact=True).first.click()
    question(page).get_by_role("button", name="Lämna").click()
    expect(page.get_by_label("Leveransanvisning")).to_have_count(0)
    assert page.asked == []


def test_another_form_of_the_page_asks_before_it_is_sent(page, live_server):
    edit_details(page, live_server)
    page.evaluate("document.querySelector('form.sign-out').requestSubmit()")
    question(page).get_by_role("button", name="Fortsätt skriva").click()
    expect(page.get_by_label("Leveransanvisning")).to_have_value("Hunden är snäll")


def test_a_reload_is_asked_about_by_the_browser(page, live_server):
    edit_details(page, live_server)
    page.get_by_label("Leveransanvisning").press("End")  # a key of the user's own hand
    with pytest.raises(Exception, match="ERR_ABORTED|Timeout|interrupted"):
        page.reload(timeout=3000)
    assert page.asked == ["beforeunload"]
    expect(page.get_by_label("Leveransanvisning")).to_have_value("Hunden är snäll")


def test_what_is_saved_is_not_asked_about(page, live_server):
    url = edit_details(page, live_server)
    page.get_by_role("button", name="Spara", exact=True).click()
    expect(page.get_by_text("Hunden är snäll")).to_be_visible()
    page.get_by_role("link", name="Mottagare", exact=True).first.click()
    expect(page).to_have_url(re.compile("/mottagare/$"))
    page.goto(url)
    assert page.asked == []


def test_what_else_was_typed_in_a_form_that_was_refused_is_asked_about(page, live_server):
    page.goto(f"{live_server.url}/tillganglighet/hinder/")
    page.get_by_label("Var i portalen").fill("/artiklar/")
    page.get_by_role("button", name="Skicka").click()
    expect(page.get_by_text("Skriv vad som hindrade dig.")).to_be_visible()
    page.get_by_role("link", name="Mottagare", exact=True).first.click()
    question(page).get_by_role("button", name="Fortsätt skriva").click()
    expect(page.get_by_label("Var i portalen")).to_have_value("/artiklar/")


def test_without_contact_the_dialog_says_so_and_goes_on_afterwards(
    page, live_server, user, article
):
    cart = start(user)
    comment_step(page, live_server, article)
    dialog = page.locator("#dialog")
    dialog.get_by_label("Kommentar").fill("Vänster sida")
    page.context.set_offline(True)
    go_on = dialog.get_by_role("button", name="Fortsätt", exact=True)
    go_on.click()
    expect(dialog.get_by_role("alert")).to_have_text(
        "Ingen kontakt med portalen. Det du skrev finns kvar. Försök igen."
    )
    expect(go_on).to_be_enabled()
    page.context.set_offline(False)
    go_on.click()
    expect(dialog).to_be_hidden()
    assert cart.lines.get(component_of=None).comment == "Vänster sida"


def test_without_contact_a_plain_form_stays_where_it_is(page, live_server, user, article):
    cart = start(user)
    add(cart, article)
    page.goto(f"{live_server.url}/bestallning/slutfor/leverans/")
    page.get_by_label("Övrig information").fill("Ring på hos grannen")
    page.context.set_offline(True)
    page.get_by_role("button", name="Skicka beställning").click()
    expect(page.get_by_role("alert")).to_contain_text("Ingen kontakt med portalen.")
    expect(page.get_by_label("Övrig information")).to_have_value("Ring på hos grannen")
    page.context.set_offline(False)
    page.get_by_role("button", name="Skicka beställning").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Orderbekräftelse")
    assert page.asked == []


def test_an_ended_session_asks_nothing_and_shows_what_was_typed_after_sign_in(
    page, live_server, user, article
):
    cart = start(user)
    comment_step(page, live_server, article)
    page.locator("#dialog").get_by_label("Kommentar").fill("Vänster sida")
    Session.objects.all().delete()

    page.locator("#dialog").get_by_role("button", name="Fortsätt", exact=True).click()
    expect(
        page.get_by_text("Det du skrev finns kvar och visas när du har loggat in.")
    ).to_be_visible()
    page.get_by_label("Användarnamn").fill(user.username)
    page.get_by_label("Lösenord").fill(PASSWORD)
    page.get_by_role("button", name="Logga in", exact=True).click()

    expect(page.get_by_label("Kommentar")).to_have_value("Vänster sida")
    assert not cart.lines.exists()
    page.get_by_role("button", name="Fortsätt", exact=True).click()
    expect(page.get_by_role("link", name="Slutför beställning")).to_be_visible()
    assert cart.lines.get(component_of=None).comment == "Vänster sida"
    assert page.asked == []


def test_what_the_server_draws_without_a_form_is_filled_in_by_script(page, live_server, user):
    """The back office's own forms: KHS wrote a count and was signed out meanwhile."""
    user.groups.add(Group.objects.get(name=KHS))
    user.is_staff = True
    user.save(update_fields=["is_staff"])
    reason = PickupReason.objects.first()
    url = f"{live_server.url}/admin/pickups/pickupreason/{reason.pk}/change/"
    page.goto(url)
    page.locator("#id_name").fill("Hämtning från tredje våningen")
    Session.objects.all().delete()
    page.get_by_role("button", name="Spara", exact=True).click()
    page.get_by_label("Användarnamn").fill(user.username)
    page.get_by_label("Lösenord").fill(PASSWORD)
    page.get_by_role("button", name="Logga in", exact=True).click()

    expect(page.locator("#id_name")).to_have_value("Hämtning från tredje våningen")
    expect(page.get_by_text("Du blev utloggad innan det här skickades.")).to_be_visible()
    reason.refresh_from_db()
    assert reason.name != "Hämtning från tredje våningen"


@pytest.mark.parametrize("width", [390, 1280])
def test_the_question_fits_and_is_accessible(page, live_server, user, article, width):
    start(user)
    page.set_viewport_size({"width": width, "height": 800})
    comment_step(page, live_server, article)
    page.locator("#dialog").get_by_label("Kommentar").fill("Vänster sida")
    page.keyboard.press("Escape")
    box = question(page).bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
    assert box["height"] < 400
