"""«Retur»: what an own store, a piece and a loan know after it, and when it says no."""

import uuid

import pytest
import time_machine
from django.utils import timezone

from articles.models import ArticleType, Balance, StockMovement
from individuals.models import Block, BlockReason, Component, Individual
from individuals.stock_check import differences
from orders import services as orders
from pickups import services
from pickups.models import Return
from pickups.services import Back
from recipients.models import Loan
from sesam.errors import DomainError
from tests.factories import (
    ArticleFactory,
    BufferFactory,
    RecipientFactory,
    UnitFactory,
    WarehouseFactory,
    put_in_stock,
)
from tests.orders.builders import add, start

from .builders import (
    fetched,
    fitted_on,
    lend,
    lend_chair_with_part,
    prescriber,
    returned,
    someone,
)

pytestmark = pytest.mark.django_db


def balance(article) -> Balance:
    return Balance.objects.get(article=article, warehouse=BufferFactory())


def test_a_piece_comes_back_to_the_store_and_its_loan_ends():
    loan = lend(someone(), ArticleFactory(is_marked=True))

    made = returned(loan)

    loan.refresh_from_db()
    piece = loan.individual
    piece.refresh_from_db()
    assert (loan.returned, loan.ended_at) == (1, made.at)
    assert (piece.status, piece.warehouse) == (Individual.Status.IN_STOCK, BufferFactory())
    assert balance(loan.article).available == 1
    assert differences() == []


def test_a_part_of_a_counted_article_comes_back_and_the_rest_is_still_held():
    loan = lend(someone(), ArticleFactory(), 5)

    returned(loan, 2)

    loan.refresh_from_db()
    assert (loan.held, loan.ended_at) == (3, None)
    assert balance(loan.article).on_hand == 2
    assert differences() == []


def test_more_than_is_held_cannot_come_back():
    loan = lend(someone(), ArticleFactory(), 2)

    with pytest.raises(DomainError, match="mottagaren har 2 st") as told:
        returned(loan, 3)

    assert told.value.line == loan.pk
    assert not Return.objects.exists()


@pytest.mark.parametrize("kind", [{"responsibility": "A"}, {"responsibility": "B", "scrap": True}])
def test_an_a_aid_or_scrapping_wants_a_yes(kind):
    loan = lend(someone(), ArticleFactory(responsibility=kind["responsibility"]))

    with pytest.raises(services.Unconfirmed):
        returned(loan, scrap=kind.get("scrap", False), confirmed=False)

    assert not Return.objects.exists()


def test_a_scrapped_piece_is_in_no_store_and_both_movements_are_kept():
    loan = lend(someone(), ArticleFactory(is_marked=True))

    returned(loan, scrap=True)

    piece = Individual.objects.get(pk=loan.individual_id)
    assert (piece.status, piece.warehouse) == (Individual.Status.SCRAPPED, None)
    kinds = StockMovement.objects.filter(article=loan.article, note="Retur")
    assert sorted(kinds.values_list("kind", "quantity")) == [("return", 1), ("scrap", -1)]
    assert balance(loan.article).on_hand == 0
    assert differences() == []


def test_a_scrapped_piece_cannot_come_back_again():
    loan = lend(someone(), ArticleFactory(is_marked=True))
    returned(loan, scrap=True)

    with pytest.raises(DomainError, match="är skrotat"):
        returned(loan, 1)
    with pytest.raises(DomainError, match="är skrotat"):
        fetched(loan, quantity=1)


def test_what_came_back_yesterday_cannot_be_fetched():
    loan = lend(someone(), ArticleFactory())
    with time_machine.travel(timezone.localtime() - timezone.timedelta(days=1)):
        returned(loan)

    with pytest.raises(DomainError, match="är redan återlämnat"):
        fetched(loan, quantity=1)


def test_a_part_that_comes_along_goes_on_sitting_on_its_aid():
    chair, cushion = lend_chair_with_part(someone())

    returned(chair, 1, cushion)

    cushion.refresh_from_db()
    assert cushion.ended_at
    assert fitted_on(chair.individual) == ["Sittdyna"]
    assert balance(cushion.article).on_hand == 0, "it is no loose one that others could be given"
    assert differences() == []


def test_a_part_that_stays_no_longer_sits_on_the_aid_and_is_still_held():
    chair, cushion = lend_chair_with_part(someone())

    returned(chair)

    cushion.refresh_from_db()
    assert cushion.ended_at is None
    assert fitted_on(chair.individual) == []


def test_a_part_alone_comes_back_as_a_loose_one():
    chair, cushion = lend_chair_with_part(someone())

    returned(cushion)

    assert fitted_on(chair.individual) == []
    assert balance(cushion.article).available == 1
    assert differences() == []


def test_a_part_fitted_since_the_form_was_shown_stops_the_return():
    chair, cushion = lend_chair_with_part(someone())

    with pytest.raises(DomainError, match="Sittdyna har monterats på Rullstol Cross") as told:
        returned(chair, seen={chair.pk})

    assert told.value.line == chair.pk


def test_an_aid_on_an_open_pickup_order_cannot_come_back_otherwise():
    loan = lend(someone(), ArticleFactory())
    pickup = fetched(loan)

    with pytest.raises(DomainError, match=f"hämtorder {pickup.case_number}"):
        returned(loan)

    services.cancel_pickup(pickup, user=prescriber())
    assert returned(loan).pk


def test_a_deceased_persons_aids_come_back():
    recipient = RecipientFactory(deceased_on=timezone.localdate())
    living = someone()
    loan = lend(living, ArticleFactory())
    loan.recipient = recipient
    loan.save()

    returned(loan)

    loan.refresh_from_db()
    assert loan.ended_at


def test_sent_twice_is_one_return():
    loan = lend(someone(), ArticleFactory(), 4)
    key = uuid.uuid4()

    assert returned(loan, 1, key=key) == returned(loan, 1, key=key)

    loan.refresh_from_db()
    assert loan.returned == 1


def test_somebody_elses_aid_is_refused():
    loan = lend(someone(), ArticleFactory())
    user = prescriber()

    with pytest.raises(DomainError, match="finns inte hos mottagaren"):
        services.give_back(
            someone(), [Back(loan.pk, 1)], user=user, unit=user.default_unit,
            warehouse=BufferFactory(), key=uuid.uuid4(),
        )  # fmt: skip


def test_only_to_an_own_store_of_an_own_unit():
    loan = lend(someone(), ArticleFactory())

    with pytest.raises(DomainError, match="egna förråd"):
        returned(loan, store=WarehouseFactory())
    user = prescriber()
    user.default_unit = UnitFactory(code="V01", name="Hemrehab Västervik")
    with pytest.raises(DomainError, match="dina tjänsteställen"):
        returned(loan, user=user)


def test_a_blocked_piece_stands_on_the_shelf_but_is_not_available():
    loan = lend(someone(), ArticleFactory(is_marked=True))
    Block.objects.create(individual=loan.individual, reason=BlockReason.objects.first())

    made = returned(loan)

    assert (balance(loan.article).on_hand, balance(loan.article).available) == (1, 0)
    services.undo(made, user=made.by)
    assert (balance(loan.article).on_hand, balance(loan.article).unavailable) == (0, 0)


# --- undoing ---


def test_an_undone_return_is_a_new_movement_and_the_loan_goes_on():
    chair, cushion = lend_chair_with_part(someone())
    made = returned(chair, 1, cushion)

    services.undo(made, user=made.by)

    chair.refresh_from_db()
    cushion.refresh_from_db()
    assert (chair.ended_at, chair.returned, cushion.ended_at) == (None, 0, None)
    assert chair.individual.status == Individual.Status.WITH_RECIPIENT
    assert fitted_on(chair.individual) == ["Sittdyna"]
    notes = StockMovement.objects.filter(article=chair.article, kind="return").order_by("id")
    assert list(notes.values_list("quantity", "note")) == [(1, "Retur"), (-1, "Ångrad retur")]
    assert differences() == []
    assert services.undo(made, user=made.by).undone_at, "twice is once"


def test_undoing_fits_the_part_that_had_stayed():
    chair, _ = lend_chair_with_part(someone())
    made = returned(chair)

    services.undo(made, user=made.by)

    assert fitted_on(chair.individual) == ["Sittdyna"]
    assert Component.objects.filter(individual=chair.individual).count() == 2, "history is kept"


def test_an_undone_scrapping_gives_the_piece_back_to_the_recipient():
    loan = lend(someone(), ArticleFactory(is_marked=True))
    made = returned(loan, scrap=True)

    services.undo(made, user=made.by)

    loan.individual.refresh_from_db()
    assert loan.individual.status == Individual.Status.WITH_RECIPIENT
    assert differences() == []


def test_a_part_that_came_back_with_its_aid_since_is_not_lent_again_without_it():
    """One of two cushions came back alone, and later the chair with the other one on it."""
    store = BufferFactory()
    chair, cushion = lend_chair_with_part(someone(), parts=2)
    one_of_two = returned(cushion, 1, store=store)
    chair.refresh_from_db()
    cushion.refresh_from_db()
    whole = returned(chair, None, cushion, store=store)

    with pytest.raises(DomainError, match="har kommit tillbaka med sitt hjälpmedel sedan dess"):
        services.undo(one_of_two, user=one_of_two.by)

    cushion.refresh_from_db()
    assert cushion.ended_at is not None
    services.undo(whole, user=whole.by)
    services.undo(one_of_two, user=one_of_two.by)
    cushion.refresh_from_db()
    assert (cushion.held, cushion.sits_as.quantity) == (2, 2)


def test_what_has_been_handed_out_since_cannot_be_undone():
    article = ArticleFactory(is_marked=True)
    loan = lend(someone(), article)
    made = returned(loan)
    piece = Individual.objects.get(pk=loan.individual_id)
    from tests.orders.builders import add, start

    cart = start(prescriber(), someone())
    add(cart, article, warehouse=BufferFactory(), individual=piece)
    from orders import services as orders

    orders.send(cart, user=cart.user)

    with pytest.raises(DomainError, match="står inte längre i"):
        services.undo(made, user=made.by)
    assert differences() == []


def test_counted_goods_that_are_gone_cannot_be_undone():
    article = ArticleFactory()
    loan = lend(someone(), article, 2)
    made = returned(loan)
    lend(someone(), article, 1)  # puts one in and takes one
    Balance.objects.filter(article=article).update(reserved=1)

    with pytest.raises(DomainError, match="bara 1 st finns kvar"):
        services.undo(made, user=made.by)


def test_yesterdays_return_cannot_be_undone():
    loan = lend(someone(), ArticleFactory())
    with time_machine.travel(timezone.localtime() - timezone.timedelta(days=1)):
        made = returned(loan)

    with pytest.raises(DomainError, match="samma dag"):
        services.undo(made, user=made.by)


def test_what_is_not_stocked_ends_its_loan_and_moves_nothing():
    loan = lend(someone(), ArticleFactory())
    loan.article.is_stocked = False
    loan.article.save()
    put_in_stock(BufferFactory(), ArticleFactory(), 1)
    before = StockMovement.objects.count()

    returned(loan)

    assert StockMovement.objects.count() == before


def test_as_many_sit_on_the_chair_as_the_recipient_has_left():
    store = BufferFactory()
    chair = ArticleFactory(is_marked=True)
    cushion = ArticleFactory(type=ArticleType.ACCESSORY, may_be_component=True)
    (piece,) = put_in_stock(store, chair, 1)
    put_in_stock(store, cushion, 2)
    cart = start(prescriber())
    add(cart, chair, warehouse=store, individual=piece, components=((cushion, 2),))
    orders.send(cart, user=cart.user)
    part = Loan.objects.get(article=cushion)

    made = returned(part, 1)
    assert Component.objects.get(removed_at=None).quantity == 1
    services.undo(made, user=made.by)
    assert Component.objects.get(removed_at=None).quantity == 2
