"""«Beställ igen»: an order's lines once more, each held against today's catalogue."""

import pytest
from django.test import Client

from articles.models import Article, ArticleType
from orders import cart as carts
from orders import services
from orders.models import Cart, Order
from organisation.models import Source
from recipients.models import Recipient
from tests.factories import (
    ArticleFactory,
    BufferFactory,
    IndividualFactory,
    RecipientFactory,
    ReplacementGroupFactory,
    UnitFactory,
    UserFactory,
    WarehouseFactory,
    put_in_stock,
)
from tests.orders.builders import add, manual, sent, start
from tests.reading import read_page

pytestmark = pytest.mark.django_db
KEY = "0123456789ab"


@pytest.fixture
def prescriber():
    return UserFactory(default_unit=UnitFactory(own_stores=[BufferFactory()]))


@pytest.fixture
def client(prescriber):
    browser = Client()
    browser.force_login(prescriber)
    return browser


def url(order: Order) -> str:
    return f"/bestallningar/{order.case_number}/igen/"


def main(answer) -> str:
    return read_page(answer).split("<main")[1]


def again(client, order, *lines, **more):
    user = order.ordered_by
    body = {"rad": lines or ["0"], "nyckel": KEY, "unit": user.default_unit_id,
            "prescriber": user.pk, "action": "finish"}  # fmt: skip
    return client.post(url(order), body | more)


def now_in_progress(user) -> Cart:
    return carts.open_cart(user)


def test_the_lines_lie_in_a_new_order_to_the_same_recipient(client, prescriber):
    chair, cushion = ArticleFactory(), ArticleFactory(type=ArticleType.ACCESSORY)
    cart = start(prescriber)
    add(cart, chair, 2, components=((cushion, 1),), comment="Grå")
    order = _send(cart)
    assert "Grå" not in main(client.get(url(order)))
    answer = again(client, order)
    assert (answer.status_code, answer.url) == (302, "/bestallning/slutfor/")
    new = now_in_progress(prescriber)
    assert new.recipient == order.recipient
    lines = [(x.article, x.quantity, x.comment) for x in carts.lines(new)]
    assert lines == [(chair, 2, "Grå"), (cushion, 2, "")]


def _send(cart) -> Order:
    return services.send(cart, user=cart.user)


def test_what_has_been_discontinued_is_told_and_left_out(client, prescriber):
    gone, there = ArticleFactory(name="Rollator Sola"), ArticleFactory(name="Pall")
    order = sent((gone, 1), (there, 1), user=prescriber)
    Article.objects.filter(pk=gone.pk).update(is_discontinued=True)
    page = main(client.get(url(order)))
    assert "Har utgått och kan inte beställas." in page
    assert 'value="0"' not in page and 'value="1"' in page
    assert again(client, order, "0").status_code == 422
    again(client, order, "1")
    assert [x.article for x in carts.lines(now_in_progress(prescriber))] == [there]


def test_what_has_been_replaced_comes_as_its_stand_in(client, prescriber):
    gone, new = ArticleFactory(name="Cross 5"), ArticleFactory(name="Cross 6")
    ReplacementGroupFactory(articles=[gone, new])
    order = sent((gone, 1), user=prescriber)
    Article.objects.filter(pk=gone.pk).update(is_discontinued=True)
    page = main(client.get(url(order)))
    assert f"{gone.number} Cross 5 har utgått och ersätts av den här." in page
    again(client, order)
    line = carts.lines(now_in_progress(prescriber))[0]
    assert (line.article, line.asked_article, line.replaced_because) == (new, gone, "Har utgått")


def test_a_component_that_has_been_discontinued_is_left_out_with_a_word(client, prescriber):
    cushion = ArticleFactory(name="Sittdyna", type=ArticleType.ACCESSORY)
    cart = start(prescriber)
    add(cart, ArticleFactory(), components=((cushion, 1),))
    order = _send(cart)
    Article.objects.filter(pk=cushion.pk).update(is_discontinued=True)
    assert "Utan Sittdyna, som har utgått." in main(client.get(url(order)))
    again(client, order)
    assert len(carts.lines(now_in_progress(prescriber))) == 1


def test_what_isnt_in_stock_or_not_stocked_is_told(client, prescriber):
    lacking, special = ArticleFactory(), ArticleFactory(is_stocked=False)
    order = sent((lacking, 2), (special, 1), user=prescriber)
    page = main(client.get(url(order)))
    assert "0 st tillgängliga i 100 Kalmar KHS lager nu. Det kommer senare." in page
    assert "Lagerförs inte. KHS tar hem den från leverantören." in page
    put_in_stock(WarehouseFactory(), lacking, 2)
    assert "kommer senare" not in main(client.get(url(order)))


def test_what_an_own_store_lacks_now_comes_from_khs(client, prescriber):
    store = BufferFactory()
    article = ArticleFactory()
    put_in_stock(store, article, 1)
    cart = start(prescriber)
    add(cart, article, warehouse=store)
    order = _send(cart)
    assert "Finns inte i eget förråd nu. Beställs från KHS." in main(client.get(url(order)))
    again(client, order)
    assert carts.lines(now_in_progress(prescriber))[0].source == Source.CENTRAL
    carts.throw_away(now_in_progress(prescriber))
    put_in_stock(store, article, 1)
    again(client, order, nyckel="a" * 12)
    assert carts.lines(now_in_progress(prescriber))[0].source == Source.OWN_STORE


def test_a_comment_that_was_forgotten_is_asked_for_at_the_article(client, prescriber):
    order = manual(user=prescriber).order
    assert "Kräver en kommentar" not in main(client.get(url(order)))
    order.lines.update(comment="")
    assert "Kräver en kommentar. Beställ den från artikelns sida." in main(client.get(url(order)))


def test_a_bed_is_chosen_alone(client, prescriber):
    bed, other = ArticleFactory(own_order_only=True), ArticleFactory()
    order = sent((bed, 1), user=prescriber)
    line = order.lines.get()
    line.pk, line.article, line.position = None, other, 2
    line.save(force_insert=True)
    page = main(client.get(url(order)))
    assert "En säng beställs alltid på egen beställning. Välj den ensam." in page
    answer = again(client, order, "0", "1")
    assert answer.status_code == 422
    assert "Beställningen innehåller en säng" in main(answer).split("field-error")[1]
    assert now_in_progress(prescriber) is None  # all of it or nothing
    again(client, order, "0")
    assert carts.lines(now_in_progress(prescriber))[0].article == bed


def test_nothing_is_ordered_again_to_somebody_who_has_died(client, prescriber):
    order = sent((ArticleFactory(), 1), user=prescriber)
    Recipient.objects.update(deceased_on="2026-01-02")
    assert "Mottagaren är avliden." in main(client.get(url(order)))
    assert again(client, order).status_code == 422
    assert now_in_progress(prescriber) is None


def test_it_is_added_to_an_order_in_progress_to_the_same_recipient(client, prescriber):
    order = sent((ArticleFactory(), 1), user=prescriber)
    cart = start(prescriber, order.recipient)
    add(cart, ArticleFactory())
    assert "läggs i din pågående beställning" in main(client.get(url(order)))
    assert again(client, order).status_code == 409  # the page didn't show it
    again(client, order, till=cart.token)
    assert len(carts.lines(cart)) == 2


def test_an_order_in_progress_to_somebody_else_isnt_touched_unless_it_is_thrown_away(
    client, prescriber
):
    order = sent((ArticleFactory(), 1), user=prescriber)
    other = start(prescriber, RecipientFactory())
    answer = again(client, order, till=other.token)
    assert answer.status_code == 422 and "Du har redan en pågående beställning" in main(answer)
    assert "och har inga rader än." in main(answer)
    assert now_in_progress(prescriber) == other and not carts.lines(other)
    again(client, order, till=other.token, action="replace")
    assert now_in_progress(prescriber).recipient == order.recipient
    assert carts.thrown_away(prescriber).get() == other


def test_sent_twice_it_lies_there_once(client, prescriber):
    order = sent((ArticleFactory(), 1), (ArticleFactory(), 1), user=prescriber)
    for _ in range(2):
        assert again(client, order, "0", "1").status_code == 302
    assert len(carts.lines(now_in_progress(prescriber))) == 2


def test_nothing_chosen_is_told_at_the_lines(client, prescriber):
    order = sent((ArticleFactory(), 1), user=prescriber)
    answer = client.post(
        url(order), {"nyckel": KEY, "unit": prescriber.default_unit_id, "prescriber": prescriber.pk}
    )
    assert answer.status_code == 422
    assert "Välj minst en rad." in main(answer).split('id="rad-error"')[1].split("</p>")[0]


def test_a_replenishment_is_ordered_again_to_its_store(client, prescriber):
    article = ArticleFactory()
    order = sent((article, 3), user=prescriber, destination=BufferFactory())
    again(client, order)
    new = now_in_progress(prescriber)
    assert new.destination == order.destination
    assert carts.lines(new)[0].quantity == 3


def test_what_no_longer_fits_the_person_is_told(client, prescriber):
    """A part that was to sit on a piece, which has gone back."""
    order = sent((ArticleFactory(type=ArticleType.ACCESSORY), 1), user=prescriber)
    piece = IndividualFactory()
    order.lines.update(fitted_to=piece)
    assert f"Individ {piece.number}, som den monteras på, finns inte hos mottagaren." in main(
        client.get(url(order))
    )
