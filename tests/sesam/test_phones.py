"""Telephone numbers and postcodes are written one way everywhere."""

import pytest

from sesam import phones
from sesam.addresses import written


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("0701740612", "070-174 06 12"),
        ("+46 70 174 06 12", "070-174 06 12"),
        ("08-46500437", "08-465 004 37"),
        ("+4520123456", "+45 20 12 34 56"),
        ("ring grannen", "ring grannen"),
        ("", ""),
    ],
)
def test_a_number_is_written_the_swedish_way_and_what_is_none_stays(typed, told):
    assert phones.written(typed) == told
    assert phones.written(told) == told


@pytest.mark.parametrize("typed", ["38231", "382 31"])
def test_a_postcode_has_its_space(typed):
    assert written(typed) == "382 31"
