"""Rich text, as it was cleaned when it came in: ``{{ news.body|rich }}``."""

from django import template
from django.utils.safestring import SafeString

from sesam.rich_text import shown

register = template.Library()


@register.filter
def rich(html: str) -> SafeString:
    return shown(html)
