"""``check_stock`` finds what doesn't agree."""

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from articles.models import Balance
from individuals.models import Block, BlockReason, Component, Individual
from individuals.stock_check import differences
from orders.models import OrderLine
from pickups.services import Got, receive
from recipients.models import Loan
from tests.factories import ArticleFactory, WarehouseFactory, put_in_stock
from tests.orders.builders import sent
from tests.pickups.builders import fetched, lend, lend_chair_with_part, someone

pytestmark = pytest.mark.django_db


def test_books_that_agree_pass(capsys):
    put_in_stock(WarehouseFactory(), ArticleFactory(is_marked=True), 2)
    call_command("check_stock")
    assert "agrees" in capsys.readouterr().out


def test_a_balance_without_its_movement_is_found():
    article = ArticleFactory()
    put_in_stock(WarehouseFactory(), article, 2)
    Balance.objects.update(on_hand=3)
    assert len(differences()) == 1
    with pytest.raises(CommandError, match="1 difference"):
        call_command("check_stock")


def test_a_piece_that_left_the_shelf_unseen_is_found():
    put_in_stock(WarehouseFactory(), ArticleFactory(is_marked=True), 1)
    Individual.objects.update(status=Individual.Status.MISSING, warehouse=None)
    (told,) = differences()
    assert "pieces on the shelf 0" in told


def told() -> str:
    (difference,) = differences()
    return difference


def test_a_reservation_without_an_open_line_is_found():
    put_in_stock(WarehouseFactory(), ArticleFactory(), 2)
    Balance.objects.update(reserved=1)
    assert "reserved 1, reserved by order lines 0" in told()


def test_a_reservation_that_the_stock_forgot_is_found():
    article = ArticleFactory()
    put_in_stock(WarehouseFactory(), article, 2)
    sent((article, 2))
    Balance.objects.update(reserved=1)
    assert "reserved 1, reserved by order lines 2" in told()


def test_a_blocked_piece_that_the_stock_thinks_available_is_found():
    put_in_stock(WarehouseFactory(), ArticleFactory(is_marked=True), 2)
    piece = Individual.objects.first()
    Block.objects.create(individual=piece, reason=BlockReason.objects.get(code="recall"))
    assert "unavailable 0, blocked or held back 1" in told()
    Balance.objects.update(unavailable=1)
    assert differences() == []


def test_counted_goods_that_are_cleaned_are_held_back():
    loan = lend(someone(), ArticleFactory())
    pickup = fetched(loan)
    receive(pickup, [Got(pickup.lines.get().pk, 1, "cleaning")], user=pickup.ordered_by)
    assert differences() == []
    Balance.objects.filter(unavailable=1).update(unavailable=0)
    assert "unavailable 0, blocked or held back 1" in told()


def test_a_line_that_says_more_than_its_deliveries_is_found():
    loan = lend(someone(), ArticleFactory(), 2)
    OrderLine.objects.update(delivered=1)
    line = loan.delivery.line_id
    assert told() == f"delivered of order line {line}: 1, should be 2"


def test_a_part_that_is_not_held_as_it_sits_is_found():
    chair, cushion = lend_chair_with_part(someone())
    assert differences() == []
    Component.objects.update(quantity=3)
    assert told() == f"quantity of the component of loan {cushion.pk}: 3, should be 1"
    Component.objects.update(quantity=1)
    Loan.objects.filter(pk=chair.pk).update(returned=1, ended_at=timezone.now())
    assert f"recipient of the piece that bears loan {cushion.pk}" in told()
