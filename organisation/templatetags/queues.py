"""{% load queues %}{% home_queues as groups %}      what waits on the back office's home"""

from __future__ import annotations

from itertools import groupby

from django import template

from sesam.places import Shown

from .. import queues

register = template.Library()


@register.simple_tag(takes_context=True)
def home_queues(context: template.Context) -> list[tuple[str, list[Shown[queues.Queue]]]]:
    """The queues under their headings."""
    found = queues.home_queues.shown(context["request"])
    return [(g, list(rows)) for g, rows in groupby(found, lambda shown: shown.entry.group)]
