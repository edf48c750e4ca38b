"""What a month's run charges: each rule through what really happens, and what hinders it."""

import datetime as dt
from decimal import Decimal

import pytest

from articles.models import ArticleType, Price
from individuals.models import Individual
from invoicing import months
from invoicing.models import CalloutFee, Charge, Invoice, Terms
from orders import services as orders
from orders.models import Delivery, LineDelivery
from orders.services import Pick
from orders.stages import Stage
from organisation.models import Payer
from pickups.models import Return
from pickups.services import Got, receive
from pickups.services.returns import undo
from recipients.models import PayerMove, Recipient
from sesam import awaited
from tests.activities import builders as work
from tests.factories import (
    BufferFactory,
    PayerFactory,
    RecipientFactory,
    UnitFactory,
    UserFactory,
    WarehouseFactory,
    put_in_stock,
)
from tests.orders.builders import TO_APPROVAL, add, go, project, sent, start
from tests.pickups.builders import fetched, lend, prescriber, returned

from .builders import DECEMBER, NOVEMBER, OCTOBER, article, charged, costs, on, run_month

pytestmark = pytest.mark.django_db


@pytest.fixture
def person():
    return RecipientFactory()


@pytest.fixture
def neighbour():
    """Another municipality, with a store of its own."""
    payer = PayerFactory(code="0881", name="Nybro kommun")
    return BufferFactory(number="0881", name="Nybro kommuns förråd", owner=payer)


def lent(person, what, day, quantity=1, **facts):
    with on(day):
        return lend(person, what, quantity, **facts)


def back(loan, day, quantity=None, **facts):
    with on(day):
        loan.refresh_from_db()
        return returned(loan, quantity, **facts)


# --- each rule ---


def test_what_is_sold_costs_its_copied_price(person):
    table = article("sale", "1290.00")
    lent(person, table, "2026-10-05", 2)
    costs(table, "1500.00", "2026-10-06")
    run_month(OCTOBER)
    assert charged() == [("sale", "2580.00")]


def test_a_rent_counts_the_day_of_delivery_and_not_that_of_the_return(person):
    loan = lent(person, article(price="95.00"), "2026-10-12")
    back(loan, "2026-11-13")
    run_month(OCTOBER)
    run_month(NOVEMBER)
    run_month(DECEMBER)
    assert charged() == [("rent", "61.29"), ("rent", "38.00")]
    assert [charge.days for charge in Charge.objects.order_by("pk")] == [20, 12]


def test_part_returns_split_the_month(person):
    loan = lent(person, article(price="30.00"), "2026-10-01", 3)
    back(loan, "2026-11-11", 1)
    back(loan, "2026-11-21", 1)
    run_month(OCTOBER)
    run_month(NOVEMBER)
    rent = Charge.objects.get(invoice__run__month=NOVEMBER)
    assert (rent.amount, rent.days) == (Decimal("60.00"), 60)
    assert rent.inputs["parts"] == [[1, 30], [1, 20], [1, 10]]


def test_a_loan_that_ends_the_day_it_began_costs_no_rent(person):
    loan = lent(person, article(), "2026-10-12")
    back(loan, "2026-10-12")
    assert run_month(OCTOBER) == []


def test_a_leap_day_is_a_day_of_rent(person):
    lent(person, article(price="29.00"), "2028-02-29")
    run_month(dt.date(2028, 2, 1))
    assert charged() == [("rent", "1.00")]


def test_a_rent_is_the_price_of_the_day_the_month_began_or_of_the_delivery(person):
    chair = article(price="93.00")
    costs(chair, "62.00", "2026-10-10")
    costs(chair, "30.00", "2026-11-01")
    costs(chair, "99.00", "2026-11-02")
    lent(person, chair, "2026-10-12")
    run_month(OCTOBER)
    run_month(NOVEMBER)
    assert charged() == [("rent", "40.00"), ("rent", "30.00")]


def test_no_charge_is_a_row_of_nothing(person):
    lent(person, article("none", None), "2026-10-12")
    run_month(OCTOBER)
    (row,) = Charge.objects.all()
    assert (row.kind, row.amount, row.inputs["why"]) == ("free", 0, "Ingen debitering")


def test_what_was_sold_with_right_of_return_is_credited_by_its_age(person):
    loan = lent(person, article("sale_return", "3900.00"), "2026-01-20", 2)
    run_month(dt.date(2026, 1, 1))
    back(loan, "2026-02-10", 1)
    back(loan, "2026-10-25", 1)
    for month in range(2, 11):
        run_month(dt.date(2026, month, 1))
    assert charged() == [("sale", "7800.00"), ("return", "-2925.00"), ("return", "-1950.00")]
    first, *credits = Charge.objects.order_by("pk")
    assert [credit.of for credit in credits] == [first, first]


def test_what_comes_back_in_the_month_it_was_sold_is_credited_on_the_same_invoice(person):
    loan = lent(person, article("sale_return", "1000.00"), "2026-10-02")
    back(loan, "2026-10-20")
    (invoice,) = run_month(OCTOBER)
    assert charged() == [("sale", "1000.00"), ("return", "-750.00")]
    assert invoice.total == Decimal("250.00")
    assert Charge.objects.get(kind="return").of == Charge.objects.get(kind="sale")


def test_what_was_sold_before_anything_was_charged_here_is_credited_at_its_copied_price(person):
    loan = lent(person, article("sale_return", "1000.00"), "2026-08-02")
    back(loan, "2026-10-20")
    run_month(OCTOBER)
    assert charged() == [("return", "-750.00")]


def test_what_was_sold_before_without_a_price_hinders_the_run_until_it_has_one(person):
    table = article("sale_return", None)
    loan = lent(person, table, "2026-08-02")
    back(loan, "2026-10-20")
    (problem,) = months.plan(OCTOBER).problems
    assert problem.admin_pk == table.pk
    costs(table, "1000.00", "2026-08-01")
    run_month(OCTOBER)
    assert charged() == [("return", "-750.00")]


@pytest.mark.parametrize("state", ["scrapped", "missing"])
def test_what_was_scrapped_or_lost_is_never_credited(person, state):
    loan = lent(person, article("sale_return", "1000.00"), "2026-10-02")
    with on("2026-10-20"):
        pickup = fetched(loan)
        receive(pickup, [Got(pickup.lines.get().pk, 1, state)], user=prescriber())
    run_month(OCTOBER)
    assert charged() == [("sale", "1000.00")]


def test_a_return_that_was_undone_the_same_day_is_none(person):
    loan = lent(person, article("sale_return", "1000.00"), "2026-10-02")
    with on("2026-10-20"):
        undo(returned(loan), user=prescriber())
    run_month(OCTOBER)
    assert charged() == [("sale", "1000.00")]


def test_a_used_b_aid_out_of_anothers_store_costs_what_its_age_leaves(neighbour):
    bed = article("sale", "4000.00", is_marked=True)
    first = lent(RecipientFactory(), bed, "2026-10-01")
    Individual.objects.update(purchased_on=dt.date(2023, 9, 1))
    back(first, "2026-10-02")
    piece = Individual.objects.get()
    elsewhere = RecipientFactory(payer=neighbour.owner)
    with on("2026-10-20"):
        cart = start(prescriber(), elsewhere)
        add(cart, bed, warehouse=BufferFactory(), individual=piece)
        orders.send(cart, user=cart.user)
    run_month(OCTOBER)
    assert charged(kind="used") == [("used", "1600.00")]
    used = Charge.objects.get(kind="used")
    assert used.invoice.kind == "between"
    assert used.inputs == {"price": "4000.00", "years": 3, "percent": 40}


def test_a_used_piece_without_a_day_of_purchase_hinders_the_run(neighbour):
    bed = article("sale", "4000.00", is_marked=True)
    back(lent(RecipientFactory(), bed, "2026-10-01"), "2026-10-02")
    with on("2026-10-20"):
        cart = start(prescriber(), RecipientFactory(payer=neighbour.owner))
        add(cart, bed, warehouse=BufferFactory(), individual=Individual.objects.get())
        orders.send(cart, user=cart.user)
    (problem,) = months.plan(OCTOBER).problems
    assert problem.admin_page == "individuals_individual"


def replenished(what, day):
    store = BufferFactory()
    khs = WarehouseFactory()
    with on(day):
        put_in_stock(khs, what, 2)
        order = sent((what, 2), user=prescriber(), destination=store)
        line = order.lines.get()
        orders.deliver(order, [Pick(line.pk, 2)], user=UserFactory())


def test_a_store_buys_b_aids_and_consumables_and_an_a_aid_stays_the_aid_centres():
    replenished(article("rent", None, responsibility="B", name="B"), "2026-10-05")
    assert [p.text for p in months.plan(OCTOBER).problems]
    Price.objects.create(
        article=LineDelivery.objects.get().line.article,
        list_price=500, valid_from=dt.date(2020, 1, 1),
    )  # fmt: skip
    replenished(article("rent", responsibility="A"), "2026-10-06")
    replenished(
        article("sale", "10.00", responsibility="A", type=ArticleType.CONSUMABLE), "2026-10-07"
    )
    (invoice,) = run_month(OCTOBER)
    assert charged() == [("sale", "1000.00"), ("free", "0.00"), ("sale", "20.00")]
    assert (invoice.kind, invoice.buyer.code) == ("centre", "0880")


def test_work_is_charged_when_its_activity_is_closed_in_begun_quarters(person):
    loan = lent(person, article("none", None), "2026-10-01")
    wire = article("sale", "385.00")
    with on("2026-10-10"):
        put_in_stock(WarehouseFactory(), wire, 5)
        activity = work.registered(loan)
        activity.type.hour_price = Decimal("640.00")
        activity.type.save()
        CalloutFee.objects.create(
            type=activity.type, valid_from=dt.date(2026, 1, 1), amount=Decimal("250.00")
        )
        work.report(activity, (wire, 2), minutes=61)
    run_month(OCTOBER)
    assert charged(kind__in=["time", "material", "callout"]) == []
    with on("2026-11-02"):
        work.closed(activity, minutes=10)
    run_month(NOVEMBER)
    assert charged(NOVEMBER) == [
        ("time", "800.00"), ("material", "770.00"), ("callout", "250.00"),
    ]  # fmt: skip
    assert {row.invoice.kind for row in Charge.objects.filter(kind="time")} == {"centre"}


def test_a_project_costs_what_was_offered(person):
    line = project()
    with on("2026-10-20"):
        go(line, *TO_APPROVAL, Stage.APPROVED, Stage.PURCHASED, Stage.INSTALLED)
        orders.deliver(line.order, [Pick(line.pk, 1, as_commented=True)], user=UserFactory())
    type(line).objects.update(seller=WarehouseFactory().owner)
    run_month(OCTOBER)
    assert charged() == [("project", "24500.00")]


# --- who owes whom ---


def test_own_inhabitants_aids_are_internal_and_without_vat(person):
    lent(person, article("sale", "100.00"), "2026-10-05")
    (invoice,) = run_month(OCTOBER)
    assert (invoice.kind, invoice.seller, invoice.vat) == ("internal", invoice.buyer, 0)


def test_another_municipalitys_inhabitant_is_invoiced_between_them(neighbour):
    lent(RecipientFactory(payer=neighbour.owner), article("sale", "100.00"), "2026-10-05")
    (invoice,) = run_month(OCTOBER)
    assert (invoice.kind, invoice.seller.code, invoice.buyer.code) == ("between", "0880", "0881")
    assert (invoice.total, invoice.vat, invoice.to_pay) == (100, 25, 125)


def test_an_a_aid_is_the_aid_centres_wherever_it_stood(person):
    lent(person, article("sale", "100.00", responsibility="A"), "2026-10-05")
    (invoice,) = run_month(OCTOBER)
    assert (invoice.kind, invoice.seller.code) == ("centre", "RKL")


def test_who_moves_pays_the_rent_from_the_next_month_on(person, neighbour):
    lent(person, article(price="30.00"), "2026-10-01")
    run_month(OCTOBER)
    Recipient.objects.filter(pk=person.pk).update(payer=neighbour.owner)
    with on("2026-11-15"):
        PayerMove.objects.update(at=dt.datetime.now(dt.UTC))
    run_month(NOVEMBER)
    run_month(DECEMBER)
    rows = Charge.objects.order_by("pk").values_list("buyer__code", flat=True)
    assert list(rows) == ["0880", "0880", "0881"]


def test_who_moved_before_moves_were_recorded_pays_where_they_live_now(person, neighbour):
    lent(person, article(price="30.00"), "2026-08-01")
    Recipient.objects.filter(pk=person.pk).update(payer=neighbour.owner)
    PayerMove.objects.all().delete()
    run_month(OCTOBER)
    assert Charge.objects.get().buyer == neighbour.owner


def test_a_payer_that_has_ended_owes_what_it_owes_and_the_trial_says_so(person):
    lent(person, article("sale", "100.00"), "2026-10-05")
    Payer.objects.filter(code="0880").update(is_active=False)
    (invoice,) = run_month(OCTOBER)
    assert invoice.run.trial["inactive"] == ["Kalmar kommun"]


# --- late, and twice ---


def registered_late(loan, day):
    at = dt.datetime.fromisoformat(f"{day} 10:00+01:00")
    loan.delivered_at = at
    loan.save(update_fields=["delivered_at"])
    Delivery.objects.filter(lines__loan=loan).update(at=at)


def test_what_was_delivered_before_and_registered_after_goes_on_the_next_invoice(person):
    chair, table = article(price="31.00"), article("sale", "100.00")
    lent(person, article("sale", "1.00"), "2026-10-01")
    run_month(OCTOBER)
    for what in (chair, table):
        registered_late(lent(person, what, "2026-11-03"), "2026-10-30")
    run_month(NOVEMBER)
    rows = Charge.objects.filter(invoice__run__month=NOVEMBER).order_by("pk")
    assert [(row.kind, str(row.amount), row.month) for row in rows] == [
        ("sale", "100.00", OCTOBER), ("rent", "2.00", OCTOBER), ("rent", "31.00", NOVEMBER),
    ]  # fmt: skip


def test_a_return_registered_after_its_month_takes_back_the_days_that_were_too_many(person):
    loan = lent(person, article(price="31.00"), "2026-10-01")
    run_month(OCTOBER)
    back(loan, "2026-11-03")
    Return.objects.update(at=dt.datetime.fromisoformat("2026-10-21 10:00+02:00"))
    run_month(NOVEMBER)
    run_month(DECEMBER)
    assert charged() == [("rent", "31.00"), ("rent", "-11.00")]
    assert sum(row.days for row in Charge.objects.all()) == 20


def test_the_same_month_again_makes_nothing_new(person):
    lent(person, article(), "2026-10-05")
    first = run_month(OCTOBER)
    lent(person, article("sale", "5.00"), "2026-10-06")
    run_again = months.begin(OCTOBER, user=UserFactory())
    assert months.confirm(run_again) is False
    months.perform(awaited.Work(run_again))
    assert list(Invoice.objects.all()) == first
    assert Charge.objects.count() == 1


def test_the_first_month_that_is_run_begins_it(person):
    lent(person, article("sale", "5.00"), "2026-08-06")
    lent(person, article(price="30.00"), "2026-08-06")
    run_month(NOVEMBER)
    assert charged() == [("rent", "30.00")]


# --- what hinders ---


@pytest.mark.parametrize("rule", ["rent", "sale"])
def test_a_missing_price_hinders_the_run_until_khs_fills_it_in(person, rule):
    chair = article(rule, None)
    lent(person, chair, "2026-10-05")
    (problem,) = months.plan(OCTOBER).problems
    assert (problem.admin_page, problem.admin_pk) == ("articles_article", chair.pk)
    assert chair.number in problem.text
    costs(chair, "31.00", "2026-10-01")
    run_month(OCTOBER)
    assert len(charged()) == 1


def test_the_rate_of_vat_is_that_of_the_day(neighbour):
    Terms.objects.create(valid_from=dt.date(2026, 10, 10), vat=12)
    for day in ("2026-10-05", "2026-10-15"):
        lent(RecipientFactory(payer=neighbour.owner), article("sale", "100.00"), day)
    (invoice,) = run_month(OCTOBER)
    assert invoice.vat == 37


def test_numbers_follow_kind_seller_and_buyer(person, neighbour):
    lent(person, article("sale", "1.00"), "2026-10-05")
    lent(RecipientFactory(payer=neighbour.owner), article("sale", "1.00"), "2026-10-05")
    lent(person, article("sale", "1.00", responsibility="A"), "2026-10-05")
    told = [(i.number, i.kind) for i in run_month(OCTOBER)]
    assert told == [
        ("26100001", "centre"), ("26100002", "between"), ("26100003", "internal"),
    ]  # fmt: skip


def test_work_on_what_stands_in_a_store_is_its_owners():
    bed = article("none", None, is_marked=True)
    (piece,) = put_in_stock(BufferFactory(), bed, 1)
    with on("2026-10-10"):
        activity = work.registered(type="Buffert", piece=piece)
        activity.type.hour_price = Decimal("400.00")
        activity.type.save()
        work.closed(activity, minutes=60, user=prescriber(roles=["buffertansvarig"]))
    (invoice,) = run_month(OCTOBER)
    assert (invoice.kind, invoice.total) == ("internal", 400)
    assert UnitFactory().payer == invoice.buyer
