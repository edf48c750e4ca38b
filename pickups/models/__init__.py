"""What comes back: pickup orders to the aid centre, and returns to an own store."""

from .orders import (
    CONTACT,
    ENDED,
    NEXT_STATUS,
    WHEREABOUTS,
    PickupDetails,
    PickupEvent,
    PickupLine,
    PickupOrder,
    PickupQuerySet,
    PickupStatus,
)
from .reasons import PickupReason
from .receipts import PickupReceipt, ReceivedState
from .returns import Return, ReturnLine, ReturnQuerySet

__all__ = [
    "ENDED",
    "NEXT_STATUS",
    "CONTACT",
    "WHEREABOUTS",
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
    "ReturnQuerySet",
]
