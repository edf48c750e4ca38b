"""All that is kept about a person is known, handed out when they ask, and goes when it may."""

import csv
import datetime as dt
import io
import json
from zipfile import ZipFile

import pytest
import time_machine
from dateutil.relativedelta import relativedelta
from django.apps import apps
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection, models
from django.urls import reverse
from django.utils import timezone

from activities.models import ActivityAttachment
from articles.models import ArticleType
from deviations.models import DeviationAttachment
from invoicing.models import Question
from orders import services as orders
from orders.models import Cart, Order, OrderAttachment, ProjectMove
from organisation import access_log, messages
from organisation.models import AccessLogEntry
from organisation.permissions import CARE, CONTROLLER, FORSKRIVARE, LOGGRANSKARE
from pickups.services import Got, receive
from portal.disposal import archive, erasing, held, jobs, retention
from portal.disposal.held import HELD, Goes
from portal.models import DisposalList, DisposalRow, KnownPerson, Outcome
from recipients import follow_ups, register
from recipients import services as recipients
from recipients.lending import Anonymised
from recipients.models import NOBODY, FollowUp, Recipient
from sesam import jobs as all_jobs
from sesam.errors import DomainError
from sesam.models import CaseNumber, DialogState, Printout
from tests.activities.builders import closed as closed_activity
from tests.activities.builders import registered as activity_of
from tests.at_once import at_once, while_others_write
from tests.deviations.builders import NOT_REPORTED, khs_user
from tests.deviations.builders import closed as closed_deviation
from tests.deviations.builders import registered as deviation_of
from tests.factories import (
    UNUSED_NUMBERS,
    ArticleFactory,
    CareUnitFactory,
    RecipientFactory,
    RegisterPersonFactory,
    UserFactory,
    WarehouseFactory,
    put_in_stock,
)
from tests.invoicing.builders import charged_once
from tests.jobs import run_jobs
from tests.orders.builders import TO_APPROVAL, add, project, sent, start
from tests.pickups.builders import fetched, lend, returned, to_follow_up
from tests.reading import read_page

pytestmark = pytest.mark.django_db
LISTS = reverse("admin:portal_disposallist_changelist")
ARCHIVE = "/registerutdrag/"
MARK = "Ing-Britts granne Rut"
#: The demo's population register isn't the portal's, and what its own tables are called.
NOT_OURS = {"recipients_registerperson"}


@pytest.fixture(autouse=True)
def files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


@pytest.fixture
def khs():
    return khs_user()


@pytest.fixture
def at_khs(khs, client):
    client.force_login(khs)
    return client


def in_years(years: int, **more):
    """So many years from now."""
    return time_machine.travel(timezone.now() + relativedelta(years=years, **more), tick=False)


def attach(make, **facts):
    facts |= {"name": "hemma hos Ing-Britt.pdf", "content_type": "application/pdf", "size": 8}
    return make.objects.create(
        file=ContentFile(b"%PDF-1.4", name="x"), uploaded_by=UserFactory(), **facts
    )


def whole(**facts) -> Recipient:
    """Somebody of whom there is a row of every kind, all of it at its end."""
    person = RecipientFactory(**facts)
    line = project(*TO_APPROVAL, recipient=person)
    orders.cancel(line.order, user=line.order.ordered_by)
    attach(OrderAttachment, order=line.order)
    due = to_follow_up(person)
    follow_ups.answer(due, user=due.follow_up_by, answer=FollowUp.Answer.USED, note="Bra.")
    work = activity_of(due, details={"comment": "Ring först."})
    wire = ArticleFactory()
    put_in_stock(WarehouseFactory(), wire, 1)
    attach(ActivityAttachment, activity=closed_activity(work, (wire, 1)))
    odd = closed_deviation(deviation_of(due), reports=NOT_REPORTED)
    attach(DeviationAttachment, deviation=odd)
    returned(due)
    fetch = lend(person, ArticleFactory(is_marked=True))
    pickup = fetched(fetch)
    receive(pickup, [Got(pickup.lines.get().pk, 1, "stock")], user=pickup.ordered_by)
    lend(person, ArticleFactory(type=ArticleType.CONSUMABLE))
    messages.send(UserFactory(), title="Utlevererad", text="Till Ing-Britt", about=person.key)
    Cart.objects.filter(recipient=person).delete()
    return person


def old() -> Recipient:
    """Somebody who had an aid and gave it back."""
    person = RecipientFactory()
    returned(lend(person, ArticleFactory()))
    Cart.objects.filter(recipient=person).delete()
    return person


def marked(person: Recipient) -> Recipient:
    """In each text that is to be forgotten stands something of theirs."""
    of = held.person_of(person)
    for one in HELD[1:]:
        texts = [
            name
            for name in one.forgets
            if isinstance(one.model._meta.get_field(name), models.CharField | models.TextField)
            and name != "text"
        ]
        rows = one.rows(of)
        if one.model is ProjectMove or not texts or not rows.exists():
            continue
        for row in rows:
            for name in texts:
                longest = row._meta.get_field(name).max_length or 200
                row_of = one.model._base_manager.filter(pk=row.pk)
                if one.model.__name__ == "DeviationReport" and not row.reason_not:
                    continue
                if getattr(row, "address_of", "") in ("none", "unit", "store") and name in (
                    *held.ADDRESS,
                ):
                    continue
                row_of.update(**{name: MARK[:longest]})
    return person


def values_of(person: Recipient) -> list[str]:
    """What tells who somebody is, wherever it stands."""
    number = person.number
    return [
        number, f"{number[:8]}-{number[8:]}", number[2:], person.family_name, person.given_name,
        person.street, person.phone, person.mobile, person.email, person.door_code,
        person.instructions, MARK[:20],
    ]  # fmt: skip


def where_it_stands(values: list[str]) -> list[str]:
    """Each column of the database in which one of the values stands: text, JSON and lists alike."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name FROM information_schema.columns"
            " WHERE table_schema = current_schema() AND data_type IN"
            " ('text', 'character varying', 'json', 'jsonb', 'ARRAY', 'character')"
        )
        columns = [row for row in cursor.fetchall() if row[0] not in NOT_OURS]
        found = []
        for table, column in columns:
            cursor.execute(
                f'SELECT EXISTS (SELECT FROM "{table}" WHERE "{column}"::text ILIKE ANY (%s))',
                [[f"%{value}%" for value in values]],
            )
            if cursor.fetchone()[0]:
                found.append(f"{table}.{column}")
    return found


def listed(*people: Recipient) -> DisposalList:
    """This month's list, with them on it."""
    erasing.make_list()
    made = DisposalList.objects.get(month=timezone.localdate().replace(day=1))
    assert {row.recipient for row in made.rows.all()} >= set(people)
    return made


DECISION = {"reference": "KHS 2026/17", "decided_on": dt.date(2026, 11, 2)}


def disposed(*people: Recipient, user=None) -> DisposalList:
    made = listed(*people)
    erasing.approve(made, user=user or khs_user(), **DECISION)
    jobs.dispose.func(list_id=made.pk)
    made.refresh_from_db()
    return made


# --- what is kept is known ----------------------------------------------------------------------


def leading_to_somebody() -> set[type[models.Model]]:
    """Every model that leads to a recipient: by its own relation or another's, by a case number, or
    by an opaque id."""
    found: set[type[models.Model]] = {Recipient, CaseNumber}
    while True:
        more = {
            model
            for model in apps.get_models(include_auto_created=True)
            if model._meta.managed
            and model not in found
            and any(map(_leads(found), _fields(model)))
        }
        if not more:
            return found
        found |= more


def _fields(model):
    return model._meta.local_concrete_fields


def _leads(found):
    def leads(field) -> bool:
        if isinstance(field, models.ForeignKey):
            return field.remote_field.model in found
        return isinstance(field, models.UUIDField) and field.name in (
            "about", "recipient_key", "recipient", "person",
        )  # fmt: skip

    return leads


def test_every_model_that_leads_to_somebody_is_known():
    assert leading_to_somebody() == {one.model for one in HELD}


@pytest.mark.parametrize("one", HELD, ids=lambda one: one.model.__name__)
def test_of_every_text_it_is_said_whether_it_may_tell_who_somebody_is(one):
    texts = {
        field.name
        for field in one.model._meta.concrete_fields
        if isinstance(field, models.CharField | models.TextField | models.JSONField | models.FileField)
        and not field.choices
    }  # fmt: skip
    texts |= {f.name for f in one.model._meta.concrete_fields if "IPAddress" in type(f).__name__}
    said = set(one.forgets) | set(one.keeps)
    assert texts <= said
    if one.goes == Goes.STAY:
        assert set(one.keeps) <= texts and not set(one.forgets) & set(one.keeps)


def test_what_has_a_time_of_its_own_counts_for_how_long_the_person_is_kept():
    """(What is asked of a loan, of a piece or by a letter is told by other rows.)"""
    told_elsewhere = {"DoubtfulLoan", "Block", "Component", "CaseNumber", "Mail", "DisposalRow"}
    not_written = {"touched_at", "register_checked_at", "read_at", "archived_at"}
    for one in held.of([held.Kind.CARE, held.Kind.DEVIATION, held.Kind.MONEY]):
        fields = one.model._meta.concrete_fields
        times = {field.name for field in fields if isinstance(field, models.DateTimeField)}
        if one.model.__name__ not in told_elsewhere:
            assert times - not_written <= set(one.dates), one.model


# --- the archive --------------------------------------------------------------------------------


def archived(person: Recipient) -> ZipFile:
    return ZipFile(archive.write(person, lambda percent: None))


def test_the_archive_holds_every_kind_the_files_and_who_looked():
    person = whole()
    access_log.record(UserFactory(), access_log.Action.VIEW, person.key, detail="Sidan")
    found = archived(person)
    names = found.namelist()
    for one in HELD:
        name = one.model._meta.label_lower.replace(".", "-")
        rows = json.loads(found.read(f"data/{name}.json"))
        assert len(rows) == one.rows(held.person_of(person)).count()
        told = found.read(f"data/{name}.csv").decode("utf-8-sig")
        assert len(list(csv.reader(io.StringIO(told), delimiter=";"))) == len(rows) + 1
    files = [name for name in names if name.startswith("bilagor/")]
    assert len(files) == 4 and all(found.read(name).startswith(b"%PDF") for name in files)
    page = found.read(archive.READ_ME).decode()
    for told in (person.name, person.written_number, person.street, person.instructions):
        assert told in page
    assert "Åtkomstlogg" in page and "Hemma, i hallen" in page
    assert not any(person.number in name or person.written_number in name for name in names)
    log = json.loads(found.read("data/organisation-accesslogentry.json"))
    assert {"at", "unit", "action"} <= set(log[0]) and not {"user", "ip"} & set(log[0])


def test_what_was_searched_before_anybody_was_found_is_in_the_archive():
    person = RecipientFactory()
    access_log.record(UserFactory(), access_log.Action.MISS, searched=person.number)
    log = json.loads(archived(person).read("data/organisation-accesslogentry.json"))
    assert [row["action"] for row in log] == ["Sökte utan träff"]


def test_others_are_not_in_the_archive():
    person, other = whole(), whole()
    found = archived(person)
    told = "".join(found.read(name).decode("utf-8", "ignore") for name in found.namelist())
    for value in (other.number, other.family_name, str(other.key)):
        assert value not in told


def test_a_protected_persons_archive_tells_as_little_of_where_they_are_as_every_paper():
    person = marked(whole())
    Recipient.objects.filter(pk=person.pk).update(is_protected=True)
    person.refresh_from_db()
    found = archived(person)
    told = "".join(found.read(name).decode() for name in found.namelist())
    for value in (
        person.street, person.phone, person.email, person.instructions, "Kalmar", "Hemrehab",
        MARK[:20], "Förrådsgatan",
    ):  # fmt: skip
        assert value not in told
    assert person.name in told and "uppgifter är utelämnade" in told
    assert not [name for name in found.namelist() if name.startswith("bilagor/")]


def test_what_begins_as_a_formula_is_text_in_the_sheet():
    person = RecipientFactory(instructions="=HYPERLINK(1)")
    found = archived(person)
    assert "'=HYPERLINK(1)" in found.read("data/recipients-recipient.csv").decode()
    assert '"=HYPERLINK(1)"' in found.read("data/recipients-recipient.json").decode()


def test_khs_orders_a_persons_archive_by_number_and_fetches_it_for_a_day(at_khs, khs):
    person = old()
    answer = at_khs.post(ARCHIVE, {"nummer": person.written_number})
    assert answer.status_code == 302 and person.number not in answer.url
    logged = AccessLogEntry.objects.filter(user=khs, recipient_key=person.key, action="download")
    assert logged.get().detail.startswith("Registerutdrag")
    run_jobs()
    made = Printout.objects.get()
    assert person.number not in f"{made.name} {made.title} {made.back_url}"
    assert made.name.endswith(".zip")
    file = at_khs.get(reverse("printout_file", args=[made.key]))
    assert file.status_code == 200
    assert archive.READ_ME in ZipFile(io.BytesIO(b"".join(file.streaming_content))).namelist()
    page = at_khs.get(ARCHIVE)
    assert made.name in read_page(page) and "no-store" in page["Cache-Control"]
    with time_machine.travel(timezone.now() + dt.timedelta(hours=25)):
        at_khs.force_login(khs)
        assert at_khs.get(reverse("printout_file", args=[made.key])).status_code == 404


def test_nobody_elses_fetches_it(at_khs, client):
    at_khs.post(ARCHIVE, {"nummer": RecipientFactory().number})
    run_jobs()
    client.force_login(khs_user())
    assert (
        client.get(reverse("printout_file", args=[Printout.objects.get().key])).status_code == 404
    )


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "Skriv ett personnummer"),
        ("19121212", "12 siffror"),
        ("191212121213", "siffra"),
        (UNUSED_NUMBERS[0], "Portalen har inga uppgifter om personen."),
        ("7101", "vårdenhets nummer"),
    ],
)
def test_whom_nothing_is_kept_of_is_told_so(at_khs, typed, said):
    CareUnitFactory(number="7101")
    answer = at_khs.post(ARCHIVE, {"nummer": typed})
    assert answer.status_code == 422 and not Printout.objects.exists()
    assert said in read_page(answer)


def test_somebody_whom_the_portal_only_was_asked_about_is_told_that(at_khs):
    access_log.record(UserFactory(), access_log.Action.MISS, searched=UNUSED_NUMBERS[1])
    text = read_page(at_khs.post(ARCHIVE, {"nummer": UNUSED_NUMBERS[1]}))
    assert "Någon har sökt på numret" in text
    assert not Recipient.objects.filter(number=UNUSED_NUMBERS[1]).exists()


@pytest.mark.parametrize("role", [CARE[0], CONTROLLER, LOGGRANSKARE])
def test_only_khs_makes_archives(client, role):
    client.force_login(UserFactory(roles=[role]))
    assert client.post(ARCHIVE, {"nummer": RecipientFactory().number}).status_code == 403


# --- who may go ---------------------------------------------------------------------------------


def due_in(years: int, **more) -> set[Recipient]:
    with in_years(years, **more):
        return {person.recipient for person, _ in retention.due(timezone.localdate())}


def test_a_person_may_go_ten_years_after_the_last_entry():
    person = old()
    assert person not in due_in(10, days=-1)
    assert person in due_in(10, days=1)


def test_the_years_are_the_regions_own_but_never_fewer_than_the_law_says(settings):
    person = old()
    settings.RETENTION_CARE_YEARS = 15
    assert person not in due_in(12) and person in due_in(16)
    settings.RETENTION_CARE_YEARS = 1
    assert person not in due_in(9) and person in due_in(11)


def test_money_is_kept_through_the_seventh_year_after_the_year(settings):
    day = dt.date(2026, 11, 29)
    assert retention.before(held.Kind.MONEY, day) == dt.date(2019, 1, 1)
    settings.RETENTION_MONEY_YEARS = 3
    assert retention.before(held.Kind.MONEY, day) == dt.date(2019, 1, 1)


def _holds(person):
    lend(person, ArticleFactory())


def _ordered(person):
    stock = ArticleFactory()
    put_in_stock(WarehouseFactory(), stock, 1)
    sent((stock, 1), recipient=person)


def _begun(person):
    start(recipient=person)


def _deviates(person):
    deviation_of(recipient=person)


def _questioned(person):
    charge = charged_once()
    Question.objects.create(
        charge=charge, reason="Fel?", asked_by=UserFactory(), asked_at=timezone.now()
    )
    order = Order.objects.filter(recipient=person).first()
    # (The database lets no charge be changed: whose it is must be said by the trigger's leave.)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(
            "UPDATE invoicing_charge SET case_number = %s WHERE id = %s",
            [order.case_number, charge.pk],
        )
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")


def _known(person):
    KnownPerson.objects.create(
        searched=access_log.digest(person.number), why="Skådespelare", added_by=UserFactory()
    )


@pytest.mark.parametrize("what", [_known, _holds, _ordered, _begun, _deviates, _questioned])
def test_whoever_has_something_open_never_goes(what):
    person = old()
    what(person)
    assert person not in due_in(30)


def test_whom_somebody_looked_at_within_the_logs_years_stays():
    person = old()
    with in_years(8):
        access_log.record(UserFactory(), access_log.Action.VIEW, person.key)
    assert person not in due_in(12)
    assert person in due_in(14)


def test_what_jobs_do_keeps_nobody():
    person = old()
    with in_years(8):
        access_log.record(None, access_log.Action.CHANGE, person.key, detail="Jobb")
    assert person in due_in(12)


def test_a_care_unit_never_goes():
    unit = CareUnitFactory()
    assert unit not in due_in(30)


# --- the month's list ---------------------------------------------------------------------------


def test_a_month_has_one_list_however_often_it_is_asked_for():
    person = old()
    with in_years(11):
        assert all_jobs.clear_all()["portal.disposal.jobs.list_due_for_disposal"] == 1
        assert erasing.make_list() == 0
        assert DisposalList.objects.get().rows.get().recipient == person
    with in_years(11, months=1):
        assert erasing.make_list() == 0  # who waits on a list is on no other
        assert DisposalList.objects.count() == 2


def test_a_list_is_no_longer_than_somebody_reads(monkeypatch):
    for _ in range(3):
        old()
    monkeypatch.setattr(erasing, "MOST", 2)
    with in_years(11):
        assert erasing.make_list() == 2
    with in_years(11, months=1):
        assert erasing.make_list() == 1


@pytest.mark.django_db(transaction=True)
def test_two_at_once_make_one_list():
    old()
    with in_years(11):
        assert sorted(at_once(erasing.make_list, erasing.make_list)) == [0, 1]
    assert DisposalRow.objects.count() == 1


# --- becoming nobody ----------------------------------------------------------------------------


def test_nothing_in_the_database_tells_who_it_was():
    person, other = marked(whole()), whole()
    values = values_of(person)
    values = [value for value in values if value and value not in values_of(other)] + [MARK[:20]]
    assert where_it_stands(values)
    with in_years(11):
        disposed(person)
    assert where_it_stands(values) == []
    person.refresh_from_db()
    assert (person.kind, person.name, person.number) == ("anonymised", NOBODY, "")


def test_cases_and_money_stay_and_files_go(files):
    person = whole()
    of = held.person_of(person)
    before = {one.model: one.rows(of).count() for one in HELD if one.goes == Goes.STAY}
    kept = [path for path in files.rglob("*") if path.is_file()]
    with in_years(11):
        disposed(person)
    person.refresh_from_db()
    of = held.Person(person, of.cases)
    after = {one.model: one.rows(of).count() for one in HELD if one.goes == Goes.STAY}
    before[DisposalRow], before[AccessLogEntry] = 1, before[AccessLogEntry] + 1
    before[apps.get_model("recipients", "RecipientChange")] += 1  # that it was changed
    assert after == before
    assert kept
    assert ProjectMove.objects.filter(offer=None).count() == ProjectMove.objects.count()
    assert not OrderAttachment.objects.filter(order__recipient=person).exists()


@pytest.mark.django_db(transaction=True)
def test_the_files_themselves_are_gone(files):
    person = whole()
    names = [str(a.file) for a in OrderAttachment.objects.all()]
    assert names and all(default_storage.exists(name) for name in names)
    with in_years(11):
        disposed(person)
    assert not any(default_storage.exists(name) for name in names)


def test_what_lies_about_for_a_day_goes_too():
    person, user = old(), UserFactory()
    with in_years(11):
        made = listed(person)
        DialogState.objects.create(key="a", user=user, kind="activity", about=person.key)
        told = {"nummer": person.written_number}
        DialogState.objects.create(key="b", user=user, kind="unsent", typed=told)
        DialogState.objects.create(key="c", user=user, kind="unsent", typed={"q": "stol"})
        Printout.objects.create(
            owner=user, title="Lista", name="lista.pdf", back_url=f"/mottagare/{person.key}/"
        )
        erasing.approve(made, user=user, **DECISION)
        jobs.dispose.func(list_id=made.pk)
    assert list(DialogState.objects.values_list("key", flat=True)) == ["c"]
    assert not Printout.objects.exists()


def test_it_is_logged_of_each_as_done_by_whoever_approved(khs):
    person = old()
    with in_years(11):
        disposed(person, user=khs)
    row = AccessLogEntry.objects.filter(recipient_key=person.key).order_by("-pk").first()
    assert (row.user, row.job, row.action) == (khs, "portal.dispose", "change")
    assert "KHS 2026/17, 2026-11-02" in row.detail
    run = AccessLogEntry.objects.filter(recipient_key=None).latest("pk")
    assert (run.user, run.job) == (khs, "portal.dispose")
    assert run.detail.endswith("enligt beslut KHS 2026/17: 1 avidentifierade, 0 kvar")


def test_who_has_got_something_new_since_the_list_was_made_stays():
    person = old()
    with in_years(11):
        made = listed(person)
        _holds(person)
        erasing.approve(made, user=khs_user(), **DECISION)
        jobs.dispose.func(list_id=made.pk)
        row = made.rows.get()
        assert (row.outcome, row.why) == ("kept", "Ett hjälpmedel är inte återlämnat")
    run = AccessLogEntry.objects.filter(recipient_key=None).latest("pk")
    assert run.detail.endswith("0 avidentifierade, 1 kvar"), "a run of nobody is logged too"
    assert Recipient.objects.get(pk=person.pk).name == person.name


def test_nothing_happens_without_a_decision():
    person = old()
    with in_years(11):
        made = listed(person)
        jobs.dispose.func(list_id=made.pk)
        assert Recipient.objects.get(pk=person.pk).is_person
        jobs.order_disposal(made)
    assert run_jobs() == 0


def test_a_job_that_was_stopped_goes_on_where_it_was(monkeypatch):
    people = [old(), old()]
    with in_years(11):
        made = listed(*people)
        erasing.approve(made, user=khs_user(), **DECISION)
        rows = list(made.rows.all())
        erasing.dispose(rows[0].pk)
        assert erasing.dispose(rows[0].pk) == Outcome.ERASED  # twice is once
        logged = AccessLogEntry.objects.filter(detail__startswith="Avidentifierad").count()
        assert logged == 1
        jobs.dispose.func(list_id=made.pk)
        jobs.dispose.func(list_id=made.pk)
    assert Recipient.objects.filter(kind="anonymised").count() == 2
    assert AccessLogEntry.objects.filter(detail__startswith="Avidentifierad").count() == 2


def test_who_comes_back_is_somebody_new(settings):
    person = old()
    number = person.number
    with in_years(11):
        disposed(person)
        RegisterPersonFactory(number=number, family_name="Moberg")
        found = recipients.find(UserFactory(), number).recipient
    assert found.pk != person.pk and found.name == "Ture Moberg"
    assert not found.loans.exists()


def test_what_the_register_says_of_who_has_just_gone_is_nobodys():
    person = old()
    stale = Recipient.objects.get(pk=person.pk)
    RegisterPersonFactory(number=person.number)
    told = register.current().find(person.number)
    with in_years(11):
        disposed(person)
    assert recipients.refresh(stale, told) is None
    person.refresh_from_db()
    assert person.name == NOBODY


# --- at the same instant ------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_an_order_that_is_being_sent_is_seen():
    person = old()
    stock = ArticleFactory()
    put_in_stock(WarehouseFactory(), stock, 1)
    with in_years(11):
        row = listed(person).rows.get()
        DisposalList.objects.update(approved_by=khs_user(), approved_at=timezone.now(), **DECISION)
        cart = start(recipient=person)
        add(cart, stock)
        outcome = while_others_write(
            lambda: orders.send(cart, user=cart.user), lambda: erasing.dispose(row.pk)
        )
    assert outcome == Outcome.KEPT
    assert Recipient.objects.get(pk=person.pk).name == person.name


@pytest.mark.django_db(transaction=True)
def test_an_order_that_is_begun_meanwhile_finds_nobody():
    person, user = old(), UserFactory()

    def begin():
        try:
            return start(user, recipient=person)
        except DomainError as fault:
            return fault

    with in_years(11):
        row = listed(person).rows.get()
        DisposalList.objects.update(approved_by=khs_user(), approved_at=timezone.now(), **DECISION)
        found = while_others_write(lambda: erasing.dispose(row.pk), begin)
    assert isinstance(found, Anonymised) and not Cart.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_jobs_at_once_make_each_nobody_once():
    people = [old(), old()]
    with in_years(11):
        made = listed(*people)
        erasing.approve(made, user=khs_user(), **DECISION)

        def work():
            for row in made.rows.all():
                erasing.dispose(row.pk)

        at_once(work, work)
    assert AccessLogEntry.objects.filter(detail__startswith="Avidentifierad").count() == 2


def test_nothing_is_made_for_who_is_nobody():
    person = old()
    loan = lend(person, ArticleFactory(type=ArticleType.CONSUMABLE))
    Cart.objects.filter(recipient=person).delete()
    with in_years(11):
        disposed(person)
    person.refresh_from_db()
    for make in (
        lambda: start(recipient=person),
        lambda: deviation_of(recipient=person),
        lambda: activity_of(recipient=person),
        lambda: fetched(loan),
        lambda: returned(loan),
        lambda: recipients.change_details(
            person, user=UserFactory(), version=person.version, values={"phone": "08-465 004 38"}
        ),
    ):
        with pytest.raises(Anonymised):
            make()


# --- the pages ----------------------------------------------------------------------------------


@pytest.fixture
def gone(khs):
    person = whole()
    with in_years(11):
        disposed(person, user=khs)
    return Recipient.objects.get(pk=person.pk)


def test_the_pages_of_who_is_nobody_work(at_khs, gone):
    page = reverse("recipients:detail", args=[gone.key])
    for tab in ("hjalpmedel", "aterlamnat", "forbrukning", "historik", "bestallt", "aktiviteter"):
        answer = at_khs.get(f"{page}?flik={tab}")
        text = read_page(answer)
        assert answer.status_code == 200
        assert NOBODY in text and "Uppgifterna har gallrats" in text
        assert "Beställ</a>" not in text and "Ändra" not in text
    for number in held.person_of(gone).cases:
        pages = ("orders", "activities", "pickups", "deviations")
        answers = [at_khs.get(reverse(f"{name}:detail", args=[number])) for name in pages]
        (found,) = [answer for answer in answers if answer.status_code == 200]
        assert NOBODY in read_page(found)

    typed = {"phone": "08-465 004 38", "version": gone.version, "contact_prescriber": "nej"}
    answer = at_khs.post(f"{page}?redigera=uppgifter", typed)
    assert answer.status_code in (403, 422)
    gone.refresh_from_db()
    assert gone.phone == ""
    assert "Spara" not in read_page(at_khs.get(f"{page}?redigera=uppgifter"))
    order_to = at_khs.get(reverse("orders:to", args=[gone.key]))
    assert "avidentifierad" in read_page(order_to)
    admin = reverse("admin:recipients_recipient_change", args=[gone.key])
    assert NOBODY in read_page(at_khs.get(admin))


def page_of(made: DisposalList) -> str:
    return reverse("admin:portal_disposallist_change", args=[made.pk])


@pytest.fixture
def made(khs):
    """A list with two, made today of what is old by the rules of today."""
    people = [old(), old()]
    with in_years(11):
        erasing.make_list()
    found = DisposalList.objects.get()
    assert found.rows.count() == len(people)
    return found


def test_the_list_names_nobody_and_says_what_it_is_about(at_khs, made):
    text = read_page(at_khs.get(page_of(made)))
    person = made.rows.first().recipient
    assert f"M-{person.key.hex[:8].upper()}" in text
    assert person.family_name not in text and person.number not in text
    assert "2 mottagare avidentifieras" in text and "Det går inte att ångra" in text
    assert not AccessLogEntry.objects.filter(user__isnull=False, action="view").exists()
    lists = read_page(at_khs.get(LISTS))
    assert "Att godkänna" in lists and "hälso- och sjukvård 10 år" in lists


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"reference": "", "decided_on": "2026-11-02"}, "Skriv gallringsbeslutets diarienummer"),
        ({"reference": "KHS 2026/17", "decided_on": ""}, "Skriv dagen då gallringsbeslutet"),
        ({"reference": "KHS 2026/17", "decided_on": "i går"}, "ÅÅÅÅ-MM-DD"),
        ({"reference": "KHS 2026/17", "decided_on": "2199-01-01"}, "har inte varit än"),
        ({"reference": UNUSED_NUMBERS[0], "decided_on": "2026-11-02"}, "Ta bort personnumret"),
    ],
)
def test_a_list_is_approved_by_a_decision_alone(at_khs, made, typed, said):
    answer = at_khs.post(page_of(made), typed)
    text = read_page(answer)
    assert answer.status_code == 422 and said in text
    assert typed["reference"] in text
    assert run_jobs() == 0 and not DisposalRow.objects.exclude(outcome="").exists()


def approve(client, made, **typed):
    typed = {"reference": "KHS 2026/17", "decided_on": "2026-11-02", **typed}
    return client.post(page_of(made), typed)


def test_khs_approves_and_waits_for_the_job(at_khs, khs, made):
    assert approve(at_khs, made).status_code == 302
    text = read_page(at_khs.get(page_of(made)))
    assert "Gallringen pågår" in text and f"Godkänd av {khs}" in text
    assert approve(at_khs, made, reference="Ett annat").status_code == 302  # sent twice
    made.refresh_from_db()
    assert made.reference == "KHS 2026/17"
    with in_years(11):
        assert run_jobs() == 1
    text = read_page(at_khs.get(page_of(made)))
    assert "2 avidentifierade" in text and "Genomförd" in text
    assert Recipient.objects.filter(kind="anonymised").count() == 2
    htmx = at_khs.get(page_of(made), headers={"HX-Request": "true"})
    assert htmx["HX-Refresh"] == "true"


def test_an_exception_stays_a_year(at_khs, made):
    row = made.rows.first()
    asked = f"{page_of(made)}?rad={row.pk}"
    assert "Varför mottagaren ska vara kvar" in read_page(at_khs.get(asked))
    assert at_khs.post(asked, {"skal": " "}).status_code == 422
    assert at_khs.post(asked, {"skal": "Tvist i domstol"}).status_code == 302
    assert "Tvist i domstol" in read_page(at_khs.get(page_of(made)))
    assert at_khs.post(asked, {"ta_med": "1"}).status_code == 302
    assert made.rows.filter(outcome="").count() == 2
    assert at_khs.post(asked, {"skal": "Tvist i domstol"}).status_code == 302
    approve(at_khs, made)
    with in_years(11):
        run_jobs()
    person = Recipient.objects.get(pk=row.recipient_id)
    assert person.is_person
    assert at_khs.post(asked, {"ta_med": "1"}).status_code in (302, 422)
    row.refresh_from_db()
    assert row.outcome == "excepted"


def test_who_is_excepted_comes_on_a_list_again_in_a_year():
    person = old()
    with in_years(11):
        made = listed(person)
        erasing.make_exception(made.rows.get(), user=khs_user(), why="Tvist")
    with in_years(11, months=6):
        assert erasing.make_list() == 0
    with in_years(12, months=1):
        assert erasing.make_list() == 1


def test_more_rows_take_no_more_questions(at_khs, made, django_assert_max_num_queries):
    at_khs.get(page_of(made))
    with django_assert_max_num_queries(60) as few:
        at_khs.get(page_of(made))
    for _ in range(3):
        person = RecipientFactory()
        DisposalRow.objects.create(of=made, recipient=person, last_on=timezone.localdate())
    with django_assert_max_num_queries(len(few)):
        at_khs.get(page_of(made))


@pytest.mark.parametrize("role", [FORSKRIVARE, CONTROLLER, LOGGRANSKARE])
def test_the_lists_are_khs(client, made, role):
    client.force_login(UserFactory(roles=[role], is_staff=True))
    for page in (LISTS, page_of(made)):
        assert client.get(page).status_code == 403
    assert approve(client, made).status_code == 403
    made.refresh_from_db()
    assert made.approved_at is None
