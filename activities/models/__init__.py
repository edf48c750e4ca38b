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
from .plans import MaintenanceKind, MaintenancePlan, MaintenanceSchedule
from .types import ActivityType, AddressInstruction, Priority, ServiceSupplier
from .warranty import PieceUnderWarranty
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
    "MaintenanceKind",
    "MaintenancePlan",
    "MaintenanceSchedule",
    "PieceUnderWarranty",
    "Priority",
    "ServiceSupplier",
    "UsedMaterial",
    "WhoseAddress",
    "WorkReport",
]
