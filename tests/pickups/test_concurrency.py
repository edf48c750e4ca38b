"""Two people with the same aid at the same instant: real connections, real threads."""

import pytest

from individuals.models import Individual
from individuals.stock_check import differences
from orders import services as orders
from pickups import services
from pickups.models import PickupOrder, Return
from pickups.services import Got
from recipients.models import Loan
from sesam.errors import DomainError
from tests.at_once import at_once
from tests.factories import ArticleFactory, BufferFactory
from tests.orders.builders import add, start

from .builders import fetched, lend, prescriber, returned, someone

pytestmark = pytest.mark.django_db(transaction=True)


def kinds(results: list) -> list[str]:
    return sorted(type(result).__name__ for result in results)


def test_two_people_return_the_same_aid_and_it_is_one_return():
    loan = lend(someone(), ArticleFactory(is_marked=True))
    people = [prescriber() for _ in range(2)]

    results = at_once(*[lambda p=person: returned(loan, 1, user=p) for person in people])

    assert kinds(results) == ["DomainError", "Return"]
    (told,) = [r for r in results if isinstance(r, DomainError)]
    assert "är redan återlämnat" in told.message
    assert Return.objects.count() == 1
    assert differences() == []


def test_two_people_return_more_of_a_counted_article_than_is_held():
    loan = lend(someone(), ArticleFactory(), 3)

    results = at_once(*[lambda: returned(loan, 2)] * 2)

    assert kinds(results) == ["DomainError", "Return"]
    loan.refresh_from_db()
    assert loan.held == 1
    assert differences() == []


def test_one_returns_while_another_has_it_fetched():
    loan = lend(someone(), ArticleFactory(is_marked=True))

    results = at_once(lambda: returned(loan, 1), lambda: fetched(loan, quantity=1))

    assert "DomainError" in kinds(results)
    assert Return.objects.count() + PickupOrder.objects.count() == 1


def test_two_of_khs_receive_the_same_pickup_order():
    loan = lend(someone(), ArticleFactory(is_marked=True))
    pickup = fetched(loan)
    got = [Got(pickup.lines.get().pk, 1, "stock")]
    user = prescriber()

    results = at_once(*[lambda: services.receive(pickup, got, user=user)] * 2)

    assert kinds(results) == ["DomainError", "PickupOrder"]
    assert differences() == []


def test_one_undoes_a_return_while_another_hands_the_piece_out():
    article = ArticleFactory(is_marked=True)
    loan = lend(someone(), article)
    made = returned(loan)
    cart = start(prescriber(), someone())
    add(cart, article, warehouse=BufferFactory(), individual=Individual.objects.get())

    results = at_once(
        lambda: services.undo(made, user=made.by),
        lambda: orders.send(cart, user=cart.user),
    )

    assert kinds(results)[0] == "DomainError"
    assert Loan.objects.filter(individual=loan.individual_id, ended_at=None).count() == 1
    assert differences() == []
