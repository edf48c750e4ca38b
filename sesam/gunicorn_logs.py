"""gunicorn's own two logs, written as the portal's are: no query, no personal number."""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import quote, unquote

from gunicorn.glogging import Logger as GunicornLogger

from .logs import _QUERY, Formatter, without_personal_numbers


class _ErrorFormatter(Formatter):
    """Its error log names requests by their whole address, also ones that it couldn't read."""

    def format(self, record: logging.LogRecord) -> str:
        return without_personal_numbers(unquote(_QUERY.sub("", super().format(record))))


class Logger(GunicornLogger):  # type: ignore[misc]  # gunicorn has no types
    """``logger_class`` of gunicorn.conf.py."""

    # gunicorn's own ends in «10:07:05 +0000», which has a number's shape in the hour's first minutes.
    datefmt = "[%Y-%m-%d %H:%M:%S %Z]"

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(_ErrorFormatter(self.error_fmt, self.datefmt))

    def atoms(self, resp: Any, req: Any, environ: Any, request_time: Any) -> dict[str, Any]:
        """Only the path is logged of an address (%(U)s), and that may hold a number too."""
        told: dict[str, Any] = super().atoms(resp, req, environ, request_time)
        told["U"] = quote(without_personal_numbers(unquote(told["U"] or "")), safe="/[]: ")
        return told
