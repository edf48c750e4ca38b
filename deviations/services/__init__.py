"""Everything that can happen to a deviation.

Locks are taken in one order: recipients, cases (deviations by number), loans, balances (by
warehouse and article), individuals, case number.
"""

from .correcting import hold, reclassify, reopen, why_not_reopen
from .handling import Report, close, investigate, receive, release, withdraw
from .registering import Wish, change_account, register

__all__ = [
    "Report",
    "Wish",
    "change_account",
    "close",
    "hold",
    "investigate",
    "receive",
    "reclassify",
    "register",
    "release",
    "reopen",
    "why_not_reopen",
    "withdraw",
]
