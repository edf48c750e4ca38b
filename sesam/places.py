"""How an app adds itself to pages of the apps below it, without being imported by them.

Each app registers entries in its own ``places.py`` (found at start-up). A slot names the place:

``menu``                    the blue bar
``search``                  a choice of the start page's search box
``recipient.tab``           a tab of the recipient's page   (obj: Recipient)
``recipient.button``        a button in the page's head      (obj: Recipient)
``recipient.create``        an entry of «Registrera/skapa»   (obj: Recipient). With ``ticked`` in
                            ``extra`` its url may get a POST as ``recipient.bulk``
``recipient.document``      a part of «Hjälpmedelslista»     (obj: Recipient; recipients/documents.py)
``recipient.bulk``          a button on ticked held aids; its url gets a POST with ``valda``, the
                            loans' ids                       (obj: Recipient)
``recipient.loan``          tags on held aids: ``extra["tags"](request, recipient)`` gives
                            {loan id: recipients.tables.LoanTag}
``article.button``          «Beställ» on rows and the page   (obj: Article)
``article.typed``           where the search leads whose exact number was typed; the first that is
                            shown, else the article's page       (obj: its number)
``individual.section``      a part of a tab of an individual (obj: Individual): ``extra`` has
                            ``template``, ``build(request, obj)`` (its ``content``; None: nothing to
                            say) and ``tab``: status (unless said), komponenter, aktiviteter
``individual.button``       a button in the page's head      (obj: Individual)
``individual.create``       an entry of «Registrera/skapa»   (obj: Individual)
``count.pieces``            how a marked article is counted  (obj: articles.counting.Row)
``start.box``               a box of the start page: ``extra`` has ``template``, ``build(request)``
                            (its context ``box``) and, for the right column, ``side`` true
``store.tab``               a tab of a store's page          (obj: Warehouse; as recipient.tab)
``store.button``            «Lagerpåfyllnad» in its head     (obj: Warehouse)
``store.create``            «Registrera/skapa» of a store    (obj: Warehouse)
``khs.queue``               a queue on the back office's home; its count is how many wait there,
                            ``extra["group"]`` the heading above it
``case.create``, ``case.note``             as their names say
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.urls import reverse

from sesam.links import links


@dataclass(frozen=True)
class Entry:
    """One thing on somebody else's page. The callables get ``(request, obj)``.

    ``note`` stands under the label.
    ``shown`` is for who may; where the thing itself can't be done now, ``barred`` says why, and
    the entry stands there with the reason instead of vanishing.
    """

    slot: str
    name: str
    label: str | Callable[[HttpRequest, Any], str]
    url: Callable[[HttpRequest, Any], str]
    order: int = 100
    icon: str = ""
    shown: Callable[[HttpRequest, Any], bool] = lambda request, obj: True
    count: Callable[[HttpRequest, Any], int | None] | None = None
    note: Callable[[HttpRequest, Any], str] | None = None
    barred: Callable[[HttpRequest, Any], str] = lambda request, obj: ""
    extra: dict[str, Any] = field(default_factory=dict)

    def text(self, request: HttpRequest, obj: Any) -> str:
        return self.label if isinstance(self.label, str) else self.label(request, obj)


def page(name: str) -> Callable[[HttpRequest, Any], str]:
    """For ``Entry.url``: a page without arguments. Every page's bar asks, so it is kept."""
    return lambda request, obj: _address(name)


@cache
def _address(name: str) -> str:
    return reverse(name)


def page_of(name: str, query: str = "") -> Callable[[HttpRequest, Any], str]:
    """For ``Entry.url``: a page whose one argument is the opaque ``key`` of what is looked at."""
    return lambda request, obj: _addresses(name)(obj.key) + query


@cache
def _addresses(name: str) -> Callable[[Any], str]:
    return links(name, sample=UUID(int=0))


@dataclass
class Shown:
    """An entry as one request sees it, ready for the template."""

    name: str
    label: str
    url: str
    icon: str
    count: int | None
    extra: dict[str, Any]
    note: str = ""
    active: bool = False
    barred: str = ""


_entries: dict[str, list[Entry]] = defaultdict(list)


def add(entry: Entry) -> None:
    """Register an entry; a second one of the same name in the slot replaces the first."""
    slot = [e for e in _entries[entry.slot] if e.name != entry.name]
    _entries[entry.slot] = sorted([*slot, entry], key=lambda e: e.order)


def registered(slot: str) -> list[Entry]:
    """The entries of a slot as registered, in order."""
    return list(_entries[slot])


def entries(slot: str, request: HttpRequest, obj: Any = None) -> list[Shown]:
    """What this request's user sees in ``slot`` for ``obj``."""
    shown = []
    for e in _entries[slot]:
        if not e.shown(request, obj):
            continue
        url = e.url(request, obj)
        path = url.split("?")[0]
        shown.append(
            Shown(
                name=e.name,
                label=e.text(request, obj),
                url=url,
                icon=e.icon,
                count=e.count(request, obj) if e.count else None,
                extra=e.extra,
                note=e.note(request, obj) if e.note else "",
                barred=e.barred(request, obj),
                active=request.path == path or (path != "/" and request.path.startswith(path)),
            )
        )
    return shown
