"""Choosing a file: by button, keyboard or drop; which one it is can be seen, and taken away again."""

import pytest
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Page, expect

from organisation.permissions import KHS
from tests.factories import ArticleFactory, UserFactory
from tests.orders.builders import add, start

pytestmark = pytest.mark.django_db(transaction=True)

PDF = {"name": "matt-sovrum.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4\n%%EOF"}
DELIVERY = "/bestallning/slutfor/leverans/"


@pytest.fixture
def cart(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    made = start(UserFactory())
    add(made, ArticleFactory())
    return made


def sign_in(context, live_server, settings, user) -> None:
    client = Client()
    client.force_login(user)
    name = settings.SESSION_COOKIE_NAME
    value = client.cookies[name].value
    context.add_cookies([{"name": name, "value": value, "url": live_server.url}])


def test_a_chosen_file_is_named_and_taken_away_again(page: Page, live_server, settings, cart):
    sign_in(page.context, live_server, settings, cart.user)
    page.goto(live_server.url + DELIVERY)
    drop = page.locator("[data-file]")
    page.locator("#id_extra_info").focus()
    page.keyboard.press("Tab")
    expect(page.locator("#id_file")).to_be_focused()
    page.set_input_files("#id_file", PDF)
    expect(drop.get_by_role("status")).to_have_text("matt-sovrum.pdf1 kB")
    drop.get_by_role("button", name="Ta bort den valda filen").click()
    expect(drop.get_by_role("status")).to_be_empty()
    expect(page.locator("#id_file")).to_be_focused()
    page.set_input_files("#id_file", PDF)
    page.get_by_role("button", name="Lägg till bilaga", exact=True).click()
    expect(page.get_by_role("link", name="matt-sovrum.pdf")).to_be_visible()
    assert cart.attachments.get().name == "matt-sovrum.pdf"


def test_a_file_may_be_dropped_anywhere_on_the_field(page: Page, live_server, settings, cart):
    """The browser's own input takes it: it lies over the whole field."""
    sign_in(page.context, live_server, settings, cart.user)
    page.goto(live_server.url + DELIVERY)
    field, taker = (page.locator(x).bounding_box() for x in ("[data-file]", "#id_file"))
    assert taker["width"] >= field["width"] - 4 and taker["height"] >= field["height"] - 4
    page.locator("[data-file]").scroll_into_view_if_needed()
    found = page.evaluate(
        "() => { const r = document.querySelector('[data-file]').getBoundingClientRect();"
        " return document.elementFromPoint(r.left + r.width / 2, r.top + r.height / 2).id; }"
    )
    assert found == "id_file"


def test_without_script_the_plain_field_is_there(browser, live_server, settings, cart):
    context = browser.new_context(java_script_enabled=False)
    sign_in(context, live_server, settings, cart.user)
    page = context.new_page()
    page.goto(live_server.url + DELIVERY)
    expect(page.get_by_text("Välj fil")).to_be_hidden()
    page.set_input_files("#id_file", PDF)
    page.get_by_role("button", name="Lägg till bilaga", exact=True).click()
    expect(page.get_by_role("link", name="matt-sovrum.pdf")).to_be_visible()
    context.close()


def test_a_registers_own_file_is_chosen_in_the_same_field(
    page: Page, live_server, settings, tmp_path
):
    settings.MEDIA_ROOT = tmp_path
    article = ArticleFactory()
    khs = UserFactory(roles=[KHS], is_staff=True)
    sign_in(page.context, live_server, settings, khs)
    form = live_server.url + reverse("admin:articles_article_change", args=[article.pk])
    page.goto(form)
    page.get_by_role("button", name="Lägg till dokument").click()
    row = page.locator("#documents-group tr.form-row:not(.empty-form)")
    row.locator("[name$=title]").fill("Måttblad")
    field, taker = (row.locator(x).bounding_box() for x in ("[data-file]", "[type=file]"))
    assert taker["width"] >= field["width"] - 4 and taker["height"] >= field["height"] - 4
    row.locator("[type=file]").set_input_files(PDF)
    expect(row.get_by_role("status")).to_have_text("matt-sovrum.pdf1 kB")
    page.get_by_role("button", name="Spara", exact=True).click()
    assert article.documents.get().title == "Måttblad"

    page.goto(form)
    expect(page.locator("#documents-0")).to_contain_text("En fil är sparad.")
    page.locator("#documents-0").get_by_role("checkbox", name="Ta bort den").check()
    page.get_by_role("button", name="Spara", exact=True).click()
    expect(page.get_by_text("Ange en länk eller en PDF-fil")).to_be_visible()
    assert article.documents.get().file
