"""The slide-in panel: which row it shows stands in the page's own address (``?panel=``)."""

from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest, QueryDict


@dataclass
class Panel:
    """What ``parts/panel.html`` shows. ``tabs`` are (name, label) pairs; ``template`` renders
    the facts of the chosen tab with ``panel.context``."""

    kind: str
    title: str
    template: str
    number: str = ""
    tabs: list[tuple[str, str]] = field(default_factory=list)
    tab: str = ""
    context: dict[str, Any] = field(default_factory=dict)
    more_url: str = ""
    more_label: str = ""
    close_url: str = ""


def asked(request: HttpRequest) -> str:
    """The row that the address names, or an empty string."""
    return request.GET.get("panel", "")[:64]


def close_url(request: HttpRequest) -> str:
    """The page's address without its panel."""
    query: QueryDict = request.GET.copy()
    query.pop("panel", None)
    query.pop("panelflik", None)
    return request.path + (f"?{query.urlencode()}" if query else "")


def chosen_tab(request: HttpRequest, tabs: list[tuple[str, str]]) -> str:
    """The tab the address names if the panel has it, else the first."""
    wanted = request.GET.get("panelflik", "")
    names = [name for name, _ in tabs]
    return wanted if wanted in names else (names[0] if names else "")
