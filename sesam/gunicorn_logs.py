"""gunicorn's own two logs, written as the portal's are: no query, no personal number."""

from __future__ import annotations

import datetime as dt
import json
import logging
import os
from typing import Any
from urllib.parse import quote, unquote

from gunicorn.glogging import Logger as GunicornLogger

from .logs import _QUERY, Formatter, JsonFormatter, without_personal_numbers

_ACCESS = {
    "from": "h", "method": "m", "path": "U", "status": "s", "bytes": "B", "milliseconds": "M",
}  # fmt: skip


class _ErrorFormatter(Formatter):
    """Its error log names requests by their whole address, also ones that it couldn't read."""

    def format(self, record: logging.LogRecord) -> str:
        return without_personal_numbers(unquote(_QUERY.sub("", super().format(record))))


class _JsonErrorFormatter(JsonFormatter):
    """The same as JSON."""

    def format(self, record: logging.LogRecord) -> str:
        record.msg, record.args = _QUERY.sub("", record.getMessage()), None
        entry = json.loads(super().format(record))
        entry["message"] = without_personal_numbers(unquote(entry["message"]))
        return json.dumps(entry, ensure_ascii=False)


class Logger(GunicornLogger):  # type: ignore[misc]  # gunicorn has no types
    """``logger_class`` of gunicorn.conf.py."""

    # gunicorn's own ends in «10:07:05 +0000», which has a number's shape in the hour's first minutes.
    datefmt = "[%Y-%m-%d %H:%M:%S %Z]"

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        self._as_json = os.environ.get("LOG_FORMAT") == "json"
        plain = _ErrorFormatter(self.error_fmt, self.datefmt)
        for handler in self.error_log.handlers:
            handler.setFormatter(_JsonErrorFormatter() if self._as_json else plain)

    def access(self, resp: Any, req: Any, environ: Any, request_time: Any) -> None:
        """What ``access_log_format`` says, or the same as JSON."""
        if not self._as_json:
            super().access(resp, req, environ, request_time)
            return
        if not self.access_log_enabled:
            return
        told = self.atoms(resp, req, environ, request_time)
        named = {name: told[atom] for name, atom in _ACCESS.items()}
        at = dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")
        entry = {"time": at, "level": "INFO", "logger": "gunicorn.access", **named}
        self.access_log.info("%s", json.dumps(entry, ensure_ascii=False))

    def atoms(self, resp: Any, req: Any, environ: Any, request_time: Any) -> dict[str, Any]:
        """Only the path is logged of an address (%(U)s), and that may hold a number too."""
        told: dict[str, Any] = super().atoms(resp, req, environ, request_time)
        told["U"] = quote(without_personal_numbers(unquote(told["U"] or "")), safe="/[]: ")
        return told
