"""What went wrong: deviations and complaints, what they are about, and whom they were reported to."""

from .categories import DeviationCategory, EventType
from .deviations import (
    Consequence,
    Deviation,
    DeviationAttachment,
    DeviationEvent,
    DeviationItem,
    DeviationQuerySet,
    DeviationStatus,
    Handling,
    Outcome,
)
from .reports import MUST_ANSWER, DeviationReport, ReportedTo

__all__ = [
    "MUST_ANSWER",
    "Consequence",
    "Deviation",
    "DeviationAttachment",
    "DeviationCategory",
    "DeviationEvent",
    "DeviationItem",
    "DeviationQuerySet",
    "DeviationReport",
    "DeviationStatus",
    "EventType",
    "Handling",
    "Outcome",
    "ReportedTo",
]
