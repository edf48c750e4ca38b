"""Who asks, from where, for what is being done right now: a browser's address or a job's name.

Services take the user; this is what they can't know. It's set where work begins (``FromWhere``
for requests, ``jobs.task`` for jobs), so that nobody in between hands it on or leaves it out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from django.http import HttpRequest, HttpResponse

from .client_ip import client_ip


@dataclass(frozen=True)
class Asking:
    """``ip`` is the browser's; a job has its ``job``, and who started it where somebody did."""

    ip: str | None = None
    job: str = ""
    started_by: int | None = None
    starters_unit: int | None = None
    request: HttpRequest | None = field(default=None, repr=False, compare=False)

    @property
    def user_id(self) -> int | None:
        """Who is signed in, or started the job."""
        user = getattr(self.request, "user", None)
        return getattr(user, "pk", None) or self.started_by


_NOBODY = Asking()
_asking: ContextVar[Asking] = ContextVar("asking", default=_NOBODY)


def now() -> Asking:
    """Who asks for what is being done right now."""
    return _asking.get()


@contextmanager
def by(asking: Asking) -> Iterator[None]:
    """Work that ``asking`` asked for."""
    before = _asking.set(asking)
    try:
        yield
    finally:
        _asking.reset(before)


class FromWhere:
    """Middleware: what a request does is asked for from its browser's address."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with by(Asking(ip=client_ip(request), request=request)):
            return self.get_response(request)
