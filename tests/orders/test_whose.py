"""Two tabs: what was begun for one patient never goes into another's order."""

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from orders import cart as carts
from orders import services
from orders.models import Cart
from organisation.models import AccessLogEntry
from tests.factories import (
    ArticleFactory,
    BufferFactory,
    RecipientFactory,
    UnitFactory,
    UserFactory,
    WarehouseFactory,
    put_in_stock,
)

from .builders import add, start
from .test_views import DELIVERY, choice

pytestmark = pytest.mark.django_db


@pytest.fixture
def store():
    return BufferFactory()


@pytest.fixture
def user(store):
    return UserFactory(default_unit=UnitFactory(own_stores=[store]))


@pytest.fixture
def client(user):
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def article():
    article = ArticleFactory(name="Rollator Sola")
    put_in_stock(WarehouseFactory(), article, 9)
    return article


@pytest.fixture
def arvid():
    return RecipientFactory(given_name="Arvid", family_name="Ek")


@pytest.fixture
def sandra(user):
    """Another tab starts an order to Sandra instead of the one in progress."""
    person = RecipientFactory(given_name="Sandra", family_name="Berg")
    return lambda: start(user, person, replace=True)


def text(response) -> str:
    return response.content.decode()


def order_button(client, article) -> str:
    """Where «Beställ» on the article's page leads."""
    page = text(client.get(reverse("articles:detail", args=[article.number])))
    return re.search(rf'href="(/bestallning/artikel/{article.number}/[^"]*)"', page)[1]


def stopped(response, *words: str) -> bool:
    page = text(response)
    return response.status_code == 409 and all(
        word in page for word in ("Arvid Ek", "Sandra Berg", "Inget är tillagt", *words)
    )


def nothing_went_to(cart: Cart) -> bool:
    return not cart.lines.exists()


def test_bestall_on_a_page_drawn_for_another_patient_stops(client, user, article, arvid, sandra):
    start(user, arvid)
    button = order_button(client, article)
    hers = sandra()
    answer = client.get(button)
    assert stopped(answer, "Beställ Rollator Sola till Sandra Berg")
    again = re.search(r'href="([^"]+)" data-dialog>Beställ Rollator', text(answer))[1]
    assert "Sandra Berg" in text(client.get(client.get(again)["Location"]))
    assert nothing_went_to(hers)


@pytest.mark.parametrize("search", ["/artiklar/", "/"])
def test_a_number_typed_on_a_page_drawn_for_another_patient_stops(
    client, user, article, arvid, sandra, search
):
    start(user, arvid)
    page = text(client.get(search))
    form = dict(re.findall(r'<input type="hidden" name="(till)" value="([^"]+)"', page))
    hers = sandra()
    answer = client.post(search, form | {"q": article.number}, follow=True)
    assert stopped(answer, "Beställ Rollator Sola till Sandra Berg")
    assert nothing_went_to(hers)
    again = client.post(search, form | {"q": "rollator"}, follow=True)
    assert again.status_code == 200 and "till=" not in again.request["QUERY_STRING"]


@pytest.mark.parametrize("action", ["finish", "next", "back", "refresh"])
def test_a_dialog_that_is_open_stops_and_keeps_what_was_typed(
    client, user, article, arvid, sandra, action
):
    his = start(user, arvid)
    step = client.get(order_button(client, article))["Location"]
    client.post(step, choice(quantity="2", action="next"))
    comment = step.replace("/antal/", "/kommentar/")
    hers = sandra()
    answer = client.post(comment, {"comment": "Vänster hand", "action": action})
    assert stopped(answer, "Det här hade du skrivit", "Vänster hand")
    assert nothing_went_to(hers)

    # His order taken up again, the dialog stands as it was left.
    Cart.objects.filter(pk=hers.pk).update(closed_at=hers.created_at)
    Cart.objects.filter(pk=his.pk).update(closed_at=None, thrown_at=None)
    assert "Vänster hand" in text(client.get(comment))
    client.post(comment, {"comment": "Vänster hand", "action": "finish"})
    assert [(x.quantity, x.comment) for x in his.lines.all()] == [(2, "Vänster hand")]


def test_the_pencil_the_cross_and_samleverans_of_another_order_stop(
    client, user, article, arvid, sandra
):
    line = add(start(user, arvid), article)
    hers = sandra()
    add(hers, article)
    assert stopped(client.get(reverse("orders:change_line", args=[line.pk])))
    for name in ("remove_line", "together"):
        assert stopped(client.post(reverse(f"orders:{name}", args=[line.pk])))
    line.refresh_from_db()
    assert (line.deliver_together, hers.lines.count()) == (False, 1)


def test_leaving_an_order_leaves_the_one_that_was_seen(client, user, arvid, sandra):
    start(user, arvid)
    page = text(client.get("/bestallning/"))
    token = re.search(r'name="till" value="([^"]+)"', page)[1]
    hers = sandra()
    assert stopped(client.post("/bestallning/kasta/", {"till": token}))
    assert client.post("/bestallning/kasta/").status_code == 409, "a form that doesn't say whose"
    assert carts.open_cart(user) == hers


def test_replacing_an_order_replaces_the_one_that_was_seen(client, user, arvid, sandra):
    start(user, arvid)
    third = RecipientFactory()
    url = reverse("orders:to", args=[third.key])
    token = re.search(r'name="till" value="([^"]+)"', text(client.get(url)))[1]
    hers = sandra()
    data = {
        "unit": user.default_unit_id, "prescriber": user.pk, "action": "replace", "till": token,
    }  # fmt: skip
    answer = client.post(url, data)
    assert answer.status_code == 422
    assert "Sandra Berg" in text(answer)
    assert carts.open_cart(user) == hers
    seen = re.search(r'name="till" value="([^"]+)"', text(answer))[1]
    client.post(url, data | {"till": seen})
    assert carts.open_cart(user).recipient == third


def test_a_piece_is_handed_to_the_one_whose_name_stood_there(client, user, store, arvid, sandra):
    chair = ArticleFactory(is_marked=True)
    (piece,) = put_in_stock(store, chair, 1)
    start(user, arvid)
    deliver = reverse("orders:deliver_piece", args=[piece.number])
    token = re.search(r'name="till" value="([^"]+)"', text(client.get(deliver)))[1]
    to_him = {"vem": "pagaende", "nummer": "", "till": token}
    line = client.post(deliver, to_him)["Location"]
    hers = sandra()
    assert stopped(client.post(deliver, to_him))
    assert stopped(client.get(line))
    assert nothing_went_to(hers)


@pytest.mark.parametrize("action", ["send", "save", "way", "attach"])
def test_checkout_of_another_order_stops_with_what_was_typed(
    client, user, article, arvid, sandra, action
):
    his = start(user, arvid)
    hers = sandra()
    add(hers, article)
    answer = client.post(DELIVERY, {
        "token": str(his.token), "action": action, "delivery_way": his.delivery_way_id,
        "extra_info": "Grinden är trasig", "open_block": "adress", "street": "Nygatan 41",
    })  # fmt: skip
    assert stopped(answer, "Grinden är trasig", "Nygatan 41")
    hers.refresh_from_db()
    assert (hers.extra_info, hers.closed_at) == ("", None)


def test_an_order_that_was_sent_meanwhile_is_said_to_be(client, user, article, arvid):
    his = start(user, arvid)
    add(his, article)
    step = client.get(order_button(client, article))["Location"]
    order = services.send(his, user=user)
    answer = client.post(step, choice())
    assert answer.status_code == 409
    assert "Arvid Ek</b>, som är skickad" in text(answer)
    assert "Du har ingen pågående beställning nu" in text(answer)
    assert reverse("orders:detail", args=[order.case_number]) in text(answer)
    assert order.lines.count() == 1


def test_another_users_order_says_nothing_of_whose_it_is(client, user, arvid, sandra):
    foreign = start(UserFactory(), arvid)
    sandra()
    for token in (str(foreign.token), "x", ""):
        answer = client.post("/bestallning/kasta/", {"till": token})
        assert answer.status_code == 409
        assert "Arvid" not in text(answer)


def test_the_dialog_names_the_recipient_in_full_and_the_look_is_logged(
    client, user, article, arvid
):
    start(user, arvid)
    looks = AccessLogEntry.objects.filter(recipient_key=arvid.key, detail="Beställd artikel")
    page = text(client.get(client.get(order_button(client, article))["Location"]))
    head = page.split('class="dialog-head"')[1].split("<form")[0]
    assert "Arvid Ek" in head and arvid.written_number in head
    assert looks.count() == 1


def test_the_bar_says_for_whom_by_name_alone(client, user, arvid):
    start(user, arvid)
    bar = text(client.get("/")).split('class="bar-cart ')[1].split("</a>")[0]
    assert "Pågående beställning" in bar and "Arvid Ek" in bar
    assert arvid.number[:8] not in bar


# --- «Beställning till» ---


@pytest.mark.parametrize(("lines", "told"), [(0, "inga rader än"), (1, "1 rad."), (2, "2 rader")])
def test_an_order_in_progress_is_told_with_whom_it_is_for_and_its_rows(
    client, user, arvid, lines, told
):
    his = start(user, arvid)
    for _ in range(lines):
        add(his, ArticleFactory())
    page = text(client.get(reverse("orders:to", args=[RecipientFactory().key])))
    note = page.split("Du har redan en pågående beställning")[1]
    assert "Arvid Ek" in note and told in note


def test_whom_one_is_ordering_to_already_is_not_asked_about(client, user, arvid, store):
    his = start(user, arvid)
    url = reverse("orders:to", args=[arvid.key])
    data = {"unit": user.default_unit_id, "prescriber": user.pk, "action": "finish"}
    for answer in (client.get(url), client.post(url, data)):
        assert answer["Location"] == "/artiklar/?ny=1"
    assert carts.open_cart(user) == his

    filling = start(user, destination=store, replace=True)
    answer = client.get(reverse("orders:to_store", args=[store.number]))
    assert answer["Location"] == "/artiklar/?ny=1"
    assert carts.open_cart(user) == filling


def test_whether_one_is_in_progress_comes_with_who_asks(client, user, arvid):
    def asked() -> list[str]:
        with CaptureQueriesContext(connection) as questions:
            page = client.get("/nyheter/")
        assert ("Pågående beställning" in text(page)) is Cart.objects.exists()
        return [q["sql"] for q in questions if "orders_cart" in q["sql"]]

    (alone,) = asked()
    assert 'FROM "organisation_user"' in alone
    start(user, arvid)
    assert len(asked()) == 2
