"""The demo's data: complete, the same every time, and in agreement with itself."""

import datetime as dt

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.utils import timezone

from activities.models import Activity, ActivityLine, ActivityStatus
from articles.measures import written
from articles.models import Article, ArticleType, Balance, IsoClass, StockMovement
from deviations.models import Deviation, DeviationItem, DeviationStatus, EventType, Recall
from individuals.models import Individual
from individuals.stock_check import differences
from invoicing.models import Charge, ChargeKind, Invoice, MonthRun, Question, QuestionStatus
from orders.models import LineDelivery, Order, OrderLine
from orders.services import reserved_by_place
from orders.stages import Stage
from organisation.models import Message, User
from pickups.models import PickupOrder, PickupStatus, Return
from portal import demo
from portal.demo.files import rows
from portal.models import DisposalList
from recipients.models import Loan, Recipient, RegisterPerson

pytestmark = [pytest.mark.django_db, pytest.mark.not_stolen]


def facts() -> list:
    """What is the same however often it's loaded on a day."""
    return [
        list(Recipient.objects.order_by("key").values_list("number", "key", "street")),
        list(Balance.objects.order_by("pk").values_list("on_hand", "reserved")),
        list(Order.objects.order_by("pk").values_list("recipient__number", "status")),
    ]


@pytest.fixture(scope="module")
def loaded_before(django_db_setup, django_db_blocker):
    """The facts of another time, of which nothing is left."""
    with django_db_blocker.unblock():
        with transaction.atomic():
            demo.load()
            found = facts()
            transaction.set_rollback(True)
    return found


@pytest.fixture(scope="module")
def loaded(loaded_before, django_db_blocker):
    """Loaded once; the module's tests only look, and what was loaded is rolled back."""
    with django_db_blocker.unblock():
        with transaction.atomic():
            loaded = demo.load()
            connection.check_constraints()  # once, not after each test
            yield loaded
            transaction.set_rollback(True)


def test_it_is_the_same_every_time(loaded_before, loaded):
    assert facts() == loaded_before


def test_the_whole_catalogue_is_there_under_its_own_numbers(loaded):
    numbers = {row["number"] for row in rows("articles")}
    assert len(numbers) == 6863
    assert numbers <= set(Article.objects.values_list("number", flat=True))
    assert IsoClass.objects.count() == 968


def test_the_handbooks_wheelchairs_replace_one_another(loaded):
    chair = Article.objects.get(number="37121")
    ranked = [m.article.number for m in chair.replacement.group.members.all()]
    assert ranked == ["37121", "43027", "46948"]
    available = {
        b.article.number: b.available
        for b in Balance.objects.filter(warehouse__number="100", article__number__in=ranked)
    }
    assert available["37121"] == 0
    assert available["43027"] > 0


def test_measures_are_read_out_of_the_names(loaded):
    measured = Article.objects.exclude(seat_width=None)
    assert measured.count() > 1500
    assert set(measured.values_list("type", flat=True)) <= {"main", "accessory"}
    chair = Article.objects.get(number="278340")  # Cross 6 allround sb45 sd41-56 lang
    assert (written(chair.seat_width), written(chair.seat_depth)) == ("45", "41–56")


def test_services_and_the_manual_article_need_a_comment(loaded):
    for number in ("39302", "39303", "MANUELL"):
        article = Article.objects.get(number=number)
        assert article.requires_comment
        assert not article.is_stocked


def test_every_demo_person_is_in_the_register_and_most_are_not_known_yet(loaded):
    numbers = {row["number"] for row in rows("demo-personal-numbers")}
    assert set(RegisterPerson.objects.values_list("number", flat=True)) == numbers
    known = set(Recipient.objects.filter(kind="person").values_list("number", flat=True))
    assert known < numbers
    assert demo.KNOWN_PERSON in known
    assert demo.REGISTER_ONLY_PERSON not in known
    assert Recipient.objects.get(number=demo.PROTECTED_PERSON).is_protected
    assert Recipient.objects.get(number=demo.DECEASED_PERSON).deceased_on
    many = Loan.objects.filter(recipient__number=demo.MANY_AIDS_PERSON, ended_at=None)
    assert many.count() >= 40


def test_deviations_are_there_in_every_status_and_one_is_late(loaded):
    assert set(Deviation.objects.values_list("status", flat=True)) == set(DeviationStatus.values)
    assert set(Deviation.objects.values_list("event_type", flat=True)) == set(EventType.values)
    assert Deviation.objects.filter(is_withdrawn=True).exists()
    assert Deviation.objects.filter(recipient=None).exists()
    assert Deviation.objects.late().exists()
    assert Deviation.objects.still_open().grave().exists()


def test_a_recall_is_half_confirmed(loaded):
    recall = Recall.objects.get()
    assert recall.status == "ongoing" and recall.held_pieces().exists()
    assert recall.items.confirmed().exists()
    assert recall.items.not_reached().exists() and recall.items.silent().exists()


def test_the_books_agree(loaded):
    assert differences() == []
    reserved = {(b.warehouse_id, b.article_id): b.reserved for b in Balance.objects.all()}
    assert {place: n for place, n in reserved.items() if n} == dict(reserved_by_place())


def test_every_store_has_its_municipalitys_code(loaded):
    user = User.objects.get(username="forskrivare")
    assert [s.number for s in user.default_unit.own_stores.all()] == ["0880"]
    assert user.check_password("demo")
    assert user.is_demo


def test_it_is_refused_outside_of_the_demo(settings):
    settings.DEMO = False
    with pytest.raises(CommandError, match="DEMO=1"):
        call_command("load_demo")


def test_some_aids_came_back_and_some_are_to_be_fetched(loaded):
    # Two of them months ago, of something sold and something scrapped; four were lent again.
    of_today = Return.objects.exclude(recipient__disposal_rows__isnull=False)
    assert of_today.count() == 12
    assert {p.status for p in PickupOrder.objects.all()} >= {"registered", "planned", "received"}
    assert PickupOrder.objects.filter(recipient__number=demo.MANY_AIDS_PERSON).exists()


def test_what_came_back_to_a_store_came_onto_its_shelf_then(loaded):
    moves = StockMovement.objects.filter(kind="return", note="Retur").values_list("at", flat=True)
    assert moves and set(moves) <= set(Return.objects.values_list("at", flat=True))


def test_some_are_nobody_by_now_and_some_wait_to_be(loaded):
    last, this = DisposalList.objects.order_by("month")
    assert last.finished_at and not this.approved_at
    assert [row.recipient.kind for row in last.rows.all()] == ["anonymised"] * 2
    assert [row.recipient.kind for row in this.rows.all()] == ["person"] * 3


def test_pickup_orders_of_the_prescribers_unit_stand_in_each_status(loaded):
    unit = User.objects.get(username="forskrivare").default_unit
    statuses = PickupOrder.objects.filter(unit=unit).values_list("status", flat=True)
    assert set(statuses) == set(PickupStatus.values)


def test_activities_stand_in_each_status_and_some_are_late(loaded):
    statuses = set(Activity.objects.values_list("status", flat=True))
    assert statuses == set(ActivityStatus.values)
    assert Activity.objects.late().exists()
    assert Activity.objects.exclude(order=None).still_open().exists()
    assert Activity.objects.filter(recipient=None).exists()
    oldest = Activity.objects.order_by("created_at").first().created_at
    assert (timezone.now() - oldest).days > 90


def test_what_is_asked_for_and_what_went_wrong_fits_the_aid_that_it_is_about(loaded):
    for of, texts in (
        (ActivityLine.objects.values_list("activity__request", "article__iso_code"),
         {"Sängen ": "1812", "Stolen ": "1223", "Laddaren ": "1223", "Sittdjupet ": "1222"}),
        (DeviationItem.objects.values_list("deviation__what_happened", "article__iso_code"),
         {"Lyftselens ": "1236", "Fingret klämdes i sänggrinden": "1812", "Laddaren ": "1223",
          "Tippskyddet ": "1222", "Sängen ": "1812"}),
    ):  # fmt: skip
        for begins, iso_code in texts.items():
            aids = [iso for text, iso in of if text.startswith(begins)]
            assert aids and all(iso.startswith(iso_code) for iso in aids), begins


def test_of_an_activity_that_ended_long_ago_the_message_came_then_and_is_read(loaded):
    user = User.objects.get(username="forskrivare")
    for activity in Activity.objects.filter(status=ActivityStatus.CLOSED, ordered_by=user):
        for message in Message.objects.filter(user=user, case_number=activity.case_number):
            assert message.sent_at == activity.closed_at
    long_ago = timezone.now() - dt.timedelta(days=45)
    assert not Message.objects.filter(user=user, read_at=None, sent_at__lt=long_ago).exists()


def test_hoist_projects_stand_where_the_prescriber_and_khs_each_have_something_to_do(loaded):
    lines = OrderLine.objects.exclude(stage="").select_related("order__unit", "article")
    where = {(line.article.number, line.stage) for line in lines}
    assert {("39302", Stage.WAITING), ("39302", Stage.PURCHASED)} <= where
    waiting = next(line for line in lines if line.stage == Stage.WAITING)
    assert waiting.order.unit == User.objects.get(username="forskrivare").default_unit
    offer = waiting.moves.get(stage=Stage.OFFER_RECEIVED).offer
    with offer.file.open() as file:
        assert file.read(4) == b"%PDF"


def test_what_was_handed_out_to_somebody_is_lent_to_them_but_services(loaded):
    handed = LineDelivery.objects.select_related("line__article", "loan", "delivery__order")
    for one in handed:
        is_service = one.line.article.type == ArticleType.SERVICE
        assert (one.loan is None) == is_service, one.line.article
        if one.loan is not None:
            assert one.loan.recipient_id == one.delivery.order.recipient_id
            assert one.loan.individual_id == one.individual_id
    assert handed.exclude(individual=None).exists()
    hung = handed.filter(line__put_for__stage=Stage.DELIVERED).exclude(loan=None)
    assert {one.line.put_for.article.number for one in hung} == {"39302", "39303"}
    with_somebody = Individual.objects.filter(status=Individual.Status.WITH_RECIPIENT)
    held = Loan.objects.filter(ended_at=None).exclude(individual=None)
    assert set(with_somebody) == {loan.individual for loan in held.select_related("individual")}


def test_a_manual_order_has_got_its_real_article(loaded):
    line = OrderLine.objects.get(article__number="MANUELL", is_replaced=True)
    assert line.put_lines.get().reserved == 1


def test_closed_months_have_every_kind_of_charge(loaded):
    charged = Charge.objects.filter(invoice__run__finished_at__isnull=False)
    assert set(charged.values_list("kind", flat=True)) == set(ChargeKind.values)


def test_months_are_closed_with_questioned_rows_and_a_credit(loaded):
    assert MonthRun.objects.exclude(finished_at=None).count() == 3
    assert not Invoice.objects.filter(number=None).exists()
    assert set(Question.objects.values_list("status", flat=True)) == set(QuestionStatus.values)
    for invoice in Invoice.objects.all():
        assert sum(charge.amount for charge in invoice.charges.all()) == invoice.total


def test_changes_are_told_of_by_who_made_them_and_put_right(loaded):
    """«Ändringshistorik» has something to show; what was changed stands as it was."""
    by = dict(User.objects.values_list("username", "pk"))
    for who, changes in (
        ("khs", "articles.ArticleChange"),
        ("khs", "articles.PriceChange"),
        ("forskrivare", "recipients.RecipientChange"),
        ("admin", "organisation.UnitChange"),
        ("admin", "organisation.UserRoleChange"),
    ):
        made = apps.get_model(changes)._default_manager.filter(pgh_context__user=by[who])
        assert made.exists(), changes
    assert not Article.objects.filter(name__contains="(utgår)").exists()
    assert User.objects.get(username="forskrivare2").units.count() == 1
