"""Whose turn it is in a case: said on its page, in its panel and in lists.

A kind of case decides it in one function, ``next_step`` of its ``life.py``, which asks nothing of the
database: the page gives it what it has loaded, a list what it fetches for all its rows. Lists sort
by the day that the step is due, so that what is late comes first; ``since_last`` is what a row
needs of its events.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import OuterRef, Subquery
from django.utils.html import format_html
from django.utils.safestring import SafeString

from sesam.days import day_shortly
from sesam.life_line import NextStep
from sesam.tables import Column
from sesam.templatetags.sesam import icon_html

from .cases import CaseEvent, EventKind


def since_last(events: type[CaseEvent], kinds: Iterable[EventKind], **of: OuterRef) -> Subquery:
    """When the last event of one of the kinds was, of each row's case: ``order=OuterRef("pk")``."""
    mine = events._default_manager.filter(kind__in=list(kinds), **of).order_by("-at", "-pk")
    return Subquery(mine.values("at")[:1])


def told(step: NextStep | None) -> SafeString | None:
    """A cell of a list: whose turn it is and what they do, since when, and that it is late."""
    if step is None:
        return None
    said = [f"sedan {day_shortly(step.since)}"] if step.since else []
    said += ["försenad"] if step.is_late else []
    late = icon_html("clock", 16, css="is-amber") if step.is_late else ""
    return format_html(
        '{} {} {} <small class="muted">{}</small>', late, step.turn, step.what, ", ".join(said)
    )


class TurnColumn(Column):
    """«Nästa steg» of each row; sorted by the day that it is due."""

    named_on_cards = False

    def __init__(self, cell: Any, *, due: str, priority: int = 1) -> None:
        super().__init__("next", "Nästa steg", cell, sort=due, nullable=True, priority=priority)

    def text(self, value: NextStep) -> SafeString | None:
        return told(value)
