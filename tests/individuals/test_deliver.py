"""«Leverera individen»: from the piece's page, through the cart, to the recipient."""

import pytest

from individuals.models import Block, BlockReason, Individual
from orders.models import Cart, CartLine, Order
from organisation.models import AccessLogEntry
from organisation.permissions import KHS
from recipients.models import Loan
from tests.factories import (
    ArticleFactory,
    BufferFactory,
    IndividualFactory,
    RecipientFactory,
    StandardComponentFactory,
    UnitFactory,
    UserFactory,
    WarehouseFactory,
    put_in_stock,
)
from tests.orders.builders import start
from tests.orders.test_concurrency import stock_agrees
from tests.reading import read_page

pytestmark = pytest.mark.django_db


@pytest.fixture
def store():
    return BufferFactory()


@pytest.fixture
def user(store):
    return UserFactory(default_unit=UnitFactory(own_stores=[store]))


@pytest.fixture
def client(browser_of, user):
    return browser_of(user)


@pytest.fixture
def article():
    return ArticleFactory(name="Rollator Gemino", is_marked=True)


@pytest.fixture
def piece(store, article):
    return put_in_stock(store, article, 2)[1]


def text(response) -> str:
    return read_page(response)


def page(client, piece) -> str:
    return text(client.get(f"/individer/{piece.number}/"))


def choose(client, piece, **typed):
    return client.post(f"/individer/{piece.number}/leverera/", typed)


def test_the_whole_way_from_the_piece_to_the_recipient(client, user, store, article, piece):
    part = StandardComponentFactory(article=article).component
    put_in_stock(store, part, 1)
    person = RecipientFactory(family_name="Mottagarsson")
    assert "Leverera individen" in page(client, piece)

    to = choose(client, piece, nummer=person.number).url
    assert to == f"/bestallning/till/{person.key}/?individ={piece.number}"
    assert "Mottagarsson" in text(client.get(to))
    answer = client.post(to, {"unit": user.default_unit.pk, "prescriber": user.pk})
    to = Cart.objects.get().token
    assert answer.url == f"/individer/{piece.number}/leverera/rad/?till={to}"
    first = client.get(answer.url).url
    words = text(client.get(first))
    assert f'<option value="{piece.number}" selected>' in words
    assert 'value="0880" selected' in words
    given = {"quantity": "1", "source": "own", "warehouse": "0880", "individual": piece.number}
    parts = client.post(first, {**given, "action": "next"}).url
    comment = client.post(parts, {"components": part.number, "action": "next"}).url
    client.post(comment, {"comment": "Följ med hem", "action": "finish"})

    line = CartLine.objects.get(component_of=None)
    assert (line.individual, line.warehouse, line.comment) == (piece, store, "Följ med hem")
    client.post("/bestallning/slutfor/leverans/", {
        "delivery_way": line.cart.delivery_way_id, "extra_info": "", "action": "send",
        "token": line.cart.token,
    })  # fmt: skip
    order = Order.objects.get()
    assert order.status == "delivered"
    loan = Loan.objects.get(individual=piece)
    assert loan.recipient == person
    piece.refresh_from_db()
    assert piece.status == Individual.Status.WITH_RECIPIENT
    assert [c.article for c in piece.components.all()] == [part]
    shown = page(client, piece)
    assert f"Individ {piece.number} är redan utlämnad." in shown
    assert f"/individer/{piece.number}/leverera/" not in shown
    stock_agrees()


def test_it_goes_into_the_order_in_progress(client, user, piece):
    person = RecipientFactory(family_name="Pågåendesson")
    cart = start(user, person)
    words = text(client.get(f"/individer/{piece.number}/leverera/"))
    assert "Pågåendesson" in words
    answer = choose(client, piece, vem="pagaende", nummer="", till=cart.token)
    assert answer.url == f"/individer/{piece.number}/leverera/rad/?till={cart.token}"
    assert client.get(answer.url).url.endswith("/antal/")
    assert Cart.objects.count() == 1


def test_a_number_typed_beside_the_recipient_in_progress_is_not_passed_over(client, user, piece):
    start(user)
    answer = choose(client, piece, vem="pagaende", nummer=RecipientFactory().number)
    assert answer.status_code == 422
    assert "Du har skrivit ett nummer" in text(answer)


def test_another_recipient_than_the_one_in_progress_is_asked_about(client, user, piece):
    cart = start(user)
    other = RecipientFactory()
    to = choose(client, piece, vem="annan", nummer=other.number).url
    assert "redan en pågående beställning" in text(client.get(to))
    answer = client.post(
        to,
        {
            "unit": user.default_unit.pk,
            "prescriber": user.pk,
            "action": "replace",
            "till": cart.token,
        },
    )
    assert "/leverera/rad/?till=" in answer.url
    assert Cart.objects.get(closed_at=None).recipient == other


def test_an_order_in_progress_of_a_unit_without_the_store_is_not_offered(client, user, piece):
    elsewhere = UnitFactory(code="K09", name="Utan förråd")
    user.units.add(elsewhere)
    cart = start(user, RecipientFactory(family_name="Pågåendesson"))
    Cart.objects.filter(pk=cart.pk).update(unit=elsewhere)
    assert (
        "Pågåendesson"
        not in text(client.get(f"/individer/{piece.number}/leverera/")).split('id="dialog-body"')[1]
    )


def test_only_units_that_have_the_store_can_be_chosen(client, user, piece):
    user.units.add(UnitFactory(code="K09", name="Utan förråd"))
    to = choose(client, piece, nummer=RecipientFactory().number).url
    assert "Utan förråd" not in text(client.get(to))


@pytest.mark.parametrize("typed", ["", "123", "191212121213", "Anna"])
def test_a_wrong_number_is_told_at_the_field_and_stands_in_no_address(client, piece, typed):
    answer = choose(client, piece, nummer=typed)
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in text(answer)


def test_the_search_is_logged(client, piece):
    person = RecipientFactory()
    choose(client, piece, nummer=person.number)
    assert AccessLogEntry.objects.get(action="search").recipient_key == person.key


def test_it_is_offered_only_where_the_piece_stands_free_in_an_own_store(
    client, store, article, piece
):
    (elsewhere,) = put_in_stock(BufferFactory(number="0883"), article, 1)
    (central,) = put_in_stock(WarehouseFactory(), article, 1)
    with_somebody = IndividualFactory(article=article)
    Block.objects.create(individual=piece, reason=BlockReason.objects.first())
    for other, why in (
        (elsewhere, "som inte är ett av dina förråd"),
        (central, "som inte är ett av dina förråd"),
        (with_somebody, "är redan utlämnad"),
        (piece, "är spärrad"),
    ):
        shown = page(client, other)
        assert f"/individer/{other.number}/leverera/" not in shown
        assert "Leverera individen" in shown and why in shown, "barred, with its reason"
        answer = choose(client, other, nummer=RecipientFactory().number)
        assert answer.status_code == 409
        assert why in text(answer)


def test_khs_delivers_from_its_units_own_stores(browser_of, user, piece):
    khs = browser_of(UserFactory(roles=[KHS], default_unit=user.default_unit))
    assert "Leverera individen" in page(khs, piece)


def test_a_discontinued_article_is_not_offered(client, article, piece):
    article.is_discontinued = True
    article.save()
    shown = page(client, piece)
    assert "Artikeln har utgått" in shown
    assert f"/individer/{piece.number}/leverera/" not in shown


def test_somebody_took_it_while_the_line_was_filled_in(client, user, store, article, piece):
    cart = start(user)
    line = choose(client, piece, vem="pagaende", nummer="", till=cart.token).url
    first = client.get(line).url
    Individual.objects.filter(pk=piece.pk).update(
        status=Individual.Status.WITH_RECIPIENT, warehouse=None
    )
    given = {"quantity": "1", "source": "own", "warehouse": "0880", "individual": piece.number}
    answer = client.post(first, {**given, "action": "finish"})
    assert answer.status_code == 422
    assert "Välj en individ ur listan" in text(answer)
    assert not CartLine.objects.exists()
