"""The start page's own boxes: «Att göra», and whom to turn to."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from organisation.permissions import signed_in
from organisation.slots import my_todo
from sesam import phones

from .models import StartContact, StartLink


def todo(request: HttpRequest, obj: None) -> dict[str, Any] | None:
    """What waits for the user; no box where nothing does."""
    found = my_todo.gathered(request, signed_in(request))
    return {"todos": found} if found else None


def contact(request: HttpRequest, obj: None) -> dict[str, Any] | None:
    """Contacts and links as KHS has them. Two queries."""
    people = [
        {
            "name": one.name,
            "title": one.title,
            "phone": phones.written(one.phone),
            "dialled": "".join(c for c in one.phone if c.isdigit() or c == "+"),
            "hours": one.hours,
            "email": one.email,
        }
        for one in StartContact.objects.filter(is_active=True)
    ]
    links = list(StartLink.objects.filter(is_active=True))
    return {"people": people, "links": links} if people or links else None
