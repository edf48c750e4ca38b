"""Swedish working days."""

import datetime as dt
from functools import lru_cache


@lru_cache(maxsize=32)
def _days_off(year: int) -> frozenset[dt.date]:
    import holidays  # takes long to read in, and few processes need it at once

    # "de_facto" adds the eves (Midsummer, Christmas, New Year) that nobody works.
    return frozenset(holidays.country_holidays("SE", years=year, categories=("public", "de_facto")))


def is_working_day(day: dt.date) -> bool:
    """Whether ``day`` is neither a weekend, a holiday nor a customary day off."""
    return day.weekday() < 5 and day not in _days_off(day.year)


def add_working_days(day: dt.date, count: int) -> dt.date:
    """The working day that lies ``count`` (≥ 0) working days after ``day``.

    With 0 it is ``day`` itself or the next working day.
    """
    if count < 0:
        raise ValueError("count must not be negative")
    while not is_working_day(day):
        day += dt.timedelta(days=1)
    for _ in range(count):
        day += dt.timedelta(days=1)
        while not is_working_day(day):
            day += dt.timedelta(days=1)
    return day
