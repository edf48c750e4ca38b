"""Counting the pieces of a marked article in the back office."""

import pytest

from articles.models import Balance, StockMovement
from individuals.models import BlockReason, Individual
from individuals.stock_check import differences
from organisation.permissions import KHS
from tests.factories import (
    ArticleFactory,
    IndividualFactory,
    UserFactory,
    WarehouseFactory,
    put_in_stock,
)
from tests.orders.builders import sent

pytestmark = pytest.mark.django_db
URL = "/admin/individuals/individual/inventera/"
Status = Individual.Status


@pytest.fixture
def khs(browser_of):
    return browser_of(UserFactory(roles=[KHS], is_staff=True, username="karin"))


@pytest.fixture
def chair():
    return ArticleFactory(number="43027", name="Cross 6", is_marked=True)


@pytest.fixture
def shelf(chair):
    return put_in_stock(WarehouseFactory(), chair, 3)


def send(client, missing=(), found="", reason="Årsinventering"):
    data = {"lager": "100", "artikel": "43027", "saknas": [p.pk for p in missing],
            "aterfunna": found, "orsak": reason}  # fmt: skip
    return client.post(URL, data, follow=True)


def agrees(on_hand: int) -> None:
    assert Balance.objects.get().on_hand == on_hand
    assert differences() == []


def test_a_missing_piece_leaves_the_books_and_comes_back_when_it_is_found(khs, shelf):
    gone = shelf[0]
    shown = khs.get(URL, {"lager": "100", "artikel": "43027"}).content.decode()
    assert all(piece.number in shown for piece in shelf)
    assert f"saknas nu: {gone.number}" in send(khs, [gone]).content.decode()
    gone.refresh_from_db()
    assert (gone.status, gone.warehouse) == (Status.MISSING, None)
    agrees(2)
    moved = StockMovement.objects.filter(kind="count").get()
    assert (moved.quantity, moved.individual_number, moved.note, moved.user.username) == (
        -1, gone.number, "Årsinventering", "karin",
    )  # fmt: skip
    assert f"återfunna: {gone.number}" in send(khs, found=f" {gone.number}\n").content.decode()
    gone.refresh_from_db()
    assert (gone.status, gone.warehouse.number) == (Status.IN_STOCK, "100")
    agrees(3)


def test_a_blocked_piece_is_blocked_again_when_it_is_found(khs, shelf):
    gone = shelf[0]
    gone.blocks.create(reason=BlockReason.objects.first())
    Balance.objects.update(unavailable=1)
    send(khs, [gone])
    assert Balance.objects.get().unavailable == 0
    send(khs, found=gone.number)
    assert Balance.objects.get().unavailable == 1
    agrees(3)


def test_what_is_promised_to_somebody_cannot_go_missing(khs, chair, shelf):
    sent((chair, 2))
    answer = send(khs, shelf[:2])
    assert answer.status_code == 422
    assert "2 är reserverade eller spärrade" in answer.content.decode()
    agrees(3)
    assert send(khs, shelf[:1]).status_code == 200
    agrees(2)


def test_a_piece_that_left_meanwhile_is_not_taken_twice(khs, shelf):
    send(khs, shelf[:1])
    answer = send(khs, shelf[:1])
    assert answer.status_code == 422
    assert "står inte längre i lagret" in answer.content.decode()
    agrees(2)


def test_only_a_missing_piece_of_the_article_is_found(khs, shelf):
    other = IndividualFactory(status=Status.MISSING)
    for number, says in (
        (shelf[0].number, "saknas inte: i lager"),
        (other.number, "en annan artikel"),
        ("99999999", "Ingen individ har numret"),
    ):
        answer = send(khs, found=number)
        assert answer.status_code == 422
        assert says in answer.content.decode()
    agrees(3)


def test_a_reason_and_something_to_say_are_needed(khs, shelf):
    assert "Skriv en orsak" in send(khs, shelf[:1], reason="").content.decode()
    assert "Kryssa för det som saknas" in send(khs).content.decode()
    agrees(3)


def test_the_page_for_counted_articles_leads_here(khs, shelf):
    shown = khs.get("/admin/articles/balance/inventera/", {"lager": "100"}).content.decode()
    assert f'href="{URL}?lager=100&amp;artikel=43027"' in shown
    assert "Inventera" in khs.get("/admin/individuals/individual/").content.decode()


def test_a_personal_number_comes_into_no_address(khs):
    asked = {"visa": "1", "lager": "100", "artikel": "193608319186"}
    assert "9186" not in khs.post(URL, asked).headers["Location"]
    assert (
        "Ingen individmärkt artikel"
        in khs.get(URL, {"lager": WarehouseFactory().number, "artikel": "nix"}).content.decode()
    )


def test_only_khs_counts(client, browser_of, shelf):
    for user in (client, browser_of(UserFactory(is_staff=True))):
        assert user.get(URL).status_code in (302, 403)
        assert user.post(URL, {"lager": "100"}).status_code in (302, 403)
