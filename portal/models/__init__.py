"""What KHS writes for the portal's own pages, and what visitors report of accessibility."""

from .information import (
    BarrierReport,
    Document,
    DocumentHeading,
    HelpText,
    News,
    NewsRead,
    Published,
)
from .start import StartContact, StartLink

__all__ = [
    "BarrierReport",
    "Document",
    "DocumentHeading",
    "HelpText",
    "News",
    "NewsRead",
    "Published",
    "StartContact",
    "StartLink",
]
