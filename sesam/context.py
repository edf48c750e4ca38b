"""What the frame of every page needs: the entries of the bar and the signed-in user's names."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from sesam import places


def place_entries(slot: str, request: HttpRequest, obj: Any = None) -> list[Any]:
    """The entries of a slot as a list."""
    return list(places.entries(slot, request, obj=obj))


def frame(request: HttpRequest) -> dict[str, Any]:
    """Context processor. ``menu`` is empty for visitors who are not signed in.

    An entry's ``extra`` may hold ``align`` («left» or «right»), ``kind`` («cart»: filled green
    when its count is not None, which means that an order is started; «settings»: an icon alone)
    and ``parent`` (the name of the entry under which it unfolds).
    """
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {"menu": [], "frame_user": None}
    menu: dict[str, dict[str, Any]] = {}
    for entry in place_entries("menu", request):
        item = {
            "name": entry.name,
            "label": entry.label,
            "url": entry.url,
            "icon": entry.icon,
            "active": entry.active,
            "align": entry.extra.get("align", "left"),
            "kind": entry.extra.get("kind", ""),
            "count": entry.count,
            "note": entry.note,
            "children": [],
        }
        parent = menu.get(entry.extra.get("parent", ""))
        if parent is None:
            menu[entry.name] = item
        else:
            parent["children"].append(item)
            parent["active"] = parent["active"] or item["active"]
    return {
        "menu": list(menu.values()),
        # What the two menus show, which are kept by it; the counts stand elsewhere in the bar.
        "menu_key": repr(
            [{**item, "count": None} for item in menu.values() if item["kind"] != "cart"]
        ),
        "frame_user": {
            "name": user.get_full_name() or user.get_username(),
            "unit": getattr(user, "unit_name", ""),
            # Asked for by the 403 page alone, so not before it is.
            "roles": lambda: [group.name for group in user.groups.all()],
        },
    }
