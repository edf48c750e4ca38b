"""Each rule by itself: its examples, and what holds of any numbers."""

import datetime as dt
import doctest
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoicing import books, months, rules

DAYS = st.dates(dt.date(2024, 1, 1), dt.date(2029, 12, 31))
PRICES = st.decimals("0", "99999", places=2)


@pytest.mark.parametrize("module", [rules, books, months])
def test_the_examples_are_right(module):
    found = doctest.testmod(module)
    assert found.attempted and not found.failed


@given(DAYS, st.integers(1, 5), st.lists(st.integers(0, 400), max_size=5))
def test_each_day_of_a_loan_belongs_to_one_month(begun, quantity, gaps):
    """Part returns, month ends and leap days: the months' days add up to those it was held."""
    returns = sorted((begun + dt.timedelta(days=gap), 1) for gap in gaps[:quantity])
    end = begun + dt.timedelta(days=500)
    month, counted = rules.first_of(begun), 0
    while month <= end:
        parts = rules.held(quantity, begun, returns, month)
        assert all(0 < days <= rules.days_in(month) for _, days in parts)
        counted += sum(count * days for count, days in parts)
        month = rules.next_month(month)
    left = quantity - len(returns)
    whole = sum((day - begun).days for day, _ in returns) + left * (month - begun).days
    assert counted == whole


@given(PRICES, st.integers(1, 9), DAYS)
def test_a_whole_month_costs_its_price(price, quantity, day):
    month = rules.first_of(day)
    parts = rules.held(quantity, month, [], month)
    assert rules.rent(parts, rules.days_in(month), price).amount == quantity * price


@given(PRICES, st.integers(1, 31))
def test_an_amount_is_rounded_once_and_never_by_more_than_half_an_ore(price, days):
    owed = rules.rent([(1, days)], 31, price)
    assert abs(owed.amount - price * days / 31) <= Decimal("0.005")


@given(PRICES, st.integers(1, 9), st.integers(0, 600))
def test_what_is_given_back_is_never_more_than_was_paid(price, quantity, months_gone):
    shares = ((0, 75), (7, 50), (13, 25), (25, 0))
    credit = rules.given_back(quantity, price, months_gone, shares).amount
    assert -rules.sale(quantity, price).amount <= credit <= 0


@given(st.integers(1, 5000), PRICES, st.sampled_from([1, 15, 30, 60]))
def test_working_time_is_counted_in_begun_steps(minutes, price, step):
    counted = rules.work(minutes, price, step).inputs["counted"]
    assert counted % step == 0
    assert 0 <= counted - minutes < step
