"""The tab «Historik»: all that happened to a recipient, from what the apps above know of it.

Each kind of happening is a source in ``recipient_history``, which gives the newest of its own; here
they are laid together. Of another unit's case it says the number only, without a link, and of a
protected person nobody else's unit, store or staff: whose patient they are tells where they live.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest

from sesam.places import TabContent
from sesam.words import listed

from .models import Recipient
from .slots import recipient_history

PER_PAGE = 30
LAST_PAGE = 999
KIND, PAGE = "visa", "sida"


@dataclass(frozen=True, kw_only=True)
class Happening:
    """One thing that happened. ``case`` is what the number is of («Kundorder»), ``url`` where who
    asks may open it, ``more`` what else there is to say, ``by`` who did it."""

    at: dt.datetime
    title: str
    case: str = ""
    number: str = ""
    url: str = ""
    more: str = ""
    by: str = ""
    icon: str = ""
    tone: str = ""


def names(found: Iterable[tuple[str, int]]) -> str:
    """«Cross 6 och 2 st ROHO Hybrid Elite»: names with how many, in words."""
    told = [f"{count} st {name}" if count > 1 else name for name, count in found]
    if len(told) > 4:
        told = [*told[:3], f"{len(told) - 3} till"]
    return listed(told)


def build(request: HttpRequest, recipient: Recipient) -> TabContent:
    """The tab: newest first, a page of it, of all kinds or of one."""
    sources = recipient_history.open_to(request, recipient)
    kinds = {source.kind: source for source in sources}
    chosen = kinds.get(request.GET.get(KIND, ""))
    page = _page_number(request.GET.get(PAGE, ""))
    wanted = page * PER_PAGE + 1
    found: list[Happening] = []
    for source in sources:
        if chosen is None or source.kind == chosen.kind:
            found += source.newest(request, recipient, wanted)
    found.sort(key=lambda happening: happening.at, reverse=True)
    kind = chosen.kind if chosen else ""
    return TabContent(
        template="recipients/_history.html",
        context={
            "happenings": found[(page - 1) * PER_PAGE : page * PER_PAGE],
            "kinds": [
                {"label": "Allt", "url": _url("", 1), "active": chosen is None},
                *(
                    {
                        "label": source.label,
                        "icon": source.icon,
                        "url": _url(source.kind, 1),
                        "active": source.kind == kind,
                    }
                    for source in kinds.values()
                ),
            ],
            "newer_url": _url(kind, page - 1) if page > 1 else "",
            "older_url": _url(kind, page + 1) if len(found) > page * PER_PAGE else "",
        },
    )


def _page_number(asked: str) -> int:
    is_number = asked.isascii() and asked.isdigit() and len(asked) < 4
    return min(max(int(asked), 1), LAST_PAGE) if is_number else 1


def _url(kind: str, page: int) -> str:
    query: dict[str, Any] = {"flik": "historik"}
    if kind:
        query[KIND] = kind
    if page > 1:
        query[PAGE] = page
    return f"?{urlencode(query)}"
