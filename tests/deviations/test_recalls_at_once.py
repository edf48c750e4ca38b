"""A recall in the same instant as something else happens to what it is about."""

import pytest

from deviations import recalls
from deviations.models import Answer, Found, Recall, RecallItem
from deviations.recalls import finding
from individuals import services as individuals
from individuals.models import Block
from individuals.stock_check import differences
from orders import services as orders
from orders.services import Pick
from recipients.models import Loan
from sesam import awaited
from sesam.errors import DomainError
from tests.at_once import at_once
from tests.factories import ArticleFactory, BufferFactory, WarehouseFactory
from tests.orders.builders import sent
from tests.pickups.builders import lend, prescriber, returned, someone

from .builders import khs_user
from .test_recalls import chairs, recalled

pytestmark = pytest.mark.django_db(transaction=True)


def is_blocked(piece) -> bool:
    return Block.objects.filter(individual=piece, until=None).exists()


@pytest.mark.parametrize("turn", range(3))
def test_a_piece_delivered_in_the_instant_of_the_block_is_found_with_who_got_it_or_isnt_handed_out(
    turn,
):
    piece = chairs(store=WarehouseFactory())[0]
    order = sent((piece.article, 1))
    line = order.lines.get()
    made = recalled(piece.article, find=False)
    delivered, _ = at_once(
        lambda: orders.deliver(order, [Pick(line.pk, 1, [piece.pk])], user=order.ordered_by),
        lambda: finding.find(awaited.Work(made)),
    )
    item = RecallItem.objects.get()
    loan = Loan.objects.filter(individual=piece).first()
    if isinstance(delivered, DomainError):
        assert item.found == Found.IN_STOCK and loan is None
    else:
        assert item.found == Found.HELD and item.loan == loan and item.unit == loan.unit
    assert is_blocked(piece) and differences() == []


@pytest.mark.parametrize("turn", range(3))
def test_a_piece_registered_in_the_same_instant_doesnt_slip_through(turn):
    store = BufferFactory(may_register_individuals=True)
    article, user, khs = (
        ArticleFactory(is_marked=True, responsibility="B"), prescriber(), khs_user(),
    )  # fmt: skip
    at_once(
        lambda: individuals.register(number="700001", warehouse=store, article=article, user=user),
        lambda: recalled(article, user=khs, find=False),
    )
    recall = Recall.objects.get()
    finding.find(awaited.Work(recall))
    finding.take_up()
    assert recall.items.count() == 1 and differences() == []
    assert Block.objects.filter(until=None).count() == 1


@pytest.mark.parametrize("turn", range(3))
def test_a_piece_returned_in_the_instant_of_the_block_stands_blocked(turn):
    loan = lend(someone(), ArticleFactory(is_marked=True))
    made = recalled(loan.article, find=False)
    at_once(lambda: returned(loan), lambda: finding.find(awaited.Work(made)))
    assert is_blocked(loan.individual) and RecallItem.objects.count() == 1
    assert Block.objects.filter(until=None).count() == 1 and differences() == []


def test_two_that_answer_the_same_piece_let_it_go_once():
    piece = chairs()[0]
    made, khs = recalled(piece.article), khs_user()
    item = made.items.get()
    at_once(*2 * [lambda: recalls.answer(made, [item.pk], Answer.REMEDIED, user=khs)])
    assert not is_blocked(piece) and differences() == []
    assert made.events.filter(kind="reported").count() == 1


def test_two_jobs_make_one_list():
    piece = chairs(4)[0]
    made = recalled(piece.article, find=False)
    at_once(*2 * [lambda: finding.find(awaited.Work(made))])
    assert made.items.count() == 4 and Block.objects.count() == 4
    assert differences() == []
