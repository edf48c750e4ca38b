"""The bar of those who work in the back office: its queues, its stock and its registers.

Whoever works at KHS has this bar on all pages, the portal's too; «Lager» and «Register» unfold.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest

from sesam.places import MenuItem, Page
from sesam.slots import menu

from .permissions import CARE, KHS, has_role

STOCK, REGISTERS, SYSTEM = "stock", "registers", "system"


def at_khs(request: HttpRequest, obj: Any = None) -> bool:
    return has_role(request.user, KHS)


def in_care(request: HttpRequest, obj: Any = None) -> bool:
    """Who works with recipients and has the portal's own bar."""
    return has_role(request.user, *CARE) and not at_khs(request)


def runs_system(request: HttpRequest, obj: Any = None) -> bool:
    return request.user.is_active and bool(getattr(request.user, "is_superuser", False))


def entry(
    name: str,
    label: str,
    page: str,
    *,
    order: int,
    parent: str = "",
    mark: str = "",
    also: Iterable[str] = (),
) -> None:
    """An entry of KHS's bar; ``page`` names its page, ``parent`` is STOCK or REGISTERS, ``also`` names
    pages on which it is marked besides."""
    menu.add(
        MenuItem(
            name=f"khs.{name}",
            label=label,
            url=Page(page),
            order=order,
            shown=at_khs,
            parent=parent,
            mark=mark,
            also=tuple(map(Page, also)),
        )
    )
