"""Text that is put into markup outside of templates."""

from html import escape
from typing import Any

from django.utils.html import conditional_escape
from django.utils.safestring import SafeString


def escaped(content: Any) -> str:
    """``conditional_escape`` without its detour over lazy texts, which lists of many cells feel."""
    if type(content) is SafeString:
        return content
    return escape(content) if type(content) is str else str(conditional_escape(content))
