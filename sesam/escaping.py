"""Text that is put into markup outside of templates."""

import re
from html import escape
from typing import Any

from django.utils.html import conditional_escape
from django.utils.safestring import SafeString

_MARKUP = re.compile("[&<>\"']").search


def escaped(content: Any) -> str:
    """``conditional_escape`` without its detours, over lazy texts and by a pass for each character, which
    lists of many cells feel: most texts have nothing to escape."""
    if type(content) is SafeString:
        return content
    if type(content) is str:
        return escape(content) if _MARKUP(content) else content
    return str(conditional_escape(content))
