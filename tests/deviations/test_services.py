"""What can happen to a deviation, by the services: registered, received, investigated, closed."""

import datetime as dt
import uuid

import pytest
from django.utils import timezone

from articles.models import BillingForm
from deviations import services
from deviations.models import (
    MUST_ANSWER,
    Deviation,
    DeviationCategory,
    DeviationStatus,
    EventType,
    ReportedTo,
)
from deviations.models.deviations import blocks_of
from deviations.services import Report
from deviations.services.handling import Unanswered
from individuals.models import Individual
from individuals.stock_check import differences
from orders import services as orders
from orders.models import OrderStatus
from orders.services import Pick
from organisation.models import AccessLogEntry, Message
from recipients.cases import EventKind, last_event
from recipients.models import CareRelation, Loan, Recipient
from sesam.errors import DomainError
from sesam.models import CaseNumber
from tests.factories import (
    ArticleFactory,
    BufferFactory,
    UnitFactory,
    WarehouseFactory,
    put_in_stock,
)
from tests.orders.builders import sent
from tests.pickups.builders import lend, prescriber, returned, someone

from .builders import (
    NOT_REPORTED,
    chair,
    closed,
    grave,
    investigated,
    khs_user,
    received,
    registered,
)

pytestmark = pytest.mark.django_db


def in_store(store=None) -> Individual:
    store = store or BufferFactory()
    return put_in_stock(store, ArticleFactory(is_marked=True), 1)[0]


def is_blocked(piece: Individual) -> bool:
    return piece.blocks.filter(until=None).exists()


# --- registering ---


def test_a_deviation_has_a_number_a_care_relation_and_a_row_in_the_log():
    loan = chair()
    made = registered(loan)
    assert CaseNumber.objects.get(pk=made.case_number).kind == "deviation"
    assert CareRelation.objects.filter(recipient=loan.recipient, case_number=made.case_number)
    row = AccessLogEntry.objects.get(case_number=made.case_number)
    assert (row.recipient_key, row.action) == (loan.recipient.key, "create")
    assert made.status == DeviationStatus.REGISTERED


def test_sent_twice_it_is_one():
    loan, token = chair(), uuid.uuid4()
    user = prescriber()
    assert (
        registered(loan, token=token, user=user).pk == registered(loan, token=token, user=user).pk
    )


def test_a_counted_article_is_named_by_how_many_and_which():
    loan = lend(someone(), ArticleFactory(name="Stödhandtag", number="12345"), 3)
    item = registered(loan, quantity=2).items.get()
    assert item.named == "2 st 12345 Stödhandtag"


@pytest.mark.parametrize("quantity", [0, 4])
def test_not_about_more_than_the_recipient_holds(quantity):
    loan = lend(someone(), ArticleFactory(), 3)
    with pytest.raises(DomainError, match="från 1 till 3") as fault:
        registered(loan, quantity=quantity)
    assert fault.value.line == loan.pk


def test_an_aid_that_has_come_back_meanwhile_says_so():
    loan = chair()
    returned(loan)
    with pytest.raises(DomainError, match="är redan återlämnat"):
        registered(loan)


def test_not_about_somebody_elses_aid():
    with pytest.raises(DomainError, match="finns inte hos mottagaren"):
        services.register(
            user=(user := prescriber()),
            unit=user.default_unit,
            details={},
            token=uuid.uuid4(),
            recipient=someone(),
            wishes=[services.Wish(chair().pk)],
        )


def test_only_for_a_unit_of_ones_own():
    user = prescriber()
    user.default_unit = UnitFactory(code="V01", name="Västervik")
    with pytest.raises(DomainError, match="dina tjänsteställen"):
        registered(chair(), user=user)


def test_a_category_belongs_to_its_type():
    wrong = DeviationCategory.objects.get(name="Transportskada")
    with pytest.raises(DomainError, match="hör till händelsetypen"):
        registered(chair(), category=wrong)


def test_an_ended_category_is_not_chosen():
    DeviationCategory.objects.update(is_active=False)
    with pytest.raises(DomainError, match="kategori"):
        registered(chair())


@pytest.mark.parametrize(
    ("event", "consequence", "told"),
    [
        (EventType.ADVERSE, "none", "har skadat någon"),
        (EventType.NEAR_MISS, "mild", "är det en negativ händelse"),
        (EventType.COMPLAINT, "serious", "är det en negativ händelse"),
    ],
)
def test_harm_and_type_agree(event, consequence, told):
    with pytest.raises(DomainError, match=told) as fault:
        registered(chair(), event=event, consequence=consequence)
    assert fault.value.field == "consequence"


def test_it_happened_in_a_past_that_is_near():
    tomorrow = timezone.localdate() + dt.timedelta(days=1)
    with pytest.raises(DomainError, match="har inte varit"):
        registered(chair(), happened_on=tomorrow)
    with pytest.raises(DomainError, match="årtalet"):
        registered(chair(), happened_on=dt.date(1026, 11, 22))


def test_what_is_kept_is_kept_somewhere():
    with pytest.raises(DomainError, match="var produkten finns"):
        registered(chair(), is_kept=True)


def test_about_a_dead_person_as_about_anybody():
    loan = chair()
    Recipient.objects.filter(pk=loan.recipient_id).update(deceased_on=timezone.localdate())
    assert registered(loan, event=EventType.ADVERSE, consequence="death").consequence == "death"


def test_who_became_protected_while_it_was_written_is_not_written_about():
    loan = chair()
    person = Recipient.objects.get(pk=loan.recipient_id)
    Recipient.objects.filter(pk=person.pk).update(is_protected=True)
    user = prescriber()
    with pytest.raises(DomainError, match="skyddad identitet"):
        services.register(
            user=user, unit=user.default_unit, details={}, token=uuid.uuid4(), recipient=person
        )


# --- complaints ---


def aged(loan: Loan, days: int) -> Loan:
    Loan.objects.filter(pk=loan.pk).update(delivered_at=timezone.now() - dt.timedelta(days=days))
    return loan


def test_a_late_complaint_of_what_is_lent_says_why():
    loan = aged(chair(), 100)
    with pytest.raises(DomainError, match="inom 3 månader") as fault:
        registered(loan, event=EventType.COMPLAINT)
    assert fault.value.field == "late_reason"
    assert registered(loan, event=EventType.COMPLAINT, late_reason="Syntes först nu")


def test_what_is_sold_may_be_complained_of_for_a_year():
    sale, _ = BillingForm.objects.get_or_create(name="Försäljning", defaults={"rule": "sale"})
    loan = aged(lend(someone(), ArticleFactory(billing_form=sale)), 300)
    assert registered(loan, event=EventType.COMPLAINT)
    aged(loan, 380)
    with pytest.raises(DomainError, match="inom 12 månader"):
        registered(loan, event=EventType.COMPLAINT)


def test_an_event_is_never_too_late():
    assert registered(aged(chair(), 900))


# --- what is held back ---


def test_a_grave_event_holds_the_piece_back_until_it_is_let_go():
    loan = chair()
    made = grave(loan)
    assert is_blocked(loan.individual)
    services.release(made, user=khs_user())
    assert not is_blocked(loan.individual)


def test_a_lesser_one_only_if_asked():
    assert not is_blocked(registered(one := chair()).items.get().individual), one
    other = chair()
    registered(other, block=True)
    assert is_blocked(other.individual)


def test_a_blocked_piece_in_a_store_cannot_be_taken_from_it():
    piece = in_store()
    made = registered(piece=piece, block=True)
    assert made.recipient is None
    balance = piece.article.balances.get(warehouse=piece.warehouse)
    assert (balance.on_hand, balance.available) == (1, 0)
    assert differences() == []
    services.release(made, user=khs_user())
    balance.refresh_from_db()
    assert balance.available == 1
    assert differences() == []


def test_a_blocked_aid_that_comes_back_is_not_available():
    loan = chair()
    grave(loan)
    returned(loan)
    piece = Individual.objects.get(pk=loan.individual_id)
    assert piece.article.balances.get(warehouse=piece.warehouse).available == 0
    assert differences() == []


def test_another_cases_block_stays():
    piece = in_store()
    one, other = registered(piece=piece, block=True), registered(piece=piece, block=True)
    services.release(one, user=khs_user())
    assert is_blocked(piece)
    services.release(other, user=khs_user())
    assert not is_blocked(piece)
    assert differences() == []


def test_let_go_twice_is_once():
    made = grave(chair())
    user = khs_user()
    services.release(made, user=user)
    events = made.events.count()
    services.release(made, user=user)
    assert made.events.count() == events


def test_a_scrapped_piece_has_no_deviations_more():
    piece = in_store()
    Individual.objects.filter(pk=piece.pk).update(status="scrapped", warehouse=None)
    with pytest.raises(DomainError, match="skrotad"):
        registered(piece=piece)


def test_a_piece_that_was_lent_meanwhile_stands_in_no_store():
    loan = chair()
    with pytest.raises(DomainError, match="står inte längre i ett lager"):
        registered(piece=loan.individual)


def test_what_khs_finds_grave_is_held_back_from_then_on():
    loan = chair()
    made = received(loan)
    assert not is_blocked(loan.individual)
    investigated(made, could_be_grave=True)
    assert is_blocked(loan.individual)


# --- KHS ---


def test_khs_receives_it_and_has_it():
    khs = khs_user()
    made = received(chair(), khs=khs)
    assert (made.status, made.handler) == (DeviationStatus.RECEIVED, khs)
    assert services.receive(made, user=khs).status == DeviationStatus.RECEIVED


def test_two_cannot_receive_it():
    made = received(chair(), khs=khs_user(first_name="Bo", last_name="Ek"))
    with pytest.raises(DomainError, match="Bo Ek har redan tagit emot"):
        services.receive(made, user=khs_user())


def test_it_is_received_before_it_is_investigated_or_closed():
    made = registered(chair())
    with pytest.raises(DomainError, match="Ta emot avvikelsen först"):
        services.investigate(made, user=khs_user(), seen=last_event(made))


def test_who_saves_over_somebody_elses_work_is_told():
    made = received(chair())
    seen = last_event(made)
    investigated(made, cause="Sliten vajer")
    with pytest.raises(DomainError, match="har ändrats sedan du öppnade"):
        services.investigate(made, user=khs_user(), seen=seen, cause="Annat")
    assert Deviation.objects.get(pk=made.pk).cause == "Sliten vajer"


def test_it_is_closed_with_an_answer_that_reaches_who_reported_it():
    user = prescriber()
    made = closed(registered(chair(), user=user), answer="Bromsen är bytt.")
    message = Message.objects.get(user=user)
    assert message.text == "Bromsen är bytt."
    assert message.case_number == made.case_number
    assert message.about == made.recipient.key
    assert (made.status, made.due_on) == (DeviationStatus.CLOSED, None)


def test_without_an_answer_it_is_not_closed():
    with pytest.raises(Unanswered, match="svar till den som anmälde"):
        closed(registered(chair()), answer=" ")


def test_closing_twice_says_who_closed_it():
    made = closed(registered(chair()), khs_user(first_name="Bo", last_name="Ek"))
    with pytest.raises(DomainError, match="redan avslutad, av Bo Ek"):
        services.close(made, user=khs_user(), seen=last_event(made), answer="Igen")
    assert Message.objects.count() == 1


@pytest.mark.parametrize("missing", MUST_ANSWER)
def test_a_grave_one_is_not_closed_before_everybody_is_told_or_why_not(missing):
    made = services.receive(grave(chair()), user=khs_user())
    reports = [report for report in NOT_REPORTED if report.to != missing]
    found = {"cause": "Sliten vajer", "measure": "Vajern byttes", "reports": reports}
    with pytest.raises(Unanswered, match="inte avslutas förrän") as fault:
        closed(made, **found)
    assert fault.value.field == f"{missing}_answer"
    assert closed(made, **found | {"reports": NOT_REPORTED}).has_ended


@pytest.mark.parametrize("missing", ["cause", "measure"])
def test_a_grave_one_is_not_closed_without_cause_and_measure(missing):
    made = services.receive(grave(chair()), user=khs_user())
    found = {"cause": "Vajer", "measure": "Bytt", "reports": NOT_REPORTED, missing: ""}
    with pytest.raises(Unanswered) as fault:
        closed(made, **found)
    assert fault.value.field == missing


def test_what_could_have_been_grave_is_treated_as_such():
    made = received(chair())
    with pytest.raises(Unanswered):
        closed(made, could_be_grave=True)


def test_a_report_has_its_date_and_number_or_a_reason():
    made = received(chair())
    today = timezone.localdate()
    with pytest.raises(DomainError, match="rapportens nummer"):
        investigated(made, reports=[Report(ReportedTo.AUTHORITY, today)])
    with pytest.raises(DomainError, match="varför inte"):
        investigated(made, reports=[Report(ReportedTo.AUTHORITY, reason_not=" ")])
    with pytest.raises(DomainError, match="från händelsen till i dag"):
        investigated(
            made, reports=[Report(ReportedTo.AUTHORITY, today + dt.timedelta(days=1), "1")]
        )
    investigated(made, reports=[Report(ReportedTo.AUTHORITY, today, "LV-1")])
    assert made.reports.get().says == f"{today}, nr LV-1"


def test_closing_lets_the_piece_go_if_asked():
    loan = chair()
    made = received(loan, block=True)
    closed(made)
    assert is_blocked(loan.individual)
    loan = chair()
    closed(received(loan, block=True), release_pieces=True)
    assert not is_blocked(loan.individual)


# --- taken back ---


def test_who_reported_it_can_take_it_back_and_the_piece_is_free():
    loan = chair()
    made = services.withdraw(registered(loan, block=True), user=prescriber())
    assert made.state_label == "Återtagen"
    assert not blocks_of(made).exists()
    assert services.withdraw(made, user=prescriber()).is_withdrawn


def test_a_grave_one_or_one_that_khs_has_cannot_be_taken_back():
    with pytest.raises(DomainError, match="utreds alltid"):
        services.withdraw(grave(chair()), user=prescriber())
    with pytest.raises(DomainError, match="KHS har tagit emot"):
        services.withdraw(received(chair()), user=prescriber())


def test_what_was_taken_back_is_not_received():
    made = services.withdraw(registered(chair()), user=prescriber())
    with pytest.raises(DomainError, match="har återtagit"):
        services.receive(made, user=khs_user())


# --- protected persons ---


def test_about_a_protected_person_the_answer_stands_on_the_page_alone():
    loan = chair()
    Recipient.objects.filter(pk=loan.recipient_id).update(is_protected=True)
    made = closed(registered(loan), answer="Bromsen på Kvarnbacken är bytt.")
    assert Message.objects.get().text == ""
    made.refresh_from_db()
    assert (made.place, made.contact_phone) == ("", "")
    assert made.what_happened, "what the law keeps is kept"


def test_what_was_typed_before_somebody_became_protected_goes_when_it_is_written_anew():
    made = registered(chair(), place="Kvarnbacken 12")
    Recipient.objects.filter(pk=made.recipient_id).update(is_protected=True)
    made = Deviation.objects.get(pk=made.pk)
    assert made.masked
    made = services.change_account(
        made, user=prescriber(), details={"what_happened": "Bromsen släppte."}
    )
    assert not made.masked
    assert (made.place, made.done_at_once) == ("", "")


# --- what is due ---


def test_a_grave_one_is_due_the_next_working_day():
    plain, bad = registered(chair()), grave(chair())
    assert bad.due_on < plain.due_on
    assert services.receive(bad, user=khs_user()).due_on > plain.due_on


# --- what is promised to an order ---


def promised_piece() -> tuple[Individual, object]:
    """A piece at KHS that an order is promised, whose pieces KHS chooses when it delivers."""
    article, khs = ArticleFactory(is_marked=True), WarehouseFactory()
    (piece,) = put_in_stock(khs, article, 1)
    return piece, sent((article, 1))


def test_a_grave_event_holds_back_what_an_order_is_promised_and_the_order_waits():
    piece, order = promised_piece()
    made = grave(piece=piece)
    line = order.lines.get()
    assert is_blocked(piece)
    assert (line.reserved, line.backlog) == (0, 1)
    assert made.case_number in order.events.last().text
    assert differences() == []


def test_who_picks_it_is_told_and_stops_where_nothing_else_is_to_be_picked():
    piece, order = promised_piece()
    picker = khs_user(first_name="Pia", last_name="Plock")
    orders.start_picking(order, user=picker)
    made = grave(piece=piece)
    order.refresh_from_db()
    assert order.status == OrderStatus.REGISTERED
    told = Message.objects.get(user=picker)
    assert told.title == f"Plockningen av beställning {order.case_number} är avbruten"
    assert made.case_number in told.text
    assert order.events.filter(kind=EventKind.PICKING_STOPPED).exists()


def test_who_picks_more_than_that_is_told_and_goes_on():
    article, other = ArticleFactory(is_marked=True), ArticleFactory(name="Dyna")
    (piece,) = put_in_stock(WarehouseFactory(), article, 1)
    put_in_stock(WarehouseFactory(), other, 1)
    order = sent((article, 1), (other, 1))
    picker = khs_user(first_name="Pia", last_name="Plock")
    orders.start_picking(order, user=picker)
    grave(piece=piece)
    order.refresh_from_db()
    assert order.status == OrderStatus.PICKING
    assert "restnoterades" in Message.objects.get(user=picker).text


def test_who_picks_such_pieces_is_told_of_one_that_is_held_back_also_where_another_is_free():
    article = ArticleFactory(name="Rullstol Cross", is_marked=True)
    piece, _ = put_in_stock(WarehouseFactory(), article, 2)
    picker, waiting = khs_user(first_name="Pia"), khs_user(first_name="Siv")
    order = orders.start_picking(sent((article, 1)), user=picker)
    other = ArticleFactory(is_marked=True)
    put_in_stock(WarehouseFactory(), other, 1)
    orders.start_picking(sent((other, 1)), user=waiting)

    made = registered(piece=piece, block=True)

    told = Message.objects.get(user=picker)
    assert told.title == f"Individ {piece.number} lämnas inte ut"
    assert made.case_number in told.text and order.case_number in told.text
    assert not Message.objects.filter(user=waiting).exists()
    order.refresh_from_db()
    assert (order.status, order.lines.get().reserved) == (OrderStatus.PICKING, 1)


def test_who_has_to_give_one_up_is_told_once():
    article = ArticleFactory(is_marked=True)
    piece, _ = put_in_stock(WarehouseFactory(), article, 2)
    picker = khs_user(first_name="Pia")
    orders.start_picking(sent((article, 2)), user=picker)
    grave(piece=piece)
    assert "restnoterades" in Message.objects.get(user=picker).text


def test_a_lesser_one_says_that_it_is_promised():
    piece, order = promised_piece()
    with pytest.raises(DomainError, match="lovad till en beställning"):
        registered(piece=piece, block=True)
    assert order.lines.get().reserved == 1
    assert not Deviation.objects.exists()


def test_what_khs_finds_grave_makes_the_order_wait_too():
    piece, order = promised_piece()
    investigated(received(piece=piece), could_be_grave=True)
    assert is_blocked(piece)
    assert order.lines.get().reserved == 0
    assert differences() == []


def test_a_blocked_piece_is_not_delivered():
    piece, order = promised_piece()
    grave(piece=piece)
    pick = Pick(order.lines.get().pk, 1, (piece.pk,))
    with pytest.raises(DomainError):
        orders.deliver(order, [pick], user=khs_user())


# --- what KHS corrects ---


def reclassified(deviation, user=None, **facts):
    told = {
        "event_type": EventType.ADVERSE,
        "category": deviation.category,
        "consequence": "mild",
        "why": "Hon slog i knät.",
        "seen": last_event(deviation),
    }
    return services.reclassify(deviation, user=user or deviation.handler, **(told | facts))


def test_khs_says_what_kind_of_event_it_was_and_who_reported_it_is_told():
    made = received(chair())
    changed = reclassified(made)
    assert (changed.event_type, changed.consequence) == ("adverse", "mild")
    event = changed.events.last()
    assert event.text == (
        "Ändrad av KHS: händelsetyp Tillbud → Negativ händelse, konsekvens Ingen → Lindrig"
    )
    assert event.note == "Hon slog i knät."
    told = Message.objects.get(user=made.ordered_by)
    assert told.title == f"KHS har ändrat din avvikelse {made.case_number}"
    assert "Hon slog i knät." in told.text
    row = AccessLogEntry.objects.filter(case_number=made.case_number).order_by("at", "pk").last()
    assert (row.action, row.user) == ("change", made.handler)


def test_what_becomes_grave_is_held_back_and_must_then_be_answered():
    loan = chair()
    made = reclassified(received(loan), consequence="serious")
    assert is_blocked(loan.individual)
    with pytest.raises(Unanswered):
        closed(made)
    calmer = reclassified(made, event_type=EventType.NEAR_MISS, consequence="none")
    assert is_blocked(loan.individual), "KHS lets it go by a deed of its own"
    assert not calmer.is_grave


def test_a_category_goes_with_the_type_that_khs_says():
    made = received(chair())
    with pytest.raises(DomainError) as fault:
        reclassified(made, event_type=EventType.COMPLAINT, consequence="none")
    assert fault.value.field == "category"
    fitting = DeviationCategory.objects.get(name="Fel under användning")
    changed = reclassified(
        made, event_type=EventType.COMPLAINT, consequence="none", category=fitting
    )
    assert changed.kind_word == "Reklamation"


def test_a_category_that_has_ended_since_may_stay():
    made = received(chair())
    DeviationCategory.objects.update(is_active=False)
    assert reclassified(made).consequence == "mild"
    services.change_account(made, user=made.ordered_by, details={"place": "Köket"})


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ({"why": " "}, "Skriv varför"),
        ({"consequence": "none"}, "har skadat någon"),
        ({"seen": 0}, "har ändrats sedan du öppnade"),
    ],
)
def test_it_is_not_changed_without_a_reason_or_over_somebodys_work(facts, told):
    made = received(chair())
    with pytest.raises(DomainError, match=told):
        reclassified(made, **facts)
    made.refresh_from_db()
    assert made.event_type == EventType.NEAR_MISS


def test_what_nobody_has_received_or_is_closed_is_not_changed():
    with pytest.raises(DomainError, match="Ta emot"):
        reclassified(registered(chair()), user=khs_user())
    with pytest.raises(DomainError, match="redan avslutad"):
        reclassified(closed(registered(chair())))


def test_the_same_again_is_nothing_done():
    made = reclassified(received(chair()))
    events = made.events.count()
    assert reclassified(made, seen=0).events.count() == events


def test_a_closed_one_is_opened_again_and_closed_with_another_answer():
    made = closed(registered(chair()))
    other = khs_user(first_name="Siv", last_name="Ek")
    again = services.reopen(made, user=other, why="Samma broms släppte igen.")
    assert again.status == DeviationStatus.INVESTIGATING
    assert (again.handler, again.closed_at) == (other, None)
    assert again.due_on > timezone.localdate()
    titles = list(Message.objects.filter(user=made.ordered_by).values_list("title", flat=True))
    assert f"KHS har öppnat din avvikelse {made.case_number} igen" in titles
    assert services.reopen(again, user=other, why="x").events.count() == again.events.count()
    with pytest.raises(DomainError, match="redan öppen och handläggs av Siv Ek"):
        services.reopen(again, user=khs_user(), why="x")
    assert closed(again, answer="Hela bromsen är bytt.").status == DeviationStatus.CLOSED
    assert Message.objects.filter(text="Hela bromsen är bytt.").exists()


def test_a_grave_one_that_is_opened_again_holds_its_piece_back_again():
    loan = chair()
    made = services.receive(grave(loan), user=khs_user())
    found = {"cause": "Vajern", "measure": "Bytt", "reports": NOT_REPORTED}
    made = closed(made, release_pieces=True, **found)
    assert not is_blocked(loan.individual)
    services.reopen(made, user=made.handler, why="Släppte igen.")
    assert is_blocked(loan.individual)
    assert differences() == []


def test_what_was_taken_back_or_is_open_is_not_opened():
    made = services.withdraw(registered(chair()), user=prescriber())
    with pytest.raises(DomainError, match="återtagit"):
        services.reopen(made, user=khs_user(), why="x")
    with pytest.raises(DomainError, match="redan öppen"):
        services.reopen(received(chair()), user=khs_user(), why="x")
    with pytest.raises(DomainError, match="Skriv varför"):
        services.reopen(closed(registered(chair())), user=khs_user(), why=" ")


def test_khs_holds_back_what_the_reporter_did_not():
    piece, order = promised_piece()
    made = received(piece=piece)
    services.hold(made, user=made.handler)
    services.hold(made, user=made.handler)
    assert is_blocked(piece) and blocks_of(made).count() == 1
    assert order.lines.get().reserved == 0
    assert differences() == []
    with pytest.raises(DomainError, match="avslutad"):
        services.hold(closed(made), user=made.handler)


def test_what_khs_found_of_who_became_protected_is_shown_once_it_is_written_anew():
    loan = chair()
    made = investigated(received(loan), cause="Backen vid kvarnen")
    reclassified(made, why="Hon föll vid kvarnen.")
    Recipient.objects.filter(pk=loan.recipient_id).update(is_protected=True)
    made = Deviation.objects.get(pk=made.pk)
    assert made.findings_masked
    made = services.change_account(
        made, user=made.ordered_by, details={"what_happened": "Bromsen släppte."}
    )
    assert made.findings_masked, "the reporter's words say nothing of KHS's"
    made = investigated(made, cause="Vajern")
    assert not made.findings_masked
    assert not made.events.exclude(note=""), "nor is why it was changed, from before, shown again"
