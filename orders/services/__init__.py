"""Everything that can happen to an order: send, cancel, pick, deliver, hold, release.

Locks are taken in one order: recipient, cart or order, balances (by warehouse and article),
individuals (by number), case number.
"""

from .changing import (
    cancel,
    hold,
    release,
    reserved_by_place,
    start_picking,
    stop_picking,
    type_address,
)
from .common import status_of
from .delivering import Overtaken, Pick, deliver, delivered_so_far
from .sending import prices, send

__all__ = [
    "Overtaken",
    "Pick",
    "cancel",
    "deliver",
    "delivered_so_far",
    "hold",
    "prices",
    "release",
    "reserved_by_place",
    "send",
    "start_picking",
    "status_of",
    "stop_picking",
    "type_address",
]
