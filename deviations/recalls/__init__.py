"""Recalls: registered by KHS, what they are about found and held back by a job, answered for piece by
piece.

Locks are taken in one order: recipients, orders (by number), the recall, balances, individuals,
watches, case number.
"""

from .answering import answer, end_watches
from .registering import register
from .sought import Sought

__all__ = ["Sought", "answer", "end_watches", "register"]
