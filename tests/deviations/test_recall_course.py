"""The course of a recall: who has what is recalled is told and reminded, cases and letters are made in one
step, the units answer, and it is closed."""

import datetime as dt
import io
import uuid

import openpyxl
import pytest
from django.utils import timezone
from pypdf import PdfReader

from activities.models import Activity, Priority
from activities.services import cancel as cancel_activity
from deviations import jobs
from deviations.models import (
    Answer,
    DeedLetters,
    DeedWork,
    Recall,
    RecallDeed,
    RecallItem,
    RecallStatus,
    Told,
    recall_blocks,
)
from deviations.recalls import acting, closing, confirming, letters, telling
from deviations.recalls.acting import Wanted
from deviations.recalls.figures import silent_units
from deviations.recalls.listing import counts_of
from individuals.stock_check import differences
from organisation.models import AccessLogEntry, Message, MessageKind
from organisation.permissions import BUFFERT
from pickups.models import PickupOrder
from pickups.services import Got, receive
from recipients.models import Loan, Recipient
from sesam.errors import DomainError
from sesam.models import Printout
from tests.factories import (
    ArticleFactory,
    RecipientFactory,
    UnitFactory,
    UserFactory,
    WarehouseFactory,
)
from tests.jobs import run_jobs
from tests.papers import needs_pdf
from tests.pickups.builders import fetched, lend, prescriber, returned, someone

from .builders import khs_user
from .test_recalls import chairs, recalled

pytestmark = pytest.mark.django_db


def held_recall(*people: Recipient, user=None, **facts) -> tuple[Recall, list[RecallItem]]:
    """A recall of an article of which everybody has a piece."""
    article = ArticleFactory(name="Cross 6 allround", is_marked=True)
    for person in people:
        lend(person, article)
    recall = recalled(article, user=user, **facts)
    return recall, list(recall.items.order_by("pk"))


def keys(items) -> list[int]:
    return [item.pk for item in items]


def ordered(
    recall,
    items,
    work=DeedWork.ACTIVITY,
    *,
    user=None,
    key=None,
    message=False,
    letters="",
    **facts,
) -> RecallDeed:
    wanted = Wanted(
        work=DeedWork(work),
        sends_message=message,
        letters=DeedLetters(letters),
        type=acting.types()[0] if work == DeedWork.ACTIVITY else None,
        priority=Priority.objects.all()[0] if work == DeedWork.ACTIVITY else None,
        request=facts.pop("request", "Byt broms enligt återkallelsen."),
    )
    return acting.order(
        recall, keys(items), wanted, user=user or khs_user(), key=key or uuid.uuid4()
    )


def done(*args, **facts) -> RecallDeed:
    """A deed that its job has carried out."""
    deed = ordered(*args, **facts)
    while run_jobs():  # the letters are a job that the job orders
        pass
    deed.refresh_from_db()
    assert deed.done_at, deed.error
    return deed


def why(deed: RecallDeed) -> list[str]:
    return [reason for _, reason in deed.left_out]


# --- messages ---


def test_a_unit_gets_one_message_about_all_of_its_own():
    anna, bo = prescriber(), prescriber()
    recall, items = held_recall(someone(), someone())
    Message.objects.all().delete()

    reached = telling.tell_units(recall, keys(items), user=khs_user())

    assert (reached.units, reached.items) == (1, 2)
    told = Message.objects.filter(user__in=[anna, bo])
    assert {x.user for x in told} == {anna, bo} and told.count() == 2
    assert f"2 hjälpmedel i återkallelse {recall.case_number}" in told[0].title
    assert told[0].kind == MessageKind.RECALL and "Byt broms" in told[0].text
    for item in recall.items.all():
        assert item.told_at and item.told_how == Told.MESSAGE


def test_told_twice_is_once():
    recall, items = held_recall(someone())
    user = khs_user()
    telling.tell_units(recall, keys(items), user=user)
    count = Message.objects.count()
    assert telling.tell_units(recall, keys(items), user=user).units == 0
    assert Message.objects.count() == count


@pytest.mark.parametrize("by", ["letter", "call"])
def test_who_was_written_to_or_called_gets_the_message_that_khs_sends_then(by):
    recall, items = held_recall(someone())
    user, khs = prescriber(), khs_user()
    if by == "letter":
        done(recall, items, "", letters="holder")
    else:
        telling.note_call(recall, keys(items), user=khs, note="Ingen svarade")
    assert not user.messages.exists()
    for _ in range(2):
        telling.tell_units(recall, keys(items), user=khs)
    (message,) = user.messages.all()
    assert message.title.startswith("Kontrollera")
    item = recall.items.get()
    assert (item.told_how, item.reminders) == (by, 1)
    assert telling.to_tell(recall, keys(items)) == 0


def test_of_what_has_come_back_to_khs_the_unit_is_not_reminded():
    recall, items = held_recall(someone())
    khs = khs_user()
    telling.tell_units(recall, keys(items), user=khs)
    pickup = fetched(items[0].loan)
    receive(pickup, [Got(pickup.lines.get().pk, 1, "stock")], user=khs)
    item = recall.items.with_facts().get()
    assert item.state.label == "Hos KHS" and not recall.items.silent().exists()
    assert counts_of(recall.items.all()).told == 0
    assert telling.remind(recall, keys(items), user=khs).units == 0


def test_a_unit_where_nobody_can_read_is_left_to_be_called():
    recall, items = held_recall(someone())
    empty = UnitFactory(code="E99", name="Nedlagd mottagning")
    Loan.objects.update(unit=empty)
    reached = telling.tell_units(recall, keys(items), user=khs_user())
    assert reached.units == 0
    assert "Ingen på tjänstestället" in reached.left_out[0][1]
    assert recall.items.get().told_at is None
    assert recall.items.get().unit == empty, "who answers now"


def test_what_stands_in_an_own_store_its_unit_is_told_of():
    user = prescriber()
    store = user.default_unit.own_stores.first()
    (piece,) = chairs(1, store=store)
    recall = recalled(piece.article)
    telling.tell_units(recall, keys(recall.items.all()), user=khs_user())
    assert recall.items.get().unit == user.default_unit
    assert Recall.objects.for_user(user).exists()


def test_the_message_tells_nothing_of_a_person():
    person = RecipientFactory(given_name="Sigvard", family_name="Ljungkvist")
    recall, items = held_recall(person)
    telling.tell_units(recall, keys(items), user=khs_user())
    for message in Message.objects.filter(kind=MessageKind.RECALL):
        assert "Sigvard" not in message.title + message.text
        assert message.about is None


# --- reminders ---


def test_a_silent_unit_is_reminded_once_a_day():
    recall, items = held_recall(someone())
    user = khs_user()
    telling.tell_units(recall, keys(items), user=user)
    before = Message.objects.count()
    assert telling.remind(recall, keys(items), user=user).items == 1
    assert telling.remind(recall, keys(items), user=user).items == 0
    assert Message.objects.count() > before
    assert recall.items.get().reminders == 1


def test_nobody_is_reminded_of_what_they_were_not_told_or_have_answered():
    recall, items = held_recall(someone(), someone())
    user = khs_user()
    telling.tell_units(recall, [items[0].pk], user=user)
    confirming.confirm(recall, {items[0].pk: ""}, Answer.REPLACED, user=user, note="Ringde")
    assert telling.remind(recall, keys(items), user=user).items == 0


def test_the_daily_job_reminds_after_the_set_time_however_often_it_runs(settings):
    settings.RECALL_REMINDER_DAYS = 7
    recall, items = held_recall(someone(), someone())
    telling.tell_units(recall, keys(items), user=khs_user())
    now = timezone.now()
    recall.items.filter(pk=items[0].pk).update(told_at=now - dt.timedelta(days=7, minutes=1))
    recall.items.filter(pk=items[1].pk).update(told_at=now - dt.timedelta(days=6))
    jobs.remind_silent()
    jobs.remind_silent()
    assert list(recall.items.order_by("pk").values_list("reminders", flat=True)) == [1, 0]


def test_without_a_set_time_the_job_reminds_nobody(settings):
    settings.RECALL_REMINDER_DAYS = 0
    recall, items = held_recall(someone())
    telling.tell_units(recall, keys(items), user=khs_user())
    recall.items.update(told_at=timezone.now() - dt.timedelta(days=90))
    assert telling.remind_silent() == 0


def test_nothing_is_reminded_of_when_the_recall_is_closed():
    recall, items = held_recall(someone())
    telling.tell_units(recall, keys(items), user=khs_user())
    recall.items.update(told_at=timezone.now() - dt.timedelta(days=90))
    closing.close(recall, user=khs_user(), reason="Tillverkaren tar över")
    assert telling.remind_silent() == 0
    with pytest.raises(DomainError, match="avslutad"):
        telling.remind(recall, keys(items), user=khs_user())


# --- cases in one step ---


def test_activities_are_made_by_the_job_one_a_holder():
    person = someone()
    recall, items = held_recall(person, person, someone())
    deed = done(recall, items)
    assert deed.made == 2 == Activity.objects.count()
    assert deed.left_out == []
    mine = Activity.objects.get(recipient=person)
    assert mine.lines.count() == 2
    assert mine.request == "Byt broms enligt återkallelsen."
    assert {item.case_number for item in recall.items.all()} == {
        x.case_number for x in Activity.objects.all()
    }


def test_ordered_twice_it_is_one_deed():
    recall, items = held_recall(someone())
    user, key = khs_user(), uuid.uuid4()
    first, second = (ordered(recall, items, user=user, key=key) for _ in range(2))
    assert first == second
    run_jobs()
    assert Activity.objects.count() == 1


def test_carried_out_again_it_makes_nothing_again():
    recall, items = held_recall(someone(), someone())
    deed = done(recall, items, message=True)
    told = Message.objects.count()
    RecallDeed.objects.update(done_at=None)
    jobs.carry_out(deed_id=deed.pk)
    deed.refresh_from_db()
    assert Activity.objects.count() == 2 == deed.made
    assert Message.objects.count() == told


def test_another_deed_makes_no_second_activity_of_the_same_piece():
    recall, items = held_recall(someone())
    done(recall, items)
    (activity,) = Activity.objects.all()
    deed = done(recall, items)
    assert deed.made == 0 and Activity.objects.count() == 1
    assert why(deed) == [f"Åtgärdas redan i ärende {activity.case_number}."]


def test_a_cancelled_activity_may_be_made_again():
    recall, items = held_recall(someone())
    done(recall, items)
    cancel_activity(Activity.objects.get(), user=khs_user())
    assert done(recall, items).made == 1
    assert Activity.objects.still_open().count() == 1


def test_pickups_take_what_the_holder_has():
    recall, items = held_recall(someone())
    deed = done(recall, items, DeedWork.PICKUP)
    assert deed.made == 1, deed.left_out
    (pickup,) = PickupOrder.objects.all()
    assert pickup.lines.get().individual == items[0].individual
    assert recall.items.get().case_number == pickup.case_number


def test_what_stands_on_a_pickup_order_already_is_left_out_and_says_so():
    recall, items = held_recall(someone(), someone())
    fetched(items[0].loan)
    deed = done(recall, items, DeedWork.PICKUP)
    assert deed.made == 1
    assert "står redan på hämtorder" in why(deed)[0]


def test_counted_aids_are_fetched_as_many_as_are_held():
    article = ArticleFactory(name="Duschpall")
    loan = lend(someone(), article, 3)
    recall = recalled(article)
    returned(loan, 1)
    done(recall, recall.items.filter(loan__isnull=False), DeedWork.PICKUP)
    assert PickupOrder.objects.get().lines.get().quantity == 2


def test_nobody_goes_home_to_who_has_died_but_the_aid_is_fetched():
    person = someone()
    recall, items = held_recall(person)
    Recipient.objects.update(deceased_on=timezone.localdate())
    deed = done(recall, items)
    assert deed.made == 0 and "har avlidit" in why(deed)[0]
    assert done(recall, items, DeedWork.PICKUP).made == 1


def test_of_a_holder_who_became_protected_no_address_is_taken():
    person = RecipientFactory(street="Hemliga vägen 1")
    recall, items = held_recall(person)
    deed = ordered(recall, items)
    Recipient.objects.filter(pk=person.pk).update(is_protected=True)  # before the job comes to it
    run_jobs()
    (activity,) = Activity.objects.all()
    assert activity.contact_prescriber and not activity.has_address
    assert "Hemliga" not in activity.street + activity.request + activity.comment
    deed.refresh_from_db()
    assert deed.made == 1

    again = done(recall, items, DeedWork.PICKUP)
    assert again.made == 0


def test_what_stands_in_a_store_gets_no_case_and_says_who_does_what_about_it():
    article = ArticleFactory(is_marked=True)
    ours = chairs(article=article, store=WarehouseFactory())[0]
    theirs = chairs(article=article)[0]
    recall = recalled(article)
    items = list(recall.items.order_by("pk"))
    assert {x.individual_id: x.state.label for x in recall.items.with_facts()} == {
        ours.pk: "Hos KHS",
        theirs.pk: "Inte nådd",
    }
    counts = counts_of(recall.items.all())
    assert (counts.ours, counts.not_reached, recall.items.not_reached().count()) == (1, 1, 1)
    deed = done(recall, items, message=True)
    assert deed.made == 0
    assert "Står i KHS lager: KHS åtgärdar det där och bekräftar själv." in why(deed)
    assert any(reason.startswith("Står i ett eget förråd") for reason in why(deed))


def test_a_protected_persons_pickup_is_left_to_who_knows_the_address():
    person = someone()
    recall, items = held_recall(person)
    Recipient.objects.update(is_protected=True)
    deed = done(recall, items, DeedWork.PICKUP)
    assert deed.made == 0 and "skyddad identitet" in why(deed)[0]


def test_what_came_back_or_is_confirmed_meanwhile_gets_no_case():
    recall, items = held_recall(someone(), someone())
    deed = ordered(recall, items)
    returned(items[0].loan)
    confirming.confirm(recall, {items[1].pk: ""}, Answer.REPLACED, user=khs_user(), note="Ringde")
    run_jobs()
    deed.refresh_from_db()
    assert deed.made == 0
    assert sorted(why(deed)) == [
        "Står i ett eget förråd: tjänstestället bekräftar när det har fått ett meddelande.",
        "Är redan bekräftad: utbytt.",
    ]


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"work": ""}, "work"),
        ({"request": "  "}, "request"),
    ],
)
def test_a_deed_must_say_what(facts, field):
    recall, items = held_recall(someone())
    with pytest.raises(DomainError) as refused:
        ordered(recall, items, **facts)
    assert refused.value.field == field


def test_items_of_another_recall_are_refused():
    recall, _ = held_recall(someone())
    _, others = held_recall(someone())
    with pytest.raises(DomainError):
        ordered(recall, others)


# --- letters ---


def text_of(letter) -> str:
    return " ".join(letter.to)


def test_a_letter_goes_to_each_holder_and_counts_as_told():
    recall, items = held_recall(someone(), someone())
    deed = done(recall, items, "", letters="holder")
    assert deed.lettered == 2
    assert {x.told_how for x in recall.items.all()} == {Told.LETTER}
    printout = Printout.objects.get(key=deed.printout)
    assert printout.done_at, printout.error
    with printout.file.open() as file:
        assert file.read(5) == b"%PDF-"
    assert printout.name == f"aterkallelse-{recall.case_number}-brev.pdf"
    printed = AccessLogEntry.objects.filter(action="print", case_number=recall.case_number)
    assert printed.count() == 2


@needs_pdf
def test_no_two_letters_share_a_page():
    people = [someone() for _ in range(3)]
    for n, person in enumerate(people):
        Recipient.objects.filter(pk=person.pk).update(family_name=f"Efternamn{n}")
    recall, items = held_recall(*people)
    deed = done(recall, items, "", letters="holder")
    with Printout.objects.get(key=deed.printout).file.open() as file:
        pages = [page.extract_text() for page in PdfReader(file).pages]
    assert len(pages) == deed.lettered == 3
    for page in pages:
        assert page.count("Efternamn") == page.count("Frågor?") == page.count("Sida 1") == 1


def test_a_letter_a_unit_names_nobody():
    person = RecipientFactory(given_name="Sigvard", family_name="Ljungkvist")
    recall, items = held_recall(person, someone())
    (letter,) = letters.plan(recall.pk, keys(items), "unit")
    html = letters._html(recall, [letter])
    assert "Ljungkvist" not in html and items[0].individual.number in html


@pytest.mark.parametrize(
    "facts",
    [
        {"is_protected": True},
        {"deceased_on": dt.date(2026, 1, 2)},
        {"street": ""},
    ],
)
def test_who_is_protected_dead_or_without_address_is_written_to_through_the_unit(facts):
    person = RecipientFactory(given_name="Sigvard", family_name="Ljungkvist", street="Storgatan 1")
    recall, items = held_recall(person)
    Recipient.objects.update(**facts)
    (letter,) = letters.plan(recall.pk, keys(items), "holder")
    assert letter.recipient is None
    html = letters._html(recall, [letter])
    assert "Ljungkvist" not in html and "Storgatan 1" not in html


def test_no_letter_about_what_is_confirmed():
    recall, items = held_recall(someone())
    confirming.confirm(recall, {items[0].pk: ""}, Answer.REPLACED, user=khs_user(), note="Ringde")
    assert letters.plan(recall.pk, keys(items), "holder") == []


# --- answers ---


def test_a_unit_answers_for_its_own():
    recall, items = held_recall(someone())
    telling.tell_units(recall, keys(items), user=khs_user())
    user = prescriber()
    confirming.confirm(recall, {items[0].pk: ""}, Answer.TAKEN_OUT, user=user)
    item = recall.items.get()
    assert (item.answer, item.answered_by) == (Answer.TAKEN_OUT, user)


def test_a_unit_of_another_municipality_is_refused_and_learns_nothing():
    recall, items = held_recall(someone())
    telling.tell_units(recall, keys(items), user=khs_user())
    confirming.confirm(recall, {items[0].pk: ""}, Answer.REPLACED, user=khs_user(), note="Ringde")
    other = UserFactory(default_unit=UnitFactory(code="V01", name="Rehab Västervik"))
    with pytest.raises(DomainError) as refused:
        confirming.confirm(recall, {items[0].pk: ""}, Answer.TAKEN_OUT, user=other)
    assert "redan bekräftad" not in refused.value.message
    assert recall.items.get().answer == Answer.REPLACED


def test_who_answers_over_an_answer_not_seen_is_told_who_was_first():
    recall, items = held_recall(someone())
    telling.tell_units(recall, keys(items), user=khs_user())
    first, second = prescriber(first_name="Eva"), prescriber()
    confirming.confirm(recall, {items[0].pk: ""}, Answer.REPLACED, user=first)
    with pytest.raises(DomainError, match="redan bekräftad av Eva"):
        confirming.confirm(recall, {items[0].pk: ""}, Answer.NOT_FOUND, user=second)
    confirming.confirm(recall, {items[0].pk: "replaced"}, Answer.NOT_FOUND, user=second)
    assert recall.items.get().answer == Answer.NOT_FOUND


def test_khs_says_how_it_knows():
    recall, items = held_recall(someone())
    with pytest.raises(DomainError) as refused:
        confirming.confirm(recall, {items[0].pk: ""}, Answer.REPLACED, user=khs_user())
    assert refused.value.field == "note"


def test_a_call_without_an_answer_counts_as_contacted():
    recall, items = held_recall(someone())
    with pytest.raises(DomainError):
        telling.note_call(recall, keys(items), user=khs_user(), note=" ")
    telling.note_call(recall, keys(items), user=khs_user(), note="Ingen svarade")
    item = recall.items.get()
    assert (item.told_how, item.note) == (Told.CALL, "Ingen svarade")
    assert counts_of(recall.items.all()).told == 1


# --- figures ---


def test_who_is_silent_and_since_when():
    recall, items = held_recall(someone(), someone())
    telling.tell_units(recall, keys(items), user=khs_user())
    since = timezone.now() - dt.timedelta(days=3)
    recall.items.filter(pk=items[0].pk).update(told_at=since)
    telling.remind(recall, keys(items), user=khs_user())
    (silent,) = silent_units(recall)
    assert (silent.count, silent.since, silent.reminders) == (2, since, 1)


def test_who_is_silent_tells_not_whose_patient_a_protected_person_is():
    somebody, hidden = someone(), someone()
    recall, items = held_recall(somebody, hidden)
    telling.tell_units(recall, keys(items), user=khs_user())
    Recipient.objects.filter(pk=hidden.pk).update(is_protected=True)
    found = {silent.unit: silent.count for silent in silent_units(recall)}
    assert found == {str(items[0].unit.name): 1, "Skyddad identitet": 1}


# --- closing ---


def test_a_recall_with_some_left_is_closed_with_a_reason():
    recall, items = held_recall(someone(), someone())
    with pytest.raises(DomainError, match="2 exemplar är inte bekräftade") as refused:
        closing.close(recall, user=khs_user())
    assert refused.value.field == "reason"
    closed = closing.close(recall, user=khs_user(), reason="Tillverkaren tar över")
    assert closed.status == RecallStatus.CLOSED and closed.closing_reason == "Tillverkaren tar över"
    assert not recall.criteria.filter(ended_at=None).exists()
    assert recall_blocks(recall).count() == 2, "what is blocked stays so"
    closing.close(recall, user=khs_user(), reason="Tillverkaren tar över")
    with pytest.raises(DomainError, match="redan avslutad"):
        closing.close(recall, user=khs_user(), reason="En gång till")
    recall.refresh_from_db()
    assert recall.closing_reason == "Tillverkaren tar över"


def test_a_recall_that_is_all_confirmed_needs_none():
    recall, items = held_recall(someone())
    confirming.confirm(recall, {items[0].pk: ""}, Answer.REMEDIED, user=khs_user(), note="Bytt")
    assert closing.close(recall, user=khs_user()).has_ended
    assert not differences()


def test_a_recall_whose_list_is_not_made_cannot_be_closed():
    recall = recalled(ArticleFactory(is_marked=True), find=False)
    with pytest.raises(DomainError):
        closing.close(recall, user=khs_user(), reason="x")


# --- the sheet ---


def test_the_sheet_names_nobody_and_hides_where_a_protected_person_is():
    protected = RecipientFactory(given_name="Sigvard", family_name="Ljungkvist")
    recall, items = held_recall(protected, someone())
    Recipient.objects.filter(pk=protected.pk).update(is_protected=True)
    user = khs_user()
    telling.note_call(recall, keys(items), user=user, note="Sigvard svarade inte")
    printout = jobs.order_sheet(recall, user=user)
    run_jobs()
    printout.refresh_from_db()
    with printout.file.open() as file:
        sheet = openpyxl.load_workbook(io.BytesIO(file.read())).active
    rows = list(sheet.values)
    assert len(rows) == 3
    told = " ".join(str(cell) for row in rows for cell in row)
    assert "Ljungkvist" not in told and "Sigvard" not in told
    mine = next(row for row in rows if row[0] == items[0].individual.number)
    place = dict(zip(rows[0], mine, strict=True))
    assert place["Tjänsteställe"] in ("", None) and place["Betalare"] == "Skyddad identitet"


def test_a_store_keeper_reads_it_too():
    keeper = prescriber(roles=[BUFFERT])
    recall, items = held_recall(someone())
    telling.tell_units(recall, keys(items), user=khs_user())
    assert keeper.messages.filter(kind=MessageKind.RECALL).exists()
