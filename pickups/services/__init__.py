"""Everything that can happen to what comes back.

Locks are taken in one order: recipients, cases (pickup orders by number, a return), loans,
balances (by warehouse and article), individuals (by number), case number.
"""

from recipients.case_details import Protected
from recipients.personal_data import TextNeedsCheck

from .arrivals import Extra, Got
from .common import on_pickups
from .fetching import fetch, why_not_fetch
from .ordering import (
    Wish,
    cancel_pickup,
    change_pickup,
    order_pickup,
    plan,
    undo_contact,
)
from .preparing import make_available
from .receiving import receive
from .returns import Back, Unconfirmed, give_back, undo

__all__ = [
    "Back",
    "Extra",
    "Got",
    "Protected",
    "TextNeedsCheck",
    "Unconfirmed",
    "Wish",
    "cancel_pickup",
    "change_pickup",
    "fetch",
    "give_back",
    "make_available",
    "on_pickups",
    "order_pickup",
    "plan",
    "receive",
    "undo_contact",
    "undo",
    "why_not_fetch",
]
