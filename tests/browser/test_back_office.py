"""The back office as KHS sees and walks it: the day, the queues, a register and its form."""

import datetime as dt
import re

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from articles.models import Price, StandardComponent
from orders.models import Order
from organisation.permissions import KHS
from tests.activities.builders import registered as an_activity
from tests.deviations.builders import registered as a_deviation
from tests.factories import (
    ArticleFactory,
    SupplierFactory,
    UserFactory,
    WarehouseFactory,
    put_in_stock,
)
from tests.orders.builders import project, sent
from tests.pickups.builders import fetched, lend

from .test_accessibility import faults, sign_in

pytestmark = pytest.mark.django_db(transaction=True)

FOCUSED = "document.activeElement.textContent.trim()"


@pytest.fixture
def browser_context_args(browser_context_args):
    """axe is put into pages whose policy forbids foreign scripts."""
    return {**browser_context_args, "bypass_csp": True}


@pytest.fixture
def orders() -> list[Order]:
    """Three that can be picked, the oldest first and late; a fourth is backlogged."""
    found = []
    for days in (9, 5, 1):
        article = ArticleFactory()
        put_in_stock(WarehouseFactory(), article, 5)
        order = sent((article, 1))
        day = timezone.now() - dt.timedelta(days=days)
        Order.objects.filter(pk=order.pk).update(sent_at=day)
        found.append(order)
    found[0].lines.update(planned_delivery=timezone.localdate() - dt.timedelta(days=1))
    sent((ArticleFactory(), 1))
    return found


@pytest.fixture
def khs(page: Page, live_server, settings) -> Page:
    sign_in(page.context, live_server, settings, UserFactory(roles=[KHS], is_staff=True))
    page.goto(live_server.url + reverse("admin:index"))
    return page


def test_the_oldest_order_is_six_tab_stops_from_the_skip_link(orders, khs):
    project()
    urgent = fetched(lend(orders[0].recipient, ArticleFactory()), details={"is_urgent": True})
    an_activity(lend(orders[0].recipient, ArticleFactory()))
    a_deviation()
    khs.reload()
    assert urgent.is_urgent and khs.locator(".waits li").count() == 5
    expect(khs.get_by_role("region", name="Fler köer")).to_contain_text("Projekt att föra vidare")
    khs.keyboard.press("Tab")
    khs.keyboard.press("Enter")
    stops = []
    while orders[0].case_number not in stops and len(stops) < 50:
        khs.keyboard.press("Tab")
        stops.append(khs.evaluate(FOCUSED))
    assert len(stops) <= 6, stops


def test_keys_walk_the_rows_while_one_has_the_focus_and_enter_opens_it(orders, khs):
    first, second, third = (order.case_number for order in orders)
    khs.keyboard.press("j")
    assert khs.evaluate(FOCUSED) != first
    khs.get_by_role("link", name=first).focus()
    for key, where in (("j", second), ("ArrowDown", third), ("j", third), ("k", second)):
        khs.keyboard.press(key)
        assert khs.evaluate(FOCUSED) == where
    khs.keyboard.press("Enter")
    expect(khs.get_by_role("heading", level=1)).to_contain_text(second)


def test_a_filter_acts_at_once_keeps_the_focus_and_can_be_taken_off(orders, khs):
    khs.get_by_role("link", name="Ordrar", exact=True).click()
    expect(khs.locator("#result_list tbody tr")).to_have_count(4)
    khs.wait_for_load_state()  # the scripts that hear the choice come after the rows
    khs.get_by_label("Status").select_option("Under plock")
    expect(khs.locator("#result_list")).to_have_count(0)
    expect(khs.get_by_label("Status")).to_be_focused()
    khs.get_by_role("link", name="Rensa 1 filter").click()
    expect(khs.locator("#result_list tbody tr")).to_have_count(4)


def test_the_queues_are_tabs_with_their_counts(orders, khs):
    khs.get_by_role("link", name="Ordrar", exact=True).click()
    tabs = khs.get_by_role("navigation", name="Beställningar")
    expect(tabs.get_by_role("link", name="Alla att leverera 4")).to_have_attribute(
        "aria-current", "page"
    )
    expect(tabs.get_by_role("link", name="Under plock")).to_have_count(0)
    tabs.get_by_role("link", name="Restnoterade 1").click()
    expect(khs.locator("#result_list tbody tr")).to_have_count(1)
    expect(tabs.get_by_role("link", name="Restnoterade 1")).to_have_attribute(
        "aria-current", "page"
    )


QUEUES = ("orders_order", "pickups_pickuporder", "activities_activity", "deviations_deviation")


@pytest.mark.parametrize("width", [390, 600, 768, 1024, 1280])
def test_a_queue_says_whose_turn_it_is_at_every_width(orders, khs, live_server, width):
    for registered in (an_activity, a_deviation, fetched):
        article = ArticleFactory(iso_code="181210", is_marked=True)
        registered(lend(orders[0].recipient, article))
    khs.set_viewport_size({"width": width, "height": 900})
    for queue in QUEUES:
        khs.goto(live_server.url + reverse(f"admin:{queue}_changelist"))
        row = khs.locator("#result_list tbody tr").first
        step = row.locator(".field-shown_next")
        expect(step).to_be_visible()
        expect(step).to_contain_text("KHS")
        around, inside = row.bounding_box(), step.bounding_box()
        assert inside["y"] >= around["y"], queue
        assert inside["y"] + inside["height"] <= around["y"] + around["height"] + 1, queue
        assert inside["x"] + inside["width"] <= width, queue
        if 560 < width < 1100:  # in a line of its own, under the number
            number = row.locator("a").first.bounding_box()
            assert number["y"] + number["height"] <= inside["y"] + 4, queue


def test_another_queue_another_order_and_another_page_keep_the_place(orders, khs):
    khs.get_by_role("link", name="Ordrar", exact=True).click()
    tabs = khs.get_by_role("navigation", name="Beställningar")
    expect(tabs).to_be_visible()
    khs.wait_for_load_state()  # the script that keeps the place comes after the tabs
    tabs.get_by_role("link", name="Restnoterade 1").press("Enter")
    expect(khs.locator("#result_list tbody tr")).to_have_count(1)
    expect(tabs.locator("[aria-current]")).to_be_focused()
    khs.get_by_role("link", name="Ålder").press("Enter")
    expect(khs.locator("th[aria-sort] a", has_text="Ålder")).to_be_focused()


def test_the_search_box_of_every_page_answers_where_nothing_else_is_fetched(orders, khs):
    assert khs.evaluate("typeof window.htmx") == "undefined"
    khs.keyboard.press("Control+k")
    box = khs.get_by_role("dialog", name="Sök")
    khs.wait_for_function("window.htmx")  # until then the box leads to the page that answers
    box.get_by_role("textbox").fill("19121212")
    box.get_by_role("textbox").press("Enter")
    expect(box.locator("#find-says .field-error")).to_be_visible()
    expect(khs).to_have_url(re.compile("/admin/$"))


def test_ticked_orders_are_picked_together_and_what_cannot_be_is_told(orders, khs):
    first, second, third = orders
    khs.get_by_role("link", name="Klara att plocka", exact=True).click()
    bar = khs.locator(".bulk")
    expect(bar).to_have_css("clip-path", "inset(50%)")
    khs.locator("#result_list").get_by_label("Välj alla på sidan").check()
    expect(khs.get_by_text("3 valda")).to_be_visible()
    khs.get_by_role("button", name="Avmarkera").click()
    for order in (first, second):
        khs.get_by_label(f"Välj {order.case_number}").press("Space")
    expect(khs.get_by_text("2 valda")).to_be_visible()
    assert faults(khs) == []
    Order.objects.filter(pk=second.pk).update(status="cancelled")  # by another, meanwhile
    khs.get_by_role("button", name="Påbörja plock").click()
    expect(khs.locator("#messages")).to_contain_text("1 order plockas nu.")
    expect(khs.locator("#messages")).to_contain_text(f"{second.case_number}: ")
    assert "lage=klar" in khs.url
    expect(khs.locator("#result_list tbody tr")).to_have_count(1)
    first.refresh_from_db()
    assert (first.status, third.status) == ("picking", "registered")


def test_what_is_wrong_in_a_register_is_said_at_the_field_and_in_a_note_that_leads_there(
    khs, live_server
):
    article = ArticleFactory()
    url = reverse("admin:articles_article_change", args=[article.pk])
    khs.goto(live_server.url + url)
    khs.get_by_label("Benämning").fill("")
    khs.locator("[name=prices-0-list_price]").fill("-5")
    khs.get_by_role("button", name="Spara", exact=True).click()
    note = khs.get_by_role("alert")
    expect(note).to_contain_text("Inget är sparat än.")
    expect(note.get_by_role("link", name="Benämning")).to_have_attribute("href", "#id_name")
    expect(khs.get_by_label("Benämning")).to_be_focused()
    expect(khs.locator("#id_name_error")).to_be_visible()
    expect(khs.get_by_role("navigation", name="Block på sidan")).to_contain_text("fel")
    assert faults(khs) == []
    assert not Price.objects.filter(article=article, list_price__lt=0).exists()


def test_a_register_is_filled_in_by_the_keyboard(khs, live_server):
    """What is found by typing, a day, and rows that are added and taken away again."""
    supplier, part = SupplierFactory(name="Alu Rehab AB"), ArticleFactory(name="Armstöd")
    article = ArticleFactory(name="Netti", supplier=SupplierFactory(name="Etac Sverige AB"))
    url = reverse("admin:articles_article_change", args=[article.pk])
    khs.goto(live_server.url + url)
    field = khs.get_by_role("combobox", name="Leverantör")
    hits = khs.get_by_role("listbox", name="Träffar").get_by_role("option")
    expect(field).to_have_value("Etac Sverige AB")
    field.fill("rehab")
    expect(hits).to_have_text(["Alu Rehab AB"])
    assert faults(khs) == []
    field.press("Escape")
    expect(field).to_have_value("Etac Sverige AB")
    field.fill("rehab")
    expect(hits).to_have_text(["Alu Rehab AB"])
    field.press("ArrowDown")
    field.press("Enter")
    expect(field).to_have_value("Alu Rehab AB")
    khs.get_by_role("button", name="Lägg till standardkomponent").press("Enter")
    expect(khs.locator(":focus")).to_have_attribute("role", "combobox")
    khs.keyboard.type(part.number)
    expect(hits).to_have_text([str(part)])
    khs.keyboard.press("Enter")
    add = khs.get_by_role("button", name="Lägg till pris")
    before = Price.objects.filter(article=article).count()
    for _ in range(2):
        add.press("Enter")
    prices = khs.locator("#prices-group tr.form-row:not(.empty-form)")
    prices.nth(before).get_by_role("button", name="Ta bort").press("Enter")
    expect(add).to_be_focused()
    row = prices.nth(before)
    row.locator("[name$=list_price]").fill("15420")
    row.locator("[name$=valid_from]").fill("2031-01-01")
    expect(khs.locator(".register-foot")).to_contain_text("4 fält ändrade")
    khs.get_by_role("button", name="Spara", exact=True).click()
    expect(khs.locator("#messages")).to_contain_text("Netti")
    article.refresh_from_db()
    assert article.supplier == supplier
    assert Price.objects.get(article=article, valid_from="2031-01-01").list_price == 15420
    assert StandardComponent.objects.get(article=article).component == part


def test_no_page_scrolls_sideways_and_axe_finds_nothing(orders, khs, live_server):
    article = orders[0].lines.get().article
    pages = [
        reverse("admin:index"),
        reverse("admin:orders_order_changelist"),
        reverse("admin:pickups_pickuporder_changelist"),
        reverse("admin:articles_article_changelist") + "?type__exact=main",
        reverse("admin:articles_article_change", args=[article.pk]),
        reverse("admin:articles_balance_count") + "?lager=100",
        reverse("admin:recipients_recipient_changelist"),
    ]
    wrong = []
    for path in pages:
        khs.goto(live_server.url + path)
        wrong += [f"{path}: {fault}" for fault in faults(khs)]
        for width in (1280, 834, 390, 320):
            khs.set_viewport_size({"width": width, "height": 800})
            seen = khs.evaluate("document.documentElement.scrollWidth")
            if seen > width:
                wrong.append(f"{path}: {seen} px wide on a screen of {width}")
            cut = "[...document.querySelectorAll('.list-scroll')].some(b => b.scrollWidth > b.clientWidth)"
            if width == 1280 and khs.evaluate(cut):
                wrong.append(f"{path}: a table is cut")
        khs.set_viewport_size({"width": 1280, "height": 800})
    assert not wrong, "\n".join(wrong)
