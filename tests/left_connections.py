"""Database connections that one of the live server's threads leaves, and the next takes over.

Each browser test opens a browser's connections anew, and for each the live server has a thread. A
connection to the database of its own would be made, and learn of the tables, three times a test.
"""

from __future__ import annotations

import contextlib
import socket
from collections import deque
from typing import Any

from django.core.servers.basehttp import ThreadedWSGIServer
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from sesam.roomy import roomy

_left: deque[BaseDatabaseWrapper] = deque()


class TakesOver(ThreadedWSGIServer):
    """A server of ``django.test.testcases.LiveServerThread``."""

    @roomy
    def process_request_thread(self, request: socket.socket, client_address: Any) -> None:
        with contextlib.suppress(IndexError):
            connections["default"] = _left.pop()
        super().process_request_thread(request, client_address)

    def _close_connections(self) -> None:
        connection = connections["default"]
        ours = connection.connection
        if ours is None or ours.closed or connection.in_atomic_block:
            return connections.close_all()
        if not connection.allow_thread_sharing:
            connection.inc_thread_sharing()
        del connections["default"]
        connections.close_all()
        _left.append(connection)


def close() -> None:
    """Before the tests' database goes."""
    while _left:
        _left.pop().close()
