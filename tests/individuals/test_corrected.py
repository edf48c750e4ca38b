"""What stands on a piece's plate was typed wrong: KHS corrects it, and recalls look again."""

import pytest

from deviations.models import RecallItem
from deviations.recalls import finding
from individuals import services
from individuals.models import Block
from individuals.services import Plate
from individuals.stock_check import differences
from orders.models import OrderLine
from organisation.permissions import BUFFERT, FORSKRIVARE
from sesam import history
from sesam.errors import DomainError
from sesam.seen import Seen
from tests.at_once import at_once
from tests.deviations.builders import khs_user, recall_of
from tests.factories import ArticleFactory, UserFactory, WarehouseFactory, put_in_stock
from tests.orders.builders import sent
from tests.pickups.builders import lend, someone
from tests.pickups.pages import form_of
from tests.reading import read_page

pytestmark = pytest.mark.django_db


@pytest.fixture
def khs(browser_of):
    return browser_of(khs_user(first_name="Kerstin", last_name="Ek"))


def chair(serial="SN-170", lot=""):
    (piece,) = put_in_stock(WarehouseFactory(), ArticleFactory(is_marked=True), 1)
    piece.serial_number, piece.lot = serial, lot
    piece.save()
    return piece


def url(piece) -> str:
    return f"/individer/{piece.number}/?redigera=marke"


def correct(client, piece, serial, lot="", **more):
    form = form_of(client.get(url(piece))) | {"serial_number": serial, "lot": lot, **more}
    return client.post(url(piece), form)


def changes_of(piece):
    kept = history.of(type(piece)).changes.objects.filter(pgh_obj=piece.pk)
    return list(kept.order_by("pgh_id").values_list("serial_number", "lot"))


def is_blocked(piece) -> bool:
    return Block.objects.filter(individual=piece, until=None).exists()


def test_khs_corrects_it_in_place_and_who_did_it_is_kept(khs):
    piece = chair()
    page = read_page(khs.get(url(piece)))
    assert 'name="serial_number" value="SN-170"' in page
    answer = correct(khs, piece, " SN-107 ", "LOT 4")
    assert answer.url == f"/individer/{piece.number}/"
    piece.refresh_from_db()
    assert (piece.serial_number, piece.lot) == ("SN-107", "LOT 4")
    assert "SN-107" in read_page(khs.get(answer.url))
    assert changes_of(piece)[-1:] == [("SN-170", "")]
    told = read_page(khs.get(f"/admin/individuals/individual/{piece.pk}/history/"))
    assert "Kerstin Ek" in told and "SN-170" in told and "SN-107" in told


def test_a_new_piece_and_what_else_becomes_of_it_stand_elsewhere():
    piece = chair()
    services.renumber(piece, number="999001", user=khs_user())
    assert changes_of(piece)[1:] == [], "the first is this test's own"


@pytest.mark.parametrize("role", [FORSKRIVARE, BUFFERT])
def test_others_see_it_and_change_nothing(browser_of, role):
    piece = chair()
    client = browser_of(UserFactory(roles=[role]))
    page = read_page(client.get(url(piece)))
    assert "SN-170" in page and 'name="serial_number"' not in page and "redigera" not in page
    assert correct(client, piece, "SN-1").status_code == 403
    piece.refresh_from_db()
    assert piece.serial_number == "SN-170"


def test_what_is_too_long_is_told_at_its_field_and_kept(khs):
    piece = chair()
    answer = correct(khs, piece, "S" * 41)
    assert answer.status_code == 422
    page = read_page(answer)
    assert "högst 40 tecken" in page and "S" * 41 in page


def test_what_somebody_else_has_changed_since_is_not_written_over(khs):
    piece = chair()
    form = form_of(khs.get(url(piece))) | {"serial_number": "SN-1"}
    services.correct_plate(piece, plate=Plate("SN-200", ""), user=khs_user())
    answer = khs.post(url(piece), form)
    assert answer.status_code == 409 and "Serienummer «SN-200»" in read_page(answer)
    piece.refresh_from_db()
    assert piece.serial_number == "SN-200"
    assert khs.post(url(piece), form_of(answer)).status_code == 302, "now it has been seen"
    piece.refresh_from_db()
    assert piece.serial_number == "SN-1"


@pytest.mark.parametrize("to", [Plate("SN-107", ""), Plate("X", "LOT-4")])
def test_an_open_recall_that_looks_for_it_holds_it_back_from_then_on(khs, to):
    piece = chair()
    recall = recall_of(piece.article, serials=["SN-100..SN-110"], lots=["LOT-4"])
    answer = correct(khs, piece, to.serial_number, to.lot)
    page = read_page(khs.get(answer.url))
    assert f"omfattas av återkallelse {recall.case_number} och är spärrad" in page
    assert is_blocked(piece) and differences() == []
    finding.take_up()
    assert recall.items.get().caught


def test_also_of_a_piece_that_somebody_has(khs):
    loan = lend(someone(), ArticleFactory(is_marked=True))
    piece = loan.individual
    recall = recall_of(loan.article, serials=["SN-100..SN-110"])
    services.correct_plate(piece, plate=Plate("SN-107", ""), user=khs_user())
    finding.take_up()
    item = recall.items.get()
    assert item.loan == loan and item.unit == loan.unit and is_blocked(piece)


@pytest.mark.parametrize("by_number", [False, True])
def test_whatever_it_is_promised_to(by_number):
    piece, khs = chair("SN-100" if by_number else "SN-170"), khs_user()
    order = sent((piece.article, 1))
    assert order.lines.get().reserved == 1
    recall = recall_of(piece.article, serials=["SN-100..SN-110"], user=khs)
    if by_number:
        services.renumber(piece, number="999001", user=khs)
    else:
        services.correct_plate(piece, plate=Plate("SN-107", ""), user=khs)
    assert is_blocked(piece) and differences() == []
    line = OrderLine.objects.get(order=order)
    assert line.reserved == 0
    told = " ".join(order.events.values_list("text", flat=True))
    assert f"återkallelse {recall.case_number}" in told


def test_who_is_held_back_for_the_wrong_number_stays_so_until_khs_says_so(khs):
    piece = chair("SN-105")
    recall = recall_of(piece.article, serials=["SN-100..SN-110"])
    khs_does = correct(khs, piece, "SN-106")
    assert is_blocked(piece)
    answer = correct(khs, piece, "SN-700")
    assert khs_does.url == answer.url and is_blocked(piece)
    page = read_page(khs.get(answer.url))
    assert f"spärrad av återkallelse {recall.case_number}. Kontrollera där" in page


@pytest.mark.django_db(transaction=True)
def test_sent_twice_at_once_it_is_done_once():
    piece, users = chair(), [khs_user(), khs_user()]
    recall_of(piece.article, serials=["SN-107"])
    plate, seen = Plate("SN-107", ""), Seen.of(piece, "serial_number", "lot")
    at_once(
        *[lambda u=u: services.correct_plate(piece, plate=plate, user=u, seen=seen) for u in users]
    )
    assert changes_of(piece)[-1:] == [("SN-170", "")] and Block.objects.count() == 1
    assert differences() == []


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_with_different_numbers_the_second_is_told():
    piece, khs = chair(), khs_user()
    seen = Seen.of(piece, "serial_number", "lot")
    got = at_once(
        *[
            lambda n=n: services.correct_plate(piece, plate=Plate(n, ""), user=khs, seen=seen)
            for n in ("SN-1", "SN-2")
        ]
    )
    assert sum(isinstance(one, DomainError) for one in got) == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", range(3))
def test_it_is_corrected_in_the_instant_that_a_recall_begins(turn):
    from deviations import recalls
    from sesam import awaited
    from tests.deviations.test_recalls import recalled

    piece, khs = chair(), khs_user()
    sought = [recalls.Sought("serial", "SN-107", "SN-107")]

    def begin():
        made = recalled(piece.article, sought=sought, user=khs, find=False)
        finding.find(awaited.Work(made))

    at_once(
        begin,
        lambda: services.correct_plate(piece, plate=Plate("SN-107", ""), user=khs),
    )
    finding.take_up()
    assert RecallItem.objects.count() == 1 and Block.objects.filter(until=None).count() == 1
    assert is_blocked(piece) and differences() == []
