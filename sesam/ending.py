"""A command that is told to end (SIGTERM) cleans up as one that fails does."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def told() -> Iterator[None]:
    """While this lasts, SIGTERM ends the process by way of its ``finally``."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _end(*_: Any) -> None:
    sys.exit(143)
