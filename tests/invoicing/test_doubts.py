"""«Lån att ifrågasätta»: which loans the night finds, what KHS does about them."""

import datetime as dt
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from activities.models import Activity
from invoicing import doubts
from invoicing.models import DoubtfulLoan
from orders import services as orders
from orders.services import Pick
from organisation.models import AccessLogEntry, Message, User
from recipients.models import Loan, Recipient
from tests.activities import builders as work
from tests.deviations.builders import khs_user
from tests.factories import RecipientFactory, UserFactory, WarehouseFactory, put_in_stock
from tests.orders.builders import sent
from tests.pickups.builders import fetched, returned

from .builders import article, costs, on, words
from .test_specifications import lent

pytestmark = pytest.mark.django_db
PAGE = reverse("admin:invoicing_doubtfulloan_changelist")
TODAY = dt.date(2026, 11, 28)


def found() -> list[tuple[str, str]]:
    """Why the night finds something, and what it costs a month."""
    with on(TODAY):
        doubts.find()
    rows = DoubtfulLoan.objects.order_by("doubt", "pk")
    return [(row.doubt, str(row.per_month)) for row in rows]


def browser(user=None) -> Client:
    client = Client()
    client.force_login(user or khs_user())
    return client


def shown(query: str = "") -> str:
    with on(TODAY):
        return words(browser().get(f"{PAGE}?{query}"))


def dies(loan: Loan) -> None:
    Recipient.objects.filter(pk=loan.recipient_id).update(deceased_on=TODAY)


def handed_out(person, what, quantity: int, day: str) -> None:
    with on(day):
        put_in_stock(WarehouseFactory(), what, quantity)
        order = sent((what, quantity), recipient=person)
        orders.deliver(order, [Pick(order.lines.get().pk, quantity)], user=UserFactory())


def test_what_the_deceased_hold_costs_the_rent_of_today():
    chair = article("rent", "95.00")
    costs(chair, "99.00", "2026-11-01")
    dies(lent("2026-10-05", chair, 2))
    lent("2026-10-05", chair)
    assert found() == [("deceased", "198.00")]


def test_what_was_sold_costs_nothing_a_month():
    dies(lent("2026-10-05", article("sale", "4000.00")))
    assert found() == [("deceased", "0.00")]


def test_somebody_has_moved_where_no_payer_is_theirs():
    loan = lent("2026-10-05", article())
    assert found() == []
    Recipient.objects.filter(pk=loan.recipient_id).update(municipality_code="0180")
    assert found() == [("moved", "95.00")]
    Recipient.objects.filter(pk=loan.recipient_id).update(is_protected=True)
    assert found() == [], "where a protected person is registered is told to nobody"


def test_the_second_of_two_alike_is_asked_about():
    person, chair = RecipientFactory(), article()
    lent("2026-10-05", chair, person=person)
    second = lent("2026-11-05", chair, person=person)
    lent("2026-11-05", article(), person=person)
    assert found() == [("twice", "95.00")]
    assert DoubtfulLoan.objects.get().loan == second


def test_rented_for_a_year_without_service():
    loan = lent("2025-10-05", article(is_marked=True))
    lent("2026-10-05", article(is_marked=True))
    assert found() == [("unserviced", "95.00")]
    with on("2026-10-01"):
        work.closed(work.registered(loan))
    assert Activity.objects.exists() and found() == []


def test_what_is_used_more_than_twice_as_fast_as_before():
    person, pads = RecipientFactory(), article("sale", "30.00", type="consumable")
    for day in ("2026-02-02", "2026-04-06", "2026-06-01"):
        handed_out(person, pads, 10, day)
    handed_out(person, pads, 10, "2026-10-05")
    assert found() == []
    handed_out(person, pads, 20, "2026-11-02")
    assert found() == [("fast", "200.00")], "20 more in three months, at 30 kr"


def test_what_is_no_doubt_any_more_is_gone_and_what_is_asked_stays_asked():
    loan, other = lent("2026-10-05", article()), lent("2026-10-06", article())
    dies(loan)
    dies(other)
    assert len(found()) == 2
    with on(TODAY):
        doubts.ask(DoubtfulLoan.objects.get(loan=loan), user=khs_user())
        returned(other)
    assert len(found()) == 1
    assert DoubtfulLoan.objects.get().asked_at


def test_the_page_tells_the_sum_and_leads_to_a_pickup_order():
    loan = lent("2026-10-05", article())
    dies(loan)
    dies(lent("2026-10-05", article("rent", "10.00")))
    found()
    text = shown()
    assert "2 lån, 105,00 kr per månad" in text
    assert text.index("95,00") < text.index("10,00 Hämtorder"), "the dearest first"
    with on(TODAY):
        page = browser().get(PAGE).content.decode()
    assert f"/hamtordrar/ny/{loan.recipient.key}/?valda={loan.pk}" in page
    assert "Inga lån att ifrågasätta" in shown("varfor=moved")
    assert "2 lån" in shown("varfor=x"), "an odd reason is all of them"
    assert "visas." not in shown()
    with on(TODAY):
        pickup = fetched(loan)
    assert f"Hämtorder {pickup.case_number}" in shown()


def test_a_loan_that_is_asked_about_for_two_reasons_is_one_and_costs_once():
    person, chair = RecipientFactory(), article("rent", "95.00")
    lent("2026-10-05", chair, person=person)
    second = lent("2026-11-05", chair, person=person)
    dies(second)
    assert [doubt for doubt, _ in found()] == ["deceased", "deceased", "twice"]
    text = shown()
    assert "2 lån, 190,00 kr per månad" in text
    assert "Ett lån som ifrågasätts av två skäl står på två rader." in text
    text = shown("varfor=twice")
    assert "1 lån, 95,00 kr per månad" in text and "på två rader" not in text


def test_what_came_back_today_isnt_shown():
    loan = lent("2026-10-05", article())
    dies(loan)
    found()
    with on(TODAY):
        returned(loan)
    assert "Inga lån att ifrågasätta" in shown()


def test_a_look_at_the_page_is_logged():
    loan = lent("2026-10-05", article())
    dies(loan)
    found()
    shown()
    entry = AccessLogEntry.objects.get(detail="Lån att ifrågasätta")
    assert (entry.recipient_key, entry.case_number) == (loan.recipient.key, loan.case_number)


def asked_by_khs(loan: Loan) -> str:
    """What KHS's page says when the loan's prescriber is asked."""
    row = DoubtfulLoan.objects.get(loan=loan)
    with on(TODAY):
        return words(browser().post(PAGE, {"lan": row.pk}, follow=True))


def test_the_prescriber_is_asked_once():
    loan = lent("2026-10-05", article(name="Rullstol Cross"))
    dies(loan)
    found()
    prescriber = User.objects.get(prescribed_orders__case_number=loan.case_number)
    assert "Förskrivaren har fått ett meddelande." in asked_by_khs(loan)
    assert "Tillfrågad 2026-11-28" in asked_by_khs(loan)
    told = Message.objects.get(user=prescriber)
    assert "Rullstol Cross: Mottagaren har avlidit" in told.text
    assert told.case_number == loan.case_number
    assert AccessLogEntry.objects.filter(action="change", case_number=loan.case_number).exists()


def test_of_a_protected_person_the_message_tells_nothing():
    loan = lent("2026-10-05", article())
    dies(loan)
    Recipient.objects.filter(pk=loan.recipient_id).update(is_protected=True)
    found()
    asked_by_khs(loan)
    assert Message.objects.get(title__startswith="KHS frågar").text == ""


def test_a_prescriber_who_has_left_isnt_asked():
    loan = lent("2026-10-05", article())
    dies(loan)
    found()
    User.objects.filter(prescribed_orders__case_number=loan.case_number).update(is_active=False)
    assert "Kontakta tjänstestället" in asked_by_khs(loan)
    assert "Fråga förskrivaren" not in shown()


@pytest.mark.parametrize("number", ["", "x", "0", "9" * 30, "²"])
def test_an_odd_number_is_told_to_be_gone(number):
    with on(TODAY):
        text = words(browser().post(PAGE, {"lan": number}, follow=True))
    assert "inte längre ifrågasatt" in text


def test_the_page_asks_as_much_however_many_there_are():
    asked = []
    for _ in range(2):
        for _ in range(3):
            dies(lent("2026-10-05", article()))
        found()
        with on(TODAY):
            client = browser()
            with CaptureQueriesContext(connection) as queries:
                client.get(PAGE)
        asked.append(len(queries))
    assert asked[0] == asked[1]
    assert DoubtfulLoan.objects.first().per_month == Decimal("95.00")
