"""What comes back: pickup orders to the aid centre, and returns to an own store."""

from .orders import (
    PickupDetails,
    PickupEvent,
    PickupLine,
    PickupOrder,
    PickupQuerySet,
    PickupStatus,
)
from .reasons import PickupReason
from .receipts import PickupReceipt, ReceivedState
from .returns import Return, ReturnLine

__all__ = [
    "PickupDetails",
    "PickupEvent",
    "PickupLine",
    "PickupOrder",
    "PickupQuerySet",
    "PickupReason",
    "PickupReceipt",
    "PickupStatus",
    "ReceivedState",
    "Return",
    "ReturnLine",
]
