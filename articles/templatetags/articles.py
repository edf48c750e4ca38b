"""What higher apps add to articles.

{% load articles %}
{% article_buttons article %}             the buttons of a row that is an article
{% piece_counts row as links %}           how a marked article is counted
{% pictogram article %} {% pictogram article 150 %}         its photo, small, or the drawing of its group
"""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.safestring import SafeString

from sesam.places import Shown

from .. import counting, pictograms, slots, tables
from ..models import Article

register = template.Library()


@register.simple_tag(takes_context=True)
def article_buttons(context: template.Context, article: Any) -> SafeString:
    return tables.buttons(context["request"], article)


@register.simple_tag
def pictogram(article: Article, size: int = 36) -> SafeString:
    return pictograms.drawing_of(article, size)


@register.simple_tag(takes_context=True)
def piece_counts(
    context: template.Context, row: counting.CountedRow
) -> list[Shown[slots.PieceCount]]:
    return slots.piece_counts.shown(context["request"], row)
