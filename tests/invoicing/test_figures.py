"""«Siffror»: what the night counts, who sees which, and the sentence that each plot comes to."""

import datetime as dt
from datetime import UTC
from io import BytesIO

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from openpyxl import load_workbook

from activities.models import Activity
from articles.models import IsoClass
from invoicing import jobs
from invoicing.figures import counting
from invoicing.figures.plots import PLOTS
from invoicing.models import CountedMonth, Figure, MonthRun
from orders import services as orders
from orders.services import Pick
from organisation.models import AccessLogEntry
from organisation.permissions import BUFFERT, FORSKRIVARE, KHS, LOGGRANSKARE
from recipients.models import FollowUp
from tests.activities import builders as work
from tests.deviations.builders import registered as deviation_of
from tests.factories import (
    BufferFactory,
    RecipientFactory,
    UnitFactory,
    UserFactory,
    WarehouseFactory,
    put_in_stock,
)
from tests.jobs import run_jobs, waiting
from tests.orders.builders import add, sent, start
from tests.pickups.builders import lend, prescriber, returned, unit_with_store

from .builders import DECEMBER, NOVEMBER, OCTOBER, article, begun, on, run_month, words
from .test_specifications import controller, lent, payer

pytestmark = pytest.mark.django_db
PAGE = reverse("invoicing:figures")
NIGHT = dt.date(2026, 12, 2)


def counted(user, query: str = "") -> str:
    """What stands on the page, counted the night before."""
    with on(NIGHT):
        counting.count()
        return words(browser(user).get(f"{PAGE}?{query}"))


def browser(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def sheet(user, name: str, query: str = "") -> list[tuple]:
    """The rows of a plot's sheet, its heads first."""
    with on(NIGHT):
        client = browser(user)
        response = client.get(f"{reverse('invoicing:figures_sheet', args=[name])}?{query}")
    assert response.status_code == 200
    rows = load_workbook(BytesIO(response.content)).active.iter_rows(values_only=True)
    return [tuple(row) for row in rows]


def khs():
    return UserFactory(roles=[KHS])


def came_home(sent_on: str, delivered_on: str, what=None) -> None:
    """Ordered from KHS on a day and handed out on another."""
    what = what or article("sale", "100.00")
    with on(sent_on):
        put_in_stock(WarehouseFactory(), what, 1)
        order = sent((what, 1))
    with on(delivered_on):
        orders.deliver(order, [Pick(order.lines.get().pk, 1)], user=UserFactory())


# --- who sees what ---


@pytest.fixture
def october():
    """Kalmar's own aid is internal; its neighbour buys for 50 of it, and for 70 a month later."""
    neighbour = RecipientFactory(payer=payer("0881"))
    lent("2026-10-05", article("sale", "100.00"))
    lent("2026-10-06", article("sale", "50.00"), person=neighbour)
    run_month(OCTOBER)
    lent("2026-11-06", article("sale", "70.00"), person=neighbour)
    run_month(NOVEMBER)
    return neighbour


def test_a_controller_sees_the_cost_of_their_payers_and_no_others(october):
    text = counted(controller("0881"))
    assert "Kommun 0881, december 2025–november 2026" in text
    assert "Kostnaden steg 40 procent från oktober till november" in text
    assert sheet(controller("0881"), "kostnad")[1:] == [
        ("okt", 0.05, 0.05), ("nov", 0.07, 0.07),
    ]  # fmt: skip
    assert "Betalare" not in text, "there is one"
    text = counted(controller())
    assert "Kostnaden steg" not in text, "what is internal is no cost"


def test_the_sheet_of_khs_tells_all_payers(october):
    lent("2026-11-07", article("sale", "30.00"), person=RecipientFactory(payer=payer("0882")))
    counted(khs())
    rows = sheet(khs(), "kostnad", "efter=betalare")
    assert rows == [
        ("Månad", "Kommun 0881", "Summa"), ("okt", 0.05, 0.05), ("nov", 0.07, 0.07),
    ]  # fmt: skip


def test_a_prescriber_sees_their_unit_and_nothing_of_payers(october):
    unit = unit_with_store()  # of all prescribers who lend here
    text = counted(UserFactory(default_unit=unit))
    assert f"{unit.name}, december" in text and "Kommun 0881" not in text
    assert "Kostnaden steg 40 procent" in text
    elsewhere = UserFactory(default_unit=UnitFactory(code="annan", name="Öland"))
    text = counted(elsewhere)
    assert "Kostnaden steg" not in text and "Halva leveranserna" not in text


@pytest.mark.parametrize("role", [BUFFERT, LOGGRANSKARE])
def test_nobody_else_sees_any(browser_of, role):
    client = browser_of(UserFactory(roles=[role]))
    assert client.get(PAGE).status_code == 403
    assert client.get(reverse("invoicing:figures_sheet", args=["kostnad"])).status_code == 403


@pytest.mark.parametrize("name", ["", *PLOTS])
@pytest.mark.parametrize("query", ["betalare=0881", "enhet=annan", "betalare=x"])
def test_anothers_payer_or_unit_isnt_there(browser_of, name, query):
    UnitFactory(code="annan", payer=payer("0881"))
    counting.count()
    url = reverse("invoicing:figures_sheet", args=[name]) if name else PAGE
    assert browser_of(controller("0880", "0882")).get(f"{url}?{query}").status_code == 404


def test_a_plot_that_there_isnt(browser_of):
    assert browser_of(khs()).get("/siffror/lon/excel/").status_code == 404


@pytest.mark.parametrize("query", ["tid=13", "iso=x"])
def test_an_odd_choice_is_told_at_its_field(browser_of, query):
    counting.count()
    response = browser_of(khs()).get(f"{PAGE}?{query}")
    assert response.status_code == 422
    assert "ur listan." in words(response)


def test_filters_narrow_and_stand_in_the_address(october):
    IsoClass.objects.get_or_create(code="12", level=1, title="Hjälpmedel vid förflyttning")
    user = controller("0880", "0881")
    text = counted(user, "betalare=0881&efter=enhet&tid=24")
    assert "Kommun 0881, december 2024–november 2026" in text
    with on(NIGHT):
        page = browser(user).get(f"{PAGE}?betalare=0881&efter=enhet&tid=24").content.decode()
    assert "/siffror/kostnad/excel/?tid=24&amp;betalare=0881&amp;efter=enhet" in page
    assert "Kostnaden steg" not in counted(user, "iso=04")


def test_every_sheet_is_fetched_and_logged_and_tells_of_nobody(october):
    user = khs()
    counted(user)
    for name in PLOTS:
        text = str(sheet(user, name))
        assert october.number not in text and october.family_name not in text
    logged = AccessLogEntry.objects.filter(user=user, action="download")
    assert {entry.detail for entry in logged} == {f"Siffror {name}" for name in PLOTS}


# --- what is counted ---


def test_the_time_to_delivery_is_told_in_working_days():
    came_home("2026-11-06", "2026-11-09")  # over a weekend
    came_home("2026-11-02", "2026-11-05")
    came_home("2026-11-02", "2026-11-16")
    text = counted(khs())
    assert "Halva leveranserna i november kom inom 3 arbetsdagar" in text
    assert sheet(khs(), "leveranstid")[1:] == [("nov", 10, 3, 3)]


def test_what_somebody_had_before_saves_its_price():
    chair = article("sale", "4000.00", is_marked=True, responsibility="A")
    loan = lent("2026-10-05", chair)
    with on("2026-11-02"):
        returned(loan)
        store = BufferFactory()
        cart = start(prescriber(), RecipientFactory())
        add(cart, chair, warehouse=store, individual=loan.individual)
        orders.send(cart, user=cart.user)
    text = counted(khs())
    assert "50 procent av individerna hade använts förut; det sparade 4 000 kr" in text
    assert sheet(khs(), "ateranvant")[1:] == [
        ("okt", 0, 1, 0, 0), ("nov", 100, 1, 1, 4000),
    ]  # fmt: skip


def test_what_the_same_person_gets_again_isnt_used_anew():
    chair = article("sale", "4000.00", is_marked=True, responsibility="A")
    loan = lent("2026-10-05", chair)
    with on("2026-11-02"):
        returned(loan)
        cart = start(prescriber(), loan.recipient)
        add(cart, chair, warehouse=BufferFactory(), individual=loan.individual)
        orders.send(cart, user=cart.user)
    assert "Inget av det utlämnade hade använts förut" in counted(khs())
    assert sheet(khs(), "ateranvant")[1:] == [
        ("okt", 0, 1, 0, 0), ("nov", 0, 1, 0, 0),
    ]  # fmt: skip


def test_an_activity_is_late_when_its_day_has_passed():
    with on("2026-11-02"):
        late, in_time, cancelled, waits = (
            work.registered(recipient=RecipientFactory(), type="Konsulentärende") for _ in range(4)
        )
    Activity.objects.update(due_on="2026-11-10")
    Activity.objects.filter(pk=waits.pk).update(due_on="2026-12-20")
    Activity.objects.filter(pk=cancelled.pk).update(status="cancelled")
    with on("2026-11-10"):
        work.closed(in_time)
    assert late.closed_at is None
    text = counted(khs())
    assert "50 procent av aktiviteterna blev försenade" in text
    assert sheet(khs(), "aktiviteter")[1:] == [("nov", 1, 1, 50)]


def test_deviations_are_told_per_thousand_loans():
    loan = lent("2026-11-02", article())
    for _ in range(3):
        lent("2026-11-02", article())
    with on("2026-11-03"):
        deviation_of(loan)
    text = counted(khs())
    assert "250,0 avvikelser per 1 000 lån och månad" in text
    assert sheet(khs(), "avvikelser")[1:] == [("nov", 250, 1, 4)]


def test_what_came_back_within_ninety_days_is_told_by_the_follow_ups_answer():
    unused, kept, late = (lent("2026-06-01", article()) for _ in range(3))
    FollowUp.objects.create(
        loan=unused, due_on="2026-07-01", answer="unused", user=UserFactory()
    )  # fmt: skip
    for loan, day in ((unused, "2026-07-10"), (late, "2026-11-10")):
        with on(day):
            loan.refresh_from_db()
            returned(loan)
    lent("2026-11-01", article())
    assert kept.ended_at is None
    text = counted(khs())
    assert "33 procent av det utlämnade kom tillbaka inom 90 dagar" in text
    rows = sheet(khs(), "tillbaka")
    assert [row[:6] for row in rows[1:2]] == [("jun", 0, 0, 0, 1, 3)]
    assert rows[-1][0] == "aug", "november's ninety days aren't over"


def test_the_oldest_backlog_is_told_as_it_stands():
    with on("2026-11-02"):
        sent((article(), 3))
    with on("2026-11-25"):
        sent((article(), 1))
    text = counted(khs())
    assert "Den äldsta restnoteringen har väntat 30 dagar" in text, text
    assert sheet(khs(), "restnoterat")[1:] == [
        ("0–7", 1), ("8–14", 0), ("15–30", 3), ("31–60", 0), ("61–", 0),
    ]  # fmt: skip


def test_a_stores_turnover_and_what_lies_dead_in_it():
    store = BufferFactory()
    moved, dead = article("sale", "10.00"), article("sale", "25.00")
    with on("2025-06-01"):
        put_in_stock(store, moved, 30)
        put_in_stock(store, dead, 4)
    with on("2026-11-02"):
        lend(RecipientFactory(), moved, 10, store=store)  # what it lends is put there first
    text = counted(khs())
    assert "Dött lager för 100 kr" in text
    assert sheet(khs(), "dott-lager")[1:] == [(store.name, 100, 4)]
    (row,) = sheet(khs(), "omsattning")[1:]
    assert (row[0], round(row[1], 3), *row[2:]) == (store.name, 0.294, 10, 34, 34)
    assert sheet(controller("0882"), "dott-lager")[1:] == []


# --- the night ---


def test_before_the_first_night_the_page_says_so(browser_of):
    assert "Siffrorna är inte räknade än" in words(browser_of(khs()).get(PAGE))


def test_a_night_counts_the_newest_months_anew_and_leaves_the_others():
    with on(NIGHT):
        assert counting.count() == counting.KEPT
        assert counting.count() == counting.AGAIN
        assert CountedMonth.objects.count() == counting.KEPT
        came_home("2026-11-06", "2026-11-09")
        counting.count()
        counting.count()
        assert Figure.objects.get(measure="lead").count == 1
    with on("2027-01-02"):
        assert counting.count() == counting.AGAIN
        assert CountedMonth.objects.count() == counting.KEPT + 1


def test_a_month_that_was_run_isnt_drawn_before_it_is_counted(october):
    """It would be drawn as one that cost nothing."""
    user = controller("0881")
    assert "från oktober till november" in counted(user)
    with on("2026-12-20"):
        lent("2026-12-20", article("sale", "90.00"), person=october)
    with on("2027-01-02"):
        counting.count()
    run_month(DECEMBER)
    MonthRun.objects.filter(month=DECEMBER).update(finished_at=dt.datetime(2027, 1, 3, tzinfo=UTC))
    with on("2027-01-04"):
        text = words(browser(user).get(PAGE))
        assert "från oktober till november" in text
        counting.count()
        assert "från november till december" in words(browser(user).get(PAGE))


def test_a_month_is_drawn_when_it_was_counted_after_its_end():
    came_home("2026-11-02", "2026-11-05")
    with on("2026-11-30"):
        counting.count()
    with on("2026-12-01"):
        assert "Halva leveranserna i november" not in words(browser(khs()).get(PAGE))
        counting.count()
        assert "Halva leveranserna i november" in words(browser(khs()).get(PAGE))


def test_a_month_that_was_run_is_counted_at_once():
    run = begun(OCTOBER)
    with on("2026-11-01"):
        jobs.order_run(run)
        jobs.run_month(run.pk)
        jobs.count_soon()
        assert [name for name, _ in waiting()].count("invoicing.count_figures") == 1
        run_jobs()
    assert CountedMonth.objects.exists()


def test_the_page_asks_as_much_however_much_there_is(october):
    user, asked = khs(), []
    counted(user)
    for _ in range(2):
        with on(NIGHT):
            client = browser(user)
            with CaptureQueriesContext(connection) as queries:
                client.get(PAGE)
        asked.append(len(queries))
        for _ in range(3):
            came_home("2026-11-06", "2026-11-09")
            UnitFactory()
        counted(user)
    assert asked[0] == asked[1] < 40


def test_whoever_prescribes_finds_the_figures_under_mer(browser_of):
    assert (
        'href="/siffror/"' in browser_of(UserFactory(roles=[FORSKRIVARE])).get("/").content.decode()
    )
    assert 'href="/siffror/"' in browser_of(controller()).get("/").content.decode()
