"""KHS's pages of the months: trial, what hinders, the run."""

import datetime as dt

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from activities.models import ActivityType
from individuals.models import Individual
from invoicing import jobs, services
from invoicing import khs as pages
from invoicing.models import Charge, Invoice, MonthRun, ShareStep, ShareTable
from invoicing.sources import losses
from organisation.models import AccessLogEntry
from organisation.permissions import CONTROLLER, FORSKRIVARE
from pickups.services import Got, receive
from sesam.errors import DomainError
from tests.activities import builders as work
from tests.deviations.builders import khs_user
from tests.factories import RecipientFactory, UserFactory
from tests.jobs import run_jobs
from tests.pickups.builders import fetched, lend, prescriber, returned

from .builders import NOVEMBER, OCTOBER, article, charged, costs, on, run_month, words

pytestmark = pytest.mark.django_db
MONTHS = reverse("admin:invoicing_monthrun_changelist")


@pytest.fixture
def khs(browser_of):
    with on("2026-11-03"):
        yield browser_of(khs_user())


def lent(what, quantity=1):
    with on("2026-10-12"):
        return lend(RecipientFactory(), what, quantity)


def tried(khs) -> str:
    """The address of October's page, after its trial."""
    page = khs.post(MONTHS, {"manad": "2026-10-01"})
    assert page.status_code == 302
    run_jobs()
    return page["Location"]


def test_a_month_is_tried_seen_and_run(khs):
    lent(article(price="93.00"))
    page = tried(khs)
    assert Invoice.objects.count() == Charge.objects.count() == 0
    text = words(khs.get(page))
    assert "Provkörning: summor" in text
    assert "Interna transaktioner Kalmar kommun Kalmar kommun 1 60,00 kr – –" in text
    assert "Kör oktober 2026" in text
    assert khs.post(page, {"kor": "1"}).status_code == 302
    run_jobs()
    text = words(khs.get(page))
    assert "Fakturorna är numrerade och ändras inte." in text
    assert Invoice.objects.get().number == "26100001"


def test_last_months_sum_stands_beside(browser_of):
    lent(article(price="31.00"))
    run_month(OCTOBER)
    with on("2026-12-02"):
        khs = browser_of(khs_user())
        text = words(khs.get(MONTHS))
        assert "Provkör november 2026" in text
        page = khs.post(MONTHS, {"manad": "2026-11-01"})["Location"]
        run_jobs()
        assert "31,00 kr 20,00 kr 11,00 kr" in words(khs.get(page))


def test_what_was_invoiced_last_month_and_isnt_now_stands_there_too(browser_of):
    lent(article("sale", "31.00"))
    run_month(OCTOBER)
    with on("2026-12-02"):
        khs = browser_of(khs_user())
        page = khs.post(MONTHS, {"manad": "2026-11-01"})["Location"]
        run_jobs()
        assert "Kalmar kommun 0 0,00 kr 31,00 kr −31,00 kr" in words(khs.get(page))


def test_credits_of_several_invoices_are_one_sum_beside_last_months(browser_of):
    for month, day in ((OCTOBER, "2026-10-05"), (NOVEMBER, "2026-11-05")):
        with on(day):
            lend(RecipientFactory(), article("sale", "10.00"))
        run_month(month)
    for invoice in Invoice.objects.all():
        services.credit_invoice(invoice, user=khs_user())
    with on("2027-01-02"):
        khs = browser_of(khs_user())
        page = khs.post(MONTHS, {"manad": "2026-12-01"})["Location"]
        run_jobs()
        assert "Kredit Kalmar kommun Kalmar kommun 2 −20,00 kr – –" in words(khs.get(page))


def test_a_run_that_was_cut_off_is_told_as_such(khs):
    page = tried(khs)
    khs.post(page, {"kor": "1"})
    assert "Körs" in words(khs.get(MONTHS))
    MonthRun.objects.update(error="Något hindrar körningen.")
    text = words(khs.get(MONTHS))
    assert "Körningen avbröts" in text
    assert "Oktober 2026 är inte färdigkörd." in text
    assert "Det finns ingen månad att köra nu" not in text


def test_what_hinders_is_told_with_the_way_to_mend_it(khs):
    chair = article(price=None, name="Rullstol Cross")
    lent(chair)
    page = tried(khs)
    response = khs.get(page)
    text = words(response)
    assert "Det här hindrar körningen" in text
    assert "Rullstol Cross på beställning" in text
    assert reverse("admin:articles_article_change", args=[chair.pk]) in response.content.decode()
    assert "Kör oktober" not in text
    refused = khs.post(page, {"kor": "1"})
    assert refused.status_code == 422
    assert "Rätta det som hindrar körningen" in words(refused)
    costs(chair, "31.00", "2026-10-01")
    khs.post(page, {"prova": "1"})
    run_jobs()
    assert "Kör oktober 2026" in words(khs.get(page))


def test_a_price_that_goes_missing_between_trial_and_run_stops_the_run(khs):
    chair = article("sale", "10.00")
    loan = lent(chair)
    page = tried(khs)
    loan.delivery.line.__class__.objects.update(list_price=None)
    chair.prices.all().delete()
    khs.post(page, {"kor": "1"})
    run_jobs()
    assert "Något hindrar körningen. Provkör igen." in words(khs.get(page))
    costs(chair, "12.00", "2026-10-01")
    for deed in ("prova", "kor"):
        khs.post(page, {deed: "1"})
        run_jobs()
    assert Invoice.objects.get().total == 12


def test_a_month_that_is_not_over_is_refused_with_what_is_due(khs):
    refused = khs.post(MONTHS, {"manad": "2026-11-01"})
    assert refused.status_code == 422
    assert "November 2026 är inte slut än." in words(refused)
    too_old = ("0001-01-01", "2025-10-01")
    for odd in ("", "oktober", "2026-13-01", "9999-12-31", *too_old):
        assert khs.post(MONTHS, {"manad": odd}).status_code == 422
    assert not MonthRun.objects.exists()


def test_a_trial_that_is_on_its_way_isnt_ordered_again(khs):
    page = khs.post(MONTHS, {"manad": "2026-10-01"})["Location"]
    khs.post(MONTHS, {"manad": "2026-10-01"})
    khs.post(page, {"prova": "1"})
    assert run_jobs() == 1
    khs.post(page, {"prova": "1"})
    assert run_jobs() == 1


def test_a_month_that_was_only_tried_is_no_beginning(khs):
    tried(khs)
    khs.post(MONTHS, {"manad": "2026-09-01"})
    assert [run.month.month for run in MonthRun.objects.all()] == [9]


def test_while_a_job_is_at_it_the_page_says_how_far(khs):
    run = MonthRun.objects.create(month=OCTOBER, started_by=khs_user(), progress=40)
    page = reverse("admin:invoicing_monthrun_change", args=[run.pk])
    text = khs.get(page).content.decode()
    assert "Månaden provkörs, 40&nbsp;procent klart." in text
    assert khs.get(page, headers={"HX-Request": "true"}).status_code == 200
    MonthRun.objects.update(error="Något hindrar körningen.")
    answer = khs.get(page, headers={"HX-Request": "true"})
    assert answer["HX-Refresh"] == "true"


def test_the_run_sent_twice_is_one(khs):
    lent(article())
    page = tried(khs)
    for _ in range(2):
        khs.post(page, {"kor": "1"})
    run_jobs()
    khs.post(page, {"kor": "1"})
    run_jobs()
    assert Invoice.objects.count() == 1
    assert jobs.FAILED not in words(khs.get(page))


def test_work_of_a_type_without_a_price_stops_the_month_until_it_has_one(khs):
    with on("2026-10-12"):
        activity = work.registered(lend(RecipientFactory(), article("none", None)))
        ActivityType.objects.update(hour_price=None)
        activity.type.refresh_from_db()
        activity.refresh_from_db()
        work.closed(activity, minutes=60)
    page = tried(khs)
    response = khs.get(page)
    assert f"Aktivitetstypen {activity.type.name} saknar pris per arbetstimme." in words(response)
    address = reverse("admin:activities_activitytype_change", args=[activity.type_id])
    assert f'href="{address}"' in response.content.decode()
    ActivityType.objects.update(hour_price=0)
    khs.post(page)
    run_jobs()
    assert "saknar pris" not in words(khs.get(page)), "0 is a price: the work is free"
    ActivityType.objects.update(hour_price=400)
    run_month(OCTOBER)
    assert charged(kind="time") == [("time", "400.00")]


def test_a_table_that_tells_nothing_of_what_is_new_stops_the_month(khs):
    returned_at_once = lent(article("sale_return", "100.00"))
    with on("2026-10-20"):
        returned_at_once.refresh_from_db()
        returned(returned_at_once)
    ShareStep.objects.filter(table__kind="return", from_age=0).delete()
    response = khs.get(tried(khs))
    assert "saknar steg från ålder 0 som gäller 2026-10-20" in words(response)
    assert f'href="{reverse("admin:invoicing_sharetable_changelist")}"' in response.content.decode()


@pytest.mark.parametrize(("age", "is_taken"), [("0", True), ("1", False)])
def test_a_table_of_shares_begins_with_what_is_new(khs, age, is_taken):
    answer = khs.post(
        reverse("admin:invoicing_sharetable_add"),
        {
            "kind": "used", "valid_from": "2027-01-01", "steps-TOTAL_FORMS": "1",
            "steps-INITIAL_FORMS": "0", "steps-0-from_age": age, "steps-0-percent": "100",
        },
    )  # fmt: skip
    assert (answer.status_code == 302) is is_taken
    assert ShareTable.objects.filter(valid_from="2027-01-01").exists() is is_taken
    if not is_taken:
        assert "Lägg till ett steg från ålder 0" in words(answer)


def test_an_invoice_that_has_its_number_gets_no_more_rows():
    lent(article(price="93.00"))
    (invoice,) = run_month(OCTOBER)
    row = invoice.charges.get()
    row.pk, row.source_key = None, "rent:by hand"
    with pytest.raises(IntegrityError, match="gets no more rows"), transaction.atomic():
        row.save(force_insert=True)
    assert invoice.charges.count() == 1


@pytest.mark.parametrize("role", [FORSKRIVARE, CONTROLLER])
def test_nobody_else_runs_a_month(browser_of, role):
    assert browser_of(UserFactory(roles=[role])).get(MONTHS).status_code in (302, 403)
    assert NOVEMBER


# --- what is lost ---

LOSSES = reverse("admin:invoicing_lossverdict_changelist")


@pytest.fixture
def lost():
    """A rented chair, three years old, that is missing; and a sold one, which is nobody's here."""
    chair = article(price="100.00", name="Rullstol Cross", is_marked=True)
    chair.prices.update(list_price=4000)
    gone = [lent(chair), lent(article("sale", "10.00", name="Bord"))]
    Individual.objects.update(purchased_on=dt.date(2023, 10, 1))
    with on("2026-10-20"):
        for loan in gone:
            pickup = fetched(loan)
            receive(pickup, [Got(pickup.lines.get().pk, 1, "missing")], user=prescriber())
    return chair


@pytest.mark.parametrize(("deed", "owed"), [("debitera", [("lost", "1600.00")]), ("inte", [])])
def test_khs_says_of_what_is_missing_whether_it_is_charged(khs, lost, deed, owed):
    text = words(khs.get(LOSSES))
    assert "1 att ta ställning till" in text
    assert "Rullstol Cross" in text
    assert "Bord" not in text
    key = losses.undecided()[0].key
    for _ in range(2):
        assert khs.post(LOSSES, {"vad": key, deed: "1"}).status_code == 302
    assert "Inget att ta ställning till" in words(khs.get(LOSSES))
    run_month(OCTOBER)
    run_month(NOVEMBER)
    assert charged(kind="lost") == owed


def test_whose_losses_khs_looks_at_and_decides_on_is_logged(khs, lost):
    (loss,) = losses.undecided()
    khs.get(LOSSES)
    khs.get(f"{LOSSES}?arende=26999999")
    look = AccessLogEntry.objects.get(detail="Saknat och skrotat")
    assert (look.recipient_key, look.case_number) == (loss.recipient.key, loss.case_number)
    for _ in range(2):
        khs.post(LOSSES, {"vad": loss.key, "debitera": "1"})
    deed = AccessLogEntry.objects.get(action="change", detail__startswith="Bestämde om förlorat")
    assert (deed.recipient_key, deed.case_number) == (loss.recipient.key, loss.case_number)
    assert deed.detail == "Bestämde om förlorat hjälpmedel: debiteras"


def test_who_says_neither_has_decided_nothing(khs, lost):
    answer = khs.post(LOSSES, {"vad": losses.undecided()[0].key}, follow=True)
    assert "Välj om det debiteras eller inte." in words(answer)
    assert losses.how_many_undecided() == 1


def test_the_case_leads_to_what_is_to_be_decided_on_it(khs, lost):
    (loss,) = losses.undecided()
    case = reverse("pickups:detail", args=[loss.case_number])
    address = f"{LOSSES}?arende={loss.case_number}"
    assert f'href="{address}"' in khs.get(case).content.decode()
    text = words(khs.get(address))
    assert "1 att ta ställning till" in text and "Visa alla ärenden" in text
    assert "Inget att ta ställning till" in words(khs.get(f"{LOSSES}?arende=26999999"))
    answer = khs.post(address, {"vad": loss.key, "inte": "1"})
    assert answer["Location"] == case
    assert f'href="{address}"' not in khs.get(case).content.decode()


def test_only_khs_is_led_there(lost, browser_of):
    (loss,) = losses.undecided()
    page = browser_of(prescriber()).get(reverse("pickups:detail", args=[loss.case_number]))
    assert page.status_code == 200 and "Debitera saknat" not in words(page)


def test_of_many_losses_the_oldest_are_shown(khs, lost, monkeypatch):
    with on("2026-10-21"):
        chair = lent(article(price="1.00", name="Gåbord"))
        returned(chair, scrap=True)
    assert [loss.words for loss in losses.undecided()] == ["Saknas", "Skrotad vid retur"]
    monkeypatch.setattr(pages, "MOST_LOSSES", 1)
    text = words(khs.get(LOSSES))
    assert "2 att ta ställning till" in text
    assert "De 1 äldsta visas." in text
    assert "Rullstol Cross" in text
    assert "Gåbord" not in text
    khs.post(LOSSES, {"vad": losses.undecided()[1].key, "inte": "1"})
    assert losses.how_many_undecided() == 1


def test_a_verdict_that_another_has_said_stands(khs, lost):
    (loss,) = losses.undecided()
    services.decide(loss, user=khs_user(), charge=False)
    with pytest.raises(DomainError, match="debiteras inte"):
        services.decide(loss, user=khs_user(), charge=True)


def test_what_isnt_there_to_decide_on_is_passed_over(khs, lost):
    for odd in ("", "r", "x1", "r99999999999999999999"):
        assert khs.post(LOSSES, {"vad": odd, "debitera": "1"}).status_code == 302
    assert len(losses.undecided()) == 1
