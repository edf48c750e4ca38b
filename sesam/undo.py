"""«Ångra»: a deed is done at once and can be taken back, so that nobody is asked first.

A strip says what was done, with «Ångra» as a plain POST to an address that undoes it. That address
checks who may and whether it is too late, as every other one does; twice is once. Only the last
deed has its strip, and the strip goes after ten seconds (portal.js), so whatever is worth
undoing later stands somewhere else too.
"""

from __future__ import annotations

from typing import Any, TypedDict
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.messages.storage.base import Message
from django.http import HttpRequest

_LEVEL = messages.SUCCESS + 1  # a level of its own; its extra tag is where «Ångra» posts


class Flashed(TypedDict):
    """What a page says once: the notes on top of it, and the strip of the last deed."""

    notes: list[Message]
    undo: Message | None


def offer(request: HttpRequest, text: str, url: str, **query: Any) -> None:
    """Say what was done, and offer to undo it by POST to ``url``. Lists of ``query`` repeat."""
    query = {name: value for name, value in query.items() if value}
    if query:
        url += "?" + urlencode(query, doseq=True)
    messages.add_message(request, _LEVEL, text, extra_tags=url)


def flashed(found: Any) -> Flashed:
    """The messages of a page, apart."""
    notes, undo = [], None
    for message in found or ():
        if message.level == _LEVEL:
            undo = message
        else:
            notes.append(message)
    return {"notes": notes, "undo": undo}
