"""When maintenance falls due, by the rules alone: month ends, 29 February, any numbers."""

import calendar
import datetime as dt
import importlib
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activities.maintenance.rules import GONE, Piece, PlanBook, due_on, months_after
from activities.models import MaintenancePlan, MaintenanceSchedule

DAYS = st.dates(dt.date(2000, 1, 1), dt.date(2060, 12, 31))
MONTHS = st.integers(1, 240)
LONG_AGO = dt.date(1990, 1, 1)


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def plan(**facts) -> MaintenancePlan:
    return MaintenancePlan(**({"kind": "service", "months": 12, "starts_on": LONG_AGO} | facts))


def schedule(a_plan: MaintenancePlan | None, **facts) -> MaintenanceSchedule:
    facts = {"kind": "service", "since": day("2026-03-01")} | facts
    return MaintenanceSchedule(plan=a_plan, **facts)


def piece(**facts) -> Piece:
    return Piece(**({"pk": 1, "article_id": 7, "iso_code": "123612", "status": "in_stock"} | facts))


@pytest.mark.parametrize(
    ("since", "months", "due"),
    [
        ("2026-01-31", 1, "2026-02-28"),
        ("2028-01-31", 1, "2028-02-29"),
        ("2028-02-29", 12, "2029-02-28"),
        ("2028-02-29", 48, "2032-02-29"),
        ("2026-08-31", 6, "2027-02-28"),
        ("2026-12-15", 1, "2027-01-15"),
        ("2026-03-31", -1, "2026-02-28"),
    ],
)
def test_a_month_that_is_too_short_ends_the_time(since, months, due):
    assert months_after(day(since), months) == day(due)


@given(DAYS, MONTHS)
def test_it_is_the_same_day_of_the_month_or_its_last(since, months):
    due = months_after(since, months)
    assert (due.year - since.year) * 12 + due.month - since.month == months
    last = calendar.monthrange(due.year, due.month)[1]
    assert due.day == since.day or (due.day == last and since.day > last)


@given(DAYS, DAYS, MONTHS)
def test_what_is_done_later_is_due_later(one, other, months):
    first, second = sorted([one, other])
    assert months_after(first, months) <= months_after(second, months)


@given(DAYS, DAYS, MONTHS)
def test_nothing_falls_due_before_its_plan_begins(done, begins, months):
    found = due_on(schedule(plan(months=months, starts_on=begins), last_on=done), piece())
    assert found == max(begins, months_after(done, months))


def test_the_last_time_counts_else_the_purchase_else_the_day_it_got_its_schedule():
    yearly = plan()
    bought = piece(bought_on=day("2025-06-30"))
    assert due_on(schedule(yearly, last_on=day("2026-02-10")), bought) == day("2027-02-10")
    assert due_on(schedule(yearly), bought) == day("2026-06-30")
    assert due_on(schedule(yearly), piece()) == day("2027-03-01")


def test_what_is_counted_from_delivery_is_due_at_whoever_has_it_alone():
    battery = plan(counts_from=MaintenancePlan.CountsFrom.DELIVERY, months=24)
    home = piece(delivered_on=day("2026-04-30"), status="with_recipient")
    assert due_on(schedule(battery), home) == day("2028-04-30")
    assert due_on(schedule(battery, last_on=day("2020-01-01")), home) == day("2028-04-30")
    assert due_on(schedule(battery, last_on=day("2028-05-02")), home) == day("2030-05-02")
    assert due_on(schedule(battery, last_on=day("2020-01-01")), piece()) is None


@pytest.mark.parametrize("status", GONE)
def test_of_what_is_scrapped_or_missing_nothing_is_due(status):
    assert due_on(schedule(plan(), last_on=day("2020-01-01")), piece(status=status)) is None


def test_a_piece_goes_its_own_way():
    yearly = plan()
    done = day("2026-01-31")
    assert due_on(schedule(yearly, last_on=done, own_months=1), piece()) == day("2026-02-28")
    assert due_on(schedule(None, last_on=done, own_months=6), piece()) == day("2026-07-31")
    assert due_on(schedule(yearly, last_on=done, is_exempt=True), piece()) is None
    assert due_on(schedule(None, last_on=done), piece()) is None


def test_the_nearest_plan_of_each_kind_applies():
    lifts = plan(iso_class_id="12", months=36)
    hoists = plan(iso_class_id="123612")
    checks = plan(iso_class_id="1236", kind="inspection")
    own = plan(article_id=7, months=6)
    book = PlanBook.of([own, checks, hoists, lifts])
    assert book.for_piece(piece()) == {"service": own, "inspection": checks}
    assert book.for_piece(piece(article_id=8))["service"] is hoists
    assert book.for_piece(piece(article_id=8, iso_code="1223"))["service"] is lifts
    assert book.for_piece(piece(article_id=8, iso_code="")) == {}


@pytest.mark.parametrize(
    ("own", "last", "bought", "coming", "months"),
    [
        (18, "2026-01-31", None, "2027-01-31", 18),
        (None, "2026-01-31", "2020-01-01", "2027-01-31", 12),
        (None, "2026-01-31", None, "2027-01-30", 11),  # rather a little early
        (None, None, "2026-03-15", "2026-09-15", 6),
        (None, None, None, "2026-12-24", 1),
        (None, "2026-01-31", None, "2026-01-15", 1),  # was late
        (None, "2026-01-31", None, None, None),
        (600, None, None, None, 240),
    ],
)
def test_a_day_that_stood_on_the_piece_is_taken_over_also_where_no_interval_did(
    own, last, bought, coming, months
):
    from_then = importlib.import_module("activities.migrations.0009_maintenance")
    days = (text and day(text) for text in (last, bought, coming))
    names = ("last_maintenance", "purchased_on", "next_maintenance")
    piece = SimpleNamespace(maintenance_interval=own, **dict(zip(names, days, strict=True)))
    assert from_then.interval(piece, dt.date(2026, 11, 29)) == months
