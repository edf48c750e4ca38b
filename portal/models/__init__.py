"""What KHS writes for the portal's own pages, what visitors report of accessibility, and spot checks
of the access log."""

from .disposal import DisposalList, DisposalRow, Outcome
from .information import (
    BarrierReport,
    Document,
    DocumentHeading,
    HelpText,
    News,
    NewsRead,
    Published,
)
from .spot_checks import (
    KnownPerson,
    Risk,
    SpotCheck,
    SpotCheckLook,
    SpotCheckNote,
    SpotCheckPlan,
    SpotCheckProtocol,
    Verdict,
)
from .start import StartContact, StartLink

__all__ = [
    "BarrierReport",
    "DisposalList",
    "DisposalRow",
    "Document",
    "DocumentHeading",
    "HelpText",
    "KnownPerson",
    "News",
    "NewsRead",
    "Outcome",
    "Published",
    "Risk",
    "SpotCheck",
    "SpotCheckLook",
    "SpotCheckNote",
    "SpotCheckPlan",
    "SpotCheckProtocol",
    "StartContact",
    "StartLink",
    "Verdict",
]
