"""An individual's page: its tabs, and what it tells of who has it."""

import datetime as dt

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from activities.models import MaintenanceSchedule
from individuals.models import Block, BlockReason, Component, Individual
from orders import services
from organisation.models import AccessLogEntry
from organisation.permissions import KHS
from recipients.models import CareRelation
from tests.activities.builders import plan_of
from tests.factories import (
    UNUSED_NUMBERS,
    ArticleFactory,
    BufferFactory,
    IndividualFactory,
    IsoClassFactory,
    LoanFactory,
    RecipientFactory,
    UserFactory,
    WarehouseFactory,
    answer_of,
    put_in_stock,
)
from tests.orders.builders import add, start
from tests.reading import read_page

pytestmark = pytest.mark.django_db


def text(response) -> str:
    return read_page(response)


def status_tab(client, piece):
    return client.get(f"/individer/{piece.number}/?flik=status")


def ask(client, piece, reason="Annat", text="Felanmälan från hemtjänsten"):
    url = f"/individer/{piece.number}/mottagare/"
    return client.post(url, answer_of(reason, text))


@pytest.fixture
def held():
    """A piece with somebody whom another unit ordered it for."""
    person = RecipientFactory(family_name="Innehavarsson", street="Hemvägen 9")
    return LoanFactory(
        recipient=person, individual=IndividualFactory(number="224559"), case_number="26410087"
    )


def relate(loan, unit) -> None:
    CareRelation.objects.create(recipient=loan.recipient, unit=unit, case_number=loan.case_number)


def test_information_tells_what_is_known_of_the_piece(client):
    article = ArticleFactory(
        number="43027", is_marked=True, iso_code="122203", iso_class=IsoClassFactory()
    )
    piece = IndividualFactory(
        article=article,
        purchased_on=dt.date(2023, 6, 13),
        acquisition_value="12559.50",
        warranty_until=dt.date(2027, 1, 2),
    )
    words = text(client.get(f"/individer/{piece.number}/"))
    assert f"<h1>Individ {piece.number}</h1>" in words
    for fact in ("43027", article.name, article.supplier.name, article.supplier_number,
                 "12\u00a022\u00a003", "2023-06-13", "12\u00a0559,50\u00a0kr", "2027-01-02"):  # fmt: skip
        assert fact in words
    assert "FU" not in words


def test_a_ceiling_hoist_tells_its_preventive_maintenance(client):
    hoist = ArticleFactory(is_marked=True, iso_code="123612")
    piece = IndividualFactory(article=hoist)
    words = text(client.get(f"/individer/{piece.number}/"))
    assert "Inget schema för förebyggande underhåll" in words
    plan_of(hoist)
    MaintenanceSchedule.objects.create(
        individual=piece, kind="service", last_on=dt.date(2026, 3, 1)
    )
    words = text(client.get(f"/individer/{piece.number}/"))
    assert "2026-03-01" in words and "2027-03-01" in words
    assert "12 månader mellan FU" in words


def test_status_tells_where_it_stands_and_why_it_is_blocked(client):
    (piece,) = put_in_stock(BufferFactory(), ArticleFactory(is_marked=True), 1)
    words = text(status_tab(client, piece))
    assert "0880 Kalmar kommuns förråd" in words and "Tillgänglig" in words
    Block.objects.create(individual=piece, reason=BlockReason.objects.get(code="recall"))
    words = text(status_tab(client, piece))
    assert "återkallelse" in words and "Ej tillgänglig" in words


def test_components_are_those_that_sit_on_it_now(client):
    piece = IndividualFactory()
    Component.objects.create(individual=piece, article=ArticleFactory(name="Dyna"), quantity=2)
    Component.objects.create(
        individual=piece, article=ArticleFactory(name="Bricka"), removed_at=timezone.now()
    )
    words = text(client.get(f"/individer/{piece.number}/?flik=komponenter"))
    assert "Dyna" in words
    assert "Bricka" not in words


def test_ordered_components_stand_there_until_they_are_delivered(client, prescriber, stranger):
    loan = LoanFactory(individual=IndividualFactory())
    piece = loan.individual
    for user in (prescriber, stranger):
        cart = start(user, loan.recipient)
        part = ArticleFactory(name=f"Armstöd till {user}")
        put_in_stock(WarehouseFactory(), part, 1)
        add(cart, part, fitted_to=piece)
        order = services.send(cart, user=user)
        if user == prescriber:
            mine = order
    page = f"/individer/{piece.number}/?flik=komponenter"
    words = text(client.get(page))
    assert f"Armstöd till {prescriber}" in words and f"Armstöd till {stranger}" in words
    assert f'href="/bestallningar/{mine.case_number}/"' in words
    assert f'href="/bestallningar/{order.case_number}/"' not in words  # another unit's
    services.deliver(mine, [services.Pick(mine.lines.get().pk, 1)], user=prescriber)
    ordered = text(client.get(page)).split("Beställda")[1]
    assert f"Armstöd till {prescriber}" not in ordered
    assert piece.components.get().article.name == f"Armstöd till {prescriber}"


def test_text_information(client):
    piece = IndividualFactory(text="Bytt motor\n<b>2025</b>")
    words = text(client.get(f"/individer/{piece.number}/?flik=text"))
    assert "Bytt motor" in words and "&lt;b&gt;2025" in words


def test_the_page_has_five_tabs_and_an_empty_one_says_so(client):
    url = f"/individer/{IndividualFactory().number}/"
    page = client.get(url)
    assert [tab["label"] for tab in page.context["tabs"]] == [
        "Individinformation",
        "Aktuell status",
        "Komponenter",
        "Aktiviteter",
        "Textinformation",
    ]
    assert "Inga aktiviteter är registrerade" in text(client.get(url + "?flik=aktiviteter"))


def test_an_unknown_number_is_not_found(client):
    assert client.get("/individer/999999/").status_code == 404
    assert client.get("/individer/a%00b/").status_code == 400


# --- who has it ---


def test_with_a_care_relation_the_recipient_stands_there_at_once(client, prescriber, held, logged):
    relate(held, prescriber.default_unit)
    words = text(status_tab(client, held.individual))
    assert "Innehavarsson" in words and "Hemvägen 9" in words and "26410087" in words
    assert "Visa mottagare" not in words
    assert logged(recipient_key=held.recipient.key) == ["view"]


def test_without_one_only_the_order_number_stands_there(client, held, logged):
    words = text(status_tab(client, held.individual))
    assert "26410087" in words and "Visa mottagare" in words
    for secret in ("Innehavarsson", "Hemvägen", held.recipient.number, str(held.recipient.key)):
        assert secret not in words
    assert logged() == []


def test_the_other_tabs_never_tell_nor_log_it(client, prescriber, held, logged):
    relate(held, prescriber.default_unit)
    for tab in ("information", "komponenter", "text"):
        words = text(client.get(f"/individer/224559/?flik={tab}"))
        assert "Innehavarsson" not in words
    assert logged() == []


def test_a_reason_shows_the_recipient_and_is_logged(client, held):
    assert ask(client, held.individual).url == "/individer/224559/?flik=status"
    words = text(status_tab(client, held.individual))
    assert "Innehavarsson" in words and "Hemvägen 9" in words
    first = AccessLogEntry.objects.order_by("id")[0]
    assert first.action == "reason" and first.recipient_key == held.recipient.key
    assert (first.reason.name, first.detail) == ("Annat", "Felanmälan från hemtjänsten")
    assert first.case_number == "26410087"


def test_what_a_reason_shows_ends_with_the_day(browser_of, prescriber, held):
    with time_machine.travel(timezone.localtime().replace(hour=23), tick=False) as clock:
        client = browser_of(prescriber)
        ask(client, held.individual)
        assert "Innehavarsson" in text(status_tab(client, held.individual))
        clock.shift(2 * 3600)
        client = browser_of(prescriber)
        assert "Innehavarsson" not in text(status_tab(client, held.individual))


def test_what_a_reason_shows_ends_with_the_loan(client, held):
    ask(client, held.individual)
    held.ended_at, held.returned = timezone.now(), held.quantity
    held.save()
    LoanFactory(
        individual=held.individual,
        recipient=RecipientFactory(family_name="Nyhållarsson"),
        case_number="26410099",
    )
    assert "Nyhållarsson" not in text(status_tab(client, held.individual))


@pytest.mark.parametrize("words", ["", "   ", "nej", "x" * 201, f"rör {UNUSED_NUMBERS[1]}."])
def test_a_bad_reason_shows_nothing(client, held, words, logged):
    answer = ask(client, held.individual, text=words)
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in text(answer)
    assert logged() == []
    assert "Innehavarsson" not in text(status_tab(client, held.individual))


def test_a_protected_person_is_never_told(client, prescriber, held, logged):
    held.recipient.is_protected = True
    held.recipient.save()
    relate(held, prescriber.default_unit)
    words = text(status_tab(client, held.individual))
    assert "Skyddad identitet" in words and "Visa mottagare" not in words
    answer = ask(client, held.individual)
    assert answer.status_code == 403
    for page in (words, text(answer), text(status_tab(client, held.individual))):
        assert "Innehavarsson" not in page and "Hemvägen" not in page
    assert logged() == ["refused"]


def test_khs_has_a_relation_through_every_unit(browser_of, stranger, held):
    khs = browser_of(UserFactory(roles=[KHS]))
    assert "Innehavarsson" not in text(status_tab(khs, held.individual))
    relate(held, stranger.default_unit)
    assert "Innehavarsson" in text(status_tab(khs, held.individual))


def test_pages_that_may_tell_of_people_are_not_kept(client, held):
    assert "no-store" in status_tab(client, held.individual)["Cache-Control"]


def test_asking_for_a_piece_that_nobody_has_says_so(client):
    answer = ask(client, IndividualFactory(status=Individual.Status.MISSING, number="300300"))
    assert answer.status_code == 409
    assert "inte hos någon mottagare" in text(answer)


def test_more_components_ask_no_more(client):
    piece = IndividualFactory()

    def asked(count: int) -> int:
        for _ in range(count):
            Component.objects.create(individual=piece, article=ArticleFactory())
            cart = start()
            add(cart, ArticleFactory(), fitted_to=piece)
            services.send(cart, user=cart.user)
        with CaptureQueriesContext(connection) as queries:
            client.get(f"/individer/{piece.number}/?flik=komponenter")
        return len(queries)

    asked(1)
    assert asked(1) == asked(15)
