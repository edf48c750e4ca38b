"""Whether a piece is one of those that a recall means: numbers, ranges and days."""

import datetime as dt
import re
from pathlib import Path

import pytest
from django.conf import settings
from hypothesis import assume, given
from hypothesis import strategies as st

from individuals.models import Watch
from individuals.watching import (
    Alike,
    Facts,
    Match,
    Reason,
    Sureness,
    check_range,
    match,
    plain,
    within,
)
from sesam.errors import DomainError

MARCH, MAY = dt.date(2024, 3, 1), dt.date(2024, 5, 31)
APRIL, AUGUST, JANUARY = dt.date(2024, 4, 10), dt.date(2024, 8, 1), dt.date(2024, 1, 10)
SURE, LIKELY, POSSIBLE = Sureness.SURE, Sureness.LIKELY, Sureness.POSSIBLE
numbers = st.integers(min_value=0, max_value=10**9)
letters = st.text("ABCDEFÅÄÖ", max_size=4)


def serials(first: str, last: str = "") -> Watch:
    return Watch(by=Watch.By.SERIAL, first=first, last=last or first)


def lots(first: str, last: str = "") -> Watch:
    return Watch(by=Watch.By.LOT, first=first, last=last or first)


def days(by: str, first: dt.date = MARCH, last: dt.date = MAY) -> Watch:
    return Watch(by=by, first_day=first, last_day=last)


def on(day: dt.date) -> tuple[dt.date, dt.date]:
    return day, day


# --- ranges ---


@pytest.mark.parametrize(
    "number", ["SN-224559", "sn 224559", "SN224559", "SN–224559", "ＳＮ224559", "SN-0224559"]
)
def test_a_number_is_the_same_however_it_is_written(number):
    assert within(number, "SN-224000", "SN-225000") == Alike.YES


@pytest.mark.parametrize(
    ("number", "found"),
    [
        ("SN-223999", Alike.NO),
        ("SN-225001", Alike.NO),
        ("SN-224000", Alike.YES),
        ("SN-225000", Alike.YES),
        ("224559", Alike.UNSURE),  # without its letters
        ("SX-224559", Alike.UNSURE),
        ("SX-999999", Alike.NO),
        ("SN", Alike.NO),
        ("SN-224559-B", Alike.UNSURE),
    ],
)
def test_a_range_has_both_its_ends_and_nothing_beside(number, found):
    assert within(number, "SN-224000", "SN-225000") == found


def test_a_range_goes_by_the_figures_from_the_left():
    assert within("A12B900", "A12B0001", "A13B0500") == Alike.YES
    assert within("A13B501", "A12B0001", "A13B0500") == Alike.NO


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("SN-225000", "SN-224000"),
        ("SN-1", "SX-2"),
        ("A", "B"),
        ("12", "A12"),
        ("---", "12"),
        ("12", " "),
        ("1A2", "34"),
        ("1" * 41, "1" * 41),
    ],
)
def test_a_range_that_nothing_can_be_within_is_refused(first, last):
    with pytest.raises(DomainError):
        check_range(first, last)


@given(letters, numbers, numbers, numbers)
def test_between_its_ends_and_nowhere_else(word, one, another, number):
    first, last = sorted((one, another))
    check_range(f"{word}{first}", f"{word}{last}")
    found = within(f"{word}-{number}", f"{word} {first}", f"{word} {last}")
    assert (found == Alike.YES) == (first <= number <= last)


@given(letters, letters, st.lists(numbers, min_size=3, max_size=3, unique=True))
def test_other_letters_are_never_sure_and_never_lost(word, other, figures):
    assume(word != other)
    first, number, last = sorted(figures)
    assert within(f"{other}{number}", f"{word}{first}", f"{word}{last}") == Alike.UNSURE


@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=40))
def test_whatever_is_typed_is_a_range_or_refused(number, first, last):
    try:
        check_range(first, last)
    except DomainError as refusal:
        assert refusal.message
    else:
        assert within(first, first, last) == Alike.YES == within(last, first, last)
        assert isinstance(within(number, first, last), Alike)


@given(st.text(max_size=40))
def test_plain_is_plain(number):
    assert plain(plain(number)) == plain(number)


# --- a piece and what is sought ---


@pytest.mark.parametrize(
    ("facts", "found"),
    [
        (Facts("SN-105", ""), Match(SURE, Reason.SERIAL)),
        (Facts("SN-205", ""), None),
        (Facts("105", ""), Match(POSSIBLE, Reason.ALIKE)),
        (Facts("", ""), Match(POSSIBLE, Reason.UNKNOWN)),
        (Facts("", "L1"), Match(POSSIBLE, Reason.UNKNOWN)),
    ],
)
def test_by_serial_numbers(facts, found):
    assert match(facts, [serials("SN-100", "SN-199")]) == found


def test_any_of_several_criteria_will_do():
    sought = [serials("SN-100", "SN-199"), serials("SN-300"), lots("L2024")]
    assert match(Facts("SN-300", "L1"), sought) == Match(SURE, Reason.SERIAL)
    assert match(Facts("SN-301", "l 2024"), sought) == Match(SURE, Reason.LOT)
    assert match(Facts("SN-301", "L1"), sought) is None
    assert match(Facts("SN-301", ""), sought) == Match(POSSIBLE, Reason.UNKNOWN)


def test_all_of_an_article_is_sure_whatever_the_piece_says():
    sought = [serials("SN-100"), Watch(by=Watch.By.ARTICLE)]
    assert match(Facts("SN-7"), sought) == Match(SURE, Reason.ARTICLE)


def test_the_days_narrow_down_what_lacks_a_number():
    sought = [lots("L2024"), days("delivered")]
    assert match(Facts(lent=(APRIL,)), sought) == Match(POSSIBLE, Reason.DATES)
    assert match(Facts(bought=on(APRIL)), sought) == Match(POSSIBLE, Reason.DATES)
    assert match(Facts(lent=(JANUARY,)), sought) is None
    assert match(Facts(lot="L2023", lent=(APRIL,)), sought) is None


@pytest.mark.parametrize(
    ("facts", "sureness"),
    [
        (Facts(bought=on(APRIL)), LIKELY),
        (Facts(lent=(APRIL,)), LIKELY),
        (Facts(bought=on(JANUARY), lent=(AUGUST,)), None),
        (Facts(bought=on(JANUARY), lent=(AUGUST, APRIL)), LIKELY),
        (Facts(bought=on(AUGUST)), None),
        (Facts(bought=(dt.date(2024, 1, 1), dt.date(2024, 12, 31))), POSSIBLE),
        (Facts(bought=(dt.date(2023, 1, 1), dt.date(2023, 12, 31))), None),
        (Facts(lent=(AUGUST,)), POSSIBLE),  # it may have come in April
        (Facts(lent=(JANUARY, AUGUST)), None),
        (Facts(), POSSIBLE),
    ],
)
def test_by_the_days_of_delivery(facts, sureness):
    found = match(facts, [days("delivered")])
    assert found == (Match(sureness, Reason.DATES) if sureness else None)


@pytest.mark.parametrize(
    ("facts", "is_meant"),
    [
        (Facts(bought=on(JANUARY)), False),
        (Facts(bought=on(MARCH)), True),
        (Facts(bought=on(AUGUST)), True),
        (Facts(lent=(JANUARY,)), False),
        (Facts(), True),
    ],
)
def test_what_came_before_it_was_made_isnt_meant(facts, is_meant):
    found = match(facts, [days("produced")])
    assert found == (Match(POSSIBLE, Reason.DATES) if is_meant else None)


@given(st.lists(st.dates(dt.date(2020, 1, 1), dt.date(2026, 1, 1)), max_size=3), st.data())
def test_knowing_less_never_lets_a_piece_go(lent, data):
    """Whoever has lost the purchase day finds at least what they found with it."""
    day = data.draw(st.dates(dt.date(2020, 1, 1), min(lent, default=dt.date(2026, 1, 1))))
    for by in ("delivered", "produced"):
        if match(Facts(bought=on(day), lent=tuple(lent)), [days(by)]):
            assert match(Facts(lent=tuple(lent)), [days(by)])


# --- nobody makes a piece, or brings one in, behind the watches' back ---


def sources() -> dict[str, str]:
    """The portal's own code by its file's name, without migrations, tests and the demo's loader."""
    root = Path(settings.BASE_DIR)
    apps = ("articles", "individuals", "recipients", "orders", "activities", "pickups",
            "deviations", "invoicing", "organisation", "portal")  # fmt: skip
    files = [path for app in apps for path in (root / app).rglob("*.py")]
    return {
        str(path.relative_to(root)): path.read_text()
        for path in files
        if "migrations" not in path.parts and "demo" not in path.parts
    }


@pytest.mark.parametrize(
    ("what", "where"),
    [
        (  # a piece comes to be
            r"\bIndividual\((?!models)|\bIndividual\.objects\.(bulk_|get_or_|update_or_)?create\(",
            {"individuals/services.py"},
        ),
        (  # it comes to stand on a shelf
            r"status(, \w+\.warehouse)? = (Individual\.)?Status\.IN_STOCK",
            {"individuals/arrivals.py"},
        ),
        (  # its numbers change
            r"\.(serial_number|lot) = (?!models)|update\([^)]*(serial_number|lot)=",
            {"individuals/services.py"},
        ),
        (  # others than these bring none in
            r"arrivals\.(stand|hold_back)\(",
            {
                "individuals/counting.py",
                "individuals/services.py",
                "orders/services/handing_out.py",
                "pickups/services/goods.py",
            },
        ),
    ],
)
def test_pieces_come_to_be_and_come_in_where_watches_are_asked(what, where):
    """Whoever finds themselves here with another place: go by ``arrivals.stand``, or ask
    ``arrivals.hold_back``, in the same transaction, and add a test to tests/deviations/test_recalls.py."""
    assert {name for name, text in sources().items() if re.search(what, text)} == where
