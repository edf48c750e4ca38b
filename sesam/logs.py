"""Logs that can't tell whom somebody looked at."""

from __future__ import annotations

import logging
import re
import traceback
from typing import Any

import django.db
import psycopg

from .personal_numbers import struck_out

_QUERY = re.compile(r"\?[^\s\"']*")
# What PostgreSQL adds to an error: the values of the row it's about.
_DETAIL = re.compile(r"(?m)^\s*(?:DETAIL|DETALJ|CONTEXT|SAMMANHANG|QUERY|FRÅGA|LINE \d+):.*\n?")
_DATABASE_ERRORS = (django.db.Error, psycopg.Error)


def without_personal_numbers(text: str) -> str:
    """``text`` with everything that looks like a personal number struck out."""
    return struck_out(text, "[dolt nummer]")


def about(error: BaseException) -> str:
    """What a log may tell of an error: of one from the database its kind and place, never its
    words, which quote the values."""
    if not isinstance(error, _DATABASE_ERRORS):
        return str(error)
    told = error if isinstance(error, psycopg.Error) else error.__cause__
    if not isinstance(told, psycopg.Error):
        return "[databasens text är dold]"
    facts = [told.sqlstate, told.diag.table_name, told.diag.column_name, told.diag.constraint_name]
    return " ".join(fact for fact in facts if fact) or "[databasens text är dold]"


class PathOnly(logging.Filter):
    """Cuts the query string off the request lines that Django's own server logs."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name == "django.server" and isinstance(record.args, tuple):
            record.args = tuple(
                _QUERY.sub("", value) if isinstance(value, str) else value for value in record.args
            )
        return True


class Formatter(logging.Formatter):
    """Strikes personal numbers out of the whole entry, and what a database error quotes."""

    def format(self, record: logging.LogRecord) -> str:
        if isinstance(record.args, tuple) and any(
            isinstance(a, BaseException) for a in record.args
        ):
            record.args = tuple(
                about(a) if isinstance(a, BaseException) else a for a in record.args
            )
        if isinstance(record.msg, BaseException):
            record.msg = about(record.msg)
        record.exc_text = None  # another handler's, which may hold everything
        return without_personal_numbers(_DETAIL.sub("", super().format(record)))

    def formatException(self, ei: Any) -> str:
        error = ei[1]
        if error is None:
            return ""
        told = traceback.TracebackException.from_exception(error, compact=True)
        _hide(told, error)
        return "".join(told.format()).rstrip("\n")


def _hide(told: traceback.TracebackException, error: BaseException) -> None:
    """The same for every error that led to this one."""
    if isinstance(error, _DATABASE_ERRORS):
        told._str = about(error)  # type: ignore[attr-defined]  # the stubs leave it out
    if told.__cause__ is not None and error.__cause__ is not None:
        _hide(told.__cause__, error.__cause__)
    if told.__context__ is not None and error.__context__ is not None:
        _hide(told.__context__, error.__context__)
    if told.exceptions and isinstance(error, BaseExceptionGroup):
        for part, its in zip(told.exceptions, error.exceptions, strict=True):
            _hide(part, its)
