"""Each rule that the database keeps, broken on purpose: whatever writes, it says no."""

import datetime as dt
import uuid
from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, models, transaction

from activities.maintenance import night
from activities.models import ActivityType
from articles.models import (
    Article,
    ArticleDocument,
    ArticleLook,
    CatalogueImport,
    Favourite,
    Fit,
)
from deviations.models import RecallDeed, RecallItem
from individuals.models import Individual
from invoicing.models import (
    CalloutFee,
    Charge,
    Correction,
    CountedMonth,
    DoubtfulLoan,
    Figure,
    Invoice,
    InvoiceSum,
    LossVerdict,
    MonthRun,
    Question,
)
from orders import cart as carts
from orders.models import OrderHold
from organisation import messages
from organisation.models import LookReason, Mail, Message, Notice, SignInTurn, Source, User
from organisation.permissions import KHS
from pickups.models import PickupReceipt
from pickups.services import Got, receive
from portal.models import (
    DisposalList,
    DisposalRow,
    Document,
    DocumentHeading,
    KnownPerson,
    News,
    NewsRead,
    SpotCheck,
    SpotCheckLook,
    SpotCheckNote,
    SpotCheckPlan,
    SpotCheckProtocol,
)
from recipients import follow_ups
from recipients.models import FollowUp, Loan
from sesam.models import Printout
from tests.activities.builders import due_in, plan_of, registered, report
from tests.deviations.builders import NOT_REPORTED, investigated, recall_of, received
from tests.factories import (
    ArticleFactory,
    IndividualFactory,
    IsoClassFactory,
    PriceFactory,
    RecipientFactory,
    ReplacementGroupFactory,
    StandardComponentFactory,
    UnitFactory,
    UserFactory,
    WarehouseFactory,
    put_in_stock,
)
from tests.orders.builders import project, saved_template, sent, start
from tests.pickups.builders import fetched, lend, lend_chair_with_part, returned, to_follow_up

pytestmark = pytest.mark.django_db
OUR_APPS = (
    "sesam", "organisation", "articles", "individuals", "recipients", "orders", "activities", "pickups",
    "deviations", "invoicing", "portal",
)  # fmt: skip
UNKNOWN = "okänd"
SOME_DAY = dt.date(2030, 1, 15)
A_MONTH = SOME_DAY.replace(day=1)
NOW = dt.datetime(2030, 1, 15, 12, tzinfo=dt.UTC)
NO_WAY_IN = {"door_code": "", "instructions": ""}


def unsent_message() -> Message:
    return messages.send(UserFactory(), title="Svar")


def another_charge() -> Charge:
    return Charge.objects.get(source_key="rent:2")


def another_user() -> User:
    return UserFactory()


def another_piece() -> Individual:
    return IndividualFactory()


# Of each rule, what a row that keeps it is changed to.
BROKEN: dict[str, dict[str, Any]] = {
    "case_kind_is_known": {"number": "26019999", "kind": UNKNOWN},
    "progress_in_percent": {"progress": 101},
    "import_progress_in_percent": {"progress": 101},
    "somebody_did_it": {"user": None, "job": ""},
    "reason_is_somebodys_about_somebody": {"action": "view", "reason": LookReason.objects.first},
    "look_reason_has_a_name": {"name": ""},
    "look_reason_icon_is_known": {"name": "Ett till", "icon": UNKNOWN},
    "look_reason_is_somebodys": {"name": "Ett till", "whose": UNKNOWN[:4]},
    "paused_or_ended_is_inactive": {"is_active": True, "ended_at": NOW},
    "message_kind_is_known": {"kind": UNKNOWN},
    "mail_state_is_known": {"state": UNKNOWN, "message": unsent_message},
    "notice_for_one_group": {"role": KHS, "unit": UnitFactory},
    "news_for_one_group": {"role": KHS, "unit": UnitFactory},
    "news_ends_after_it_begins": {"published_until": dt.date(2000, 1, 1)},
    "document_for_one_group": {"role": KHS, "unit": UnitFactory, "key": uuid.uuid4},
    "document_ends_after_it_begins": {
        "published_until": dt.date(2000, 1, 1),
        "key": uuid.uuid4,
    },
    "project_is_a_service": {"project": "with_offer"},
    "measures_are_positive": {"own_weight": 0},
    "price_not_negative": {"list_price": -1},
    "rent_not_negative": {"rent": -1},
    "price_of_something": {"list_price": None, "rent": None},
    "document_is_file_or_link": {"url": ""},
    "on_hand_not_negative": {"on_hand": -1, "reserved": 0, "unavailable": -1},
    "reserved_not_negative": {"reserved": -1},
    "unavailable_not_negative": {"unavailable": -1},
    "available_not_negative": {"on_hand": 0, "reserved": 1},
    "movement_moves_something": {"quantity": 0},
    "movement_kind_is_known": {"kind": UNKNOWN},
    "individual_in_one_place": {"status": "in_stock", "warehouse": None},
    "individual_status_is_known": {"status": UNKNOWN, "warehouse": None},
    "recipient_number_fits_kind": {"number": "7101"},
    "who_is_anonymised_is_nobody": {"kind": "anonymised", "number": ""},
    "a_disposal_list_is_of_a_month": {"month": SOME_DAY},
    "disposal_progress_in_percent": {"progress": 101, "month": A_MONTH},
    "approved_by_a_decision": {"reference": "KHS 2026/17", "month": A_MONTH},
    "nothing_goes_unapproved": {"finished_at": NOW, "month": A_MONTH},
    "disposal_outcome_is_known": {"outcome": UNKNOWN, "at": NOW, "by": User.objects.first},
    "somebody_disposed": {"at": NOW},
    "returned_within_quantity": {"returned": 9, "ended_at": None},
    "loan_of_something": {"quantity": 0, "ended_at": NOW, "individual": None},
    "somebody_follows_it_up": {"follow_up_on": SOME_DAY, "follow_up_by": None, "individual": None},
    "follow_up_answer_is_known": {"answer": UNKNOWN},
    "loan_ends_with_the_last_of_it": {"ended_at": NOW},
    "a_marked_piece_is_one": {"quantity": 2, "individual": Individual.objects.first},
    "cart_goes_to_someone": {"recipient": None},
    "cart_without_address": {"address_of": "none", **NO_WAY_IN, "street": "Storgatan 7"},
    "cart_way_in_is_the_recipients": {"address_of": "unit", "door_code": "2468#"},
    "thrown_away_is_closed_and_not_sent": {"thrown_at": NOW, "closed_at": None},
    "cart_line_of_something": {"quantity": 0},
    "template_line_of_something": {"quantity": 0},
    "order_goes_to_someone": {"recipient": None},
    "order_status_is_known": {"status": UNKNOWN},
    "order_without_address": {"address_of": "none", **NO_WAY_IN, "street": "Storgatan 7"},
    "order_way_in_is_the_recipients": {"address_of": "unit", "door_code": "2468#"},
    "order_line_of_something": {"quantity": 0, "delivered": 0, "reserved": 0},
    "line_quantities_add_up": {"cancelled": 9},
    "project_has_a_stage": {"project": "with_offer", "stage": ""},
    "line_source_is_known": {"source": UNKNOWN},
    "line_project_is_known": {"project": UNKNOWN, "stage": "received"},
    "line_stage_is_known": {"project": "with_offer", "stage": UNKNOWN},
    "deliveries_count_from_one": {"number": 0},
    "delivery_of_something": {"quantity": 0, "individual": None},
    "a_delivered_piece_is_one": {"quantity": 2, "individual": Individual.objects.first},
    "offer_not_negative": {"amount": -1},
    "project_move_to_a_known_stage": {"stage": UNKNOWN},
    "pickup_status_is_known": {"status": UNKNOWN},
    "pickup_of_something": {"quantity": 0},
    "pickup_line_has_loan": {"loan": None},
    "receipt_of_something": {"quantity": 0},
    "received_state_is_known": {"state": UNKNOWN},
    "return_of_something": {"quantity": 0},
    "hour_price_not_negative": {"hour_price": -1, "code": "", "name": "En till"},
    "activity_status_is_known": {"status": UNKNOWN, "closed_at": None},
    "activity_closed_at_a_time": {"status": "closed", "closed_at": None},
    "activity_of_something": {"quantity": 0},
    "somebody_ordered_the_activity": {"ordered_by": None},
    "plan_of_an_article_or_a_class": {"article": None, "iso_class": None},
    "plan_every_some_months": {"months": 0, "kind": "other"},
    "plan_names_its_supplier": {"done_by": "supplier", "kind": "other"},
    "schedule_every_some_months": {"own_months": 0, "kind": "other"},
    "what_is_exempt_is_never_due": {"is_exempt": True, "kind": "other"},
    "report_of_some_weeks": {"minutes": 60001},
    "material_of_something": {"quantity": 0},
    "deviation_status_is_known": {"status": UNKNOWN},
    "event_type_is_known": {"event_type": UNKNOWN},
    "an_adverse_event_harms_somebody": {"event_type": "near_miss", "consequence": "mild"},
    "deviation_is_closed_at_a_time": {"closed_at": NOW},
    "deviation_has_a_handler": {"status": "received", "handler": None},
    "a_closed_deviation_is_answered": {
        "status": "closed",
        "closed_at": NOW,
        "due_on": None,
        "answer": "",
        "handler": User.objects.first,
        "received_at": NOW,
    },
    "a_withdrawn_deviation_is_closed": {"is_withdrawn": True},
    "an_open_deviation_is_due": {"due_on": None},
    "deviation_of_something": {"quantity": 0, "individual": None},
    "a_deviating_piece_is_one": {"quantity": 2},
    "deviation_of_an_aid_or_a_piece": {"loan": None, "individual": None},
    "report_goes_to_somebody_known": {"to": UNKNOWN},
    "reported_or_a_reason_why_not": {"reason_not": ""},
    "watch_says_what_it_looks_for": {"by": "serial", "first": "", "last": ""},
    "recall_status_is_known": {"status": UNKNOWN, "found_at": NOW},
    "recall_is_closed_at_a_time": {"closed_at": NOW},
    "a_recall_is_ongoing_with_its_list": {"found_at": None},
    "recall_progress_in_percent": {"progress": 101},
    "recalled_is_a_piece_or_a_number": {"loan": None, "individual": None, "found": "in_stock"},
    "recalled_is_something": {"quantity": 0, "individual": None},
    "held_back_within_what_stands_there": {"held_back": 1},
    "how_it_was_found_is_known": {"by": UNKNOWN, "individual": another_piece},
    "what_is_held_is_a_units": {"unit": None, "individual": another_piece},
    "recall_is_told_in_a_way": {"told_at": NOW, "individual": another_piece},
    "a_deeds_activities_are_of_a_type": {"work": "activity", "key": uuid.uuid4},
    "a_deeds_letters_are_known": {"letters": UNKNOWN, "key": uuid.uuid4},
    "deed_progress_in_percent": {"progress": 101, "key": uuid.uuid4},
    "a_recall_is_answered_by_somebody": {"answer": "replaced", "individual": another_piece},
    "vat_in_percent": {"vat": 101, "valid_from": SOME_DAY},
    "minutes_step_within_an_hour": {"minutes_step": 0, "valid_from": SOME_DAY},
    "share_table_kind_is_known": {"kind": UNKNOWN},
    "share_in_percent": {"percent": 101, "from_age": 99},
    "callout_fee_not_negative": {"amount": -1, "valid_from": SOME_DAY},
    "a_run_is_of_a_month": {"month": SOME_DAY},
    "run_progress_in_percent": {"progress": 101, "month": SOME_DAY.replace(day=1)},
    "a_whole_month_is_counted": {"month": dt.date(2026, 1, 2)},
    "measure_is_known": {"measure": UNKNOWN},
    "right_amount_is_owed": {"right_amount": 0, "charge": another_charge},
    "doubt_is_known": {"doubt": UNKNOWN},
    "a_credit_names_its_invoice": {"kind": "credit", "number": None},
    "charge_kind_is_known": {"kind": UNKNOWN, "source_key": "x", "days": None},
    "a_rent_counts_days": {"days": None, "source_key": "x"},
    "free_costs_nothing": {"kind": "free", "source_key": "x", "days": None},
    "a_credit_row_names_its_row": {"kind": "credit", "source_key": "x", "days": None},
    "a_verdict_on_one_thing": {"receipt": None},
    "question_status_is_known": {"status": UNKNOWN, "charge": another_charge},
    "a_question_is_answered_at_a_time": {"status": "refused", "charge": another_charge},
    "known_until_somebody_says_no": {"ended_at": NOW},
    "a_spot_check_is_of_a_month": {"month": SOME_DAY},
    "somebody_closes_a_spot_check": {"month": SOME_DAY.replace(day=1), "closed_at": NOW},
    "verdict_is_known": {
        "number": 2,
        "verdict": UNKNOWN,
        "judged_at": NOW,
        "judged_by": another_user,
    },
    "a_verdict_is_somebodys": {"number": 2, "verdict": "justified"},
    "nobody_judges_their_own_look": {
        "number": 2,
        "verdict": "justified",
        "judged_at": NOW,
        "judged_by": User.objects.first,
        "user": User.objects.first,
    },
    "what_was_wrong_is_followed_up": {"number": 2, "followed_up_at": NOW},
    "a_note_says_something": {"verdict": ""},
    "a_measure_has_a_day": {"kind": "measure", "verdict": "", "text": "Samtal"},
}
# Of each thing that there may be one of, what a second one differs in.
TWICE: dict[str, dict[str, Any]] = {
    "one_price_a_day": {},
    "one_article_a_rank": {"article": ArticleFactory},
    "a_standard_component_once": {},
    "a_fit_once": {},
    "one_balance": {},
    "one_look_a_user_and_article": {},
    "a_favourite_once": {},
    "one_turn_for_a_pair": {},
    "news_read_once_a_user": {},
    "one_recipient_a_number": {"key": uuid.uuid4},
    "once_on_a_disposal_list": {"outcome": "erased", "at": NOW, "by": User.objects.first},
    "waits_on_one_disposal_list": {"of": lambda: DisposalList.objects.create(month=A_MONTH)},
    "a_notice_once_a_user": {"key": uuid.uuid4},
    "one_block_reason_a_code": {"name": "En till"},
    "one_relation_a_case": {},
    "one_open_loan_an_individual": {"component": None},
    "one_open_cart_a_user": {"token": uuid.uuid4},
    "one_line_a_dialog": {},
    "own_template_by_name": {"key": uuid.uuid4},
    "units_template_by_name": {"key": uuid.uuid4},
    "one_hold_a_case": {},
    "a_delivery_number_once": {},
    "an_aid_on_one_open_pickup": {},
    "a_loan_once_a_return": {},
    "one_activity_type_a_code": {"name": "En till"},
    "an_aid_once_an_activity": {},
    "one_open_activity_a_schedule": {"token": uuid.uuid4, "case_number": "26019998"},
    "one_plan_a_kind_and_article": {},
    "one_plan_a_kind_and_class": {},
    "one_schedule_a_kind_and_piece": {},
    "a_category_once": {},
    "a_thing_once_a_deviation": {},
    "one_answer_a_receiver": {},
    "a_criterion_once_a_recall": {},
    "a_piece_once_a_recall": {},
    "a_loan_once_a_recall": {},
    "a_shelf_once_a_recall": {},
    "a_doubt_once_a_loan": {},
    "one_share_table_a_day": {},
    "one_share_an_age": {},
    "one_callout_fee_a_day": {},
    "one_collective_invoice": {"number": None},
    "one_credit_a_run": {"number": None},
    "known_once": {},
    "one_number_a_drawn_look": {},
    "one_number_a_protocol": {},
    "one_sum_a_value": {},
}


def rules(kind: type[models.BaseConstraint]) -> dict[str, tuple[type[models.Model], Any]]:
    """By name, the model that has it."""
    return {
        rule.name: (model, rule)
        for model in apps.get_models()
        if model._meta.app_label in OUR_APPS
        for rule in model._meta.constraints
        if isinstance(rule, kind)
    }


@pytest.fixture
def rows() -> None:
    """A row of everything that a rule is about."""
    chair, part = lend_chair_with_part(RecipientFactory())
    counted = lend(chair.recipient, ArticleFactory(), 3)
    returned(counted, 1)
    pickup = fetched(part)
    receive(pickup, [Got(pickup.lines.get().pk, 1, "cleaning")], user=pickup.ordered_by)
    fetched(counted, quantity=1)
    wire = ArticleFactory()
    put_in_stock(WarehouseFactory(), wire, 1)
    report(registered(chair), (wire, 1))
    project()
    maintained(chair)
    recalled(chair, counted)
    investigated(received(lend(chair.recipient, chair.article)), reports=NOT_REPORTED)
    user = User.objects.get(pk=pickup.ordered_by_id)
    order = sent((ArticleFactory(), 2), user=user)
    OrderHold.objects.create(order=order, case_number=order.case_number)
    carts.put(start(user), wish(ArticleFactory()), dialog_key="nyckel")
    due = to_follow_up(chair.recipient)
    follow_ups.answer(due, user=user, answer=FollowUp.Answer.USED, note="")
    saved_template(ArticleFactory(), owner=user)
    saved_template(ArticleFactory(), owner=user, unit=user.default_unit)
    PriceFactory()
    ReplacementGroupFactory(articles=[ArticleFactory()])
    StandardComponentFactory()
    Fit.objects.create(main=chair.article, part=part.article)
    ArticleDocument.objects.create(article=chair.article, title="Manual", url="https://example.se")
    Favourite.objects.create(user=user, article=chair.article)
    ArticleLook.objects.create(user=user, article=chair.article, seen_at=NOW)
    notice = Notice.objects.create(title="Lagret stänger", text="I dag.", sent_by=user)
    told = Message.objects.create(user=user, title="Lagret stänger", notice=notice)
    Mail.objects.create(message=told)
    news = News.objects.create(title="Jul", body="<p>Stängt.</p>")
    NewsRead.objects.create(news=news, user=user)
    heading = DocumentHeading.objects.create(name="Blanketter")
    Document.objects.create(heading=heading, title="Anvisning", file="x", name="x.pdf")
    SignInTurn.objects.create(name="x", address="y", opens_at=NOW)
    Printout.objects.create(owner=user, title="Saldolista", name="saldo.pdf", back_url="/")
    CatalogueImport.objects.create(user=user, name="katalog.xlsx")
    the_list = DisposalList.objects.create(month=dt.date(2026, 1, 1))
    DisposalRow.objects.create(of=the_list, recipient=chair.recipient, last_on=NOW)
    a_month(user)
    a_spot_check(user)


def a_spot_check(user: User) -> None:
    """A drawn look of which a reviewer said something, with a protocol."""
    plan = SpotCheckPlan.objects.create(made_by=user)
    check = SpotCheck.objects.create(month=dt.date(2026, 1, 1), plan=plan)
    look = SpotCheckLook.objects.create(
        spot_check=check, number=1, entry=1, at=NOW, user=user, action="view", acts=1
    )
    SpotCheckNote.objects.create(look=look, by=user, kind="verdict", verdict="justified")
    SpotCheckProtocol.objects.create(spot_check=check, number=1, content=b"%PDF", made_by=user)
    KnownPerson.objects.create(searched="0" * 64, why="Artist", added_by=user)


def maintained(chair: Loan) -> None:
    """A piece with two plans, and an activity of what falls due."""
    plan_of(chair.article)
    plan_of(iso_class=IsoClassFactory(), kind="battery")
    due_in(3, chair.individual)
    night.run()


def recalled(chair: Loan, counted: Loan) -> None:
    """A piece, a counted aid and a shelf of a recall."""
    recall = recall_of(chair.article, serials=["SN-1"], period=(SOME_DAY, SOME_DAY))
    facts = {"recall": recall, "found_at": NOW, "sureness": "sure", "by": "article"}
    held = {"found": "held", "unit": chair.unit, **facts}
    RecallItem.objects.create(
        article=chair.article, individual=chair.individual, loan=chair, **held
    )
    RecallItem.objects.create(article=counted.article, loan=counted, **held)
    shelf = {"article": counted.article, "warehouse": WarehouseFactory()}
    RecallItem.objects.create(found="in_stock", **shelf, **facts)
    RecallDeed.objects.create(recall=recall, ordered_by=recall.ordered_by, created_at=NOW)


def a_month(user: User) -> None:
    """A month's run with an invoice of one rent, and a credit of it; and that it is counted."""
    CountedMonth.objects.create(month=dt.date(2026, 1, 1), at=NOW)
    Figure.objects.create(month=dt.date(2026, 1, 1), measure="cost")
    DoubtfulLoan.objects.create(loan=Loan.objects.first(), doubt="moved", per_month=1, found_at=NOW)
    CalloutFee.objects.create(type=ActivityType.objects.first(), valid_from=SOME_DAY, amount=1)
    payer = WarehouseFactory().owner
    run = MonthRun.objects.create(month=dt.date(2026, 1, 1), started_by=user)
    facts = {"run": run, "seller": payer, "buyer": payer, "date": NOW, "total": 1, "vat": 0}
    invoice = Invoice.objects.create(kind="centre", **facts)
    Invoice.objects.create(kind="credit", number="26010002", credits=invoice, **facts)
    InvoiceSum.objects.create(invoice=invoice, cut="iso", value="12", count=2, amount=2)
    for key in ("rent:1", "rent:2"):
        charge = Charge.objects.create(
            invoice=invoice, source_key=key, kind="rent", month=run.month, day=run.month,
            seller=payer, buyer=payer, text="Stol", quantity=1, unit_price=1, amount=1,
            vat_rate=0, inputs={}, days=31, loan=Loan.objects.first(),
        )  # fmt: skip
        if key == "rent:1":
            LossVerdict.objects.create(
                receipt=PickupReceipt.objects.first(), is_charged=True, by=user, at=NOW
            )
            Question.objects.create(charge=charge, reason="Fel", asked_by=user, asked_at=NOW)
            Correction.objects.create(charge=charge, by=user, at=NOW)


def wish(article: Article) -> carts.Wish:
    store = WarehouseFactory()
    return carts.Wish(article=article, quantity=1, source=Source.CENTRAL, warehouse=store)


def refused(model: type[models.Model], rule: Any, changes: dict[str, Any]) -> str:
    """The rule that the database names when a row like one it has comes in with ``changes``."""
    found = model._base_manager.order_by("pk")
    if isinstance(rule, models.UniqueConstraint):
        found = found.filter(rule.condition or models.Q())
        found = found.filter(**{f"{name}__isnull": False for name in rule.fields})
    row = found.first()
    assert row is not None, f"{rule.name}: no row of {model.__name__}"
    if model._meta.pk.name not in changes:
        row.pk = None
    row._state.adding = True
    for name, value in changes.items():
        setattr(row, name, value() if callable(value) else value)
    try:
        with transaction.atomic():
            row.save_base(force_insert=True)
    except IntegrityError as error:
        return error.__cause__.diag.constraint_name
    return "nothing"


def test_every_rule_is_broken_here():
    assert set(rules(models.CheckConstraint)) == set(BROKEN)
    assert set(rules(models.UniqueConstraint)) == set(TWICE)


@pytest.mark.parametrize(
    ("kind", "changed"), [(models.CheckConstraint, BROKEN), (models.UniqueConstraint, TWICE)]
)
def test_the_database_refuses_what_breaks_a_rule(rows, kind, changed):
    known = rules(kind)
    said = {name: refused(*known[name], changes) for name, changes in changed.items()}
    assert {name: word for name, word in said.items() if word != name} == {}
