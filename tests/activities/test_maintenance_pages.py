"""What KHS sees of maintenance: the list and its sheet, the plans, a piece's own schedule."""

import datetime as dt
import re
from io import BytesIO

import pytest
from dateutil.relativedelta import relativedelta
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from activities.khs import DayStop
from activities.maintenance import making, night
from activities.models import Activity, MaintenancePlan, MaintenanceSchedule
from articles.models import Article
from individuals.models import Block, Individual
from individuals.stock_check import differences
from organisation.permissions import FORSKRIVARE
from recipients.models import Loan, Recipient
from sesam import history
from sesam.models import Printout
from tests.factories import (
    ArticleFactory,
    BufferFactory,
    PayerFactory,
    UnitFactory,
    UserFactory,
    WarehouseFactory,
    put_in_stock,
)
from tests.jobs import run_jobs, waiting
from tests.pickups.builders import lend, someone
from tests.reading import read_page

from .builders import due_in, made_of, plan_of, technician

pytestmark = pytest.mark.django_db
LIST = reverse("admin:activities_maintenanceschedule_changelist")
PLANS = reverse("admin:activities_maintenanceplan_changelist")
TODAY = timezone.localdate


@pytest.fixture
def khs():
    client = Client()
    client.force_login(technician())
    return client


@pytest.fixture
def hoist():
    return ArticleFactory(name="Taklyft", is_marked=True, iso_code="123612")


@pytest.fixture
def plan(hoist):
    return plan_of(hoist)


def home(article, **facts) -> Loan:
    loan = lend(someone(), article)
    if facts:
        Recipient.objects.filter(pk=loan.recipient_id).update(**facts)
    return loan


def at_khs(article) -> Individual:
    (piece,) = put_in_stock(WarehouseFactory(), article, 1)
    return piece


def shown(client, query: str = "") -> str:
    return read_page(client.get(f"{LIST}{query}"))


def change_url(schedule: MaintenanceSchedule) -> str:
    return reverse("admin:activities_maintenanceschedule_change", args=[schedule.pk])


# --- the list ---


def test_the_list_shows_what_is_overdue_and_what_falls_due_within_thirty_days(khs, plan, hoist):
    late, soon, later = (due_in(days, at_khs(hoist)) for days in (-3, 30, 31))
    page = shown(khs)
    assert late.individual.number in page and soon.individual.number in page
    assert later.individual.number not in page
    assert page.index(late.individual.number) < page.index(soon.individual.number)
    only_late = shown(khs, "?lage=forfallet")
    assert late.individual.number in only_late and soon.individual.number not in only_late


def test_a_row_leads_to_its_activity_and_says_where_the_piece_is(khs, plan, hoist):
    loan = home(hoist)
    schedule = due_in(3, loan.individual)
    night.run()
    page = shown(khs)
    assert f'href="/aktiviteter/{made_of(schedule).case_number}/"' in page
    assert "Hos mottagare" in page
    assert loan.recipient.family_name not in page


def test_the_list_is_narrowed_to_what_a_municipality_has_at_home_and_in_its_store(khs, plan, hoist):
    nybro = PayerFactory(code="0881", name="Nybro kommun")
    here, there = home(hoist), home(hoist, payer=nybro)
    (stands,) = put_in_stock(BufferFactory(), hoist, 1)
    pieces = [here.individual, there.individual, stands]
    for piece in pieces:
        due_in(-1, piece)
    page = shown(khs, "?kommun=0880")
    assert [piece.number in page for piece in pieces] == [True, False, True]
    page = shown(khs, "?kommun=0881")
    assert [piece.number in page for piece in pieces] == [False, True, False]


def test_of_a_protected_person_the_list_tells_no_municipality(khs, plan, hoist):
    loan = home(hoist, is_protected=True)
    due_in(-1, loan.individual)
    assert loan.individual.number not in shown(khs, "?kommun=0880")
    page = shown(khs)
    row = page[page.index(loan.individual.number) :][:900]
    assert "Skyddad identitet" in row and "Kalmar" not in row


def test_who_has_died_is_to_be_fetched_from(khs, plan, hoist):
    due_in(-1, home(hoist, deceased_on=TODAY()).individual)
    assert "Hos mottagare som har avlidit" in shown(khs)


def test_the_number_of_questions_doesnt_grow_with_the_rows(khs, plan, hoist):
    def asked() -> int:
        night.run()
        with CaptureQueriesContext(
            connection,
        ) as questions:
            shown(khs)
        return len(questions)

    due_in(-1, home(hoist).individual)
    due_in(-1, at_khs(hoist))
    few = asked()
    for _ in range(4):
        due_in(-1, home(hoist).individual)
        due_in(-1, at_khs(hoist))
    assert asked() == few


def test_the_list_is_fetched_as_a_sheet_with_what_was_chosen(khs, plan, hoist):
    PayerFactory(code="0881", name="Nybro kommun")
    loan, other = home(hoist), home(hoist, payer=PayerFactory(code="0881"))
    schedule = due_in(-1, loan.individual)
    due_in(-1, other.individual)
    hidden = home(hoist, is_protected=True)
    due_in(-1, hidden.individual)
    night.run()
    rows = sheet(khs, kommun="0880", lage="forfallet")
    assert [row[0] for row in rows[1:]] == [loan.individual.number]
    found = dict(zip(rows[0], rows[1], strict=True))
    assert found["Nästa FU"].date() == schedule.due_on
    assert (found["Kommun"], found["Utförs av"]) == ("Kalmar kommun", "KHS")
    assert found["Aktivitet"] == made_of(schedule).case_number
    whole = {row[0]: row for row in sheet(khs)[1:]}
    assert len(whole) == 3
    assert "Skyddad identitet" in whole[hidden.individual.number]
    assert not any("Kalmar" in str(cell) for cell in whole[hidden.individual.number])


def sheet(client, **chosen) -> list[tuple]:
    client.post(reverse("admin:activities_maintenanceschedule_sheet"), chosen)
    run_jobs()
    made = Printout.objects.latest("pk")
    assert not made.error
    return list(load_workbook(BytesIO(made.file.read())).active.iter_rows(values_only=True))


def test_the_home_tells_what_is_overdue(khs, plan, hoist):
    due_in(-3, at_khs(hoist))
    page = read_page(khs.get("/admin/"))
    assert "Underhåll som har gått ut" in page and "?lage=forfallet" in page


# --- plans ---


def new_plan(**facts) -> dict:
    said = {
        "kind": "service", "article": "", "iso_class": "", "months": "12", "counts_from": "last",
        "starts_on": "2026-01-01", "lead_days": "30", "done_by": "khs", "supplier": "",
        "instructions": "", "is_active": "on",
    }  # fmt: skip
    return said | facts


def test_a_plan_is_made_and_the_dates_follow(khs, hoist):
    piece = at_khs(hoist)
    add = reverse("admin:activities_maintenanceplan_add")
    assert khs.post(add, new_plan(article=hoist.pk)).status_code == 302
    assert MaintenancePlan.objects.get().article == hoist
    assert [name for name, _ in waiting()] == ["activities.maintain"]
    khs.post(add, new_plan(article=hoist.pk, kind="inspection"))
    run_jobs()
    assert MaintenanceSchedule.objects.filter(individual=piece).count() == 2
    assert "Taklyft" in read_page(khs.get(PLANS))


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({}, "Ange en artikel eller en ISO-klass, inte båda."),
        ({"counted": True}, "Artikeln är inte individmärkt"),
        ({"marked": True, "done_by": "supplier"}, "Leverantören utför: ange vilken."),
        ({"marked": True, "months": "0"}, "1"),
        ({"marked": True, "months": "241"}, "240"),
        ({"marked": True, "starts_on": "2026-02-30"}, "datum"),
    ],
)
def test_a_plan_that_makes_no_sense_is_told_so_at_its_field(khs, hoist, said, told):
    said = dict(said)
    if said.pop("marked", False):
        said["article"] = hoist.pk
    if said.pop("counted", False):
        said["article"] = ArticleFactory().pk
    answer = khs.post(reverse("admin:activities_maintenanceplan_add"), new_plan(**said))
    page = read_page(answer)
    assert "Inget är sparat än." in page and told in page
    assert not MaintenancePlan.objects.exists()


def test_a_second_plan_of_the_kind_is_refused(khs, plan, hoist):
    add = reverse("admin:activities_maintenanceplan_add")
    page = read_page(khs.post(add, new_plan(article=hoist.pk, months="6")))
    assert "Det finns redan en plan för service där." in page


def changed_plan(client, plan, **facts):
    said = new_plan(**facts)
    for name in ("kind", "article", "iso_class"):
        said.pop(name, None)
    return client.post(reverse("admin:activities_maintenanceplan_change", args=[plan.pk]), said)


def test_an_ended_plan_isnt_taken_up_again_beside_another(khs, plan, hoist):
    MaintenancePlan.objects.filter(pk=plan.pk).update(is_active=False)
    plan_of(hoist, months=6)
    page = read_page(changed_plan(khs, plan, is_active="on"))
    assert "Det finns redan en plan för service där." in page
    assert MaintenancePlan.objects.filter(is_active=True).count() == 1


def test_a_plan_of_what_isnt_marked_any_more_can_be_ended(khs, plan, hoist):
    Article.objects.filter(pk=hoist.pk).update(is_marked=False)
    assert changed_plan(khs, plan, months="12", is_active="").status_code == 302
    plan.refresh_from_db()
    assert not plan.is_active


# --- a piece's own ---


def test_a_piece_gets_an_interval_of_its_own_and_its_activity_follows(khs, plan, hoist):
    schedule = due_in(3, at_khs(hoist))
    night.run()
    before = made_of(schedule).due_on
    khs.post(change_url(schedule), {"own_months": "18", "last_on": f"{schedule.last_on}"})
    schedule.refresh_from_db()
    assert schedule.months == 18 and schedule.due_on > before
    assert made_of(schedule).due_on == schedule.due_on
    assert "18 månader mellan FU" in read_page(khs.get(f"/individer/{schedule.individual}/"))


def test_the_open_activity_is_locked_before_its_schedule_as_where_it_is_closed(khs, plan, hoist):
    schedule = due_in(3, at_khs(hoist))
    night.run()
    with CaptureQueriesContext(connection) as asked:
        khs.post(change_url(schedule), {"own_months": "18", "last_on": f"{schedule.last_on}"})
    locked = [q["sql"].split(" FOR UPDATE")[1] for q in asked if " FOR UPDATE" in q["sql"]]
    tables = [name for sql in locked for name in re.findall(r'OF "(\w+)"', sql)]
    assert tables.index("activities_activity") < tables.index("activities_maintenanceschedule")


def test_what_khs_says_was_done_can_be_handed_out_at_once(khs, hoist):
    plan_of(hoist, blocks=True)
    piece = at_khs(hoist)
    schedule = due_in(-1, piece)
    night.run()
    assert Block.objects.filter(individual=piece, until=None).exists()
    khs.post(change_url(schedule), {"own_months": "", "last_on": f"{TODAY()}"})
    assert not Block.objects.filter(individual=piece, until=None).exists()
    assert made_of(schedule).due_on > TODAY()
    assert differences() == []


@pytest.mark.parametrize("key", ["x", "²", "9" * 30])
def test_a_schedule_that_isnt_there_is_not_saved(khs, key):
    url = reverse("admin:activities_maintenanceschedule_change", args=[key])
    assert khs.post(url, {"own_months": "18"}).status_code in (302, 404)


def test_a_piece_is_exempted_and_what_nobody_has_begun_is_taken_back(khs, plan, hoist):
    schedule = due_in(3, at_khs(hoist))
    night.run()
    khs.post(
        change_url(schedule),
        {"own_months": "", "is_exempt": "on", "last_on": f"{schedule.last_on}"},
    )
    schedule.refresh_from_db()
    assert schedule.due_on is None
    assert not Activity.objects.still_open().exists()
    assert "Undantagen" in read_page(khs.get(f"/individer/{schedule.individual}/"))


def plan_of_query(sql: str) -> str:
    """How PostgreSQL would find it on tables of some size."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {sql}")
        return "\n".join(row[0] for row in cursor.fetchall())


def many_due_in_a_year(hoist) -> None:
    """Some of size, known to the planner: what other tests left says nothing."""
    store = WarehouseFactory()
    pieces = [Individual(number=f"8{n:06}", article=hoist, warehouse=store) for n in range(2000)]
    Individual.objects.bulk_create(pieces)
    due = TODAY() + dt.timedelta(365)
    MaintenanceSchedule.objects.bulk_create(
        MaintenanceSchedule(individual=piece, kind="service", own_months=12, due_on=due)
        for piece in pieces
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE activities_maintenanceschedule; ANALYZE individuals_individual")


def test_the_list_and_the_night_find_what_is_due_and_what_is_open_by_indexes(khs, plan, hoist):
    due_in(3, home(hoist).individual)
    night.run()
    many_due_in_a_year(hoist)
    with CaptureQueriesContext(connection) as asked:
        khs.get(reverse("admin:activities_maintenanceschedule_changelist"))
    about = [q["sql"] for q in asked if q["sql"].startswith("SELECT")]
    rows = [q for q in about if 'FROM "activities_maintenanceschedule"' in q and "LIMIT" in q]
    assert rows and all("schedule_due" in plan_of_query(sql) for sql in rows)
    (its_open,) = [q for q in about if 'FROM "activities_activity"' in q]
    assert '"maintenance_id" IN (' in its_open  # not all that are open
    with CaptureQueriesContext(connection) as asked:
        list(making.falling_due(TODAY())[:10])
    found = asked[-1]["sql"]
    assert "schedule_due" in plan_of_query(found) and '"maintenance_id" = (' in found


def test_it_was_never_done_tomorrow(khs, plan, hoist):
    schedule = due_in(3, at_khs(hoist))
    said = {"own_months": "", "last_on": f"{TODAY() + dt.timedelta(1)}"}
    assert "Välj en dag som har varit." in read_page(khs.post(change_url(schedule), said))


def test_a_piece_without_a_plan_gets_a_schedule_of_its_own(khs):
    piece = at_khs(ArticleFactory(is_marked=True))
    page = read_page(khs.get(f"/individer/{piece.number}/"))
    add = reverse("admin:activities_maintenanceschedule_add")
    assert f'href="{add}?individ={piece.number}"' in page
    assert f'value="{piece.number}"' in read_page(khs.get(f"{add}?individ={piece.number}"))
    said = {"number": piece.number, "kind": "battery", "own_months": "24", "last_on": "2026-01-31"}
    khs.post(add, said)
    schedule = MaintenanceSchedule.objects.get()
    assert (schedule.individual, schedule.due_on) == (piece, dt.date(2028, 1, 31))
    assert khs.post(add, said).status_code == 302  # sent twice
    other = said | {"own_months": "12"}
    assert "Individen har redan ett sådant schema" in read_page(khs.post(add, other))
    assert MaintenanceSchedule.objects.get().own_months == 24


def test_what_khs_sets_for_a_piece_stands_in_its_history_and_what_the_night_makes_doesnt(
    khs, plan, hoist
):
    schedule = due_in(3, at_khs(hoist))
    said = {"own_months": "6", "last_on": f"{schedule.last_on}"}
    khs.post(change_url(schedule), said)
    page = read_page(khs.get(change_url(schedule).replace("change", "history")))
    assert "Eget intervall i månader" in page and "6" in page
    changes = history.of(MaintenanceSchedule).changes.objects
    assert not changes.filter(pgh_label="insert").exists()
    before = changes.count()
    night.run()
    assert changes.count() == before
    MaintenanceSchedule.objects.create(individual=at_khs(hoist), kind="battery", own_months=12)
    assert changes.filter(pgh_label="insert").count() == 1


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"number": "999999"}, "Ingen individ har det numret."),
        ({"own_months": ""}, "Ange intervallet i månader."),
    ],
)
def test_a_schedule_of_nothing_is_told_so_at_its_field(khs, said, told):
    piece = at_khs(ArticleFactory(is_marked=True))
    facts = {"number": piece.number, "kind": "battery", "own_months": "24", "last_on": ""}
    page = read_page(khs.post(reverse("admin:activities_maintenanceschedule_add"), facts | said))
    assert told in page
    assert not MaintenanceSchedule.objects.exists()


# --- the piece's page, and the activity's ---


def test_the_piece_tells_its_schedule_and_links_the_activity_for_those_who_may_open_it(plan, hoist):
    loan = home(hoist)
    schedule = due_in(3, loan.individual)
    night.run()
    number = made_of(schedule).case_number
    mine, stranger = Client(), Client()
    mine.force_login(UserFactory(roles=[FORSKRIVARE], default_unit=loan.unit))
    stranger.force_login(UserFactory(roles=[FORSKRIVARE], default_unit=None))
    page = read_page(mine.get(f"/individer/{loan.individual}/"))
    for words in ("Service", "12 månader mellan FU", f"{schedule.due_on}", f"{schedule.last_on}"):
        assert words in page
    assert f'href="/aktiviteter/{number}/"' in page
    assert "Lägg till eget schema" not in page
    page = read_page(stranger.get(f"/individer/{loan.individual}/"))
    assert number in page and f'href="/aktiviteter/{number}/"' not in page


def test_a_new_piece_tells_what_the_night_will_make(khs, plan, hoist):
    piece = at_khs(hoist)
    due = TODAY() + relativedelta(years=1)
    assert str(due) in read_page(khs.get(f"/individer/{piece.number}/"))
    assert not MaintenanceSchedule.objects.exists()


def test_the_activity_of_a_schedule_says_so_on_its_page_and_paper(khs, plan, hoist):
    for piece in (home(hoist).individual, at_khs(hoist)):
        schedule = due_in(3, piece)
        night.run()
        url = f"/aktiviteter/{made_of(schedule).case_number}/"
        page = read_page(khs.get(url))
        assert "Service, 12 månader mellan FU" in page
        assert "Underhållsschemat" in page
        assert khs.get(f"{url}pdf/")["Content-Type"] == "application/pdf"
        assert khs.get(f"{url}aterrapportera/").status_code == 200


def test_where_the_piece_stands_is_told_not_whose_material_is_taken(khs, hoist, plan):
    """KHS does what stands in an own store with material of its own."""
    store = BufferFactory(name="Emmaboda förråd")
    unit = UnitFactory(own_stores=[store])
    (piece,) = put_in_stock(store, hoist, 1)
    activity = made_of_tonight(piece)
    assert activity.warehouse == unit.delivering_warehouse != store
    page = read_page(khs.get(reverse("activities:detail", args=[activity.case_number])))
    assert f"hjälpmedlet står i {store}." in page
    assert DayStop(activity, []).place == str(store)


def made_of_tonight(piece: Individual) -> Activity:
    schedule = due_in(3, piece)
    night.run()
    return made_of(schedule)
