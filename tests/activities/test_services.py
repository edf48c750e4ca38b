"""What can happen to an activity: registered, taken, planned, reported, closed, cancelled."""

import datetime as dt
import uuid
from io import BytesIO

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from PIL import Image

from activities import services
from activities.models import (
    Activity,
    ActivityStatus,
    ActivityType,
    Priority,
    ServiceSupplier,
    UsedMaterial,
)
from articles.models import ArticleType, Balance, StockMovement
from individuals.models import Block, Individual
from individuals.stock_check import differences
from orders import services as orders
from orders.models import Order, OrderStatus
from organisation.models import AccessLogEntry, Message
from organisation.permissions import KHS
from recipients.cases import EventKind
from recipients.dialog_files import attach
from recipients.models import CareRelation
from sesam.errors import DomainError
from sesam.working_days import add_working_days
from tests.factories import (
    ArticleFactory,
    BufferFactory,
    PayerFactory,
    PriceFactory,
    RecipientFactory,
    UnitFactory,
    UserFactory,
    WarehouseFactory,
    put_in_stock,
)
from tests.orders.builders import pdf, sent
from tests.pickups.builders import lend, lend_chair_with_part, prescriber, returned, someone

from .builders import closed, kind, registered, report, technician

pytestmark = pytest.mark.django_db


@pytest.fixture
def chair():
    return lend(RecipientFactory(), ArticleFactory(name="Rullstol", is_marked=True))


@pytest.fixture
def piece() -> Individual:
    (found,) = put_in_stock(BufferFactory(), ArticleFactory(name="Säng", is_marked=True), 1)
    return found


def available(article, store=None) -> int:
    return Balance.objects.get(article=article, warehouse=store or BufferFactory()).available


# --- registered ---


def test_there_are_eleven_types_to_choose_and_one_that_nobody_chooses():
    found = ActivityType.objects.all()
    assert found.count() == 12
    assert [str(x) for x in found.filter(used_by="plan")] == ["Förebyggande underhåll"]
    assert all(x.explanation for x in found)


def test_an_activity_is_due_by_its_priority_and_is_told(chair):
    activity = registered(chair)
    assert activity.status == ActivityStatus.REGISTERED
    assert activity.due_on == add_working_days(timezone.localdate(), 10)
    assert [line.loan for line in activity.lines.all()] == [chair]
    assert CareRelation.objects.filter(case_number=activity.case_number).exists()
    row = AccessLogEntry.objects.get(case_number=activity.case_number)
    assert (row.action, row.recipient_key) == ("create", chair.recipient.key)


def test_sent_twice_it_is_one(chair):
    token, user = uuid.uuid4(), prescriber()
    assert registered(chair, token=token, user=user) == registered(chair, token=token, user=user)
    assert Activity.objects.count() == 1


def test_what_is_wanted_must_be_said(chair):
    with pytest.raises(DomainError) as error:
        registered(chair, details={"request": "  "})
    assert error.value.field == "request"


def test_an_aid_that_came_back_meanwhile_is_told(chair):
    returned(chair)
    with pytest.raises(DomainError, match="Rullstol är redan återlämnat") as error:
        registered(chair)
    assert error.value.line == chair.pk


def test_an_aid_that_was_scrapped_meanwhile_is_told(chair):
    returned(chair, scrap=True)
    with pytest.raises(DomainError, match="Rullstol är skrotat"):
        registered(chair)


def test_an_adjustment_needs_an_aid_and_a_consultant_does_not():
    person = RecipientFactory()
    with pytest.raises(DomainError, match="Välj det hjälpmedel"):
        registered(recipient=person)
    assert not registered(recipient=person, type="Konsulentärende").lines.exists()


def test_the_regions_beds_are_for_the_regions_units(chair):
    with pytest.raises(DomainError, match="Regionens tjänsteställen"):
        registered(chair, type="Regionens")
    region = PayerFactory(code="08", name="Region Kalmar län", kind="region")
    unit = UnitFactory(code="R1", payer=region)
    user = UserFactory(default_unit=unit)
    assert registered(chair, type="Regionens", unit=unit, user=user).pk


def test_nobody_but_khs_registers_what_a_plan_makes(chair):
    with pytest.raises(DomainError, match="enligt schema"):
        registered(chair, type="Förebyggande")
    assert registered(chair, type="Förebyggande", user=UserFactory(roles=[KHS])).pk


def test_a_special_adaptation_needs_its_document_by_name(chair, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    user = prescriber()
    name = "Anvisning vid specialanpassning"
    other = attach("d", pdf("annat.pdf"), user=user)
    with pytest.raises(DomainError, match=f"Bifoga dokumentet «{name}»") as error:
        registered(chair, type="Specialanpassning", user=user, files=[other])
    assert error.value.field == "file"
    filled = attach("d", pdf("ifylld.pdf"), user=user, document=name)
    activity = registered(chair, type="Specialanpassning", user=user, files=[other, filled])
    documents = activity.attachments.values_list("name", "document")
    assert list(documents) == [("annat.pdf", ""), ("ifylld.pdf", name)]
    assert activity.attachments.get(document=name).file.read().startswith(b"%PDF")


def test_another_unit_is_not_ones_own(chair):
    with pytest.raises(DomainError, match="ett av dina tjänsteställen"):
        registered(chair, unit=UnitFactory(code="X9", name="Annan"))


def test_a_ceiling_hoist_goes_to_its_supplier_without_personal_data():
    person = RecipientFactory(family_name="Kvarnström")
    hoist = lend(person, ArticleFactory(name="Taklyft", iso_code="123612"))
    with pytest.raises(services.TextNeedsCheck):
        registered(hoist, type="Avhjälpande", details={"request": "Hos Kvarnström"})
    activity = registered(hoist, type="Avhjälpande")
    assert str(activity.supplier) == "Guldmann Sverige AB"
    assert not activity.bears_personal_data
    assert not registered(hoist, type="Flytt av taklyft").bears_personal_data


def test_of_a_supplier_that_has_ended_khs_sees_to_the_work():
    hoist = lend(RecipientFactory(), ArticleFactory(name="Taklyft", iso_code="123612"))
    ServiceSupplier.objects.update(is_active=False)
    moved = registered(hoist, type="Flytt av taklyft")
    assert (moved.supplier, moved.performer) == (None, "KHS")
    assert moved.is_workshops and moved in Activity.objects.in_workshop()
    assert services.take(moved, user=technician()).technician


def test_what_a_supplier_does_waits_for_no_technician():
    hoist = lend(RecipientFactory(), ArticleFactory(name="Taklyft", iso_code="123612"))
    repaired = registered(hoist, type="Avhjälpande")
    assert not repaired.is_workshops
    assert repaired not in Activity.objects.in_workshop()


def test_a_supplier_that_a_type_names_is_not_ended_first():
    moves = kind("Flytt av taklyft")
    moves.supplier.is_active = False
    with pytest.raises(ValidationError, match="«Flytt av taklyft»"):
        moves.supplier.clean()
    with pytest.raises(ValidationError, match="används inte längre"):
        moves.clean()


def test_a_type_for_all_and_a_priority_are_always_there():
    for one in Priority.objects.exclude(name="Akut"):
        one.is_active = False
        one.clean()
        one.save()
    last = Priority.objects.get(name="Akut")
    last.is_active = False
    with pytest.raises(ValidationError, match="En prioritet måste vara aktiv"):
        last.clean()
    ActivityType.objects.exclude(name="Anpassning").update(is_active=False)
    last_kind = kind("Anpassning")
    last_kind.is_active = False
    with pytest.raises(ValidationError, match="En typ som alla får använda"):
        last_kind.clean()


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("blankett.pdf", b"MZ\x90\x00" + b"\0" * 200, "kan inte bifogas"),
        ("blankett.pdf", b"", "tom"),
    ],
)
def test_a_blank_is_a_pdf(name, content, told):
    special = kind("Special")
    special.blank = SimpleUploadedFile(name, content, content_type="application/pdf")
    with pytest.raises(ValidationError, match=told):
        special.clean()


def test_a_picture_is_no_blank(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    special, picture = kind("Special"), BytesIO()
    Image.new("RGB", (2, 2)).save(picture, "PNG")
    special.blank = SimpleUploadedFile("blankett.pdf", picture.getvalue())
    with pytest.raises(ValidationError, match="måste vara en PDF"):
        special.clean()
    special.blank = SimpleUploadedFile("blankett.pdf", b"%PDF-1.4 blankett\n%%EOF\n")
    special.clean()


# --- the piece in a store ---


def test_a_store_repair_blocks_the_piece_until_it_is_closed(piece):
    activity = registered(piece=piece, type="Buffertreparation")
    assert (activity.recipient, activity.warehouse) == (None, BufferFactory())
    assert Block.objects.get(until=None).individual == piece
    assert available(piece.article) == 0
    assert differences() == []
    closed(activity, user=activity.ordered_by, minutes=30)
    assert not Block.objects.filter(until=None).exists()
    assert available(piece.article) == 1
    assert differences() == []


def test_a_piece_at_home_is_blocked_too_and_stays_so_when_it_comes_back(chair):
    activity = registered(chair, type="Buffertreparation")
    assert Block.objects.get(until=None).individual == chair.individual
    returned(chair)
    assert available(chair.article) == 0
    assert differences() == []
    closed(activity, user=activity.ordered_by)
    assert available(chair.article) == 1
    assert differences() == []


def test_the_same_piece_is_repaired_once_at_a_time(piece):
    first = registered(piece=piece, type="Buffertreparation")
    with pytest.raises(DomainError, match=f"repareras redan, på aktivitet {first.case_number}"):
        registered(piece=piece, type="Buffertreparation")
    services.cancel(first, user=first.ordered_by)
    assert available(piece.article) == 1
    assert registered(piece=piece, type="Buffertreparation").pk


def test_a_piece_that_was_handed_out_meanwhile_is_told(chair):
    with pytest.raises(DomainError, match="står inte i något av tjänsteställets förråd"):
        registered(piece=chair.individual, type="Buffertreparation")


def test_a_piece_in_another_units_store_is_not_ones_own(piece):
    elsewhere = UnitFactory(code="V1", name="Västervik", own_stores=[BufferFactory(number="0883")])
    user = UserFactory(default_unit=elsewhere)
    with pytest.raises(DomainError, match="står inte i något"):
        registered(piece=piece, type="Buffertreparation", unit=elsewhere, user=user)


def test_what_has_no_number_is_no_store_repair():
    walker = lend(RecipientFactory(), ArticleFactory(name="Rollator"))
    with pytest.raises(DomainError, match="individ"):
        registered(walker, type="Buffertreparation")


def test_a_piece_scrapped_meanwhile_lets_the_activity_close(chair):
    activity = registered(chair, type="Buffertreparation")
    returned(chair, scrap=True)
    with pytest.raises(DomainError, match="är skrotat. Aktiviteten kan inte planeras"):
        services.plan(activity, user=technician(), day=timezone.localdate())
    closed(activity, user=activity.ordered_by)
    assert differences() == []


# --- an order waits ---


@pytest.fixture
def order():
    article = ArticleFactory(name="Säng")
    put_in_stock(WarehouseFactory(), article, 3)
    return sent((article, 1), user=prescriber(), recipient=RecipientFactory())


def for_order(order, **facts) -> Activity:
    return registered(recipient=order.recipient, order=order, user=order.ordered_by, **facts)


def test_an_order_waits_until_its_activity_is_closed(order, chair):
    activity = for_order(order)
    khs = technician()
    reason = f"väntar på aktivitet {activity.case_number}"
    line = order.lines.get()
    with pytest.raises(DomainError, match=reason):
        orders.start_picking(order, user=khs)
    with pytest.raises(DomainError, match=reason):
        orders.deliver(order, [orders.Pick(line.pk, 1)], user=khs)
    with pytest.raises(DomainError, match=reason):
        orders.cancel(order, user=order.ordered_by)
    closed(activity)
    orders.deliver(order, [orders.Pick(line.pk, 1)], user=khs)
    assert differences() == []


def test_a_pick_that_has_begun_stops_and_who_picks_is_told(order):
    picker = technician(first_name="Pia", last_name="Plock")
    order = orders.start_picking(order, user=picker)
    activity = for_order(order)
    order.refresh_from_db()
    assert order.status == OrderStatus.REGISTERED
    told = Message.objects.get(user=picker)
    assert told.title == f"Plockningen av beställning {order.case_number} är avbruten"
    assert f"väntar på aktivitet {activity.case_number}" in told.text
    why = f"Plockningen avbröts: beställningen väntar på aktivitet {activity.case_number}"
    assert order.events.filter(kind=EventKind.PICKING_STOPPED, text=why).exists()
    closed(activity)
    assert orders.start_picking(order, user=picker).status == OrderStatus.PICKING


def test_who_picks_such_pieces_is_told_of_one_that_is_to_be_repaired():
    article = ArticleFactory(name="Rullstol", is_marked=True)
    piece, _ = put_in_stock(WarehouseFactory(), article, 2)
    picker = technician(first_name="Pia")
    order = orders.start_picking(sent((article, 1)), user=picker)
    activity = registered(piece=piece, type="Avhjälpande", user=technician())
    told = Message.objects.get(user=picker)
    assert told.title == f"Individ {piece.number} lämnas inte ut"
    assert f"aktivitet {activity.case_number}" in told.text and order.case_number in told.text


def test_a_cancelled_activity_lets_the_order_go(order):
    activity = for_order(order)
    services.cancel(activity, user=order.ordered_by)
    orders.cancel(order, user=order.ordered_by)
    text = f"Aktivitet {activity.case_number} är makulerad"
    assert order.events.filter(text=text).exists()


def test_an_order_that_was_delivered_meanwhile_cannot_wait(order):
    orders.deliver(order, [orders.Pick(order.lines.get().pk, 1)], user=technician())
    with pytest.raises(DomainError, match="är redan utlevererad, så den kan inte vänta"):
        for_order(order)
    assert not Activity.objects.exists()


def test_an_order_of_accessories_is_told_of_and_does_not_wait():
    part = ArticleFactory(name="Bricka", type=ArticleType.ACCESSORY)
    put_in_stock(WarehouseFactory(), part, 3)
    order = sent((part, 1), user=prescriber())
    activity = for_order(order)
    order.refresh_from_db()
    assert activity.order is None and not order.holds.exists()
    assert activity.case_number in order.extra_info
    assert order.case_number in activity.comment


def test_a_note_that_finds_no_room_cuts_nothing_that_somebody_wrote():
    part = ArticleFactory(name="Bricka", type=ArticleType.ACCESSORY)
    put_in_stock(WarehouseFactory(), part, 3)
    order = sent((part, 1), user=prescriber())
    Order.objects.update(extra_info="x" * 1990)
    activity = for_order(order)
    order.refresh_from_db()
    assert order.extra_info == "x" * 1990
    assert any(activity.case_number in event.text for event in order.events.all())


# --- the workshop ---


def test_two_technicians_cannot_take_the_same(chair):
    activity, first, second = registered(chair), technician(), technician()
    services.take(activity, user=first)
    services.take(activity, user=first)
    with pytest.raises(DomainError, match=f"redan tagen av {first}"):
        services.take(activity, user=second)
    activity.refresh_from_db()
    assert (activity.technician, activity.status) == (first, ActivityStatus.UNDERWAY)


def test_only_a_technician_takes_it(chair):
    with pytest.raises(DomainError, match="Bara en tekniker"):
        services.take(registered(chair), user=UserFactory(roles=[KHS]))


def test_a_technician_takes_only_what_the_workshop_does(chair):
    activity, user = registered(chair, type=kind("Beställning av reservdel")), technician()
    with pytest.raises(DomainError, match="inte av KHS tekniker"):
        services.take(activity, user=user)
    with pytest.raises(DomainError, match="inte av KHS tekniker"):
        services.plan(activity, user=user, day=timezone.localdate(), technician=user)
    activity.refresh_from_db()
    assert (activity.technician, activity.status) == (None, ActivityStatus.REGISTERED)


def test_a_plan_sent_twice_is_told_once_also_with_a_space_too_many(chair):
    activity, user = registered(chair), technician()
    for time in ("10–12 ", "10–12", " 10–12"):
        services.plan(activity, user=user, day=timezone.localdate(), time=time)
    assert activity.events.filter(kind=EventKind.PLANNED).count() == 1


def test_it_is_planned_and_handed_back(chair):
    activity, user = registered(chair), technician()
    day = timezone.localdate() + dt.timedelta(3)
    services.plan(activity, user=user, day=day, time="10–12", technician=user)
    activity.refresh_from_db()
    assert (activity.status, activity.technician) == (ActivityStatus.PLANNED, user)
    with pytest.raises(DomainError, match="inte har varit"):
        services.plan(activity, user=user, day=timezone.localdate() - dt.timedelta(1))
    with pytest.raises(DomainError, match="Bara en aktivitet med status Registrerad"):
        services.cancel(activity, user=activity.ordered_by)
    services.hand_back(activity, user=user, why="Delen är slut.")
    activity.refresh_from_db()
    assert (activity.status, activity.technician, activity.planned_for) == (
        ActivityStatus.REGISTERED, None, None,
    )  # fmt: skip


# --- reported ---


@pytest.fixture
def wire():
    part = ArticleFactory(name="Bromsvajer", type=ArticleType.SPARE_PART)
    PriceFactory(article=part, list_price="120.00", rent=None)
    put_in_stock(WarehouseFactory(), part, 3)
    return part


def test_material_is_drawn_from_stock_and_its_price_copied(chair, wire):
    activity = registered(chair)
    made = report(activity, (wire, 2), minutes=45)
    movement = StockMovement.objects.get(kind="material")
    assert (movement.quantity, movement.case_number) == (-2, activity.case_number)
    used = UsedMaterial.objects.get()
    assert (str(used.price), used.quantity, str(made.cost)) == ("120.00", 2, "480.00")
    activity.refresh_from_db()
    assert activity.status == ActivityStatus.UNDERWAY
    assert differences() == []


def test_more_material_than_there_is_is_refused_and_nothing_is_kept(chair, wire):
    activity = registered(chair)
    with pytest.raises(DomainError, match="har 3 st, så 4 st kan inte tas") as error:
        report(activity, (wire, 2), (wire, 2), close=True)
    assert error.value.line == wire.pk
    activity.refresh_from_db()
    assert activity.status == ActivityStatus.REGISTERED
    assert not activity.reports.exists()
    assert available(wire, WarehouseFactory()) == 3


def test_what_is_closed_is_not_closed_again(chair):
    activity, token = registered(chair), uuid.uuid4()
    first = report(activity, close=True, token=token)
    assert report(activity, close=True, token=token) == first
    with pytest.raises(DomainError, match="redan avslutad"):
        report(activity, close=True)


def test_the_store_reports_its_own_work_and_not_khss(chair, piece):
    own = registered(piece=piece, type="Buffertreparation")
    khss = registered(chair)
    report(own, user=own.ordered_by)
    with pytest.raises(DomainError, match="utförs av KHS"):
        report(khss, user=khss.ordered_by)
    stranger = UserFactory(default_unit__code="V9", default_unit__name="Annan")
    with pytest.raises(DomainError):
        report(own, user=stranger)


def test_what_was_worked_on_is_not_cancelled(chair):
    activity, user = registered(chair), technician()
    report(activity, user=user)
    services.hand_back(activity, user=user)
    with pytest.raises(DomainError, match="redan återrapporterat"):
        services.cancel(activity, user=activity.ordered_by)


def test_an_ended_case_of_a_protected_person_forgets_what_was_typed(chair):
    activity = registered(chair, details={"comment": "Bakom silon"})
    type(chair.recipient).objects.update(is_protected=True)
    closed(activity, text="Justerade fotstödet.")
    kept = [activity.street, activity.request, activity.comment, activity.contact_name]
    assert kept == ["", "", "", ""]
    assert activity.reports.get().text == ""


def test_the_parts_of_a_chair_can_be_worked_on(chair):
    main, part = lend_chair_with_part(RecipientFactory())
    assert registered(main, part).lines.count() == 2
    assert registered(main).is_workshops


def test_a_report_with_another_activitys_token_is_refused():
    token = uuid.uuid4()
    one, other = (registered(lend(someone(), ArticleFactory())) for _ in range(2))
    report(one, token=token)
    with pytest.raises(DomainError, match="en annan aktivitet"):
        report(other, token=token)
