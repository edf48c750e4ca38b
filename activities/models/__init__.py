"""Work on aids: its kinds, the cases, what was done."""

from .activities import (
    Activity,
    ActivityAttachment,
    ActivityDetails,
    ActivityEvent,
    ActivityLine,
    ActivityQuerySet,
    ActivityStatus,
    WhoseAddress,
)
from .types import ActivityType, AddressInstruction, Priority, ServiceSupplier
from .work import UsedMaterial, WorkReport

__all__ = [
    "Activity",
    "ActivityAttachment",
    "ActivityDetails",
    "ActivityEvent",
    "ActivityLine",
    "ActivityQuerySet",
    "ActivityStatus",
    "ActivityType",
    "AddressInstruction",
    "Priority",
    "ServiceSupplier",
    "UsedMaterial",
    "WhoseAddress",
    "WorkReport",
]
