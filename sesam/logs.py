"""Logs that can't tell whom somebody looked at."""

import logging
import re

# Swedish personal and coordination numbers, with or without century and hyphen.
_PERSONAL_NUMBER = re.compile(r"(?<!\d)(?:18|19|20)?\d{2}[01]\d[0-9]\d[-+]?\d{4}(?!\d)")
_QUERY = re.compile(r"\?[^\s\"']*")


def without_personal_numbers(text: str) -> str:
    """``text`` with everything that looks like a personal number struck out."""
    return _PERSONAL_NUMBER.sub("[dolt nummer]", text)


class PathOnly(logging.Filter):
    """Cuts the query string off the request lines that Django's own server logs."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name == "django.server" and isinstance(record.args, tuple):
            record.args = tuple(
                _QUERY.sub("", value) if isinstance(value, str) else value for value in record.args
            )
        return True


class Formatter(logging.Formatter):
    """Strikes personal numbers out of the whole entry, tracebacks included: a database error
    quotes the values of the row it's about."""

    def format(self, record: logging.LogRecord) -> str:
        return without_personal_numbers(super().format(record))
