"""A recall by the services: registered, its list made and held back, answered for."""

import datetime as dt
import uuid

import pytest
from django.utils import timezone

from articles.models import Article, Balance
from deviations import recalls
from deviations.models import Answer, Found, Recall, RecallItem, RecallStatus, recall_blocks
from deviations.recalls import Sought, finding
from deviations.recalls.numbers import ranges
from deviations.recalls.registering import search_again
from individuals import counting
from individuals import services as individuals
from individuals.models import Individual, Watch
from individuals.stock_check import differences
from individuals.watching import Reason, Sureness
from orders import services as orders
from orders.services import Pick
from organisation.models import Message, MessageKind
from pickups.services import Got, receive
from recipients.models import Loan
from sesam.errors import DomainError
from sesam.models import CaseNumber
from tests.factories import (
    ArticleFactory,
    BufferFactory,
    RecipientFactory,
    UserFactory,
    WarehouseFactory,
    put_in_stock,
)
from tests.jobs import run_jobs, waiting
from tests.orders.builders import sent
from tests.pickups.builders import fetched, lend, prescriber, returned, someone

from .builders import grave, khs_user

pytestmark = pytest.mark.django_db

ALL = (Sought(Watch.By.ARTICLE),)
NOTICE = {
    "sender": "Etac Sverige AB",
    "reference": "FSN 2026-11",
    "fault": "Bromsklossen kan spricka.",
    "measure": "Byt broms.",
}


def serials(first: str, last: str = "") -> Sought:
    return Sought(Watch.By.SERIAL, first, last or first)


def recalled(*articles: Article, sought=ALL, user=None, token=None, find=True, **facts) -> Recall:
    """Registered by the service, and the job has made its list."""
    made = recalls.register(
        user=user or khs_user(),
        details={"notice_on": timezone.localdate(), **NOTICE, **facts},
        articles=articles,
        sought=sought,
        token=token or uuid.uuid4(),
    )
    if find:
        run_jobs()
        made.refresh_from_db()
    return made


def chairs(count: int = 1, store=None, **facts) -> list[Individual]:
    """So many of one marked article on a shelf."""
    article = facts.pop("article", None) or ArticleFactory(is_marked=True, responsibility="B")
    made = put_in_stock(store or BufferFactory(may_register_individuals=True), article, count)
    if facts:
        Individual.objects.filter(pk__in=[x.pk for x in made]).update(**facts)
    return list(Individual.objects.filter(pk__in=[x.pk for x in made]).order_by("pk"))


def is_blocked(piece: Individual) -> bool:
    return piece.blocks.filter(until=None).exists()


def item_of(recall: Recall, piece: Individual) -> RecallItem:
    return recall.items.get(individual=piece)


# --- registering ---


def test_a_recall_has_a_number_and_watches_and_waits_for_its_list():
    article = ArticleFactory(is_marked=True)
    made = recalled(article, sought=[serials("SN-1", "SN-9"), serials("SN-20")], find=False)
    assert CaseNumber.objects.get(pk=made.case_number).kind == "recall"
    assert made.status == RecallStatus.REGISTERED
    assert [str(x) for x in made.criteria] == ["Serienummer SN-1–SN-9", "Serienummer SN-20"]
    assert waiting() == [("deviations.find_affected", {"recall_id": made.pk})]


def test_sent_twice_it_is_one():
    token, user, article = uuid.uuid4(), khs_user(), ArticleFactory()
    first, second = (recalled(article, token=token, user=user, find=False) for _ in range(2))
    assert first == second and len(waiting()) == 1


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"sender": " "}, "sender"),
        ({"fault": ""}, "fault"),
        ({"measure": ""}, "measure"),
        ({"notice_on": dt.date(2050, 1, 1)}, "notice_on"),
        ({"notice_on": dt.date(1999, 1, 1)}, "notice_on"),
        ({"due_on": dt.date(2020, 1, 1)}, "due_on"),
        ({"authority_on": dt.date(2050, 1, 1)}, "authority_on"),
        ({"sought": []}, "scope"),
        ({"sought": [serials("SN-9", "SN-1")]}, "serials"),
        ({"sought": [Sought(Watch.By.LOT, "A1", "B2")]}, "lots"),
        ({"sought": [Sought(Watch.By.DELIVERED, first_day=dt.date(2026, 1, 1))]}, "delivered_to"),
        (
            {"sought": [Sought(Watch.By.PRODUCED, "", "", dt.date(2026, 2, 1), dt.date(2026, 1, 1))]},
            "produced_to",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_at_its_field(facts, field):
    with pytest.raises(DomainError) as fault:
        recalled(ArticleFactory(), **facts)
    assert fault.value.field == field
    assert not Recall.objects.exists() and not Watch.objects.exists()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("SN-1\nSN-2, SN-3;SN-4", [("SN-1",) * 2, ("SN-2",) * 2, ("SN-3",) * 2, ("SN-4",) * 2]),
        ("SN-100 - SN-250", [("SN-100", "SN-250")]),
        ("SN-100–SN-250", [("SN-100", "SN-250")]),
        ("100..250\r\n 7 till 9 ", [("100", "250"), ("7", "9")]),
        ("sn 1\nSN-1\nSN1", [("sn 1", "sn 1")]),
        (" \n,; ", []),
    ],
)
def test_numbers_are_pasted_as_they_come(text, found):
    assert ranges(text, field="serials") == found


@pytest.mark.parametrize(
    "text", ["1–2–3", "SN-9 – SN-1", "A1 – B2", "–5", "19121212-1212", "x" * 41]
)
def test_a_wrong_range_is_refused_at_its_field(text):
    with pytest.raises(DomainError) as fault:
        ranges(text, field="lots")
    assert fault.value.field == "lots"


# --- what is found ---


def test_what_stands_in_a_store_is_blocked_at_once():
    piece, other = chairs(2)
    Individual.objects.filter(pk=piece.pk).update(serial_number="SN-5")
    Individual.objects.filter(pk=other.pk).update(serial_number="SN-55")
    made = recalled(piece.article, sought=[serials("SN-1", "SN-9")])
    assert made.status == RecallStatus.ONGOING and made.found_at
    item = made.items.get()
    assert item.individual == piece and item.found == Found.IN_STOCK
    assert (item.sureness, item.by) == (Sureness.SURE, Reason.SERIAL)
    assert is_blocked(piece) and not is_blocked(other)
    assert Balance.objects.get(article=piece.article).available == 1
    assert differences() == []


def test_who_has_it_is_found_with_loan_and_unit_and_it_is_held_back_when_it_returns():
    loan = lend(someone(), ArticleFactory(is_marked=True))
    made = recalled(loan.article)
    item = made.items.get()
    assert (item.found, item.loan, item.unit) == (Found.HELD, loan, loan.unit)
    returned(loan)
    assert is_blocked(loan.individual)
    assert Balance.objects.get(article=loan.article).available == 0
    assert differences() == []


def test_what_is_scrapped_is_on_the_list_and_needs_no_answer():
    piece = chairs()[0]
    Balance.objects.all().delete()
    Individual.objects.filter(pk=piece.pk).update(status="scrapped", warehouse=None)
    made = recalled(piece.article)
    assert made.items.get().found == Found.SCRAPPED and not is_blocked(piece)
    assert made.items.left().count() == 0


def test_a_piece_without_a_number_may_be_meant():
    piece = chairs(serial_number="")[0]
    item = recalled(piece.article, sought=[serials("SN-1")]).items.get()
    assert (item.sureness, item.by) == (Sureness.POSSIBLE, Reason.UNKNOWN)
    assert is_blocked(piece)


def test_of_a_counted_article_those_are_meant_that_had_it_in_the_period():
    rail = ArticleFactory()
    old, new = lend(someone(), rail, 2), lend(someone(), rail, 3)
    today = timezone.localdate()
    Loan.objects.filter(pk=old.pk).update(delivered_at=timezone.now() - dt.timedelta(days=400))
    period = Sought(Watch.By.DELIVERED, "", "", today - dt.timedelta(days=30), today)
    made = recalled(rail, sought=[Sought(Watch.By.LOT, "L1", "L1"), period])
    item = made.items.get(loan__isnull=False)
    assert (item.loan, item.quantity, item.sureness) == (new, 3, Sureness.POSSIBLE)
    assert made.items.how_many() >= 3


def test_a_counted_article_in_a_store_is_held_back_whatever_it_is_promised_to():
    rail, khs = ArticleFactory(), WarehouseFactory()
    put_in_stock(khs, rail, 10)
    order = sent((rail, 4))
    made = recalled(rail)
    item = made.items.get()
    assert (item.quantity, item.held_back, item.warehouse) == (10, 10, khs)
    line = order.lines.get()
    assert (line.reserved, line.backlog) == (0, 4)
    balance = Balance.objects.get(article=rail)
    assert (balance.reserved, balance.unavailable) == (0, 10)
    assert differences() == []
    recalls.answer(made, [item.pk], Answer.NOT_MEANT, user=khs_user())
    assert Balance.objects.get(article=rail).available == 10
    assert differences() == []


def test_several_orders_give_up_what_they_are_promised():
    khs = WarehouseFactory()
    article = chairs(4, store=khs)[0].article
    both = [sent((article, 2)), sent((article, 2))]
    recalled(article)
    assert [order.lines.get().reserved for order in both] == [0, 0]
    assert Balance.objects.get(article=article).unavailable == 4
    assert differences() == []


def test_of_several_promised_only_as_many_as_it_takes_are_given_up():
    khs = WarehouseFactory()
    pieces = chairs(4, store=khs)
    Individual.objects.filter(pk=pieces[0].pk).update(serial_number="SN-1")
    Individual.objects.filter(pk__in=[x.pk for x in pieces[1:]]).update(serial_number="SN-9")
    first, last = sent((pieces[0].article, 2)), sent((pieces[0].article, 2))
    recalled(pieces[0].article, sought=[serials("SN-1")])
    assert [order.lines.get().reserved for order in (first, last)] == [2, 1]
    assert differences() == []


def test_a_second_search_finds_nothing_twice():
    chairs_of = chairs(3)
    lend(someone(), chairs_of[0].article)
    made = recalled(chairs_of[0].article)
    Recall.objects.filter(pk=made.pk).update(
        status="registered", found_at=None, error="Avbröts", done_at=None
    )
    made.refresh_from_db()
    before = made.items.count(), recall_blocks(made).count()
    search_again(made)
    assert run_jobs() == 1
    made.refresh_from_db()
    assert (made.items.count(), recall_blocks(made).count()) == before == (4, 4)
    search_again(made)
    assert waiting() == [] and differences() == []


# --- two recalls ---


def test_a_piece_of_two_recalls_stays_blocked_until_both_let_go():
    piece = chairs()[0]
    one, other = recalled(piece.article), recalled(piece.article)
    recalls.answer(one, [item_of(one, piece).pk], Answer.REMEDIED, user=khs_user())
    assert is_blocked(piece) and Balance.objects.get(article=piece.article).available == 0
    recalls.answer(other, [item_of(other, piece).pk], Answer.NOT_MEANT, user=khs_user())
    assert not is_blocked(piece) and Balance.objects.get(article=piece.article).available == 1
    assert differences() == []


def test_a_shelf_of_two_recalls_stays_held_back_until_both_let_go():
    rail = ArticleFactory()
    put_in_stock(WarehouseFactory(), rail, 5)
    one, other = recalled(rail), recalled(rail)
    assert [x.items.get().held_back for x in (one, other)] == [5, 0]
    recalls.answer(one, [one.items.get().pk], Answer.REMEDIED, user=khs_user())
    assert other.items.get().held_back == 5 and differences() == []
    recalls.answer(other, [other.items.get().pk], Answer.REMEDIED, user=khs_user())
    assert Balance.objects.get(article=rail).available == 5 and differences() == []


def test_what_a_deviation_holds_back_too_stays_so():
    loan = lend(someone(), ArticleFactory(is_marked=True))
    grave(loan)
    made = recalled(loan.article)
    recalls.answer(made, [made.items.get().pk], Answer.REMEDIED, user=khs_user())
    assert is_blocked(loan.individual)
    assert not recall_blocks(made).exists()


# --- answering ---


def test_a_piece_taken_out_stays_blocked_and_is_confirmed():
    piece = chairs()[0]
    made = recalled(piece.article)
    for _ in range(2):
        recalls.answer(
            made, [made.items.get().pk], Answer.TAKEN_OUT, user=khs_user(), note="Kassun"
        )
    item = made.items.get()
    assert (item.answer, item.note) == (Answer.TAKEN_OUT, "Kassun") and is_blocked(piece)
    assert made.items.confirmed().count() == 1 and made.items.left().count() == 0
    assert made.events.filter(kind="reported").count() == 1


def test_khs_takes_back_a_wrong_answer_and_it_is_held_back_again_whatever_it_is_promised_to():
    store = WarehouseFactory()
    piece = chairs(store=store)[0]
    made, khs = recalled(piece.article), khs_user()
    item = made.items.get()
    recalls.answer(made, [item.pk], Answer.REMEDIED, user=khs)
    order = sent((piece.article, 1))
    assert not is_blocked(piece) and order.lines.get().reserved == 1
    recalls.answer(made, [item.pk], Answer.TAKEN_OUT, user=khs)
    assert is_blocked(piece) and order.lines.get().reserved == 0
    assert made.items.get().answer == Answer.TAKEN_OUT and differences() == []


def test_of_a_counted_article_too():
    article, store = ArticleFactory(), WarehouseFactory()
    put_in_stock(store, article, 4)
    made, khs = recalled(article), khs_user()
    item = made.items.get()
    recalls.answer(made, [item.pk], Answer.NOT_MEANT, user=khs)
    order = sent((article, 3))
    recalls.answer(made, [item.pk], Answer.TAKEN_OUT, user=khs)
    assert made.items.get().held_back == 4 and order.lines.get().reserved == 0
    assert differences() == []


def test_a_unit_does_not_take_back_what_is_let_go():
    user, loan = prescriber(), lend(someone(), ArticleFactory(is_marked=True))
    made = recalled(loan.article)
    made.items.update(told_at=timezone.now(), told_how="message", unit=user.default_unit)
    item = made.items.get()
    recalls.answer(made, [item.pk], Answer.REMEDIED, user=user)
    with pytest.raises(DomainError, match="KHS kan rätta det"):
        recalls.answer(made, [item.pk], Answer.TAKEN_OUT, user=user)
    assert not is_blocked(loan.individual)


def test_what_nobody_finds_is_left():
    made = recalled(chairs()[0].article)
    recalls.answer(made, [made.items.get().pk], Answer.NOT_FOUND, user=khs_user())
    assert made.items.left().count() == 1 and made.items.get().state == "not_found"


def test_a_unit_answers_for_its_own_that_it_was_told_of_and_for_no_others():
    loan = lend(someone(), ArticleFactory(is_marked=True))
    made = recalled(loan.article)
    item, mine = made.items.get(), UserFactory(default_unit=loan.unit)
    with pytest.raises(DomainError, match="egna"):
        recalls.answer(made, [item.pk], Answer.REPLACED, user=mine)
    RecallItem.objects.update(told_at=timezone.now(), told_how="message")
    with pytest.raises(DomainError, match="egna"):
        recalls.answer(made, [item.pk], Answer.NOT_MEANT, user=mine)
    recalls.answer(made, [item.pk], Answer.REPLACED, user=mine)
    assert made.items.get().answered_by == mine
    other = UserFactory(default_unit=None, units=[])
    with pytest.raises(DomainError, match="egna"):
        recalls.answer(made, [item.pk], Answer.TAKEN_OUT, user=other)


def test_items_of_another_recall_are_not_answered():
    one, other = (recalled(chairs()[0].article) for _ in range(2))
    with pytest.raises(DomainError, match="ur listan"):
        recalls.answer(one, [other.items.get().pk], Answer.REMEDIED, user=khs_user())


# --- nothing slips in later: every way that a piece comes to stand somewhere ---


def test_a_piece_that_is_registered_is_blocked_and_comes_on_the_list():
    store = BufferFactory(may_register_individuals=True)
    article = ArticleFactory(is_marked=True, responsibility="B")
    made = recalled(article, sought=[serials("SN-1", "SN-9")])
    facts = {"warehouse": store, "article": article, "user": prescriber()}
    piece = individuals.register(number="700001", serial_number="sn 3", **facts)
    fine = individuals.register(number="700002", serial_number="SN-30", **facts)
    assert is_blocked(piece) and not is_blocked(fine)
    assert Balance.objects.get(article=article).available == 1 and differences() == []
    assert finding.take_up() == 1 and finding.take_up() == 0
    item = made.items.get()
    assert item.individual == piece and item.caught and item.found == Found.IN_STOCK
    told = Message.objects.get(user=made.ordered_by)
    assert told.kind == MessageKind.RECALL and "700001" in told.text


def test_by_its_lot_too():
    store = BufferFactory(may_register_individuals=True)
    article = ArticleFactory(is_marked=True, responsibility="B")
    recalled(article, sought=[Sought(Watch.By.LOT, "L2026", "L2026")])
    facts = {"warehouse": store, "article": article, "user": prescriber()}
    assert is_blocked(individuals.register(number="700001", lot="l-2026", **facts))
    assert not is_blocked(individuals.register(number="700002", lot="L2025", **facts))


def wrong_number(piece: Individual, number: str = "SN-3") -> None:
    """Somebody finds out what its number really is."""
    Individual.objects.filter(pk=piece.pk).update(serial_number=number)


def held_back(piece: Individual) -> bool:
    """It is blocked, and no balance says that it can be handed out."""
    return is_blocked(piece) and differences() == []


SOME = [serials("SN-1", "SN-9")]


def test_a_piece_that_is_returned_is_blocked():
    loan = lend(someone(), ArticleFactory(is_marked=True))
    recalled(loan.article, sought=[serials("SN-1", "SN-9"), serials("X1")])
    loan.individual.blocks.update(until=timezone.now(), case_number=None)  # as if it wasn't found
    wrong_number(loan.individual)
    returned(loan)
    assert held_back(loan.individual)


def test_a_piece_that_is_received_is_blocked():
    loan = lend(someone(), ArticleFactory(is_marked=True))
    wrong_number(loan.individual, "SN-77")
    recalled(loan.article, sought=SOME)
    wrong_number(loan.individual)
    pickup = fetched(loan)
    receive(pickup, [Got(pickup.lines.get().pk, 1, "stock")], user=pickup.ordered_by)
    assert held_back(loan.individual)


def test_a_piece_that_is_found_again_is_blocked():
    piece = chairs(serial_number="SN-77")[0]
    user, facts = prescriber(), {"reason": "Inventering"}
    counting.count(piece.warehouse, piece.article, missing=[piece.pk], found=[], user=user, **facts)
    recalled(piece.article, sought=SOME)
    wrong_number(piece)
    back = {"missing": [], "found": [piece.number]}
    counting.count(piece.warehouse, piece.article, user=user, **back, **facts)
    assert held_back(piece)


def test_a_piece_that_gets_another_number_is_blocked():
    piece = chairs(serial_number="SN-77")[0]
    recalled(piece.article, sought=SOME)
    wrong_number(piece)
    individuals.renumber(piece, number="700003", user=prescriber())
    assert held_back(piece)


def test_what_was_released_once_isnt_caught_again():
    loan = lend(someone(), ArticleFactory(is_marked=True))
    made = recalled(loan.article)
    recalls.answer(made, [made.items.get().pk], Answer.REMEDIED, user=khs_user())
    returned(loan)
    assert not is_blocked(loan.individual) and finding.take_up() == 0


def test_what_no_recall_looks_for_any_more_comes_in_free():
    store = BufferFactory(may_register_individuals=True)
    article = ArticleFactory(is_marked=True, responsibility="B")
    recalls.end_watches(recalled(article))
    facts = {"warehouse": store, "article": article, "user": prescriber()}
    assert not is_blocked(individuals.register(number="700001", **facts))


def test_a_blocked_piece_cannot_be_delivered():
    khs = WarehouseFactory()
    piece = chairs(store=khs, serial_number="SN-3")[0]
    put_in_stock(khs, piece.article, 1)
    order = sent((piece.article, 1))
    recalled(piece.article, sought=[serials("SN-3"), serials("X1")])
    line = order.lines.get()
    with pytest.raises(DomainError):
        orders.deliver(order, [Pick(line.pk, 1, [piece.pk])], user=order.ordered_by)


def test_a_list_of_many_is_made_with_few_questions(django_assert_max_num_queries):
    article = chairs(60)[0].article
    for _ in range(5):
        lend(RecipientFactory(), article)
    made = recalled(article, find=False)
    with django_assert_max_num_queries(60):
        run_jobs()
    assert made.items.count() == 65
