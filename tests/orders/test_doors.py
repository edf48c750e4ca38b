"""Beds, manual orders and projects: the same rules at every door into the order."""

import pytest
from django.test import Client
from django.urls import reverse

from articles.models import Article, ArticleType, ReplacementGroup, ReplacementMember
from orders import services
from orders.models import OrderStatus
from organisation.models import Source
from sesam.errors import DomainError
from tests.factories import (
    ArticleFactory,
    BufferFactory,
    IndividualFactory,
    LoanFactory,
    RecipientFactory,
    StandardComponentFactory,
    UserFactory,
    WarehouseFactory,
    put_in_stock,
)

from .builders import add, manual_article, project_article, start
from .test_views import choice, open_dialog, send

pytestmark = pytest.mark.django_db
CHECKOUT = "/bestallning/slutfor/"
ALONE = "egen beställning"
FOR_ITSELF = "alltid beställs för sig"


@pytest.fixture
def user():
    return UserFactory()


@pytest.fixture
def client(user):
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def kalmar():
    return WarehouseFactory()


@pytest.fixture
def bed(kalmar):
    bed = ArticleFactory(name="Säng Opus 90", own_order_only=True)
    put_in_stock(kalmar, bed, 5)
    return bed


@pytest.fixture
def store(user):
    store = BufferFactory()
    user.default_unit.own_stores.add(store)
    return store


def told(response, text: str, status: int = 422) -> bool:
    return response.status_code == status and text in response.content.decode()


# --- beds --------------------------------------------------------------------------------


def test_a_bed_is_refused_before_anything_is_typed_where_the_order_has_lines(client, user, bed):
    cart = start(user)
    add(cart, ArticleFactory())
    url = open_dialog(client, bed)
    assert ALONE in client.get(url).content.decode()
    assert told(client.post(url, choice(action="next")), ALONE)
    assert told(client.post(url, choice()), ALONE)
    assert cart.lines.count() == 1


def test_nothing_is_added_to_a_bed(client, user, bed):
    cart = start(user)
    add(cart, bed)
    url = open_dialog(client, ArticleFactory())
    assert FOR_ITSELF in client.get(url).content.decode()
    assert told(client.post(url, choice()), FOR_ITSELF)
    assert cart.lines.count() == 1


def test_two_beds_are_two_orders(client, user, bed):
    cart = start(user)
    add(cart, bed)
    assert told(client.post(open_dialog(client, bed), choice()), ALONE)
    assert cart.lines.count() == 1


def test_a_bed_comes_with_its_components(client, user, bed):
    rail = StandardComponentFactory(article=bed).component
    cart = start(user)
    client.post(open_dialog(client, bed), choice())
    line = cart.lines.get(component_of=None)
    assert line.components.get().article == rail
    order = services.send(cart, user=user)
    assert order.status == OrderStatus.REGISTERED


def test_the_bed_itself_can_be_changed(client, user, bed):
    cart = start(user)
    line = add(cart, bed)
    url = client.get(reverse("orders:change_line", args=[line.pk]))["Location"]
    assert ALONE not in client.get(url).content.decode()
    client.post(url, choice(quantity="2"))
    assert cart.lines.get().quantity == 2


@pytest.mark.parametrize("door", ["page", "search"])
def test_bestall_on_the_articles_page_and_on_its_row_lead_to_the_same_dialog(
    client, user, bed, door
):
    cart = start(user)
    url = f"{reverse('orders:add', args=[bed.number])}?till={cart.token}"
    page = {
        "page": reverse("articles:detail", args=[bed.number]),
        "search": f"{reverse('articles:search')}?q=Opus",
    }[door]
    assert f'href="{url}"' in client.get(page).content.decode()


def test_a_bed_comes_from_khs_though_an_own_store_has_one(client, user, bed, store):
    put_in_stock(store, bed, 1)
    cart = start(user)
    url = open_dialog(client, bed)
    assert "Eget förråd" not in client.get(url).content.decode()
    assert client.post(url, choice(source="own", warehouse=store.number)).status_code == 422
    with pytest.raises(DomainError, match="Sängar beställs från KHS") as caught:
        add(cart, bed, warehouse=store)
    assert caught.value.field == "source"
    assert not cart.lines.exists()


def test_a_marked_bed_in_an_own_store_is_not_delivered_from_it(client, user, store):
    bed = ArticleFactory(own_order_only=True, is_marked=True)
    (piece,) = put_in_stock(store, bed, 1)
    start(user)
    page = client.get(reverse("individuals:detail", args=[piece.number])).content.decode()
    deliver = reverse("orders:deliver_piece", args=[piece.number])
    assert deliver not in page and "de beställs från KHS" in page
    assert told(client.get(deliver), "de beställs från KHS", 409)
    line = client.get(reverse("orders:piece_line", args=[piece.number]))["Location"]
    response = client.post(line, choice(source="own", warehouse=store.number,
                                        individual=piece.number))  # fmt: skip
    assert response.status_code == 422


def test_a_piece_of_an_own_store_does_not_join_a_bed(client, user, bed, store):
    chair = ArticleFactory(is_marked=True)
    (piece,) = put_in_stock(store, chair, 1)
    cart = start(user)
    add(cart, bed)
    url = client.get(reverse("orders:piece_line", args=[piece.number]))["Location"]
    assert FOR_ITSELF in client.get(url).content.decode()
    data = choice(source="own", warehouse=store.number, individual=piece.number)
    assert told(client.post(url, data), FOR_ITSELF)
    assert cart.lines.count() == 1


def test_an_accessory_to_a_piece_that_the_recipient_has_does_not_join_a_bed(client, user, bed):
    recipient = RecipientFactory()
    piece = LoanFactory(recipient=recipient, individual=IndividualFactory()).individual
    rail = ArticleFactory(type=ArticleType.ACCESSORY, may_be_component=True)
    cart = start(user, recipient)
    add(cart, bed)
    url = open_dialog(client, rail)
    assert told(client.post(url, choice(fitted_to=piece.number)), FOR_ITSELF)
    cart.lines.all().delete()
    assert client.post(open_dialog(client, rail), choice(fitted_to=piece.number)).status_code == 302
    assert told(client.post(open_dialog(client, bed), choice()), ALONE)


def test_beds_that_stand_in_for_one_another_are_one_line(client, user, kalmar):
    group, beds = ReplacementGroup.objects.create(name="Sängar"), []
    for rank in (1, 2):
        bed = ArticleFactory(own_order_only=True)
        put_in_stock(kalmar, bed, 1)
        ReplacementMember.objects.create(group=group, article=bed, rank=rank)
        beds.append(bed)
    cart = start(user)
    step = client.post(open_dialog(client, beds[0]), choice(quantity="2"))["Location"]
    both = {f"antal_{bed.number}": "1" for bed in beds}
    response = client.post(step, {**both, "backlog": "0", "action": "finish"})
    assert told(response, "lägg hela antalet på en av dem")
    assert not cart.lines.exists()


def test_a_replenishment_may_hold_beds_and_other_things(client, user, bed, store):
    cart = start(user, destination=store)
    add(cart, ArticleFactory())
    url = open_dialog(client, bed)
    assert ALONE not in client.get(url).content.decode()
    assert client.post(url, choice()).status_code == 302
    assert cart.lines.count() == 2
    assert services.send(cart, user=user).lines.count() == 2


def test_an_article_that_becomes_a_bed_in_the_cart_is_told_there_and_on_sending(client, user):
    cart = start(user)
    article = ArticleFactory()
    line = add(cart, article)
    add(cart, ArticleFactory())
    Article.objects.filter(pk=article.pk).update(own_order_only=True)
    page = client.get(CHECKOUT).content.decode()
    assert ALONE in page and f"#rad-{line.pk}" in page and ">Nästa</a>" not in page
    assert told(send(client, cart), ALONE, 409)
    with pytest.raises(DomainError) as caught:
        services.send(cart, user=user)
    assert caught.value.line == line.pk
    client.post(reverse("orders:remove_line", args=[line.pk]))
    assert ALONE not in client.get(CHECKOUT).content.decode()


def test_a_bed_that_lies_in_the_cart_from_an_own_store_is_told(client, user, store):
    article = ArticleFactory()
    put_in_stock(store, article, 1)
    cart = start(user)
    line = add(cart, article, warehouse=store)
    assert line.source == Source.OWN_STORE
    Article.objects.filter(pk=article.pk).update(own_order_only=True)
    assert "Sängar beställs från KHS" in client.get(CHECKOUT).content.decode()
    assert told(send(client, cart), "Sängar beställs från KHS", 409)


# --- comments ----------------------------------------------------------------------------

NEED = {
    "MANUELL": manual_article,
    "39302": project_article,
    "39303": lambda: project_article("without_offer"),
}


@pytest.mark.parametrize("number", NEED)
def test_the_comment_is_asked_for_in_the_dialog(client, user, number):
    cart, article = start(user), NEED[number]()
    url = open_dialog(client, article)
    response = client.post(url, choice())
    assert told(response, "Skriv en kommentar: artikeln kräver det.")
    blank = client.post(url.replace("antal", "kommentar"), {"comment": " \n ", "action": "finish"})
    assert told(blank, "Skriv en kommentar: artikeln kräver det.")
    assert not cart.lines.exists()
    done = client.post(
        url.replace("antal", "kommentar"), {"comment": "Sovrum, 3 × 4 m", "action": "finish"}
    )
    assert done.status_code == 302
    assert cart.lines.get().comment == "Sovrum, 3 × 4 m"


@pytest.mark.parametrize("number", NEED)
def test_the_pencil_can_not_empty_the_comment(client, user, number):
    cart = start(user)
    line = add(cart, NEED[number](), comment="Sovrum, 3 × 4 m")
    pencil = reverse("orders:change_line", args=[line.pk])
    url = client.get(f"{pencil}?steg=kommentar")["Location"]
    assert told(client.post(url, {"comment": "", "action": "finish"}), "Skriv en kommentar")
    assert cart.lines.get().comment == "Sovrum, 3 × 4 m"


@pytest.mark.parametrize("number", NEED)
def test_without_its_comment_the_line_is_told_in_the_checkout_and_not_sent(client, user, number):
    cart = start(user)
    line = add(cart, NEED[number](), comment="Sovrum")
    cart.lines.update(comment="  ")
    page = client.get(CHECKOUT).content.decode()
    assert "Raden behöver en kommentar" in page and f"#rad-{line.pk}" in page
    assert told(send(client, cart), "Raden behöver en kommentar", 409)
    assert not cart.user.placed_orders.exists()


@pytest.mark.parametrize("number", NEED)
def test_they_come_from_khs_alone(client, user, store, number):
    article = NEED[number]()
    start(user)
    url = open_dialog(client, article)
    page = client.get(url).content.decode()
    assert "Eget förråd" not in page and "st tillgängliga" not in page
    assert client.post(url, choice(source="own", warehouse=store.number)).status_code == 422


def test_a_manual_order_is_found_by_its_words_and_sent(client, user):
    manual_article()
    found = client.get(reverse("articles:search"), {"q": "MANUELL förskrivning"})
    assert reverse("orders:add", args=["MANUELL"]) in found.content.decode()
    cart = start(user)
    add(cart, manual_article(), 2, comment="Ett specialbord")
    order = services.send(cart, user=user)
    page = client.get(reverse("orders:detail", args=[order.case_number])).content.decode()
    assert "Ett specialbord" in page


@pytest.mark.parametrize("quantity", ["2", "999"])
def test_each_project_is_a_line_of_its_own(client, user, quantity):
    cart, article = start(user), project_article()
    url = open_dialog(client, article)
    client.post(url, choice(quantity=quantity, action="next"))
    done = client.post(url.replace("antal", "kommentar"), {"comment": "x", "action": "finish"})
    assert told(done, "Varje projekt är en egen rad: antalet ska vara 1.")
    assert not cart.lines.exists()
    for room in ("Sovrum", "Badrum"):
        add(cart, article, comment=room)
    order = services.send(cart, user=user)
    assert [line.moves.count() for line in order.lines.all()] == [1, 1]
