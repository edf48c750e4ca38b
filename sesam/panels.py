"""The slide-in panel: which row it shows stands in the page's own address (``?panel=``)."""

from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest

PANEL = "panel"
TAB = "panelflik"


@dataclass
class Panel:
    """What ``parts/panel.html`` shows; ``facts`` and ``tabs`` are as that part says.

    ``body`` is a template for what facts can't say; it sees the page's context. ``drawing`` is markup
    that stands before the title.
    """

    kicker: str
    title: str
    close_url: str
    facts: list[dict[str, Any]] = field(default_factory=list)
    tabs: list[dict[str, Any]] = field(default_factory=list)
    body: str = ""
    drawing: str = ""
    go_url: str = ""
    go_label: str = ""


def asked(request: HttpRequest) -> str:
    """The row that the address names, or an empty string."""
    return request.GET.get(PANEL, "")[:64]


def _address(request: HttpRequest, **changes: str | None) -> str:
    query = request.GET.copy()
    for name, value in changes.items():
        query.pop(name, None)
        if value is not None:
            query[name] = value
    return request.path + (f"?{query.urlencode()}" if query else "")


def close_url(request: HttpRequest) -> str:
    """The page's address without its panel."""
    return _address(request, **{PANEL: None, TAB: None})


def tabs(request: HttpRequest, *choices: tuple[str, str]) -> tuple[list[dict[str, Any]], str]:
    """The panel's tabs for (name, label) pairs, and the name of the one that is open."""
    names = [name for name, _ in choices]
    wanted = request.GET.get(TAB, "")
    chosen = wanted if wanted in names else names[0]
    links = [
        {"label": label, "url": _address(request, **{TAB: name}), "active": name == chosen}
        for name, label in choices
    ]
    return links, chosen
