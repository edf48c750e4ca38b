"""A web server that is told to stop says so first, and goes on for as long as the proxies in front
need to notice: nobody's request is cut, whichever node it came to.

``STOP_DELAY`` seconds (0: stops at once). Meanwhile ``/readyz`` answers 503 and all else is answered
as ever; then gunicorn stops as it does, which lets what has begun come to its end. Told a second
time, it stops without more waiting.

Imported by gunicorn.conf.py in the server's own process, before it forks: the flag is shared with
all that it forks, and gone with them.
"""

from __future__ import annotations

import mmap
import os
import signal
from types import FrameType
from typing import Any

_flag = mmap.mmap(-1, 1)  # shared with what is forked


def is_on() -> bool:
    """Whether this web server is about to stop."""
    return _flag[0] == 1


def begin() -> None:
    _flag[0] = 1


def end() -> None:
    """For tests; a server that drains never comes back."""
    _flag[0] = 0


def seconds() -> float:
    said = os.environ.get("STOP_DELAY") or "0"
    try:
        return float(said)
    except ValueError:
        raise SystemExit(f"STOP_DELAY={said} is not a number of seconds.") from None


def watch(server: Any) -> None:
    """Called in gunicorn's own process, when it is about to serve: SIGTERM waits, once."""
    delay = seconds()
    if delay <= 0:
        return

    def stop(number: int, frame: FrameType | None) -> None:
        server.signal(signal.SIGTERM, frame)

    def wait(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGTERM, stop)
        begin()
        signal.setitimer(signal.ITIMER_REAL, delay)

    signal.signal(signal.SIGALRM, stop)
    signal.signal(signal.SIGTERM, wait)
