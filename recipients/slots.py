"""Where higher apps add themselves to the recipient's page and papers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import QuerySet
from django.http import HttpRequest

from organisation.models import User
from sesam.places import (
    BulkAction,
    Button,
    CreateItem,
    Entry,
    LinkSlot,
    NowSlot,
    Slot,
    Tab,
    TabSlot,
)

from .models import Loan, Recipient

if TYPE_CHECKING:
    from .documents import Section
    from .history import Happening
    from .tables import LoanFacts, LoanTag


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


@dataclass(frozen=True, kw_only=True)
class LoanPanel(Entry[Recipient]):
    """A tab of a held aid's panel, where ``build`` has something to say of it."""

    label: str
    build: Callable[[HttpRequest, Recipient, Loan], LoanFacts | None]


@dataclass(frozen=True, kw_only=True)
class FollowUpAnswer(Entry[Loan]):
    """An answer to whether a held aid does its work; its name is the ``FollowUp.Answer``. ``steps``
    are what follows from it: one is gone on to at once, several are offered. ``of_deceased``: it
    makes sense for somebody who has died."""

    icon: str
    steps: Callable[[HttpRequest, Loan], list[NextStep]] = lambda request, loan: []
    of_deceased: bool = False


@dataclass(frozen=True, slots=True)
class NextStep:
    """What an answer leads to."""

    label: str
    url: str


@dataclass(frozen=True, kw_only=True)
class HistorySource(Entry[Recipient]):
    """A kind of happening in «Historik», which can be asked for alone: ``newest`` gives the newest
    of them, at most as many as asked for. Of a protected person nothing in it may tell where they
    are."""

    kind: str
    label: str
    icon: str
    newest: Callable[[HttpRequest, Recipient, int], list[Happening]]


@dataclass(frozen=True, kw_only=True)
class ReasonToLook(Entry[User]):
    """Rows of a user's, each about a ``recipient``, that are reason enough to look at that person;
    the user comes as a key that is told later (``sesam.standing``)."""

    of: Callable[[Any], QuerySet[Any]]


recipient_tabs = TabSlot[Tab[Recipient]]("recipient_tabs")
#: «Nu»: what is held, on its way, open, late.
recipient_now = NowSlot[Recipient]("recipient_now")
recipient_buttons = LinkSlot[Button[Recipient]]("recipient_buttons")
recipient_create = LinkSlot[CreateItem[Recipient]]("recipient_create")
#: Buttons on ticked held aids; ``valda`` are the loans' ids.
recipient_bulk = LinkSlot[BulkAction[Recipient]]("recipient_bulk")
recipient_documents = Slot[DocumentSection]("recipient_documents")
recipient_history = Slot[HistorySource]("recipient_history")
loan_tags = Slot[LoanTags]("loan_tags")
loan_panel = Slot[LoanPanel]("loan_panel")
#: Why one need not say «Varför?», besides cases.
reasons_to_look = Slot[ReasonToLook]("reasons_to_look")
#: The buttons under «Fungerar hjälpmedlet?».
follow_up_answers = Slot[FollowUpAnswer]("follow_up_answers")
