"""``check_stock`` finds what doesn't agree."""

import pytest
from django.core.management import CommandError, call_command

from articles.models import Balance
from individuals.models import Individual
from individuals.stock_check import differences
from tests.factories import ArticleFactory, WarehouseFactory, put_in_stock

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
