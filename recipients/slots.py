"""Where higher apps add themselves to the recipient's page and papers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.http import HttpRequest

from sesam.places import BulkAction, Button, CreateItem, Entry, LinkSlot, Slot, Tab, TabSlot

from .models import Recipient

if TYPE_CHECKING:
    from .documents import Section
    from .tables import LoanTag


@dataclass(frozen=True, kw_only=True)
class DocumentSection(Entry[Recipient]):
    """A part of «Hjälpmedelslista». Of a protected person nothing in it may tell where they
    are."""

    label: str
    make: Callable[[HttpRequest, Recipient], Section]


@dataclass(frozen=True, kw_only=True)
class LoanTags(Entry[Recipient]):
    """Tags on held aids, by the loan's id."""

    tags: Callable[[HttpRequest, Recipient], Mapping[int, LoanTag]]


recipient_tabs = TabSlot[Tab[Recipient]]("recipient_tabs")
recipient_buttons = LinkSlot[Button[Recipient]]("recipient_buttons")
recipient_create = LinkSlot[CreateItem[Recipient]]("recipient_create")
#: Buttons on ticked held aids; ``valda`` are the loans' ids.
recipient_bulk = LinkSlot[BulkAction[Recipient]]("recipient_bulk")
recipient_documents = Slot[DocumentSection]("recipient_documents")
loan_tags = Slot[LoanTags]("loan_tags")
