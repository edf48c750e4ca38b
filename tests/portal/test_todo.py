"""The start page's boxes: «Att göra», and whom to turn to."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from activities.models import Activity
from articles.models import Balance
from orders.models import Order, OrderLine
from organisation.messages import send
from organisation.permissions import CONTROLLER, KHS
from portal.models import StartContact, StartLink
from tests.activities.builders import registered
from tests.factories import ArticleFactory, UserFactory, WarehouseFactory
from tests.orders.builders import TO_APPROVAL, project, sent
from tests.pickups.builders import lend
from tests.reading import read_page

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


def todo(client) -> str:
    page = read_page(client.get("/"))
    return page.split("Att göra")[1].split("</section>")[0] if "Att göra" in page else ""


def promised(order: Order, day: dt.date) -> None:
    OrderLine.objects.filter(order=order).update(planned_delivery=day)
    Order.objects.filter(pk=order.pk).update(planned_delivery=day)


def test_who_has_nothing_to_do_sees_no_box(client):
    assert todo(client) == ""


def test_an_offer_a_late_order_and_activity_and_a_message_wait(client, prescriber):
    yesterday = timezone.localdate() - DAY
    offer = project(*TO_APPROVAL, user=prescriber)
    order = sent((ArticleFactory(), 1), user=prescriber)
    promised(order, yesterday)
    activity = registered(lend(order.recipient, ArticleFactory()), user=prescriber)
    Activity.objects.filter(pk=activity.pk).update(due_on=yesterday)
    send(prescriber, title="Ärendet är avslutat")
    said = todo(client)
    for words in (
        "Svara på offert", "1 beställning är försenad", "1 aktivitet är försenad", "läst",
    ):  # fmt: skip
        assert words in said
    for person in (offer.order.recipient, order.recipient):
        assert person.family_name not in said


def test_backlog_that_comes_later_than_promised_is_told_with_its_order(client, prescriber):
    article = ArticleFactory()
    order = sent((article, 1), user=prescriber)
    day = timezone.localdate() + 9 * DAY
    promised(order, day)
    place = {"warehouse": WarehouseFactory(), "article": article}
    Balance.objects.update_or_create(**place, defaults={"expected_on": day})
    assert "senare dag" not in todo(client)
    Balance.objects.filter(**place).update(expected_on=day + DAY)
    said = todo(client)
    assert f"Beställning {order.case_number} har fått en senare dag" in said
    assert f'href="/bestallningar/{order.case_number}/"' in said


def test_it_is_ones_own(browser_of, prescriber):
    order = sent((ArticleFactory(), 1), user=prescriber)
    promised(order, timezone.localdate() - DAY)
    assert "försenad" not in todo(browser_of(UserFactory()))


def test_whom_to_turn_to_and_where_to_read_on_is_what_khs_has_written(client, browser_of):
    assert "Kontakt</h2>" not in read_page(client.get("/"))
    StartContact.objects.create(
        name="Göran Öberg", title="Systemförvaltare", phone="08-46500420", hours="vardagar 8–16",
        email="systemforvaltning@khs.example",
    )  # fmt: skip
    StartContact.objects.create(name="Slutat Här", is_active=False)
    StartLink.objects.create(label="KHS handböcker", url="https://khs.example/")
    for browser in (client, browser_of(UserFactory(roles=[CONTROLLER]))):
        page = read_page(browser.get("/"))
        for shown in ("Göran Öberg", "08-465 004 20", "vardagar 8–16", "https://khs.example/"):
            assert shown in page
        assert "Slutat Här" not in page


@pytest.mark.parametrize("url", ["javascript:alert(1)", "ftp://khs.example/", "data:text/html,x"])
def test_a_link_leads_to_a_page_of_the_web_and_nowhere_else(browser_of, url):
    khs = browser_of(UserFactory(roles=[KHS], is_staff=True))
    body = {"label": "KHS", "url": url, "rank": "0", "is_active": "on"}
    assert khs.post("/admin/portal/startlink/add/", body).status_code == 200
    assert not StartLink.objects.exists()


def test_khs_writes_and_removes_what_the_box_says(browser_of):
    khs = browser_of(UserFactory(roles=[KHS], is_staff=True))
    body = {"name": "Göran Öberg", "phone": "12", "rank": "0", "is_active": "on"}
    assert "Numret stämmer inte." in read_page(khs.post("/admin/portal/startcontact/add/", body))
    khs.post("/admin/portal/startcontact/add/", body | {"phone": "08-465 004 20"})
    one = StartContact.objects.get()
    khs.post(f"/admin/portal/startcontact/{one.pk}/delete/", {"post": "yes"})
    assert not StartContact.objects.exists()


def test_what_is_written_anew_is_shown_though_the_same_stands_there_hidden(browser_of):
    khs = browser_of(UserFactory(roles=[KHS], is_staff=True))
    link = {"label": "Handböcker", "url": "https://khs.example/", "rank": "0"}
    contact = {"name": "Göran Öberg", "phone": "08-465 004 20", "rank": "0"}
    for address, body in (("startlink", link), ("startcontact", contact)):
        khs.post(f"/admin/portal/{address}/add/", body)
        khs.post(f"/admin/portal/{address}/add/", body | {"is_active": "on"})
    page = read_page(khs.get("/"))
    assert "Handböcker" in page
    assert "Göran Öberg" in page


def test_much_to_do_asks_no_more(client, prescriber, django_assert_max_num_queries):
    project(*TO_APPROVAL, user=prescriber)
    client.get("/")
    with CaptureQueriesContext(connection) as few:
        client.get("/")
    asked = len(few)
    for _ in range(3):
        project(*TO_APPROVAL, user=prescriber)
    with django_assert_max_num_queries(asked):
        client.get("/")
