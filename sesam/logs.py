"""Logs that can't tell whom somebody looked at."""

from __future__ import annotations

import datetime as dt
import json
import logging
import os
import re
import traceback
from typing import Any

import django.db
import psycopg
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.template import TemplateDoesNotExist, TemplateSyntaxError

from .personal_numbers import struck_out

_QUERY = re.compile(r"\?[^\s\"']*")
# What PostgreSQL adds to an error: the values of the row it's about.
_DETAIL = re.compile(r"(?m)^\s*(?:DETAIL|DETALJ|CONTEXT|SAMMANHANG|QUERY|FRÅGA|LINE \d+):.*\n?")
_DATABASE_ERRORS = (django.db.Error, psycopg.Error)


def without_personal_numbers(text: str) -> str:
    """``text`` with everything that looks like a personal number struck out."""
    return struck_out(text, "[dolt nummer]")


def without_details(text: str) -> str:
    """The same, and without what PostgreSQL quotes of a row."""
    return without_personal_numbers(_DETAIL.sub("", text))


HIDDEN = "[texten är dold]"
# Their words are made of the code's own names. Others quote what was typed or is kept.
_OF_CODE = (
    AttributeError, ImportError, NameError, ImproperlyConfigured, TemplateDoesNotExist,
    TemplateSyntaxError,
)  # fmt: skip


def about(error: BaseException) -> str:
    """What a log may tell of an error: the words of one that is about the code; of one from the
    database its kind and place; of one from the system what it calls it. Else nothing: where it
    arose and its kind are in the trace. While developing all of it."""
    if isinstance(error, _DATABASE_ERRORS):
        told = error if isinstance(error, psycopg.Error) else error.__cause__
        if not isinstance(told, psycopg.Error):
            return HIDDEN
        diag = told.diag
        facts = [told.sqlstate, diag.table_name, diag.column_name, diag.constraint_name]
        return " ".join(fact for fact in facts if fact) or HIDDEN
    if settings.DEBUG or isinstance(error, _OF_CODE):
        return str(error)
    if isinstance(error, OSError) and error.errno:
        return f"[Errno {error.errno}] {os.strerror(error.errno)}"
    return HIDDEN if str(error) else ""


class PathOnly(logging.Filter):
    """Cuts the query string off the request lines that Django's own server logs."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name == "django.server" and isinstance(record.args, tuple):
            record.args = tuple(
                _QUERY.sub("", value) if isinstance(value, str) else value for value in record.args
            )
        return True


class Formatter(logging.Formatter):
    """Strikes personal numbers out of the whole entry, and what an error quotes."""

    def format(self, record: logging.LogRecord) -> str:
        _without_words_of_errors(record)
        return without_details(super().format(record))

    def formatException(self, ei: Any) -> str:
        error = ei[1]
        if error is None:
            return ""
        told = traceback.TracebackException.from_exception(error, compact=True)
        _hide(told, error)
        return "".join(told.format()).rstrip("\n")


class JsonFormatter(Formatter):
    """An entry as one line of JSON, of these parts alone: whatever else a library hangs on a record
    may be of a person."""

    def format(self, record: logging.LogRecord) -> str:
        _without_words_of_errors(record)
        at = dt.datetime.fromtimestamp(record.created, dt.UTC)
        entry: dict[str, Any] = {
            "time": at.isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": without_details(record.getMessage()),
        }
        status = getattr(record, "status_code", None)
        if isinstance(status, int):
            entry["status"] = status
        at_view = getattr(getattr(record, "request", None), "resolver_match", None)
        if at_view is not None:
            entry["view"] = at_view.view_name
        if record.exc_info and record.exc_info[0] is not None:
            entry["error"] = record.exc_info[0].__name__
            entry["trace"] = without_details(self.formatException(record.exc_info))
        return json.dumps(entry, ensure_ascii=False)


# A job's arguments: ids, and what somebody once may put there besides.
_ARGUMENTS = re.compile(r"(?s)\(.*\)")


def _without_words_of_errors(record: logging.LogRecord) -> None:
    if record.name.startswith("procrastinate"):
        record.msg, record.args = _ARGUMENTS.sub("(…)", record.getMessage()), None
    if isinstance(record.args, tuple) and any(isinstance(a, BaseException) for a in record.args):
        record.args = tuple(about(a) if isinstance(a, BaseException) else a for a in record.args)
    if isinstance(record.msg, BaseException):
        record.msg = about(record.msg)
    record.exc_text = None  # another handler's, which may hold everything


def _hide(told: traceback.TracebackException, error: BaseException) -> None:
    """The same for every error that led to this one."""
    told._str = about(error)  # type: ignore[attr-defined]  # the stubs leave it out
    told.__notes__ = None
    if told.__cause__ is not None and error.__cause__ is not None:
        _hide(told.__cause__, error.__cause__)
    if told.__context__ is not None and error.__context__ is not None:
        _hide(told.__context__, error.__context__)
    if told.exceptions and isinstance(error, BaseExceptionGroup):
        for part, its in zip(told.exceptions, error.exceptions, strict=True):
            _hide(part, its)
