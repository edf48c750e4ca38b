"""A recall in the same instant as something else happens to what it is about."""

import uuid

import pytest

from deviations import recalls
from deviations.models import Answer, Found, Recall, RecallItem
from deviations.recalls import confirming, finding, telling
from individuals import services as individuals
from individuals.models import Block
from individuals.stock_check import differences
from individuals.watching import Match, Reason, Sureness
from orders import services as orders
from orders.services import Pick
from recipients.models import Loan
from sesam import awaited
from sesam.errors import DomainError
from tests.at_once import at_once, while_others_write
from tests.factories import (
    ArticleFactory,
    BufferFactory,
    UnitFactory,
    UserFactory,
    WarehouseFactory,
)
from tests.jobs import run_jobs
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


def test_the_makers_list_is_sent_in_twice_and_registered_once():
    piece, khs, token = chairs()[0], khs_user(), uuid.uuid4()
    at_once(*2 * [lambda: recalled(piece.article, user=khs, token=token, find=False)])
    recall = Recall.objects.get()
    run_jobs()
    assert recall.items.count() == 1 and len(recall.criteria) == 1
    assert differences() == []


@pytest.mark.parametrize("turn", range(3))
def test_a_piece_is_delivered_in_the_instant_that_it_is_let_go(turn):
    piece = chairs(store=WarehouseFactory())[0]
    made, khs = recalled(piece.article), khs_user()
    item, order = made.items.get(), sent((piece.article, 1))
    line = order.lines.get()
    at_once(
        lambda: orders.deliver(order, [Pick(line.pk, 1, [piece.pk])], user=order.ordered_by),
        lambda: recalls.answer(made, [item.pk], Answer.REMEDIED, user=khs),
    )
    assert not is_blocked(piece) and differences() == []
    assert made.items.get().answer == Answer.REMEDIED


@pytest.mark.parametrize("turn", range(3))
def test_a_piece_is_delivered_in_the_instant_that_khs_takes_its_answer_back(turn):
    piece = chairs(store=WarehouseFactory())[0]
    made, khs = recalled(piece.article), khs_user()
    item = made.items.get()
    recalls.answer(made, [item.pk], Answer.REMEDIED, user=khs)
    order = sent((piece.article, 1))
    line = order.lines.get()
    delivered, answered = at_once(
        lambda: orders.deliver(order, [Pick(line.pk, 1, [piece.pk])], user=order.ordered_by),
        lambda: recalls.answer(made, [item.pk], Answer.TAKEN_OUT, user=khs),
    )
    has_it = Loan.objects.filter(individual=piece, ended_at=None).exists()
    assert has_it != isinstance(delivered, DomainError) and differences() == []
    assert is_blocked(piece) != isinstance(answered, DomainError), "held back, wherever it is now"


@pytest.mark.parametrize("said", [Answer.REMEDIED, Answer.TAKEN_OUT])
def test_a_piece_comes_back_in_the_instant_that_it_is_answered_for(said):
    loan = lend(someone(), ArticleFactory(is_marked=True))
    made, khs = recalled(loan.article), khs_user()
    item = made.items.get()
    at_once(
        lambda: returned(loan),
        lambda: recalls.answer(made, [item.pk], said, user=khs),
    )
    assert is_blocked(loan.individual) == (said == Answer.TAKEN_OUT)
    assert made.items.get().answer == said and differences() == []


@pytest.mark.parametrize("said", [Answer.REMEDIED, Answer.TAKEN_OUT])
def test_a_piece_that_comes_back_while_it_is_answered_for_stands_as_the_answer_says(said):
    loan = lend(someone(), ArticleFactory(is_marked=True))
    made, khs = recalled(loan.article), khs_user()
    item = made.items.get()
    while_others_write(
        lambda: recalls.answer(made, [item.pk], said, user=khs), lambda: returned(loan)
    )
    assert is_blocked(loan.individual) == (said == Answer.TAKEN_OUT)
    assert made.items.get().answer == said and differences() == []


@pytest.mark.parametrize("turn", range(3))
def test_two_units_answer_for_a_piece_that_moves_from_the_one_to_the_other(turn):
    loan = lend(someone(), ArticleFactory(is_marked=True))
    made, khs = recalled(loan.article), khs_user()
    item = made.items.get()
    telling.tell_units(made, [item.pk], user=khs)
    first, second = prescriber(), UserFactory(default_unit=UnitFactory())
    Loan.objects.filter(pk=loan.pk).update(unit=second.default_unit)
    answers = at_once(
        lambda: confirming.confirm(made, {item.pk: ""}, Answer.REPLACED, user=first),
        lambda: telling.remind(made, [item.pk], user=khs),
        lambda: confirming.confirm(made, {item.pk: ""}, Answer.TAKEN_OUT, user=second),
    )
    refused = [isinstance(one, DomainError) or one == [] for one in (answers[0], answers[2])]
    item.refresh_from_db()
    assert refused.count(False) <= 1 and bool(item.answer) == (False in refused)
    assert made.events.filter(kind="reported").count() == refused.count(False)
    assert is_blocked(loan.individual)


def test_nobody_answers_before_the_list_is_complete():
    piece = chairs()[0]
    made, khs = recalled(piece.article, find=False), khs_user()
    finding.take_pieces(made, {piece.pk: Match(Sureness.SURE, Reason.ARTICLE)})
    item = made.items.get()
    _, answered = at_once(
        lambda: finding.find(awaited.Work(Recall.objects.get())),
        lambda: recalls.answer(made, [item.pk], Answer.REMEDIED, user=khs),
    )
    assert isinstance(answered, DomainError) == is_blocked(piece)
    assert made.items.count() == 1 and differences() == []
