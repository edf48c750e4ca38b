"""«Individer»: what is found, in which order, and that it tells nothing of people."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from individuals.models import Block, BlockReason, FormerNumber, Individual
from individuals.tables import IndividualTable
from organisation.permissions import CARE, CONTROLLER, LOGGRANSKARE
from tests.factories import (
    UNUSED_NUMBERS,
    ArticleFactory,
    IndividualFactory,
    LoanFactory,
    RecipientFactory,
    UserFactory,
    WarehouseFactory,
    put_in_stock,
)
from tests.reading import read_page

pytestmark = pytest.mark.django_db
URL = "/individer/"
Status = Individual.Status


def get(client, **query):
    return client.get(URL, query)


def found(response) -> list[str]:
    table = response.context.get("table")
    return [] if table is None else [row.number for row in table.rows]


def text(response) -> str:
    return read_page(response)


@pytest.fixture
def pieces():
    return [
        IndividualFactory(number="224559", serial_number="AB-77/1"),
        IndividualFactory(number="212245", serial_number="ab-78%x"),
        IndividualFactory(number="300001", serial_number="Z_9"),
    ]


@pytest.mark.parametrize(
    ("typed", "numbers"),
    [
        ("2245", ["212245", "224559"]),
        ("ab-7", ["212245", "224559"]),
        ("AB-7", ["212245", "224559"]),
        ("77/1", ["224559"]),
        ("78%", ["212245"]),
        ("%%%", []),
        ("Z_9", ["300001"]),
        ("Z-9", []),
        ("___", []),
        ("999999", []),
    ],
)
def test_any_part_of_number_or_serial_number_finds_it_literally(client, pieces, typed, numbers):
    assert found(get(client, q=typed)) == numbers


def test_the_hits_are_counted(client, pieces):
    assert "2 individer" in text(get(client, q="2245"))
    assert "1 individ<" in text(get(client, q="77/1"))
    assert "Inga individer" in text(get(client, q="999999"))


def test_fewer_than_three_characters_find_nothing_and_say_why(client, pieces):
    answer = get(client, q="22")
    assert found(answer) == []
    assert "Skriv minst tre tecken" in text(answer)


@pytest.mark.parametrize("typed", ["224559", " 224559 "])
def test_a_complete_number_opens_the_piece(client, pieces, typed):
    assert get(client, q=typed).url == "/individer/224559/"


def test_a_former_number_opens_the_piece_too(client, pieces):
    FormerNumber.objects.create(individual=pieces[0], number="111111")
    assert get(client, q="111111").url == "/individer/224559/"
    answer = client.get("/individer/111111/", follow=True)
    assert answer.redirect_chain == [("/individer/224559/", 302)]
    assert "Individ 111111 har bytt nummer och heter nu 224559" in text(answer)


def test_the_box_is_sent_by_post_and_shown_by_get(client, pieces):
    assert client.post(URL, {"q": "2245"}).url == "/individer/?q=2245"


def test_a_personal_number_in_the_wrong_box_is_neither_shown_nor_put_in_an_address(client):
    sent_on = get(client, q=UNUSED_NUMBERS[3])
    assert (sent_on.status_code, sent_on["Location"]) == (302, URL)
    for answer in (client.get(URL), client.post(URL, {"q": UNUSED_NUMBERS[3]})):
        assert UNUSED_NUMBERS[3] not in text(answer)
        assert "personnummer" in text(answer)
    assert answer.status_code == 422


def test_status_and_stock_status_are_two_columns(client):
    standing, blocked, _ = put_in_stock(WarehouseFactory(), ArticleFactory(is_marked=True), 3)
    Block.objects.create(individual=blocked, reason=BlockReason.objects.first())
    Individual.objects.filter(pk=standing.pk).update(number="500100")
    Individual.objects.filter(pk=blocked.pk).update(number="500200")
    IndividualFactory(number="500300")
    answer = get(client, q="500")
    rows = {r.number: (r.status, r.stock.label) for r in answer.context["table"].rows}
    assert rows == {
        "500100": (Status.IN_STOCK, "Tillgänglig"),
        "500200": (Status.IN_STOCK, "Ej tillgänglig"),
        "500300": (Status.WITH_RECIPIENT, "Ej tillgänglig"),
    }
    assert "Hos mottagare" in text(answer)
    assert found(get(client, q="500", sortera="stock"))[0] == "500100"


@pytest.mark.parametrize("column", ["number", "article", "name", "serial", "status", "stock"])
@pytest.mark.parametrize("falling", ["", "-"])
def test_every_column_sorts_both_ways(client, pieces, column, falling):
    answer = get(client, q="2245", sortera=f"{falling}{column}")
    assert sorted(found(answer)) == ["212245", "224559"]
    assert f'aria-sort="{"descending" if falling else "ascending"}"' in text(answer)


def test_names_sort_in_swedish(client):
    for number, name in (("600001", "Ålift"), ("600002", "Zlift"), ("600003", "Alift")):
        IndividualFactory(number=number, article=ArticleFactory(name=name, is_marked=True))
    assert found(get(client, q="6000", sortera="name")) == ["600003", "600002", "600001"]


def test_pages_and_one_past_the_end(client):
    article = ArticleFactory(is_marked=True)
    for n in range(30):
        IndividualFactory(number=f"7000{n:02}", article=article)
    assert len(found(get(client, q="7000"))) == 25
    assert found(get(client, q="7000", sida="2")) == [f"7000{n}" for n in range(25, 30)]
    assert found(get(client, q="7000", sida="99")) == [f"7000{n}" for n in range(25, 30)]
    assert "26–30 av 30" in text(get(client, q="7000", sida="2"))


def test_the_list_tells_nothing_of_people(client):
    piece = IndividualFactory(number="224559")
    person = RecipientFactory(family_name="Hemligsson")
    LoanFactory(recipient=person, article=piece.article, individual=piece, case_number="26419999")
    words = text(get(client, q="2245"))
    for secret in ("Hemligsson", person.number, person.street, "26419999", str(person.key)):
        assert secret not in words


def test_a_longer_list_asks_no_more(client):
    def asked(count: int) -> int:
        for _ in range(count):
            IndividualFactory(serial_number="MANY")
        with CaptureQueriesContext(connection) as queries:
            get(client, q="MANY")
        return len(queries)

    asked(1)
    assert asked(1) == asked(20)


@pytest.mark.parametrize("column", ["number", "-article", "name", "status", "stock"])
def test_more_than_anybody_counts_are_read_in_the_same_order(client, monkeypatch, column):
    for n in range(6):
        IndividualFactory(serial_number=f"MANY{n}")
    exact = [row.number for row in get(client, q="MANY", sortera=column).context["table"].rows]
    monkeypatch.setattr(IndividualTable, "counted_to", 4)
    monkeypatch.setattr(IndividualTable, "per_page", 4)
    many = get(client, q="MANY", sortera=column)
    assert [row.number for row in many.context["table"].rows] == exact[:4]
    assert "Fler än 4 individer" in many.content.decode()


def test_the_search_uses_the_trigram_indexes(client, pieces):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(
            "EXPLAIN SELECT id FROM individuals_individual"
            " WHERE upper(number) LIKE upper('%2245%') OR upper(serial_number) LIKE upper('%2245%')"
        )
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "individual_number_trgm" in plan
    assert "individual_serial_trgm" in plan


@pytest.mark.parametrize("role", CARE)
def test_who_works_with_recipients_sees_individuals_in_the_menu(browser_of, role):
    words = text(browser_of(UserFactory(roles=[role])).get("/"))
    assert 'href="/individer/"' in words


@pytest.mark.parametrize("role", [CONTROLLER, LOGGRANSKARE])
def test_others_do_not(browser_of, pieces, role):
    client = browser_of(UserFactory(roles=[role]))
    assert 'href="/individer/"' not in text(client.get("/"))
    assert get(client, q="2245").status_code == 403
    assert client.get("/individer/224559/").status_code == 403
