"""What the frame of every page needs: the entries of the bar and the signed-in user's names."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from sesam.places import MenuItem, Shown
from sesam.slots import menu, page_help, strip
from sesam.templatetags.sesam import datumtid


@dataclass
class BarItem:
    """An entry of the bar as it is drawn, with those that unfold under it."""

    label: str
    url: str
    icon: str = ""
    active: bool = False
    align: str = "left"
    cart: bool = False
    find: bool = False
    dialog: bool = False
    count: int | None = field(default=None, repr=False)
    note: str = ""
    mark: str = ""
    children: list[BarItem] = field(default_factory=list)


class Bar(list[BarItem]):
    """The entries, and those of them that stand in a place of their own."""

    @property
    def marks(self) -> list[str]:
        return [item.mark for item in self if item.mark]

    @property
    def right(self) -> list[BarItem]:
        return [item for item in self if item.cart or item.find or item.align == "right"]

    @property
    def account(self) -> list[BarItem]:
        return [item for item in self if item.align == "account"]


def frame(request: HttpRequest) -> dict[str, Any]:
    """Context processor. ``menu`` is empty for visitors who are not signed in."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {"menu": Bar(), "frame_user": None} | _around(request)
    items = _bar(request)
    return _around(request) | {
        "menu": items,
        # What the two menus show, which are kept by it; the counts stand elsewhere in the bar.
        "menu_key": repr([item for item in items if not item.cart]),
        # «Snabbtangenter med en bokstav» can be switched off under the cog (WCAG 2.1.4).
        "letter_keys": getattr(user, "preferences", {}).get("letter_keys", True),
        # Asked for by the pages that have the strip.
        "strips": lambda: strip.shown(request),
        "frame_user": {
            "name": user.get_full_name() or user.get_username(),
            "unit": getattr(user, "unit_name", ""),
            # Asked for by the 403 page alone, so not before it is.
            "roles": lambda: [group.name for group in user.groups.all()],
        },
    }


def _around(request: HttpRequest) -> dict[str, Any]:
    """What every page has, whoever asks: its help, and its foot."""
    return {
        "page_help": page_help.shown(request),
        # What its help, and a hindrance that is reported, are told of where one was.
        "came_from": f"?fran={quote(request.path)}" if request.resolver_match else "",
        "printed_at": datumtid(timezone.now()),
        "aid_centre": settings.AID_CENTRE,
        "version": settings.VERSION,
    }


def _bar(request: HttpRequest) -> Bar:
    """An entry whose parent this user doesn't see stands by itself. Of several that the page lies
    under (``/admin/`` and a list there) the nearest is active."""
    top: dict[str, BarItem] = {}
    found = menu.shown(request)
    near = [_nearness(request, shown) for shown in found]
    nearest = max(near, default=0)
    for shown, how_near in zip(found, near, strict=True):
        shown.active = bool(how_near) and how_near == nearest
        item = _item(request, shown)
        parent = top.get(shown.entry.parent)
        if parent is None:
            top[shown.entry.name] = item
        else:
            parent.children.append(item)
            parent.active = parent.active or item.active
    return Bar(top.values())


def _nearness(request: HttpRequest, shown: Shown[MenuItem]) -> int:
    """How much of the page's address is the entry's; 0 where it isn't under it."""
    others = [page(request, None) for page in shown.entry.also]
    under = [len(url) for url in others if request.path.startswith(url)]
    return max([*under, len(shown.url) if shown.active else 0])


def _item(request: HttpRequest, shown: Shown[MenuItem]) -> BarItem:
    entry = shown.entry
    return BarItem(
        label=shown.label,
        url=shown.url,
        icon=entry.icon,
        active=shown.active,
        align=entry.align,
        cart=entry.cart,
        find=entry.find,
        dialog=entry.dialog,
        count=shown.count,
        note=entry.note(request, None) if entry.note else "",
        mark=entry.mark,
    )
