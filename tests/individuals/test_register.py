"""«Ny individ»: a marked B article comes to stand in an own store that may register pieces."""

import pytest
from django.utils import timezone

from articles.models import Balance, Responsibility, StockMovement
from individuals.models import FormerNumber, Individual
from individuals.stock_check import differences
from organisation.permissions import BUFFERT, FORSKRIVARE, KHS
from tests.factories import (
    ArticleFactory,
    BufferFactory,
    IndividualFactory,
    UnitFactory,
    UserFactory,
    WarehouseFactory,
)
from tests.reading import read_page

pytestmark = pytest.mark.django_db
URL = "/individer/ny/"


@pytest.fixture
def store():
    return BufferFactory(may_register_individuals=True)


@pytest.fixture
def user(store):
    return UserFactory(roles=[BUFFERT], default_unit=UnitFactory(own_stores=[store]))


@pytest.fixture
def client(browser_of, user):
    return browser_of(user)


@pytest.fixture
def walker():
    return ArticleFactory(
        number="28100", name="Rollator Gemino", is_marked=True, responsibility=Responsibility.B
    )


def text(response) -> str:
    return read_page(response)


def opened(client, store="0880") -> str:
    """The address of the dialog's steps, without the step."""
    return client.get(URL, {"lager": store}).url.removesuffix("artikel/")


def step(client, dialog, name, **typed):
    return client.post(f"{dialog}{name}/", {"action": "next", **typed})


def to_last(client, article="28100", store="0880") -> str:
    dialog = opened(client, store)
    step(client, dialog, "artikel", warehouse=store, article=article)
    step(client, dialog, "kontroll", confirmed="on")
    return dialog


def details(**typed):
    return {"number": "700700", "serial_number": "", "age": "0", "text": "", **typed}


def test_the_way_from_article_number_to_a_piece_on_the_shelf(client, walker, user, store):
    dialog = opened(client)
    assert 'value="0880" selected' in text(client.get(f"{dialog}artikel/"))
    answer = step(client, dialog, "artikel", warehouse="0880", article=" 28100 ")
    assert "Rollator Gemino" in text(client.get(answer.url))
    answer = step(client, dialog, "kontroll", confirmed="on")
    assert "Individnummer" in text(client.get(answer.url))
    answer = step(
        client, dialog, "uppgifter", **details(serial_number="S-1", age="3", text="Rispa i lacken")
    )

    page = text(client.get(answer.url))
    assert "Individ 700700 är skapad i 0880 Kalmar kommuns förråd." in page
    assert f"{timezone.localdate().year - 3} (uppskattat)" in page
    piece = Individual.objects.get(number="700700")
    assert (piece.article, piece.warehouse, piece.status) == (walker, store, "in_stock")
    assert (piece.serial_number, piece.text) == ("S-1", "Rispa i lacken")
    movement = StockMovement.objects.get()
    assert (movement.quantity, movement.individual_number, movement.user) == (1, "700700", user)
    assert Balance.objects.get().on_hand == 1
    assert differences() == []


def test_a_new_piece_was_bought_today(client, walker):
    step(client, to_last(client), "uppgifter", **details())
    piece = Individual.objects.get()
    assert piece.purchased_on == timezone.localdate()
    assert not piece.purchase_is_estimated


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        ({"is_marked": False}, "inte individmärkt"),
        ({"responsibility": Responsibility.A}, "är ett A-hjälpmedel"),
        ({"is_stocked": False}, "lagerförs inte"),
    ],
)
def test_only_individually_marked_b_articles(client, walker, facts, says):
    type(walker).objects.filter(pk=walker.pk).update(**facts)
    answer = step(client, opened(client), "artikel", warehouse="0880", article="28100")
    assert answer.status_code == 422
    assert says in text(answer)


@pytest.mark.parametrize("typed", ["", "99999", "1234567890123"])
def test_a_wrong_article_number_is_told_at_the_field(client, walker, typed):
    answer = step(client, opened(client), "artikel", warehouse="0880", article=typed)
    assert answer.status_code == 422
    assert 'aria-describedby="id_article-help id_article-error"' in text(answer)


def test_no_step_is_reached_before_the_one_before_it(client, walker):
    dialog = opened(client)
    assert client.get(f"{dialog}uppgifter/").url == f"{dialog}artikel/"
    step(client, dialog, "artikel", warehouse="0880", article="28100")
    assert client.get(f"{dialog}uppgifter/").url == f"{dialog}kontroll/"
    assert step(client, dialog, "uppgifter", **details()).url == f"{dialog}kontroll/"
    assert not Individual.objects.exists()


def test_back_keeps_what_was_typed(client, walker):
    dialog = to_last(client)
    answer = client.post(
        f"{dialog}uppgifter/", {"action": "back", **details(number="7", age="två")}
    )
    assert answer.url == f"{dialog}kontroll/"
    words = text(client.get(f"{dialog}uppgifter/"))
    assert 'value="7"' in words and 'value="två"' in words
    assert "aria-invalid" not in words


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"number": ""}, "Skriv individnumret"),
        ({"number": "300300"}, "300300 finns redan"),
        ({"number": "111111"}, "har tillhört individ 300300"),
        ({"age": "-1"}, "från 0 till"),
        ({"age": "1000000000"}, "från 0 till"),
        ({"age": "två"}, "med siffror"),
        ({"age": ""}, "Skriv åldern"),
        ({"serial_number": "x" * 41}, "högst 40 tecken"),
    ],
)
def test_what_is_wrong_with_the_piece_is_told_and_nothing_is_made(client, walker, typed, says):
    other = IndividualFactory(number="300300")
    FormerNumber.objects.create(individual=other, number="111111")
    answer = step(client, to_last(client), "uppgifter", **details(**typed))
    assert answer.status_code == 422
    assert says in text(answer)
    assert Individual.objects.count() == 1
    assert not StockMovement.objects.exists()


def test_sent_twice_it_makes_one_piece(client, walker):
    dialog = to_last(client)
    first = step(client, dialog, "uppgifter", **details())
    assert step(client, dialog, "uppgifter", **details()).url == first.url
    assert Individual.objects.count() == 1


def test_a_store_that_may_not_register_is_refused(client, store):
    store.may_register_individuals = False
    store.save()
    answer = client.get(URL, {"lager": "0880"})
    assert answer.status_code == 403
    assert "kan inte registrera" in text(answer)
    assert "Inget av dina förråd" in text(client.get(URL))


def test_anothers_store_is_refused(client, walker):
    BufferFactory(number="0883", may_register_individuals=True)
    assert client.get(URL, {"lager": "0883"}).status_code == 403
    answer = step(client, opened(client), "artikel", warehouse="0883", article="28100")
    assert answer.status_code == 422
    assert "Välj ett lager ur listan" in text(answer)


def test_khs_registers_in_every_store_that_may(browser_of, store, walker):
    khs = browser_of(UserFactory(roles=[KHS]))
    step(khs, to_last(khs), "uppgifter", **details())
    assert Individual.objects.get().warehouse == store
    WarehouseFactory(may_register_individuals=True)
    assert khs.get(URL, {"lager": "100"}).status_code == 403


def test_a_prescriber_sees_no_entry_and_comes_not_in(browser_of, store, client):
    prescriber = browser_of(
        UserFactory(roles=[FORSKRIVARE], default_unit=UnitFactory(own_stores=[store]))
    )
    assert "Ny individ" not in text(prescriber.get("/individer/"))
    assert prescriber.get(URL).status_code == 403
    assert "Ny individ" in text(client.get("/individer/"))


def test_a_dialog_of_another_user_leads_to_the_search(client, browser_of, user, store):
    dialog = opened(client)
    colleague = UserFactory(roles=[BUFFERT], default_unit=user.default_unit)
    assert browser_of(colleague).get(f"{dialog}artikel/").url == "/individer/"
    assert browser_of(user).get(f"{dialog}artikel/").status_code == 200


def test_leaving_leads_back_to_the_store_it_began_from(client):
    dialog = opened(client)
    assert 'href="/lager/0880/"' in text(client.get(f"{dialog}artikel/"))
