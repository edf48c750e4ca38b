"""What went wrong: deviations and complaints, what they are about, and whom they
were reported to; and recalls."""

from .categories import DeviationCategory, EventType
from .deeds import DeedLetters, DeedWork, RecallDeed
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
from .recalls import (
    FREE_AFTER,
    OURS,
    UNITS_ANSWERS,
    Answer,
    Found,
    ItemState,
    Recall,
    RecallAttachment,
    RecallEvent,
    RecallItem,
    RecallItemQuerySet,
    RecallQuerySet,
    RecallStatus,
    Told,
    recall_blocks,
)
from .reports import MUST_ANSWER, DeviationReport, ReportedTo

__all__ = [
    "FREE_AFTER",
    "MUST_ANSWER",
    "OURS",
    "UNITS_ANSWERS",
    "Answer",
    "Consequence",
    "DeedLetters",
    "DeedWork",
    "Deviation",
    "DeviationAttachment",
    "DeviationCategory",
    "DeviationEvent",
    "DeviationItem",
    "DeviationQuerySet",
    "DeviationReport",
    "DeviationStatus",
    "EventType",
    "Found",
    "Handling",
    "ItemState",
    "Outcome",
    "Recall",
    "RecallAttachment",
    "RecallDeed",
    "RecallEvent",
    "RecallItem",
    "RecallItemQuerySet",
    "RecallQuerySet",
    "RecallStatus",
    "ReportedTo",
    "Told",
    "recall_blocks",
]
