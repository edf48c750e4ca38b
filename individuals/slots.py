"""Where higher apps add themselves to an individual's page."""

from __future__ import annotations

from enum import StrEnum

from sesam.places import Button, CreateItem, LinkSlot, Part, PartSlot

from .models import Individual


class PieceTab(StrEnum):
    """The page's tabs, by their name in the address."""

    INFORMATION = "information"
    STATUS = "status"
    COMPONENTS = "komponenter"
    ACTIVITIES = "aktiviteter"
    TEXT = "text"


#: The parts of each tab; their templates see what was built as ``content``.
piece_sections = {tab: PartSlot[Part[Individual]](f"piece_sections[{tab}]") for tab in PieceTab}
piece_buttons = LinkSlot[Button[Individual]]("piece_buttons")
#: How a complaint of a piece under warranty begins, for whoever works with who has it.
piece_complaint = LinkSlot[Button[Individual]]("piece_complaint")
piece_create = LinkSlot[CreateItem[Individual]]("piece_create")
