"""Where higher apps add themselves to «Min sida». What is looked at there is the user."""

import datetime as dt
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models.expressions import Combinable
from django.http import HttpRequest

from sesam.places import CreateItem, Entry, LinkSlot, NowSlot, Page, Slot, Tab, TabSlot, TodoSlot

from .models import Message, User


@dataclass(frozen=True, kw_only=True)
class MessagePage(Entry[Message]):
    """Where one goes on from a message of the kind that is its name, other than to its case."""

    label: str
    url: Page

    def prove(self) -> None:
        self.url.prove()


@dataclass(frozen=True, kw_only=True)
class AskedAlong(Entry[User]):
    """What the frame of every page asks about who is signed in, asked with who that is: the user of a
    request has it by the entry's name. The user comes as a key that is told later."""

    of: Callable[[Any], Combinable]


@dataclass(frozen=True, kw_only=True)
class LookGate(Entry[None]):
    """What every look at a recipient passes: whether who asks must say why first."""

    wants_reason: Callable[[HttpRequest, uuid.UUID], bool]


@dataclass(frozen=True, kw_only=True)
class ThinnedAlong(Entry[None]):
    """What is kept for as long as the access log, and removed when that is thinned."""

    label: str
    #: Removes what is from before a time, as the tables' owner; how many of what ``label`` says.
    thin: Callable[[dt.datetime], int]


asked_along = Slot[AskedAlong]("asked_along")
look_gates = Slot[LookGate]("look_gates")
thinned_along = Slot[ThinnedAlong]("thinned_along")
#: The user's cases, a kind a tab.
my_tabs = TabSlot[Tab[User]]("my_tabs")
#: What of them is open, late, or waits for the user.
my_now = NowSlot[User]("my_now")
#: «Att göra» of the start page: by name or number of a case alone, nothing about a person.
my_todo = TodoSlot[User]("my_todo")
my_create = LinkSlot[CreateItem[User]]("my_create")
message_pages = Slot[MessagePage]("message_pages")
