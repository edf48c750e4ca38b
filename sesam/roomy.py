"""Room for a request's calls in one piece of memory.

Python lays what its calls need in pieces of 16 kB, takes a piece from the system as a call reaches
past the last one, and gives it back as that call ends. A page's calls go through two or three. Where a
loop stands at the end of one, each call in it takes and gives back a piece: the same page could
cost twice as much by how deep below the server it was asked for. A call that needs more than a
piece gets a larger one, and what is called within it lies there too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
Answer = TypeVar("Answer")
ROOM = 17_000  # places of 8 bytes; half of the piece is left. What isn't touched takes no memory.


def roomy(function: Callable[P, Answer]) -> Callable[P, Answer]:
    """The function, whose calls lie in one piece."""

    def inside(*args: P.args, **kwargs: P.kwargs) -> Answer:
        return function(*args, **kwargs)

    inside.__code__ = inside.__code__.replace(co_stacksize=ROOM)
    return inside
