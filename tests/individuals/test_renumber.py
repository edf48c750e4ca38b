"""«Byte av individnummer»: unique, with its history, and while others work with the piece."""

import pytest

from individuals import services
from individuals.models import FormerNumber, Individual
from individuals.stock_check import differences
from orders import services as orders
from orders.models import Order
from organisation.permissions import BUFFERT, FORSKRIVARE, KHS
from recipients.models import Loan
from sesam.errors import DomainError
from tests.at_once import at_once
from tests.factories import (
    UNUSED_NUMBERS,
    ArticleFactory,
    BufferFactory,
    IndividualFactory,
    UnitFactory,
    UserFactory,
    WarehouseFactory,
    put_in_stock,
)
from tests.orders.builders import add, sent, start
from tests.orders.test_concurrency import stock_agrees
from tests.reading import read_page

pytestmark = pytest.mark.django_db


@pytest.fixture
def keeper(browser_of):
    return browser_of(UserFactory(roles=[BUFFERT], first_name="Britt", last_name="Ek"))


@pytest.fixture
def piece():
    return IndividualFactory(number="224559")


def change(client, number, to, **more):
    given = {"confirmed": "on", "number": to, **more}
    return client.post(f"/individer/{number}/byt-nummer/", given)


def text(response) -> str:
    return read_page(response)


def test_the_piece_gets_its_new_number_and_keeps_its_old_one(keeper, piece):
    assert change(keeper, "224559", " 224560 ").url == "/individer/224560/"
    piece.refresh_from_db()
    assert piece.number == "224560"
    page = text(keeper.get("/individer/224559/", follow=True))
    assert "Individ 224559 heter nu 224560" in page
    assert "<h1>Individ 224560</h1>" in page
    assert "224559, bytt " in page and "av Britt Ek" in page


def test_it_must_be_confirmed(keeper, piece):
    answer = change(keeper, "224559", "224560", confirmed="")
    assert answer.status_code == 422
    assert "Kryssa i rutan" in text(answer)
    assert 'value="224560"' in text(answer)
    assert not FormerNumber.objects.exists()


@pytest.mark.parametrize(
    ("number", "says"),
    [
        ("", "Skriv individnumret"),
        ("12", "3 till 20 tecken"),
        ("1" * 21, "3 till 20 tecken"),
        ("22 45", "3 till 20 tecken"),
        ("22/45", "3 till 20 tecken"),
        ("ABC", "3 till 20 tecken"),
        ("224559", "redan det numret"),
        ("300300", "300300 finns redan"),
        ("111111", "111111 har tillhört individ 300300"),
        (UNUSED_NUMBERS[2], "personnummer"),
    ],
)
def test_a_number_that_cannot_be_used_is_told_at_the_field(keeper, piece, number, says):
    other = IndividualFactory(number="300300")
    FormerNumber.objects.create(individual=other, number="111111")
    answer = change(keeper, "224559", number)
    assert answer.status_code == 422
    assert says in text(answer) and 'aria-invalid="true"' in text(answer)
    piece.refresh_from_db()
    assert piece.number == "224559"


def test_a_slip_of_the_finger_can_be_taken_back(keeper, piece):
    change(keeper, "224559", "224506")
    assert change(keeper, "224506", "224559").url == "/individer/224559/"
    assert [old.number for old in piece.former_numbers.all()] == ["224506"]


def test_sent_twice_it_is_done_once(keeper, piece):
    change(keeper, "224559", "224560")
    assert change(keeper, "224559", "224560").url == "/individer/224560/"
    assert FormerNumber.objects.count() == 1


def test_who_was_shown_an_older_number_is_told(keeper, piece):
    change(keeper, "224559", "224560")
    answer = change(keeper, "224559", "224561")
    assert answer.status_code == 422
    assert "redan bytt nummer till 224560" in text(answer)


def test_only_the_store_keeper_and_khs_change_numbers(browser_of, piece):
    for role, shown in ((FORSKRIVARE, False), (BUFFERT, True), (KHS, True)):
        client = browser_of(UserFactory(roles=[role]))
        page = text(client.get("/individer/224559/"))
        assert ("Byte av individnummer" in page) is shown
        assert client.get("/individer/224559/byt-nummer/").status_code == (200 if shown else 403)


# --- two at once, on connections of their own ---


@pytest.mark.django_db(transaction=True)
def test_the_number_changes_while_another_withdraws_the_piece():
    store = BufferFactory()
    article = ArticleFactory(is_marked=True)
    user = UserFactory(default_unit=UnitFactory(own_stores=[store]))
    for turn in range(4):
        (piece,) = put_in_stock(store, article, 1)
        cart = start(user)
        add(cart, article, warehouse=store, individual=piece)

        changed, order = at_once(
            lambda p=piece, n=turn: services.renumber(p, number=f"90000{n}", user=user),
            lambda c=cart: orders.send(c, user=user),
        )

        assert isinstance(changed, Individual) and isinstance(order, Order)
        piece.refresh_from_db()
        assert (piece.number, piece.status, piece.warehouse) == (
            f"90000{turn}", Individual.Status.WITH_RECIPIENT, None)  # fmt: skip
        assert Loan.objects.get(individual=piece).case_number == order.case_number
    assert FormerNumber.objects.count() == 4
    stock_agrees()


@pytest.mark.django_db(transaction=True)
def test_the_number_changes_while_khs_delivers_the_piece():
    article = ArticleFactory(is_marked=True)
    (piece,) = put_in_stock(WarehouseFactory(), article, 1)
    order = sent((article, 1))
    pick = orders.Pick(order.lines.get().pk, 1, (piece.pk,))

    changed, delivered = at_once(
        lambda: services.renumber(piece, number="900001", user=order.ordered_by),
        lambda: orders.deliver(order, [pick], user=order.ordered_by),
    )

    assert changed.number == "900001" and delivered.pk == order.pk
    piece.refresh_from_db()
    assert (piece.number, piece.status) == ("900001", Individual.Status.WITH_RECIPIENT)
    stock_agrees()


@pytest.mark.django_db(transaction=True)
def test_two_pieces_never_get_the_same_number():
    user = UserFactory()
    pieces = [IndividualFactory() for _ in range(4)]

    results = at_once(
        *[lambda p=piece: services.renumber(p, number="900001", user=user) for piece in pieces]
    )

    assert sorted(type(r).__name__ for r in results) == ["DomainError"] * 3 + ["Individual"]
    assert Individual.objects.filter(number="900001").count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_number_is_not_taken_over_while_it_is_being_left():
    """A number that is just becoming a former one is nobody else's either."""
    user = UserFactory()
    leaving, wanting = IndividualFactory(number="900001"), IndividualFactory(number="900002")

    results = at_once(
        lambda: services.renumber(leaving, number="900003", user=user),
        lambda: services.renumber(wanting, number="900001", user=user),
    )

    assert isinstance(results[1], DomainError)
    assert Individual.objects.get(pk=wanting.pk).number == "900002"
    assert differences() == []
