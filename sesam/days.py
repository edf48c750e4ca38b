"""Days and times in words, as sentences and life lines say them; tables and fields have
``datum``."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

WEEKDAYS = ("måndag", "tisdag", "onsdag", "torsdag", "fredag", "lördag", "söndag")
MONTHS = (
    "januari", "februari", "mars", "april", "maj", "juni", "juli", "augusti", "september",
    "oktober", "november", "december",
)  # fmt: skip


def local_day(value: dt.date | dt.datetime) -> dt.date:
    """The day of a moment, here; a day is itself."""
    if isinstance(value, dt.datetime):
        return (timezone.localtime(value) if timezone.is_aware(value) else value).date()
    return value


def day_and_month(value: dt.date | dt.datetime, today: dt.date | None = None) -> str:
    """«4 december»; with the year where that is another than ``today``'s."""
    day, today = local_day(value), today or timezone.localdate()
    year = "" if day.year == today.year else f" {day.year}"
    return f"{day.day} {MONTHS[day.month - 1]}{year}"


def _near(day: dt.date, today: dt.date) -> str:
    return {-1: "i går", 0: "i dag", 1: "i morgon"}.get((day - today).days, "")


def day_shortly(value: dt.date | dt.datetime, today: dt.date | None = None) -> str:
    """«30 november», «i dag», «i går», «i morgon»; the year only where it is another."""
    day, today = local_day(value), today or timezone.localdate()
    return _near(day, today) or day_and_month(day, today)


def day_in_words(value: dt.date | dt.datetime, today: dt.date | None = None) -> str:
    """«måndag 30 november», «i dag», «i går», «i morgon»; the year only where it is another."""
    day, today = local_day(value), today or timezone.localdate()
    return _near(day, today) or f"{WEEKDAYS[day.weekday()]} {day_and_month(day, today)}"


def moment_in_words(value: dt.datetime, today: dt.date | None = None) -> str:
    """«i dag 10:42», «i går 09:05», «ons 18 nov 15:07»; the year only where it is another."""
    day, today = local_day(value), today or timezone.localdate()
    clock = f"{timezone.localtime(value) if timezone.is_aware(value) else value:%H:%M}"
    near = {-1: "i går", 0: "i dag"}.get((day - today).days)
    year = "" if day.year == today.year else f" {day.year}"
    date = f"{WEEKDAYS[day.weekday()][:3]} {day.day} {MONTHS[day.month - 1][:3]}{year}"
    return f"{near or date} {clock}"
