"""How an app adds itself to pages of the apps below it, without being imported by them.

The room that shows a page has a slot for each kind of entry that others may add there:
``sesam.slots`` (the bar, the strip, the start page), ``recipients.slots``, ``articles.slots``
(articles and stores), ``individuals.slots``, ``orders.slots``, ``activities.slots``,
``pickups.slots``, ``organisation.queues`` (the back office's home) and ``organisation.desk``
(KHS's bar). An app adds its entries in its own ``places.py``, which is found at start-up. A tab on
the recipient's page::

    from recipients.slots import recipient_tabs

    recipient_tabs.add(
        Tab(
            name="aktiviteter",
            label="Aktiviteter",
            url=PageOf("recipients:detail", "?flik=aktiviteter"),
            order=40,
            count=activities.count,
            build=activities.build,  # (request, recipient) -> TabContent
        )
    )

a button in its head, and an entry of the menu::

    recipient_buttons.add(Button(name="plan", label="Planera", url=PageOf("activities:plan")))
    menu.add(MenuItem(name="stores", label="Lager", url=Page("articles:stores")))

An entry's functions get ``(request, obj)``, where ``obj`` is what the page shows (None in the
bar and on the start page). ``shown`` says who may see the entry; where the thing itself can't be
done now, a link's ``barred`` says why, and it stands there with the reason instead of vanishing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar
from uuid import UUID

from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from django.template.loader import get_template
from django.urls import reverse

from sesam.links import links

if TYPE_CHECKING:
    from sesam.panels import Panel
    from sesam.tables import Table

#: What the page shows.
Obj = TypeVar("Obj")


# --- the kinds of entries ---


@dataclass(frozen=True, kw_only=True)
class Entry(Generic[Obj]):
    """One thing on somebody else's page; its name is its own in the slot."""

    name: str
    order: int = 100
    shown: Callable[[HttpRequest, Obj], bool] = lambda request, obj: True

    def prove(self) -> None:
        """Raises where it names a page or a template that doesn't exist."""


@dataclass(frozen=True, kw_only=True)
class Link(Entry[Obj]):
    """An entry that leads somewhere; ``dialog`` opens it in the dialog, ``download`` gives a file."""

    label: str | Callable[[HttpRequest, Obj], str]
    url: Callable[[HttpRequest, Obj], str]
    icon: str = ""
    dialog: bool = False
    download: bool = False
    count: Callable[[HttpRequest, Obj], int | None] | None = None
    barred: Callable[[HttpRequest, Obj], str] = lambda request, obj: ""

    def text(self, request: HttpRequest, obj: Obj) -> str:
        return self.label if isinstance(self.label, str) else self.label(request, obj)

    def prove(self) -> None:
        if isinstance(self.url, Page):
            self.url.prove()


@dataclass(frozen=True, kw_only=True)
class MenuItem(Link[None]):
    """An entry of the blue bar. ``parent`` names the entry under which it unfolds; ``note``
    stands under the label; ``cart`` is filled green while its count is not None; ``find`` is the
    magnifier, whose page has the search box that Ctrl K opens on every page. What is aligned
    to the ``account`` unfolds under the user's name. ``mark`` stands white beside the portal's
    name for who has the entry: whose bar it is. ``also`` are pages on which it is marked besides."""

    parent: str = ""
    mark: str = ""
    align: Literal["left", "right", "account"] = "left"
    cart: bool = False
    find: bool = False
    note: Callable[[HttpRequest, None], str] | None = None
    also: tuple[Page, ...] = ()

    def prove(self) -> None:
        super().prove()
        for page in self.also:
            page.prove()


@dataclass(frozen=True, kw_only=True)
class Strip(Link[None]):
    """The green strip: its label is whom the order is for, its count the order's lines."""


@dataclass(frozen=True, kw_only=True)
class Button(Link[Obj]):
    """A button in a page's head; filled green where it starts an order."""

    starts_order: bool = False


@dataclass(frozen=True, kw_only=True)
class CreateItem(Link[Obj]):
    """An entry of «Registrera/skapa». One that is ``ticked`` gets the ticked rows by POST, as a
    ``BulkAction``, where there are any; ``danger`` stands in red."""

    ticked: bool = False
    danger: bool = False


@dataclass(frozen=True, kw_only=True)
class BulkAction(Link[Obj]):
    """A button on ticked rows: its url gets a POST with ``valda``, their ids."""


@dataclass(frozen=True, kw_only=True)
class Tab(Link[Obj]):
    """A tab; ``build`` makes what stands in it when it is open."""

    build: Callable[[HttpRequest, Obj], TabContent | HttpResponse]


@dataclass(frozen=True, kw_only=True)
class TabContent:
    """What stands in a tab: a list, or a template that sees ``context`` as ``tab``.

    ``panel`` is the row that is open, ``bulk`` what can be done with ticked rows.
    """

    table: Table[Any] | None = None
    template: str = ""
    context: Mapping[str, Any] = field(default_factory=dict)
    panel: Panel | None = None
    bulk: Sequence[Shown[Any]] = ()
    status: int = 200


@dataclass(frozen=True, slots=True)
class Now:
    """How many of something there are now, in words of that number («öppna aktiviteter»), with one
    line of detail. ``asks``: it asks for something to be done."""

    count: int
    words: str
    detail: str = ""
    asks: bool = False


@dataclass(frozen=True, kw_only=True)
class NowEntry(Entry[Obj]):
    """A count of «Nu», leading to what is counted; None or zero is left out."""

    url: Callable[[HttpRequest, Obj], str]
    build: Callable[[HttpRequest, Obj], Now | None]

    def prove(self) -> None:
        if isinstance(self.url, Page):
            self.url.prove()


@dataclass(frozen=True, slots=True)
class Todo:
    """A thing that waits for the user, with where it is done; ``detail`` says more of it."""

    label: str
    url: str
    detail: str = ""
    late: bool = False


@dataclass(frozen=True, kw_only=True)
class TodoSource(Entry[Obj]):
    """Some of «Att göra», in the order in which it should be done."""

    build: Callable[[HttpRequest, Obj], list[Todo]]


@dataclass(frozen=True, kw_only=True)
class Part(Entry[Obj]):
    """A part of a page with a template of its own, which sees what ``build`` gives; None:
    there is nothing to say."""

    template: str
    build: Callable[[HttpRequest, Obj], Any]

    def prove(self) -> None:
        get_template(self.template)


@dataclass(frozen=True, kw_only=True)
class StartBox(Part[None]):
    """A box of the start page, which its template sees as ``box``; ``side``: to the right."""

    side: bool = False


@dataclass(frozen=True, kw_only=True)
class GoesFirst(Entry[None]):
    """A page that somebody who has just signed in sees before the one they were going to; its url
    gets that one's address, and is empty where there is nothing to show."""

    url: Callable[[HttpRequest, str], str]


# --- where a link leads ---


@dataclass(frozen=True)
class Page:
    """For a link's ``url``: a page without arguments."""

    name: str
    query: str = ""

    def __call__(self, request: HttpRequest, obj: Any) -> str:
        return _address(self.name) + self.query

    def prove(self) -> None:
        _address(self.name)


class PageOf(Page):
    """For a link's ``url``: a page whose one argument is the ``key`` of what is looked at."""

    def __call__(self, request: HttpRequest, obj: Any) -> str:
        return _addresses(self.name)(obj.key) + self.query

    def prove(self) -> None:
        _addresses(self.name)


@cache  # every page's bar asks
def _address(name: str) -> str:
    return reverse(name)


@cache
def _addresses(name: str) -> Callable[[Any], str]:
    return links(name, sample=UUID(int=0))


# --- slots ---

E = TypeVar("E", bound=Entry[Any])
L = TypeVar("L", bound=Link[Any])


@dataclass
class Shown(Generic[L]):
    """A link as one request sees it, ready for the template."""

    entry: L
    label: str
    url: str
    count: int | None = None
    barred: str = ""
    active: bool = False


@dataclass
class Drawn(Generic[E]):
    """A part of a page as one request sees it, ready for the template."""

    entry: E
    content: Any


_slots: list[Slot[Any]] = []


class Slot(Generic[E]):
    """What apps add to one place, in order. ``name`` is for those who read an error."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._entries: list[E] = []
        _slots.append(self)

    def add(self, *entries: E) -> None:
        for entry in entries:
            if any(other.name == entry.name for other in self._entries):
                raise ImproperlyConfigured(f"{self.name} has an entry named {entry.name} already.")
            self._entries.append(entry)
        self._entries.sort(key=lambda entry: entry.order)

    def __iter__(self) -> Iterator[E]:
        return iter(self._entries)

    def open_to(self, request: HttpRequest, obj: Any = None) -> list[E]:
        """The entries that this request's user sees."""
        # Many are shown to the same: a bar's forty entries ask what two of them do.
        said: dict[Any, bool] = {}
        seen = []
        for entry in self._entries:
            if entry.shown not in said:
                said[entry.shown] = entry.shown(request, obj)
            if said[entry.shown]:
                seen.append(entry)
        return seen

    def prove(self) -> None:
        """Raises where an entry names something that doesn't exist."""
        for entry in self._entries:
            entry.prove()


class LinkSlot(Slot[L]):
    """A slot of links."""

    def shown(self, request: HttpRequest, obj: Any = None) -> list[Shown[L]]:
        """What the template draws for this request's user."""
        return [_shown(entry, request, obj) for entry in self.open_to(request, obj)]


def _shown(entry: L, request: HttpRequest, obj: Any) -> Shown[L]:
    url = entry.url(request, obj)
    path = url.split("?")[0]
    return Shown(
        entry=entry,
        label=entry.text(request, obj),
        url=url,
        count=entry.count(request, obj) if entry.count else None,
        barred=entry.barred(request, obj),
        active=request.path == path or (path != "/" and request.path.startswith(path)),
    )


T = TypeVar("T", bound=Tab[Any])


class TabSlot(LinkSlot[T]):
    """The tabs of a page, of which one is open: the one that ``flik`` names, else the first."""

    def opened(self, request: HttpRequest, obj: Any) -> tuple[list[Shown[T]], T]:
        tabs = self.shown(request, obj)
        wanted = request.GET.get("flik", "")
        chosen = next((tab for tab in tabs if tab.entry.name == wanted), tabs[0])
        for tab in tabs:
            tab.active = tab is chosen
        return tabs, chosen.entry


P = TypeVar("P", bound=Part[Any])


class PartSlot(Slot[P]):
    """The parts of a page."""

    def drawn(self, request: HttpRequest, obj: Any = None) -> list[Drawn[P]]:
        """What stands there for this request's user; parts with nothing to say are left out."""
        return [
            Drawn(entry, content)
            for entry in self.open_to(request, obj)
            if (content := entry.build(request, obj)) is not None
        ]


class NowSlot(Slot[NowEntry[Obj]]):
    """The counts of «Nu»."""

    def told(self, request: HttpRequest, obj: Any) -> list[tuple[str, Now]]:
        """What there is now, each with the address that it leads to."""
        return [
            (entry.url(request, obj), now)
            for entry in self.open_to(request, obj)
            if (now := entry.build(request, obj)) is not None and now.count
        ]


class TodoSlot(Slot[TodoSource[Obj]]):
    """«Att göra»."""

    def gathered(self, request: HttpRequest, obj: Any) -> list[Todo]:
        return [todo for x in self.open_to(request, obj) for todo in x.build(request, obj)]


class MenuSlot(LinkSlot[MenuItem]):
    """The bar's entries, of which some unfold under another."""

    def prove(self) -> None:
        super().prove()
        names = {item.name for item in self}
        for item in self:
            if item.parent and item.parent not in names:
                raise ImproperlyConfigured(f"{self.name}: {item.name} unfolds under nothing.")


def prove() -> None:
    """Raises where what is added anywhere names a page, template or parent that doesn't exist."""
    for slot in _slots:
        slot.prove()
