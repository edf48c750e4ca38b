"""Spreading a quantity over a ranked group, whatever the group and the stock."""

from hypothesis import given
from hypothesis import strategies as st

from orders.replacement import spread

stocks = st.lists(st.integers(min_value=0, max_value=50), min_size=1, max_size=8)
wanted = st.integers(min_value=1, max_value=200)


@given(wanted, stocks, st.data())
def test_spread_and_backlog_are_what_was_wanted_and_nobody_gives_more_than_there_is(
    wanted, stocks, data
):
    chosen = data.draw(st.integers(0, len(stocks) - 1))
    shares, backlog = spread(wanted, chosen, list(enumerate(stocks)))
    assert sum(shares.values()) + backlog == wanted
    assert all(0 <= shares[article] <= stock for article, stock in enumerate(stocks))


@given(wanted, stocks, st.data())
def test_the_chosen_one_comes_first_and_then_the_ranking(wanted, stocks, data):
    chosen = data.draw(st.integers(0, len(stocks) - 1))
    shares, backlog = spread(wanted, chosen, list(enumerate(stocks)))
    order = [chosen, *(i for i in range(len(stocks)) if i != chosen)]
    assert shares[chosen] == min(wanted, stocks[chosen])
    for before, after in zip(order, order[1:], strict=False):
        if shares[after]:
            assert shares[before] == stocks[before], "a later one gives before an earlier is empty"
    if backlog:
        assert all(shares[i] == stock for i, stock in enumerate(stocks))


def test_the_handbooks_case():
    ranked = [("43027", 2), ("46948", 4), ("37121", 0)]
    assert spread(3, "37121", ranked) == ({"43027": 2, "46948": 1, "37121": 0}, 0)
