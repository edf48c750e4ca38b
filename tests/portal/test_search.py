"""«Mer» → «Sök»: a case by its number; orders, activities, pickup orders and deviations by time, unit
and state, without whom they are about."""

import datetime as dt
from io import BytesIO

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from openpyxl import load_workbook

from activities.models import Activity
from deviations.models import Deviation
from orders.models import Order, OrderLine
from organisation.models import AccessLogEntry
from organisation.permissions import KHS
from pickups.models import PickupOrder
from tests.activities.builders import registered
from tests.deviations.builders import grave
from tests.factories import (
    UNUSED_NUMBERS,
    ArticleFactory,
    RecipientFactory,
    UnitFactory,
    UserFactory,
)
from tests.orders.builders import sent
from tests.pickups.builders import fetched, lend
from tests.reading import read_page

pytestmark = pytest.mark.django_db
URL = "/sok/"
KINDS = ("bestallningar", "aktiviteter", "hamtordrar", "avvikelser")
BEGAN = {
    Order: "sent_at",
    Activity: "created_at",
    PickupOrder: "created_at",
    Deviation: "created_at",
}
DAY = dt.timedelta(days=1)


def main(answer) -> str:
    return read_page(answer).split("<main")[1]


@pytest.fixture
def cases(prescriber) -> dict:
    person = RecipientFactory()
    return {
        "bestallningar": sent((ArticleFactory(), 1), user=prescriber, recipient=person),
        "aktiviteter": registered(lend(person, ArticleFactory())),
        "hamtordrar": fetched(lend(person, ArticleFactory())),
        "avvikelser": grave(lend(person, ArticleFactory())),
    }


def test_the_page_has_the_words_that_users_know(client, cases):
    page = main(client.get(URL))
    for word in ("Snabbsökning", "Sök beställning", "Sök aktivitet", "Sök hämtorder"):
        assert word in page


# --- by number ---


def test_a_complete_number_of_every_kind_opens_the_case(client, cases):
    for place, case in cases.items():
        answer = client.post(URL, {"nummer": f" {case.case_number} "})
        assert answer.url == f"/{place}/{case.case_number}/"


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("", "Skriv hela ärendenumret."),
        ("2647", "Skriv hela ärendenumret, 8 siffror."),
        ("Cross", "Skriv hela ärendenumret, 8 siffror."),
        ("26470999", "Inget ärende har numret 26470999."),
        (UNUSED_NUMBERS[4], "Det ser ut som ett personnummer."),
    ],
)
def test_what_is_no_cases_number_is_told_at_the_field(client, typed, says):
    answer = client.post(URL, {"nummer": typed})
    assert answer.status_code == 422
    page = main(answer)
    assert says in page.split('id="id_nummer-error"')[1].split("</p>")[0]
    assert f'value="{typed}"' in page or not typed


# --- the lists ---


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_listed_by_its_time_without_whom_it_is_about(client, cases, kind):
    case = cases[kind]
    page = main(client.get(f"{URL}?flik={kind}"))
    assert case.case_number in page
    assert case.recipient.family_name not in page and case.recipient.number not in page
    began = BEGAN[type(case)]
    for days, period, is_there in (
        (6, "vecka", True), (9, "vecka", False), (9, "manad", True), (40, "manad", False),
        (40, "kvartal", True), (100, "kvartal", False), (100, "ar", True), (400, "ar", False),
    ):  # fmt: skip
        type(case).objects.filter(pk=case.pk).update(**{began: timezone.now() - days * DAY})
        page = main(client.get(f"{URL}?flik={kind}&tid={period}"))
        assert (f">{case.case_number}<" in page) == is_there, (days, period)


def test_the_active_unit_is_preselected_and_another_can_be_chosen(client, prescriber, cases):
    other = UnitFactory(code="K02", name="Rehab Kalmar norr")
    prescriber.units.add(other)
    order = cases["bestallningar"]
    page = main(client.get(URL))
    assert f'value="{prescriber.default_unit.code}" selected' in page
    Order.objects.filter(pk=order.pk).update(unit=other)
    assert order.case_number not in main(client.get(URL))
    for unit in ("K02", "alla"):
        assert order.case_number in main(client.get(f"{URL}?tjanststalle={unit}"))


def test_another_units_is_listed_by_nobody_but_khs(browser_of, cases):
    elsewhere = UnitFactory(code="V01", name="Hemrehab Västervik")
    stranger = browser_of(UserFactory(default_unit=elsewhere))
    khs = browser_of(UserFactory(roles=[KHS], default_unit=elsewhere))
    for kind, case in cases.items():
        for unit in ("alla", case.unit.code):
            page = main(stranger.get(f"{URL}?flik={kind}&tjanststalle={unit}"))
            assert case.case_number not in page
        assert case.case_number not in main(
            stranger.get(f"{URL}?flik={kind}&panel={case.case_number}")
        )
        page = main(khs.get(f"{URL}?flik={kind}&tjanststalle=alla"))
        assert case.case_number in page


def test_a_status_and_what_is_late_narrow_the_list(client, cases):
    order = cases["bestallningar"]
    assert "field-error" not in main(
        client.get(f"{URL}?status=inget&tjanststalle=inget&tid=aldrig")
    )
    assert order.case_number in main(client.get(f"{URL}?status={order.status}"))
    assert order.case_number not in main(client.get(f"{URL}?status=cancelled"))
    yesterday = timezone.localdate() - DAY
    late = {
        "bestallningar": lambda: OrderLine.objects.update(planned_delivery=yesterday),
        "aktiviteter": lambda: Activity.objects.update(due_on=yesterday),
        "hamtordrar": lambda: PickupOrder.objects.update(planned_for=yesterday),
        "avvikelser": lambda: Deviation.objects.update(due_on=yesterday),
    }
    OrderLine.objects.update(planned_delivery=yesterday + 9 * DAY)
    Activity.objects.update(due_on=yesterday + 9 * DAY)
    PickupOrder.objects.update(planned_for=yesterday + 9 * DAY)
    Deviation.objects.update(due_on=yesterday + 9 * DAY)
    for kind, case in cases.items():
        asked = f"{URL}?flik={kind}&sena=ja"
        assert f">{case.case_number}<" not in main(client.get(asked)), kind
        late[kind]()
        if kind == "bestallningar":
            Order.objects.update(planned_delivery=yesterday)
        assert f">{case.case_number}<" in main(client.get(asked)), kind


def test_every_column_sorts_both_ways(client, cases):
    for kind in KINDS:
        page = main(client.get(f"{URL}?flik={kind}"))
        heads = page.split("<thead")[1].split("</thead>")[0]
        assert heads.count("<th") - 1 <= heads.count("sortera="), kind
        for name in {part.split('"')[0].split("&")[0] for part in heads.split("sortera=")[1:]}:
            for way in ("", "-"):
                asked = f"{URL}?flik={kind}&sortera={way}{name.lstrip('-')}"
                assert client.get(asked).status_code == 200, asked


@pytest.mark.parametrize("kind", KINDS)
def test_a_row_opens_the_panel_which_leads_to_the_case(client, cases, kind):
    case = cases[kind]
    before = AccessLogEntry.objects.count()
    page = main(client.get(f"{URL}?flik={kind}&panel={case.case_number}"))
    assert f'href="/{kind}/{case.case_number}/"' in page
    assert case.recipient.family_name not in page
    assert AccessLogEntry.objects.count() == before


# --- Excel ---


@pytest.mark.parametrize("kind", KINDS)
def test_the_panel_says_of_nobody_whatever_the_address_asks_for(client, cases, kind):
    case, before = cases[kind], AccessLogEntry.objects.count()
    page = main(client.get(f"{URL}?flik={kind}&panel={case.case_number}&mottagare=1"))
    assert "Gå till " in page and case.recipient.family_name not in page
    assert AccessLogEntry.objects.count() == before


@pytest.mark.parametrize("kind", KINDS)
def test_the_list_is_fetched_as_excel_with_real_days_and_no_person(client, cases, kind):
    case = cases[kind]
    answer = client.get(f"/sok/excel/?flik={kind}")
    assert answer["Content-Disposition"].startswith(f'attachment; filename="{kind}-')
    sheet = load_workbook(BytesIO(answer.content)).active
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    row = next(row for row in rows if row[0] == case.case_number)
    assert any(isinstance(value, dt.datetime) for value in row)
    assert case.recipient.family_name not in str(rows)
    assert sheet.freeze_panes == "A2" and sheet.auto_filter.ref


def test_text_in_the_sheet_is_never_a_formula(client, prescriber):
    sent((ArticleFactory(name="=1+2"), 1), user=prescriber)
    sheet = load_workbook(BytesIO(client.get("/sok/excel/").content)).active
    cell = next(c for row in sheet.iter_rows() for c in row if "1+2" in str(c.value))
    assert cell.data_type == "s"


def test_a_sheet_that_would_be_too_long_says_so(client, cases, monkeypatch):
    monkeypatch.setattr("portal.search.MOST_ROWS", 0)
    answer = client.get("/sok/excel/?tid=ar", follow=True)
    assert "Excel tar högst 0 rader. Välj en kortare tid" in main(answer)
    assert "tid=ar" in answer.redirect_chain[0][0]


def test_many_ask_no_more(client, prescriber, cases, django_assert_max_num_queries):
    for kind in KINDS:
        client.get(f"{URL}?flik={kind}")
    asked = {}
    for kind in KINDS:
        with CaptureQueriesContext(connection) as few:
            client.get(f"{URL}?flik={kind}")
        asked[kind] = len(few)
    person = cases["bestallningar"].recipient
    for _ in range(3):
        sent((ArticleFactory(), 1), user=prescriber, recipient=person)
        registered(lend(person, ArticleFactory()))
        fetched(lend(person, ArticleFactory()))
        grave(lend(person, ArticleFactory()))
    for kind in KINDS:
        with django_assert_max_num_queries(asked[kind]):
            client.get(f"{URL}?flik={kind}")


def test_the_activities_old_address_leads_here(client):
    assert client.get("/aktiviteter/").url == "/sok/?flik=aktiviteter"
